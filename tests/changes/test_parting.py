"""A remote that went back, or took another line: it is noticed, nothing here is lost, and there are three ways out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import booklet
import pytest

import catalog
from catalog import ForkedError, InvalidInputError, LineageError, RemoteWentBackError, S3Connection

from .team import Team


class Restored(Team):
    """A team whose bucket is put back to what it was before mine pushed ``late`` and a new ``k1``."""

    def __init__(self, folder: Path, pushed_since: int = 0) -> None:
        super().__init__(folder)
        mine = self.open("mine")
        mine.update({f"k{number}": 1 for number in range(3)})
        mine.changes().push()
        self.close("mine")
        self.open("other").load_items()
        self.close("other")
        shutil.copytree(folder / "store", folder / "backup")
        mine = self.open("mine")
        mine["late"], mine["k1"] = 9, 2
        del mine["k2"]
        mine.changes().push()
        self.close("mine")
        shutil.copytree(folder / "store", folder / "ahead")
        self.put_back()
        for number in range(pushed_since):
            self.open("other")[f"theirs{number}"] = 1
            self._opened["other"].changes().push()
            self.close("other")

    def put_back(self, kept: str = "backup") -> None:
        shutil.rmtree(self.folder / "store")
        shutil.copytree(self.folder / kept, self.folder / "store")


HERE = {"k0": 1, "k1": 2, "late": 9}


@pytest.mark.parametrize("flag", ["r", "w"])
@pytest.mark.parametrize(("pushed_since", "error"), [(0, RemoteWentBackError), (1, ForkedError), (3, ForkedError)])
def test_what_went_back_is_not_followed(
    tmp_path: Path, flag: Literal["r", "w"], pushed_since: int, error: type[LineageError]
) -> None:
    """An opening goes on with what is here, and says so; what needs the newest commit raises; all stays as it was."""
    team = Restored(tmp_path, pushed_since)
    for _ in range(2):
        db = team.open("mine", flag)
        assert isinstance(db.parted, error)
        assert len(db.notices) == 1
        assert dict(db.items()) == HERE
        with pytest.raises(error):
            db.changes().refresh()
        with pytest.raises(error):
            db.changes().pull()
        assert (db.parted.here.number, db.parted.there.number) == (2, 1 + pushed_since)
        assert next(commit.number for commit in db.history()) == 1 + pushed_since
        assert dict(db.items()) == HERE
        assert db.changes().all() == []
    team.close_all()


def test_what_went_back_meanwhile_is_not_pushed_to(tmp_path: Path) -> None:
    """A push of a database that is open while its remote goes back stops; the edit stays, and so does everything else."""
    team = Restored(tmp_path)
    team.put_back("ahead")
    mine = team.open("mine", "w")
    team.put_back()
    mine["new"] = 1
    with pytest.raises(RemoteWentBackError):
        mine.changes().push()
    assert dict(mine.items()) == HERE | {"new": 1}
    team.close_all()


def test_a_remote_that_comes_back_is_followed_again(tmp_path: Path) -> None:
    """A stale answer parts, and is forgotten with the next good one."""
    team = Restored(tmp_path)
    db = team.open("mine", "w")
    assert db.notices
    team.put_back("ahead")
    db["new"] = 1
    assert db.changes().push()
    assert db.parted is None
    assert team.seen() == HERE | {"new": 1}
    team.close_all()


@pytest.mark.parametrize("pushed_since", [0, 1, 3])
def test_put_on_top(tmp_path: Path, pushed_since: int) -> None:
    """What is here is put on top in one commit, which says first what it does; what only the remote has is removed there."""
    team = Restored(tmp_path, pushed_since)
    db = team.open("mine", "w")
    db["new"] = 5
    planned = db.put_on_top()
    theirs = tuple(f"theirs{number}" for number in range(pushed_since))
    assert (planned.added, planned.changed, planned.removed) == (("late", "new"), ("k1",), ("k2", *theirs))
    assert planned.commit is None
    assert dict(db.items()) == HERE | {"new": 5}
    done = db.put_on_top(dry_run=False)
    assert (done.added, done.changed, done.removed, done.missing) == (planned.added, planned.changed, planned.removed, ())
    assert done.commit is not None
    assert done.commit.number == 2 + pushed_since
    assert db.parted is None
    assert team.seen() == dict(db.items()) == HERE | {"new": 5}
    assert db.changes().all() == []
    db["after"] = 1
    assert db.changes().push()
    team.close_all()


def test_what_is_nowhere_any_more_is_named(tmp_path: Path) -> None:
    """A value that is neither here nor in the restored bucket cannot be put on top: it is named, and the remote keeps its own."""
    team = Restored(tmp_path)
    mine = team.open("thin", "w")
    big = "x" * 5_000
    mine["k0"] = big
    mine.changes().push()
    team.open("reader", "r").close()
    team.put_back()
    reader = team.open("reader", "w")
    reader["new"] = 1
    planned = reader.put_on_top()
    assert planned.missing == ("k0",)
    assert (planned.added, planned.changed) == (("new",), ())
    assert reader.put_on_top(dry_run=False).missing == ("k0",)
    assert team.seen() == {"k0": 1, "k1": 1, "k2": 1, "new": 1}
    team.close_all()


@pytest.mark.parametrize("pushed_since", [0, 2])
def test_follow(tmp_path: Path, pushed_since: int) -> None:
    """The remote is followed; what would be dropped lies in a plain booklet beside the file; an unpushed edit stays."""
    team = Restored(tmp_path, pushed_since)
    db = team.open("mine", "w")
    db["new"] = 5
    planned = db.follow()
    theirs = tuple(f"theirs{number}" for number in range(pushed_since))
    assert (planned.added, planned.changed, planned.removed) == (("k2", *theirs), ("k1",), ("late",))
    done = db.follow(dry_run=False)
    assert (done.added, done.changed, done.removed) == (planned.added, planned.changed, planned.removed)
    there = {"k0": 1, "k1": 1, "k2": 1} | dict.fromkeys(theirs, 1)
    assert dict(db.items()) == there | {"new": 5}
    assert [change.key for change in db.changes().all()] == ["new"]
    assert done.aside is not None
    with booklet.open(str(done.aside), "r") as aside:
        assert dict(aside.items()) == {"k1": 2, "late": 9}
    assert db.changes().push()
    assert team.seen() == there | {"new": 5}
    team.close_all()


def test_an_edit_that_meets_what_is_followed_is_a_conflict(tmp_path: Path) -> None:
    """An unpushed edit of a key that went back is neither dropped nor pushed unseen."""
    team = Restored(tmp_path)
    db = team.open("mine", "w")
    db["k1"] = 7
    db.follow(dry_run=False)
    assert [change.key for change in db.changes().conflicts()] == ["k1"]
    assert db["k1"] == 7
    team.close_all()


def test_keep_as(tmp_path: Path) -> None:
    """What is here becomes a database of its own, that says where it comes from; this working copy stays as it is."""
    team = Restored(tmp_path)
    db = team.open("mine", "w")
    db["new"] = 5
    db.set_metadata({"of": "rain"})
    place = S3Connection(db_key="kept.blt", endpoint_url=(tmp_path / "store").as_uri())
    assert db.keep_as(place, tmp_path / "kept.blt").added == ("k0", "k1", "late", "new")
    done = db.keep_as(place, tmp_path / "kept.blt", dry_run=False)
    assert done.commit is not None
    assert db.parted is not None
    assert dict(db.items()) == HERE | {"new": 5}
    with catalog.open(place, tmp_path / "elsewhere.blt") as kept:
        assert dict(kept.items()) == HERE | {"new": 5}
        assert kept.get_metadata() == {"of": "rain"}
        assert kept.uuid != db.uuid
        origin = kept._session.seen.head.copied_from  # type: ignore[union-attr]
        assert origin is not None
        assert (origin.uuid, origin.number) == (db.uuid.bytes, 2)
    with pytest.raises(InvalidInputError):
        db.keep_as(place, tmp_path / "again.blt", dry_run=False)
    team.close_all()


def test_no_way_out_of_what_is_in_line(tmp_path: Path) -> None:
    """Where the remote comes after what is here there is nothing to settle, and the ways out refuse to."""
    team = Team(tmp_path)
    db = team.open("mine")
    db["a"] = 1
    db.changes().push()
    for way in (db.put_on_top, db.follow):
        with pytest.raises(InvalidInputError):
            way()
    assert db.parted is None
    team.close_all()
