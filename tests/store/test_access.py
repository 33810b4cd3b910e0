"""From a connection to its store: with which keys, and where without any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import catalog
from catalog.connection import AccessKeys, S3Connection
from catalog.errors import BucketMissingError, CredentialsError, NotApprovedError
from catalog.store.access import check_access, connect_store, given_connection
from catalog.store.https import HttpsStore
from catalog.store.s3.account import list_buckets
from catalog.store.s3.store import S3Store
from catalog.testing.seaweed import Seaweed


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without keyring and without AWS settings; the file for AWS keys does not exist."""
    for name in os.environ:
        if name.startswith(("CATALOG_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "credentials"


def _at_aws(profile: str | None = None) -> S3Connection:
    return S3Connection(db_key="a", bucket="bucket", db_url="https://data.example.com/a", profile=profile)


@pytest.mark.parametrize("profile", [None, "research"])
def test_a_chain_without_keys_leaves_the_public_address(profile: str | None) -> None:
    """At AWS a machine without any keys reads a database at its public address, and cannot write it there."""
    with_address = connect_store(_at_aws(profile), writing=False)

    assert isinstance(with_address, HttpsStore)
    assert isinstance(connect_store(_at_aws(), writing=True), S3Store)
    with_address.close()


@pytest.mark.parametrize("profile", [None, "research"])
def test_a_chain_with_keys_is_used(bare: Path, profile: str | None) -> None:
    """Keys of ~/.aws are preferred to the public address."""
    bare.write_text(f"[{profile or 'default'}]\naws_access_key_id = AKIA12345678\naws_secret_access_key = x\n", encoding="utf-8")

    assert isinstance(connect_store(_at_aws(profile), writing=False), S3Store)


def test_half_a_key_is_not_passed_over(bare: Path) -> None:
    """Keys of ~/.aws that are there and unusable are an error of the first request, not a reason to go on without."""
    bare.write_text("[default]\naws_access_key_id = AKIA12345678\n", encoding="utf-8")

    with pytest.raises(CredentialsError, match="gave no credentials"):
        connect_store(_at_aws(), writing=False).head("a")


def test_access_is_found_out_without_writing(seaweed: Seaweed) -> None:
    """Reading and listing are told apart, for a key pair, for nobody and for a wrong secret; nothing is left behind."""
    store = seaweed.store()
    before = {listed.name for listed in store.list("")}
    nobody = check_access(seaweed.connection("x", "pub", "none"), None)
    wrong = check_access(seaweed.connection("x"), AccessKeys(seaweed.rw.access_key_id, "wrong"))
    reader = check_access(seaweed.connection("x"), seaweed.ro)

    assert (reader.reads, reader.lists) == (None, None)
    assert nobody.reads is None
    assert nobody.lists is not None
    assert wrong.reads is not None
    assert wrong.lists is not None
    assert "does not belong" in wrong.lists.hint
    assert {listed.name for listed in store.list("")} == before
    with pytest.raises(BucketMissingError):
        check_access(seaweed.connection("x", "no-such-bucket"), seaweed.rw)


def test_the_buckets_of_an_account(seaweed: Seaweed) -> None:
    """A signed request names the buckets that a key pair sees."""
    assert set(seaweed.buckets) <= set(list_buckets(seaweed.endpoint_url, seaweed.rw))


def test_a_groups_entry_is_only_a_suggestion(bucket_connection: S3Connection, tmp_path: Path) -> None:
    """An entry given to open is not signed for before it is approved or vouched for."""
    entry = {"entry_version": 1, "remote_conn": bucket_connection.to_dict()}

    with pytest.raises(NotApprovedError, match="never approved"):
        catalog.open(entry, tmp_path / "mine.blt")
    with pytest.raises(CredentialsError):
        catalog.open(entry, tmp_path / "mine.blt", trust_connection=True)


def test_an_entry_with_a_public_address_is_read_there(tmp_path: Path) -> None:
    """Without an approval the public address of an entry is read, and nothing is signed."""
    place = {"db_key": "x", "bucket": "bucket", "endpoint_url": "http://127.0.0.1:9", "db_url": "http://127.0.0.1:9/bucket/x"}

    assert given_connection({"remote_conn": place}, writing=False) == S3Connection(db_url=place["db_url"])
    with pytest.raises(NotApprovedError):
        given_connection({"remote_conn": place}, writing=True)
