"""From a connection to its store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.connection import AccessKeys, S3Connection
from catalog.errors import CredentialsError, ReadOnlyError
from catalog.store.connect import connect, name_of
from catalog.store.directory.store import DirectoryStore
from catalog.store.https import HttpsStore
from catalog.store.s3.store import S3Store
from catalog.testing.seaweed import Seaweed

KEYS = AccessKeys("AKID", "secret")
BUCKET: dict[str, Any] = {"db_key": "data/rain.blt", "bucket": "bucket", "endpoint_url": "http://127.0.0.1:9"}
ADDRESS = "https://example.org/public/rain%20fall.blt?version=1"


class TestKindOfStore:
    """Which store a connection leads to."""

    def test_folder(self, tmp_path: Path) -> None:
        """A file:// address is a folder, its bucket a folder inside; no credentials are needed, and nothing is made yet."""
        plain = S3Connection(db_key="a", endpoint_url=(tmp_path / "my remote").as_uri())
        inner = S3Connection(db_key="a", bucket="inner", endpoint_url=plain.endpoint_url)

        for connection, folder in {plain: tmp_path / "my remote", inner: tmp_path / "my remote" / "inner"}.items():
            store = connect(connection, None, writing=True)
            assert isinstance(store, DirectoryStore)
            assert store.where == str(folder)
        assert not (tmp_path / "my remote").exists()

    @pytest.mark.parametrize("writing", [True, False])
    def test_bucket_with_keys(self, writing: bool) -> None:
        """With keys a bucket is used, also for reading what has a public address."""
        store = connect(S3Connection(**BUCKET, db_url=ADDRESS), KEYS, writing=writing)

        assert isinstance(store, S3Store)
        assert store.where == "http://127.0.0.1:9/bucket"

    def test_anonymous_bucket(self) -> None:
        """A connection that says so is used unsigned."""
        store = connect(S3Connection(**BUCKET, anonymous=True), None, writing=False)

        assert isinstance(store, S3Store)
        assert store.identity == "anonymous"

    def test_address_for_readers(self) -> None:
        """Without keys a public address is read over the web."""
        for connection in (S3Connection(db_url=ADDRESS), S3Connection(**BUCKET, db_url=ADDRESS)):
            store = connect(connection, None, writing=False)
            assert isinstance(store, HttpsStore)
            assert store.url_of(name_of(connection)) == ADDRESS

    def test_address_for_writers(self) -> None:
        """A web address cannot be written."""
        with pytest.raises(ReadOnlyError, match="can only be read"):
            connect(S3Connection(db_url=ADDRESS), None, writing=True)

    @pytest.mark.parametrize(("db_url", "writing"), [(None, False), (None, True), (ADDRESS, True)])
    def test_no_credentials(self, db_url: str | None, writing: bool) -> None:
        """A bucket without keys is a CredentialsError that says what to do."""
        with pytest.raises(CredentialsError, match="access_key"):
            connect(S3Connection(**BUCKET, db_url=db_url), None, writing=writing)

    def test_settings_are_passed_on(self) -> None:
        """Threads, timeout, retries and region reach the store."""
        store = connect(S3Connection(**BUCKET, threads=3, read_timeout=7, retries=1, region="moon-1"), KEYS, writing=True)

        assert isinstance(store, S3Store)
        settings = store.settings
        assert (settings.threads, settings.read_timeout, settings.retries, settings.region) == (3, 7, 1, "moon-1")


class TestNames:
    """What the head is called in its store."""

    @pytest.mark.parametrize(
        ("connection", "name"),
        [
            (S3Connection(**BUCKET), "data/rain.blt"),
            (S3Connection(**BUCKET, db_url=ADDRESS), "data/rain.blt"),
            (S3Connection(db_url=ADDRESS), "rain fall.blt"),
            (S3Connection(db_url="https://example.org/a/b/c/"), "c"),
        ],
    )
    def test_name_of(self, connection: S3Connection, name: str) -> None:
        """The key, or the last part of the address."""
        assert name_of(connection) == name


def test_real_remote(remote: S3Connection) -> None:
    """Whatever kind of remote it is, a connection with its own keys leads to a store that works."""
    store = connect(remote, remote.access_keys, writing=True)
    store.put(name_of(remote), b"head")

    assert store.get(name_of(remote)).body == b"head"
    assert [item.name for item in store.list(name_of(remote))] == [name_of(remote)]


def test_same_objects_by_key_and_by_address(seaweed: Seaweed) -> None:
    """What was written into a public bucket is read at its address under the same names."""
    writer = seaweed.connection("data/both.blt", bucket="pub")
    reader = S3Connection(db_url=f"{seaweed.endpoint_url}/pub/data/both.blt")
    store = connect(writer, writer.access_keys, writing=True)
    store.put("data/both.blt", b"head")
    store.put("data/both.blt/packs/1", b"pack")
    web = connect(reader, None, writing=False)

    assert web.get(name_of(reader)).body == b"head"
    assert web.get(f"{name_of(reader)}/packs/1").body == b"pack"
