"""Working copies that the first version of the library left are brought forward in place; `earlier/make.py` made them with it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import booklet
import pytest

import catalog
from catalog import Change, Database, Direction, S3Connection
from catalog.database.options import Flag

ARCHIVE = Path(__file__).parent / "earlier" / "copies.tar.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of working copies and their remote, as it was left."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def opened(folder: Path, name: str, flag: Flag = "w", db_key: str = "rain.blt") -> Database:
    """One of the working copies, opened."""
    connection = S3Connection(None, None, db_key, "bucket", endpoint_url=(folder / "store").as_uri())
    return catalog.open(connection, folder / name, flag, value_serializer="orjson", lock="commit")


def said(database: Database) -> set[tuple[str, str, str]]:
    """What differs: direction, kind and key of each change."""
    return {(str(change.direction), str(change.kind), change.key) for change in database.changes().all()}


def sides(database: Database, change: Change) -> list[bytes | None]:
    """The bytes of a change: what both started from, ours, theirs."""
    changes = database.changes()
    return [changes.value(change, "base"), changes.value(change, "local"), changes.value(change, "remote")]


def test_edits_and_deletions_are_kept(folder: Path) -> None:
    """Edits, deletions and edited metadata are changes as before, values here are read from here, and a push brings all up."""
    with opened(folder, "edited.blt") as database:
        assert said(database) == {
            ("conflict", "modified", ""),
            ("outgoing", "modified", "k1"),
            ("outgoing", "deleted", "k2"),
            ("outgoing", "added", "new"),
        }
        assert database.get_metadata() == {"title": "edited"}
        assert (database["k0"], database["k1"], database["new"]) == ({"n": 0}, {"n": "edited"}, {"n": "new"})
        assert "k2" not in database
        database.changes().resolve("", "mine")
        assert database.changes().push().keys == 3
        content, metadata = dict(database.items()), database.get_metadata()
    with opened(folder, "fresh.blt", "r") as fresh:
        assert (dict(fresh.items()), fresh.get_metadata()) == (content, metadata)
    with booklet.open(str(folder / "edited.blt"), "r") as plain:
        assert plain.get_metadata() == {"title": "edited"}


def test_a_clean_copy_stays_clean(folder: Path) -> None:
    """Where nothing was edited, nothing is a change, and what arrived since is taken."""
    with opened(folder, "clean.blt") as database:
        assert said(database) == set()
        assert database.get_metadata() == {"title": "theirs"}
        assert database["k3"] == "theirs"
    with booklet.open(str(folder / "clean.blt"), "r") as plain:
        assert plain.get_metadata() == {"title": "theirs"}


def test_conflicts_keep_all_three_sides(folder: Path) -> None:
    """Conflicts of a key and of the metadata are there with what both sides started from."""
    with opened(folder, "conflict.blt") as database:
        conflicts = {change.key: change for change in database.changes().conflicts()}
        assert set(conflicts) == {"", "k3"}
        sides = {
            key: [database.changes().value(change, side) for side in ("base", "local", "remote")]
            for key, change in conflicts.items()
        }
        assert sides == {
            "": [b'{"title":"first"}', b'{"title":"mine"}', b'{"title":"theirs"}'],
            "k3": [b'{"n":3}', b'"mine"', b'"theirs"'],
        }
        assert {change.direction for change in conflicts.values()} == {Direction.CONFLICT}


def test_what_was_cleared_stays_cleared(folder: Path) -> None:
    """A copy that stood for the whole database stands for it still, but for what others changed since."""
    with opened(folder, "cleared.blt") as database:
        assert dict(database.items()) == {"only": 1}
        assert [change.key for change in database.changes().conflicts()] == ["k3"]
        assert database.get_metadata() == {"title": "theirs"}


def test_what_was_never_pushed_can_be(folder: Path) -> None:
    """A copy without a remote is pushed, metadata too."""
    with opened(folder, "unpushed.blt", "c", "other.blt") as database:
        assert said(database) == {("outgoing", "added", ""), ("outgoing", "added", "a")}
        database.changes().push()
    with opened(folder, "fresh.blt", "r", "other.blt") as fresh:
        assert (dict(fresh.items()), fresh.get_metadata()) == ({"a": 1}, {"m": 1})
