"""A bucket of a real S3 server as a store."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.connection import AccessKeys
from catalog.errors import ObjectMissingError, PreconditionFailedError
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import ByteRange, IfAbsent
from catalog.store.s3.client import ClientSettings, client_for
from catalog.store.s3.store import S3Store
from catalog.testing.rclone import Rclone
from catalog.testing.seaweed import Seaweed
from catalog.testing.store_contract import Stand, StoreContract
from catalog.testing.tap import Tap

_READ_ONE = """
import json, sys
from catalog.connection import AccessKeys
from catalog.errors import CatalogError
from catalog.store.identity import AwsChain
from catalog.store.s3.store import S3Store

given = json.load(sys.stdin)
identity = {"keys": lambda: AccessKeys(*given["keys"]), "none": lambda: None, "chain": AwsChain}[given["identity"]]()
try:
    print(S3Store("priv", given["endpoint_url"], identity, retries=0).get("read-me").body.decode())
except CatalogError as error:
    print(type(error).__name__)
"""


class TestS3Store(StoreContract):
    """The contract of a store, kept by a bucket."""

    @pytest.fixture
    def stand(self, seaweed: Seaweed) -> Stand:
        """A bucket, and its objects as another client sees them."""
        client = client_for(ClientSettings(seaweed.endpoint_url, threads=3), seaweed.rw)
        root = f"data/{secrets.token_hex(6)}.blt"

        def raw_put(name: str, body: bytes) -> None:
            client.put_object(Bucket="priv", Key=name, Body=body)

        def raw_get(name: str) -> bytes | None:
            try:
                return client.get_object(Bucket="priv", Key=name)["Body"].read()
            except client.exceptions.NoSuchKey:
                return None

        def leftovers() -> list[str]:
            return [upload["Key"] for upload in client.list_multipart_uploads(Bucket="priv").get("Uploads", [])]

        return Stand(seaweed.store(), root, raw_put, raw_get, leftovers)

    def test_metadata_is_kept(self, stand: Stand) -> None:
        """S3 keeps what is said about an object beside its bytes."""
        stand.store.put(stand.root, b"head", metadata={"uuid": "a1b2", "type": "database"})

        assert stand.store.head(stand.root).metadata == {"uuid": "a1b2", "type": "database"}


class TestCopy:
    """Copies inside the service."""

    def test_between_buckets(self, seaweed: Seaweed) -> None:
        """An object goes to another bucket of the same service without passing through here."""
        source, target = seaweed.store("priv"), seaweed.store("pub")
        source.put("copied", b"body", metadata={"uuid": "1"})

        assert source.copy("copied", target, "copied-over")
        assert target.get("copied-over").body == b"body"
        assert target.head("copied-over").metadata == {"uuid": "1"}
        assert source.traffic.requests == {"PUT": 1, "COPY": 1}

    def test_declined_where_the_service_cannot(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """To other keys, to another endpoint and to a folder nothing is copied."""
        source = seaweed.store()
        source.put("kept-here", b"body")
        source.traffic.reset()
        others = [
            seaweed.store(keys="ro"),
            S3Store("priv", seaweed.endpoint_url.replace("127.0.0.1", "localhost"), seaweed.rw),
            DirectoryStore(tmp_path),
        ]

        assert not any(source.copy("kept-here", other, "x") for other in others)
        assert source.traffic.total_requests == 0


def test_connections_are_kept(seaweed: Seaweed) -> None:
    """Answers of all kinds leave the connection usable."""
    with Tap(seaweed.port) as tap:
        store = S3Store("priv", tap.endpoint_url, seaweed.rw)
        tag = store.put("kept/a", b"0123456789")
        for _ in range(3):
            store.get("kept/a")
            store.get("kept/a", ByteRange(2, 3))
            store.get("kept/a", ByteRange(20, 3))
            store.get_if_changed("kept/a", tag)
            store.head("kept/a")
            list(store.list("kept/"))
            with pytest.raises(ObjectMissingError):
                store.get("kept/none")
            with pytest.raises(PreconditionFailedError):
                store.put("kept/a", b"x", precondition=IfAbsent())

        assert tap.counts().connections == 1


class TestClients:
    """How clients are made."""

    def test_shared(self, seaweed: Seaweed) -> None:
        """Stores of one endpoint and identity share a client, others do not."""
        settings = ClientSettings(seaweed.endpoint_url)
        again = AccessKeys(seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
        other_secret = AccessKeys(seaweed.rw.access_key_id, "another")
        shared = client_for(settings, seaweed.rw)

        assert client_for(settings, again) is shared
        assert client_for(settings, other_secret) is not shared
        assert client_for(settings, None) is not shared
        assert client_for(ClientSettings(seaweed.endpoint_url, retries=9), seaweed.rw) is not shared

    @pytest.mark.parametrize(
        ("endpoint_url", "region", "signed_for"),
        [
            ("https://s3.us-west-004.backblazeb2.com", None, "us-west-004"),
            ("https://s3.eu-central-1.amazonaws.com", None, "eu-central-1"),
            ("https://s3.us-west-004.backblazeb2.com", "other", "other"),
            ("https://account.r2.cloudflarestorage.com", None, "us-east-1"),
            ("http://127.0.0.1:9000", None, "us-east-1"),
            (None, None, "us-east-1"),
            (None, "eu-north-1", "eu-north-1"),
        ],
    )
    def test_region(self, endpoint_url: str | None, region: str | None, signed_for: str) -> None:
        """The region is the one that was given, else the one that the endpoint names, else the usual one."""
        assert ClientSettings(endpoint_url, region).signing_region == signed_for

    def test_amazon_without_an_endpoint(self) -> None:
        """No endpoint means Amazon's own for the region."""
        client = client_for(ClientSettings(None, "eu-north-1"), AccessKeys("AKID", "secret"))

        assert client.meta.endpoint_url == "https://s3.eu-north-1.amazonaws.com"


