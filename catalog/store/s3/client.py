"""Clients of S3: the one file that speaks boto3.

A client is made for one endpoint and one identity and belongs to the process: making one takes tens of milliseconds, so
stores share them. Nothing of the environment (``AWS_*``, ``~/.aws``) can redirect a client or lend it credentials, unless
the AWS chain was asked for.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.session
import botocore.config
import botocore.exceptions
import botocore.session
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.handlers import add_expect_header
from typing_extensions import override

from catalog.connection import AccessKeys
from catalog.errors import InvalidConnectionError
from catalog.processes.fork import OfOneProcess, keep_for_ever
from catalog.store.identity import AwsChain, Identity, fingerprint
from catalog.store.interface import Traffic
from catalog.store.streaming import cut_off

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a server to accept a connection."""

_REGION_IN_HOST = re.compile(r"s3[.-]([a-z0-9-]+)\.[a-z0-9.-]+\.[a-z]+")
_VERBS = {"ListObjectsV2": "LIST", "CopyObject": "COPY", "UploadPartCopy": "COPY"}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Everything about a client but its identity. ``endpoint_url`` None is AWS; ``read_timeout`` is in seconds."""

    endpoint_url: str | None = None
    region: str | None = None
    threads: int = 8
    read_timeout: float = 60
    retries: int = 3

    @property
    def host(self) -> str:
        """The host and port that requests go to."""
        return urlsplit(self.endpoint_url).netloc if self.endpoint_url else "s3.amazonaws.com"

    @property
    def is_aws(self) -> bool:
        """Whether the endpoint is one of Amazon's own."""
        return self.host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @property
    def signing_region(self) -> str:
        """The region to sign for: the given one, the one that the host names, or the one that most services accept."""
        named = _REGION_IN_HOST.fullmatch(urlsplit(self.endpoint_url).hostname or "") if self.endpoint_url else None
        return self.region or (named[1] if named else "us-east-1")


class _Clients(OfOneProcess):
    """The clients of this process, by endpoint and identity, and the session that they share: a child makes its own."""

    def __init__(self) -> None:
        self.made: dict[tuple[ClientSettings, str], S3Client] = {}
        self.lock = threading.Lock()
        self.session: boto3.session.Session | None = None
        self.belong_here()

    @override
    def after_fork(self) -> None:
        keep_for_ever(self.made)
        self.made, self.lock, self.session = {}, threading.Lock(), None


_clients = _Clients()
_caller = threading.local()


def client_for(settings: ClientSettings, keys: Identity) -> S3Client:
    """Return this process's client for an endpoint and an identity; ``keys`` None sends unsigned requests.

    Raises InvalidConnectionError when botocore refuses the endpoint, the region or the profile.
    """
    wanted = (settings, fingerprint(keys))
    with _clients.lock:
        if wanted not in _clients.made:
            _clients.made[wanted] = _make_client(settings, keys)
        return _clients.made[wanted]


def has_credentials(chain: AwsChain) -> bool:
    """Whether botocore's chain holds any credentials; it may ask this machine's metadata service, for a second or two.

    Credentials that are there and cannot be used count as some: the first request says what is wrong with them.
    """
    try:
        return _chain_session(chain).get_credentials() is not None
    except botocore.exceptions.ProfileNotFound:
        return False
    except botocore.exceptions.BotoCoreError:
        return True


@contextmanager
def counting(traffic: Traffic) -> Iterator[None]:
    """Count the requests that this thread sends into ``traffic``, each attempt for itself."""
    outer = getattr(_caller, "traffic", None)
    _caller.traffic = traffic
    try:
        yield
    finally:
        _caller.traffic = outer


def _make_client(settings: ClientSettings, keys: Identity) -> S3Client:
    options: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
    config = botocore.config.Config(
        signature_version="s3v4" if keys is not None else botocore.UNSIGNED,
        s3={"addressing_style": "auto" if settings.is_aws else "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": settings.retries + 1},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=settings.read_timeout,
        max_pool_connections=max(settings.threads, 10),
        **options,
    )
    try:
        session = _chain_session(keys) if isinstance(keys, AwsChain) else _isolated_session()
        made = session.client(
            "s3",
            region_name=settings.signing_region,
            endpoint_url=settings.endpoint_url,
            config=config,
            aws_access_key_id=keys.access_key_id if isinstance(keys, AccessKeys) else None,
            aws_secret_access_key=keys.secret_access_key if isinstance(keys, AccessKeys) else None,
        )
    except (botocore.exceptions.BotoCoreError, ValueError) as error:
        cut_off(error)
        raise InvalidConnectionError(
            f"There can be no client for {settings.host}: {type(error).__name__}.",
            hint="Check endpoint_url, region and the AWS profile.",
        ) from None
    client: S3Client = made
    _hook(client)
    return client


def _hook(client: S3Client) -> None:
    events = client.meta.events
    events.unregister("before-call.s3", add_expect_header)  # it costs a small PUT a second round trip
    events.register("before-sign.s3.DeleteObjects", _add_md5)
    events.register("before-send.s3", _count_request)
    events.register("response-received.s3", _count_response)


def _add_md5(request: Any, **_: Any) -> None:
    """Send the body's MD5 in place of newer checksums: every server knows it, and some insist."""
    for header in [name for name in request.headers if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))]:
        del request.headers[header]
    digest = hashlib.md5(request.body or request.data or b"", usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()


def _count_request(request: Any, event_name: str, **_: Any) -> None:
    traffic: Traffic | None = getattr(_caller, "traffic", None)
    if traffic is not None:
        verb = _VERBS.get(event_name.rpartition(".")[2], request.method)
        traffic.count(verb, bytes_up=int(request.headers.get("Content-Length", 0)))


def _count_response(response_dict: dict[str, Any] | None, **_: Any) -> None:
    traffic: Traffic | None = getattr(_caller, "traffic", None)
    if traffic is None or not response_dict:
        return
    if isinstance(response_dict.get("body"), bytes):
        traffic.receive(len(response_dict["body"]))
    with suppress(ValueError, TypeError, OverflowError):
        traffic.note_time(parsedate_to_datetime(response_dict["headers"].get("date")).timestamp())


def _isolated_session() -> boto3.session.Session:
    """Return the session that all clients share: botocore's defaults, with neither environment nor files of the user.

    Only the certificates to trust (``AWS_CA_BUNDLE``) still come from the environment.
    """
    if _clients.session is None:
        settled = {name: spec[2] for name, spec in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
        settled |= {"config_file": os.devnull, "credentials_file": os.devnull, "ca_bundle": os.environ.get("AWS_CA_BUNDLE")}
        session = botocore.session.Session()
        session.register_component(
            "config_store", ConfigValueStore({name: ConstantProvider(value) for name, value in settled.items()})
        )
        _clients.session = boto3.session.Session(botocore_session=session)
    return _clients.session


def _chain_session(chain: AwsChain) -> boto3.session.Session:
    return boto3.session.Session(profile_name=chain.profile)
