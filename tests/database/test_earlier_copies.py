"""Working copies of the preview, whose remotes no program reads any more, are brought forward with all that only they have.

`earlier/make.py` made them with the first version of the library.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tarfile
from pathlib import Path

import booklet
import pytest

import catalog
from catalog import ConflictError, Database, Direction, RemoteMissingError, S3Connection, UnsupportedFormatError
from catalog.database.options import Flag

MOMENT = 1_700_000_000_000_000
ARCHIVE = Path(__file__).parent / "earlier" / "copies.tar.gz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of working copies and their remote, as it was left."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def opened(folder: Path, name: str, flag: Flag = "w", db_key: str = "rain.blt", *, offline: bool = False) -> Database:
    """One of the working copies, opened."""
    connection = S3Connection(None, None, db_key, "bucket", endpoint_url=(folder / "store").as_uri())
    return catalog.open(connection, folder / name, flag, value_serializer="orjson", lock="commit", offline=offline)


def said(database: Database) -> set[tuple[str, str, str]]:
    """What differs: direction, kind and key of each change."""
    return {(str(change.direction), str(change.kind), change.key) for change in database.changes().all()}


@pytest.fixture
def remade(folder: Path) -> Path:
    """The same with the remote made anew: by whoever had all of it, in the place of the preview's."""
    shutil.rmtree(folder / "store" / "bucket")
    with opened(folder, "clean.blt", "c") as database:
        database.set("k3", "theirs", timestamp=MOMENT + 206)
        database.changes().push(message="made anew")
    return folder


def test_a_remote_of_the_preview_is_refused_as_that(folder: Path) -> None:
    """It says who made it and what to do; what is held here, edited and deleted can be read offline, and stays as it is."""
    for _ in range(2):
        with pytest.raises(UnsupportedFormatError, match="made by a preview") as refused:
            opened(folder, "edited.blt")
        assert "Upgrade" not in str(refused.value)
        with opened(folder, "edited.blt", "r", offline=True) as database:
            assert dict(database.items()) == {"k0": {"n": 0}, "k1": {"n": "edited"}, "new": {"n": "new"}}
            assert database.get_metadata() == {"title": "edited"}
    with booklet.open(str(folder / "edited.blt"), "r") as plain:
        assert plain.get_metadata() == {"title": "edited"}


def test_edits_and_deletions_are_kept(remade: Path) -> None:
    """Over the remote that was made anew each is asked about, as nobody knows what it was based on; none is lost."""
    with opened(remade, "edited.blt") as database:
        assert said(database) == {
            ("conflict", "modified", ""),
            ("conflict", "modified", "k1"),
            ("conflict", "deleted", "k2"),
            ("outgoing", "added", "new"),
        }
        assert database.get_metadata() == {"title": "edited"}
        assert (database["k0"], database["k1"], database["new"]) == ({"n": 0}, {"n": "edited"}, {"n": "new"})
        assert database["k3"] == "theirs"
        for key in ("", "k1", "k2"):
            database.changes().resolve(key, "mine")
        assert database.changes().push().keys == 3
        content, metadata = dict(database.items()), database.get_metadata()
    assert content == {"k0": {"n": 0}, "k1": {"n": "edited"}, "k3": "theirs", "k4": {"n": 4}, "k5": {"n": 5}, "new": {"n": "new"}}
    with opened(remade, "fresh.blt", "r") as fresh:
        assert (dict(fresh.items()), fresh.get_metadata()) == (content, metadata)


def test_a_clean_copy_stays_clean(remade: Path) -> None:
    """Where nothing was edited, nothing is a change: what arrived is taken, and what is gone there goes here."""
    with opened(remade, "clean.blt") as database:
        del database["k5"]
        database.changes().push()
    with opened(remade, "seed.blt") as database:
        assert said(database) == set()
        assert dict(database.items()) == {**{f"k{n}": {"n": n} for n in (0, 1, 2, 4)}, "k3": "theirs"}


def test_conflicts_stay_conflicts(remade: Path) -> None:
    """Conflicts of a key and of the metadata are there, with both sides."""
    with opened(remade, "conflict.blt") as database:
        conflicts = {change.key: change for change in database.changes().conflicts()}
        assert set(conflicts) == {"", "k3"}
        sides = {
            key: [database.changes().value(change, side) for side in ("local", "remote")] for key, change in conflicts.items()
        }
        assert sides == {"": [b'{"title":"mine"}', b'{"title":"first"}'], "k3": [b'"mine"', b'"theirs"']}
        assert {change.direction for change in conflicts.values()} == {Direction.CONFLICT}


def test_what_was_cleared_is_asked_about(remade: Path) -> None:
    """A copy that stood for the whole database is no push away from emptying one that it never saw."""
    with opened(remade, "cleared.blt") as database:
        assert dict(database.items()) == {"only": 1}
        assert {change.key for change in database.changes().conflicts()} >= {f"k{number}" for number in range(6)}
        with pytest.raises(ConflictError):
            database.changes().push()


def test_without_a_remote_all_that_is_here_can_be_pushed(folder: Path) -> None:
    """Where there is none any more, flag c makes a new one of what is here; flag w says that it is gone."""
    shutil.rmtree(folder / "store" / "bucket")
    with pytest.raises(RemoteMissingError):
        opened(folder, "edited.blt")
    with opened(folder, "edited.blt", "c") as database:
        assert database.changes().push().keys == 3
    with opened(folder, "fresh.blt", "r") as fresh:
        assert dict(fresh.items()) == {"k0": {"n": 0}, "k1": {"n": "edited"}, "new": {"n": "new"}}
        assert fresh.get_metadata() == {"title": "edited"}


def test_what_was_never_pushed_can_be(folder: Path) -> None:
    """A copy without a remote is pushed, metadata too."""
    with opened(folder, "unpushed.blt", "c", "other.blt") as database:
        assert said(database) == {("outgoing", "added", ""), ("outgoing", "added", "a")}
        database.changes().push()
    with opened(folder, "fresh.blt", "r", "other.blt") as fresh:
        assert (dict(fresh.items()), fresh.get_metadata()) == ({"a": 1}, {"m": 1})


def test_copies_of_the_last_preview_are_brought_forward_too(tmp_path: Path) -> None:
    """A sidecar of the version before, whose commit was one of the preview's, keeps its edits and deletions as well."""
    (tmp_path / "store" / "bucket").mkdir(parents=True)
    with opened(tmp_path, "mine.blt", "c") as database:
        database.update({"a": 1, "b": 2, "c": 3})
        database.changes().push()
        database["a"] = "edited"
        del database["b"]
    with contextlib.closing(sqlite3.connect(tmp_path / "mine.blt.sync", isolation_level=None)) as sidecar:
        sidecar.execute("""UPDATE state SET value = CAST('{"format":100,"uuid":"00"}' AS BLOB) WHERE name IN ('base', 'seen')""")
        sidecar.execute("DROP TABLE mark")
        sidecar.execute("PRAGMA user_version = 3")

    with opened(tmp_path, "mine.blt", "r", offline=True) as database:
        assert dict(database.items()) == {"a": "edited", "c": 3}
    with opened(tmp_path, "mine.blt") as database:
        assert said(database) == {("conflict", "modified", "a"), ("conflict", "deleted", "b")}
        for key in ("a", "b"):
            database.changes().resolve(key, "mine")
        database.changes().push()
    with opened(tmp_path, "fresh.blt", "r") as fresh:
        assert dict(fresh.items()) == {"a": "edited", "c": 3}
