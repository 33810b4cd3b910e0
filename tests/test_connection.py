"""The description of where a database lives."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.connection import S3Connection
from catalog.errors import InvalidConnectionError
from catalog.groups.entry import read_entry

_PLACE: dict[str, Any] = {
    "db_key": "a",
    "bucket": "bucket",
    "endpoint_url": "https://s3.example.com",
    "db_url": "https://example.com/a",
}
_IDENTITY: dict[str, Any] = {
    "aws_chain": True,
    "profile": "prod",
    "anonymous": True,
    "access_key_id": "AKIA12345678",
    "access_key": "hush",
    "threads": 64,
    "anything": 1,
}


def test_an_entry_says_where_and_never_as_whom() -> None:
    """Of a group entry only the four stored fields are taken: nobody else chooses whose keys are sent to their server."""
    connection = S3Connection.of({"entry_version": 1, "remote_conn": {**_PLACE, **_IDENTITY}})

    assert connection == S3Connection(**_PLACE)
    assert connection.access_keys is None


def test_an_entry_of_a_group_cannot_ask_for_the_aws_chain() -> None:
    """What a group says of a database's credentials is a name and no more."""
    entry = read_entry("0" * 32, {"remote_conn": {**_PLACE, **_IDENTITY}, "catalog": {"profile": "lab", "aws_chain": True}})

    assert entry.connection == S3Connection(**_PLACE, profile="lab")
    assert entry.connection.access_keys is None
    assert entry.connection.aws_chain is False


@pytest.mark.parametrize("field", ["access_key", "secret_access_key", "anything"])
def test_a_dict_of_parameters_has_no_others(field: str) -> None:
    """What the caller's own dict holds beyond the parameters is refused by name, not by value."""
    with pytest.raises(ValueError, match=r".") as caught:
        S3Connection.of({**_PLACE, field: "hush"})

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"db_key": "a"}, "connection: an S3 connection needs a bucket beside its db_key."),
        ({"db_key": "a", "bucket": "b"}, "bucket: is not a bucket name: at least two letters, digits and . _ -."),
    ],
)
def test_what_is_wrong_is_told_in_words(place: dict[str, str], words: str) -> None:
    """What does not fit is said, in the words of this program alone."""
    with pytest.raises(ValueError, match=r".") as caught:
        S3Connection.of(place)

    assert caught.value.args[0] == f"This connection cannot be used: {words}"


def test_a_connection_becomes_a_dict() -> None:
    """`dict()` gives the fields, among which there is no key."""
    connection = S3Connection("AKIA12345678", "hush", **_PLACE)

    fields = dict(connection)

    assert S3Connection(**fields) == connection
    assert "hush" not in repr(fields)


def test_a_changed_copy_leaves_the_original_alone() -> None:
    """A copy with another db_key is another connection; the one that it was made from still points where it did."""
    original = S3Connection(db_key="a.blt", bucket="data", endpoint_url="https://s3.example.org")
    changed = original.model_copy(update={"db_key": "b.blt"})

    assert (original.db_key, changed.db_key) == ("a.blt", "b.blt")


@pytest.mark.parametrize(
    "db_key",
    [f"a.d/packs/{'0' * 32}", f"a.d/index/{'f' * 32}", f"b/a.d/commits/{'0' * 10}-{'a' * 32}", "a.lock", "b.lock.abc-0"],
)
def test_a_name_that_another_database_uses_is_refused(db_key: str) -> None:
    """A database cannot be where a pack, a piece of an index, a commit or the lock of another one can be."""
    with pytest.raises(InvalidConnectionError, match="another database"):
        S3Connection(db_key=db_key, bucket="data")