class TestEnvironment:
    """The environment neither redirects nor lends."""

    @pytest.fixture
    def decoy(self, tmp_path: Path, seaweed: Seaweed) -> dict[str, str]:
        """An environment that points elsewhere in every way that botocore knows, with the keys of a writer."""
        settings = tmp_path / "config"
        settings.write_text("[default]\nendpoint_url = http://127.0.0.1:9\ns3 =\n  use_accelerate_endpoint = true\n")
        return {
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_CONFIG_FILE": str(settings),
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_ACCESS_KEY_ID": seaweed.rw.access_key_id,
            "AWS_SECRET_ACCESS_KEY": seaweed.rw.secret_access_key,
            "AWS_DEFAULT_REGION": "moon-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def read_one(self, seaweed: Seaweed, identity: str, environment: dict[str, str]) -> str:
        """Read an object in a process of its own; the name of the error if there is one."""
        seaweed.store().put("read-me", b"the body")
        keys = [seaweed.rw.access_key_id, seaweed.rw.secret_access_key]
        given = {"endpoint_url": seaweed.endpoint_url, "keys": keys, "identity": identity}
        return subprocess.run(
            [sys.executable, "-c", _READ_ONE],
            input=json.dumps(given),
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def test_does_not_redirect(self, seaweed: Seaweed, decoy: dict[str, str]) -> None:
        """With keys given, requests go where the connection says, whatever AWS_* says."""
        assert self.read_one(seaweed, "keys", {**decoy, "AWS_PROFILE": "no-such-profile"}) == "the body"

    def test_does_not_lend_credentials(self, seaweed: Seaweed, decoy: dict[str, str]) -> None:
        """Anonymous stays anonymous although keys lie around."""
        assert self.read_one(seaweed, "none", decoy) == "AccessDeniedError"

    def test_lends_when_asked(self, seaweed: Seaweed, decoy: dict[str, str]) -> None:
        """The AWS chain uses the keys of the environment, and still not its endpoint."""
        del decoy["AWS_CONFIG_FILE"], decoy["AWS_USE_DUALSTACK_ENDPOINT"], decoy["AWS_USE_FIPS_ENDPOINT"]
        assert self.read_one(seaweed, "chain", decoy) == "the body"

    def test_chain_without_credentials(self, seaweed: Seaweed) -> None:
        """An AWS chain that finds nothing is a matter of credentials."""
        empty = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
        assert self.read_one(seaweed, "chain", empty) == "CredentialsError"


def test_imports_are_late() -> None:
    """Opening a folder loads neither botocore nor urllib3."""
    script = (
        "import sys, catalog, catalog.store.connect\n"
        "from catalog.connection import S3Connection\n"
        "catalog.store.connect.connect(S3Connection(db_key='a', endpoint_url='file:///x'), None, writing=False)\n"
        "print([name for name in ('botocore', 'boto3', 'urllib3', 'keyring') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


class TestWithoutCompareAndSwap:
    """A server that takes conditional writes for plain ones."""

    def test_two_creates_both_win(self, tmp_path: Path) -> None:
        """The answer alone cannot tell that the condition was ignored: a probe has to find out."""
        with Rclone(tmp_path) as server:
            store = server.store()
            store.put("once", b"first", precondition=IfAbsent())
            store.put("once", b"second", precondition=IfAbsent())

            assert store.get("once").body == b"second"
            assert [item.name for item in store.list("")] == ["once"]
