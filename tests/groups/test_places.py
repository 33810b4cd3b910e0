"""Originals, copies and mirrors side by side, and databases that move: a working copy belongs to a database and a place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import catalog
from catalog import Catalog, Entry, InvalidInputError, RemoteWentBackError, S3Connection


def place(folder: Path, key: str, store: str = "remotes") -> S3Connection:
    return S3Connection(db_key=key, endpoint_url=(folder / store).as_uri())


@pytest.fixture
def home(tmp_path: Path) -> Catalog:
    """A catalog with a group `g` and a database `orig` in it, whose ``x`` is 1."""
    with catalog.open(place(tmp_path, "orig"), tmp_path / "made.blt", "n", "orjson", lock="commit") as made:
        made["x"] = 1
        made.changes().push()
    here = Catalog(tmp_path / "catalog")
    here.add_group("g")
    here.add("g", place(tmp_path, "orig"), name="orig")
    return here


def entry(home: Catalog, name: str) -> Entry:
    return next(found for found in home.entries("g") if found.name == name)


def test_a_copy_is_a_database_of_its_own(home: Catalog, tmp_path: Path) -> None:
    """An edit of the original goes to the original, though its copy is open beside it and in the same group."""
    with home.open(entry(home, "orig")) as original:
        original.copy_remote(place(tmp_path, "copy"))
    home.add("g", place(tmp_path, "copy"), name="copy")
    with (
        home.open(entry(home, "orig"), "w", lock="commit") as original,
        home.open(entry(home, "copy"), "w", lock="commit") as copied,
    ):
        original["x"] = 5
        assert copied["x"] == 1
        assert not copied.changes().push()
        assert original.changes().push()
        assert copied.uuid != original.uuid
        assert [commit.number for commit in copied.history()] == [2, 1]
        copied["x"] = 7
        assert copied.changes().push()
        assert copied.revert(1).number == 4
        assert dict(copied.items()) == {"x": 1}
        assert dict(original.items()) == {"x": 5}


def test_the_same_database_at_two_places_has_two_working_copies(home: Catalog, tmp_path: Path) -> None:
    """A bucket that was copied has the same uuid: an edit of one stays out of the other, and what differs is noticed."""
    shutil.copytree(tmp_path / "remotes", tmp_path / "twin")
    home.add("g", place(tmp_path, "orig", "twin"), key="twin", name="twin")
    first, second = entry(home, "orig"), entry(home, "twin")
    with home.open(first, "w", lock="commit") as original, home.open(second, "w", lock="commit") as twin:
        assert original.file_path != twin.file_path
        original["x"] = 5
        assert not twin.changes().push()
        original.changes().push()
        assert (original["x"], twin["x"]) == (5, 1)


def test_relocate_takes_unpushed_changes_along(home: Catalog, tmp_path: Path) -> None:
    """After a bucket moved, its entry and its working copy are at the new place, with what was not pushed yet."""
    with home.open(entry(home, "orig"), "w", lock="commit") as original:
        original["y"] = 2
    (tmp_path / "remotes").rename(tmp_path / "moved")
    moved = home.relocate("g", entry(home, "orig").key, place(tmp_path, "orig", "moved"))
    with home.open(moved, "w", lock="commit") as there:
        assert [change.key for change in there.changes().all()] == ["y"]
        assert there.notices == ()
        there.changes().push()
    assert entry(home, "orig").connection.is_at(place(tmp_path, "orig", "moved"))
    with pytest.raises(InvalidInputError):
        home.relocate("g", moved.key, place(tmp_path, "orig", "moved"))


def test_somebody_else_relocated_it(home: Catalog, tmp_path: Path) -> None:
    """The group names another place by now: a new copy says that there is one of the old place, and relocating adopts that."""
    with home.open(entry(home, "orig"), "w", lock="commit") as original:
        original["y"] = 2
    shutil.copytree(tmp_path / "remotes", tmp_path / "moved")
    with home.open_group("g", "w", lock="commit") as group:
        group.add(place(tmp_path, "orig", "moved"), entry(home, "orig").key, name="orig")
    with home.open(entry(home, "orig"), lock="commit") as fresh:
        assert "y" not in fresh
        assert "relocate" in fresh.notices[0]
    home.relocate("g", entry(home, "orig").key)
    with home.open(entry(home, "orig"), lock="commit") as adopted:
        assert adopted["y"] == 2


def test_relocate_follows_nothing_that_went_back(home: Catalog, tmp_path: Path) -> None:
    """An old copy of the bucket is no place to move to: nothing is changed."""
    shutil.copytree(tmp_path / "remotes", tmp_path / "old")
    with home.open(entry(home, "orig"), "w", lock="commit") as original:
        original["y"] = 2
        original.changes().push()
    with pytest.raises(RemoteWentBackError):
        home.relocate("g", entry(home, "orig").key, place(tmp_path, "orig", "old"))
    assert entry(home, "orig").connection.is_at(place(tmp_path, "orig"))
    with home.open(entry(home, "orig")) as original:
        assert dict(original.items()) == {"x": 1, "y": 2}


def test_made_again_after_a_deletion_it_is_another_database(home: Catalog, tmp_path: Path) -> None:
    """It says what it continues; a colleague whose copy builds on just that goes on with it, edits too."""
    here = place(tmp_path, "orig")
    theirs = catalog.open(here, tmp_path / "theirs.blt", "w", lock="commit")
    theirs["mine"] = 1
    with home.open(entry(home, "orig"), "w", lock="commit") as original:
        before = original.uuid
        original.delete_remote()
        original["x"] = 2
        original.changes().push()
        assert original.uuid != before
        continued = original._session.seen.head.continues  # type: ignore[union-attr]
        assert continued is not None
        assert (continued.uuid, continued.number) == (before.bytes, 1)
    theirs.changes().pull()
    assert dict(theirs.items()) == {"x": 2, "mine": 1}
    assert theirs.changes().push()
    theirs.close()
    with catalog.open(here, tmp_path / "theirs.blt", "w", lock="commit") as again:
        assert again.uuid != before
        assert dict(again.items()) == {"x": 2, "mine": 1}


def test_a_push_onto_what_continues_keeps_its_identity(home: Catalog, tmp_path: Path) -> None:
    """A colleague pushes onto the database that was made again without a pull between: it stays the new one."""
    here = place(tmp_path, "orig")
    with catalog.open(here, tmp_path / "theirs.blt", "w", lock="commit") as theirs:
        with home.open(entry(home, "orig"), "w", lock="commit") as original:
            original.delete_remote()
            original["x"] = 2
            original.changes().push()
            new = original.uuid
        theirs["mine"] = 1
        theirs.changes().refresh()
        theirs.changes().push()
        assert theirs.uuid == new
    with catalog.open(here, tmp_path / "fresh.blt") as fresh:
        assert fresh.uuid == new
        assert dict(fresh.items()) == {"x": 2, "mine": 1}
