"""Booklet first, push later: files made and edited with plain booklet alone, attached to a remote whenever it suits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import booklet
import numpy as np
import pytest

import catalog
from catalog import S3Connection

VALUES: dict[str | None, Any] = {
    **dict.fromkeys((None, "bytes", "zstd"), b"raw \x00\xff"),
    "str": "text é 🌊",
    "pickle": {"list": [1, (2, None)], "set": {1, 2}},
    "pickle_zstd": ["x" * 1000, 1.5],
    **{name: {"a": [1, None, "é"]} for name in ("json", "orjson", "orjson_zstd")},
    **{f"{sign}{size}": 200 if sign == "uint" else -100 for sign in ("uint", "int") for size in (1, 2, 4, 5, 8)},
    **{f"numpy_int{size}": np.arange(-3, 3, dtype=f"i{size}") for size in (1, 2, 4, 8)},
    **{f"numpy_int{size}_zstd": np.arange(-3, 3, dtype=f"i{size}") for size in (2, 4, 8)},
}
"""A value for every serializer of booklet's that needs no package beyond those that this one needs itself."""

NEEDING_A_PACKAGE = {"pd_zstd", "gpd_zstd", "wkb", "wkb_zstd", "msgpack", "msgpack_zstd"}


class Reversed:
    """A serializer of the caller's own: text, backwards."""

    @staticmethod
    def dumps(value: str) -> bytes:
        return value[::-1].encode()

    @staticmethod
    def loads(raw: bytes) -> str:
        return raw.decode()[::-1]


def plain(file: Path, flag: str, changes: dict[str, Any], deletes: Iterable[str] = (), serializer: str | None = None) -> None:
    """Edit a file with booklet."""
    more = {"key_serializer": "str", "value_serializer": serializer} if flag == "n" else {}
    with booklet.open(file, flag, **more) as db:
        for key, value in changes.items():
            db[key] = value
        for key in deletes:
            del db[key]


def plain_elsewhere(told: list[Any]) -> None:
    """The same in a process that never imports catalog."""
    subprocess.run([sys.executable, "-c", _PLAIN, json.dumps(told)], check=True, timeout=60)


_PLAIN = """
import json, sys
import booklet

file, flag, more, changes, deletes = json.loads(sys.argv[1])
with booklet.open(file, flag, **more) as db:
    for key, value in changes.items():
        db[key] = value
    for key in deletes:
        del db[key]
assert "catalog" not in sys.modules
"""


def pushed(connection: S3Connection, file: Path) -> list[tuple[str, str]]:
    """Open for writing, push, and say what there was to push."""
    with catalog.open(connection, file, "c") as db:
        changes = [(change.key, str(change.kind)) for change in db.changes().outgoing()]
        db.changes().push()
        assert db.changes().outgoing() == []
    return changes


def read(connection: S3Connection, folder: Path, **more: Any) -> dict[str, Any]:
    """What someone else reads, by a file that is made anew."""
    (folder / "fresh").mkdir()
    with catalog.open(connection, folder / "fresh" / "reader.blt", **more) as db:
        found = dict(db.items())
    for left in (folder / "fresh").iterdir():
        left.unlink()
    (folder / "fresh").rmdir()
    return found


def test_days_of_booklet_then_a_push(remote: S3Connection, tmp_path: Path) -> None:
    """A file made with booklet alone is attached to a remote by opening and pushing it; later edits of booklet's are found."""
    file = tmp_path / "mine.blt"
    made = {"key_serializer": "str", "value_serializer": "orjson"}
    plain_elsewhere([str(file), "n", made, {"a": 1, "b": [2], "c": {"x": 3}}, []])
    plain(file, "w", {"b": "second day", "d": None}, ["c"])

    assert pushed(remote, file) == [("a", "added"), ("b", "added"), ("d", "added")]
    assert read(remote, tmp_path) == {"a": 1, "b": "second day", "d": None}

    plain_elsewhere([str(file), "w", {}, {"a": 10, "e": 5, "f": 6}, []])
    plain(file, "w", {"f": 60}, ["b"])

    assert pushed(remote, file) == [("a", "modified"), ("b", "deleted"), ("e", "added"), ("f", "added")]
    assert read(remote, tmp_path) == {"a": 10, "d": None, "e": 5, "f": 60}


def test_nothing_new_is_nothing_to_push(remote: S3Connection, tmp_path: Path) -> None:
    """Opening the file with booklet, or setting what is there already at the same time stamp, makes no change."""
    file = tmp_path / "mine.blt"
    plain(file, "n", {"a": 1}, serializer="orjson")
    pushed(remote, file)
    with booklet.open(file, "w") as db:
        stamp = db.get_timestamp("a")
        db.set("a", 1, timestamp=stamp)

    assert pushed(remote, file) == []


def test_metadata_of_booklet(remote: S3Connection, tmp_path: Path) -> None:
    """Metadata that booklet wrote, before the first push and between two, is pushed."""
    file = tmp_path / "mine.blt"
    plain(file, "n", {"a": 1}, serializer="orjson")
    with booklet.open(file, "w") as db:
        db.set_metadata({"version": 1})
    pushed(remote, file)
    with catalog.open(remote, tmp_path / "one.blt") as reader:
        assert reader.get_metadata() == {"version": 1}
    with booklet.open(file, "w") as db:
        db.set_metadata({"version": 2})

    assert pushed(remote, file) == [("", "modified")]
    with catalog.open(remote, tmp_path / "two.blt") as reader:
        assert reader.get_metadata() == {"version": 2}


