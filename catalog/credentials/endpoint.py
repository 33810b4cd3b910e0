"""The one spelling of an endpoint that credentials are bound to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from catalog.errors import InvalidConnectionError

AWS_ENDPOINT = "https://s3.amazonaws.com"

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_AWS_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_AWS_S3 = re.compile(
    rf"https://(s3(-fips)?(\.dualstack)?([.-]{_AWS_REGION})?|bucket\.vpce-[a-z0-9-]+\.s3\.{_AWS_REGION}\.vpce)\.amazonaws\.com(\.cn)?"
)
"""Only S3 itself: anybody can run a server under another name of amazonaws.com."""


def canonical_endpoint(endpoint_url: str | None) -> str:
    """Return ``scheme://host[:port]`` in lower case, without default port and path; None is AWS.

    Raises:
        InvalidConnectionError: when this is no http or https address, or one that two programs could read differently.
    """
    if endpoint_url is None:
        return AWS_ENDPOINT
    endpoint = _canonical(endpoint_url)
    if endpoint is None:
        raise InvalidConnectionError(
            "Credentials cannot be bound to this endpoint.",
            hint="Give it as https://host or http://host:port, without user name, password and query.",
        )
    return endpoint


def is_aws(endpoint: str) -> bool:
    """Whether a canonical endpoint is S3 at Amazon, reached by TLS."""
    return _AWS_S3.fullmatch(endpoint) is not None


def _canonical(endpoint_url: str) -> str | None:
    try:
        parts = urlsplit(endpoint_url)
        host, port = _host(parts), parts.port
    except ValueError:
        return None
    if host is None or parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or parts.query or parts.fragment:
        return None
    shown_port = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown_port}"


def _host(parts: SplitResult) -> str | None:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    plain = host if host.isascii() else host.encode("idna").decode("ascii")
    # Of some names, such as those with ß, today's rules make another host than the rules of Python.
    if plain.encode("ascii").decode("idna") != host and not host.isascii():
        return None
    return plain if _HOST.fullmatch(plain) else None