def test_booklet_reads_what_was_fetched(remote: S3Connection, tmp_path: Path) -> None:
    """The other way round: what was written, fetched or pulled here, plain booklet reads, types and all."""
    file = tmp_path / "mine.blt"
    with catalog.open(remote, tmp_path / "theirs.blt", "n", "json") as db:
        db.update({"a": 1, "b": [1, 2]})
        db.changes().push()
    with catalog.open(remote, file, "w") as db:
        db.load_items()
        db["c"] = "mine"
        del db["a"]

    with booklet.open(file) as db:
        assert dict(db.items()) == {"b": [1, 2], "c": "mine"}


def test_edits_of_both_kinds_between_two_pushes(remote: S3Connection, tmp_path: Path) -> None:
    """Edits through catalog and through booklet, in turns, are one set of changes; a colleague's other keys join them."""
    file = tmp_path / "mine.blt"
    plain(file, "n", {key: key for key in "abcdef"}, serializer="orjson")
    pushed(remote, file)
    with catalog.open(remote, file, "w") as db:
        db["a"] = "catalog"
        del db["b"]
    plain(file, "w", {"b": "booklet", "c": "booklet"}, ["a"])
    with catalog.open(remote, file, "w") as db:
        db["a"] = "catalog again"
    plain(file, "w", {"d": "booklet"}, ["e"])
    with catalog.open(remote, tmp_path / "theirs.blt", "w") as theirs:
        theirs["f"] = "theirs"
        theirs.changes().push()

    pushed(remote, file)

    expected = {"a": "catalog again", "b": "booklet", "c": "booklet", "d": "booklet", "f": "theirs"}
    assert read(remote, tmp_path) == expected
    with booklet.open(file) as db:
        assert set(db) >= expected.keys() - {"f"}
        assert "e" not in db


def test_booklets_compaction_is_no_change(remote: S3Connection, tmp_path: Path) -> None:
    """After booklet's prune everything lies elsewhere in the file; nothing is a change for that."""
    file = tmp_path / "mine.blt"
    plain(file, "n", {"a": 1, "b": 2}, serializer="orjson")
    pushed(remote, file)
    plain(file, "w", {"a": 10}, ["b"])
    with booklet.open(file, "w") as db:
        db.prune()

    assert pushed(remote, file) == [("a", "modified"), ("b", "deleted")]
    assert read(remote, tmp_path) == {"a": 10}


@pytest.mark.parametrize("serializer", VALUES, ids=str)
def test_serializers(folder_connection: S3Connection, tmp_path: Path, serializer: str | None) -> None:
    """Every serializer of booklet's that needs no further package: from booklet's file through a push to another's file."""
    value = VALUES[serializer]
    file = tmp_path / "mine.blt"
    with booklet.open(file, "n", key_serializer="str", value_serializer=serializer) as db:
        db["a"] = value
    with catalog.open(folder_connection, file, "c") as opened:
        opened["b"] = value
        opened.changes().push()

    with catalog.open(folder_connection, tmp_path / "theirs.blt") as opened:
        for key in "ab":
            np.testing.assert_equal(opened[key], value)
        opened.load_items()
    with booklet.open(tmp_path / "theirs.blt") as db:
        for key in "ab":
            np.testing.assert_equal(db[key], value)


def test_no_serializer_is_forgotten() -> None:
    """Each serializer that this booklet knows is tested here, or needs a package of its own."""
    assert set(booklet.available_serializers) - NEEDING_A_PACKAGE == set(VALUES)


def test_a_serializer_of_ones_own(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A class with dumps and loads is used wherever it is passed, and asked for where it is not."""
    file = tmp_path / "mine.blt"
    with booklet.open(file, "n", key_serializer="str", value_serializer=Reversed) as db:
        db["a"] = "abc"
    with catalog.open(folder_connection, file, "c", value_serializer=Reversed) as opened:
        assert opened["a"] == "abc"
        opened["b"] = "def"
        opened.changes().push()

    with catalog.open(folder_connection, tmp_path / "theirs.blt", value_serializer=Reversed) as opened:
        assert dict(opened.items()) == {"a": "abc", "b": "def"}
    with pytest.raises(catalog.InvalidInputError, match="Pass that class"):
        catalog.open(folder_connection, tmp_path / "theirs.blt")


def test_a_file_of_another_database_is_refused(remote: S3Connection, tmp_path: Path) -> None:
    """A booklet that has nothing to do with what is at the remote is not pushed over it; 'n' is the way to do so."""
    plain(tmp_path / "one.blt", "n", {"a": 1}, serializer="orjson")
    plain(tmp_path / "two.blt", "n", {"b": 2}, serializer="orjson")
    pushed(remote, tmp_path / "one.blt")

    with pytest.raises(catalog.DatabaseMismatchError, match="flag='n'"):
        catalog.open(remote, tmp_path / "two.blt", "c")

    assert read(remote, tmp_path) == {"a": 1}


def test_keys_must_be_strings(remote: S3Connection, tmp_path: Path) -> None:
    """A booklet whose keys are not strings is refused with what to do, and stays as it is."""
    file = tmp_path / "numbers.blt"
    with booklet.open(file, "n", key_serializer="uint4", value_serializer="str") as db:
        db[1] = "one"
    with pytest.raises(catalog.UnsupportedFormatError, match="key_serializer='str'"):
        catalog.open(remote, file, "c")
    with booklet.open(file) as db:
        assert db[1] == "one"
