"""Files that a backup brought back: an older booklet, an older sidecar, or one of them alone. Nobody's work is reverted by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import booklet
import pytest

from catalog import Database
from catalog.local.booklet_header import HEADER_BYTES, MARK_AT, NO_MARK

from .team import Team

BOTH = ("mine.blt", "mine.blt.sync")


class Backup(Team):
    """A team whose member ``mine`` has a backup of an earlier state of its files."""

    def save(self, names: tuple[str, ...] = BOTH) -> None:
        for name in names:
            shutil.copy2(self.folder / name, self.folder / f"{name}.bak")

    def restore(self, *names: str) -> None:
        for name in names:
            shutil.copy2(self.folder / f"{name}.bak", self.folder / name)

    def work(self, name: str, values: dict[str, Any], deleted: tuple[str, ...] = (), *, push: bool = True) -> None:
        db = self.open(name, "w")
        db.changes().pull()
        db.update(values)
        for key in deleted:
            del db[key]
        if push:
            db.changes().push()
        self.close(name)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Backup]:
    """A backup after the first push of four keys; since then k0 was changed, k9 added and k3 deleted, and all was pushed."""
    made = Backup(tmp_path)
    db = made.open("mine")
    db.update({f"k{number}": f"old{number}" for number in range(4)})
    db.changes().push()
    made.close("mine")
    made.save()
    made.work("mine", {"k0": "new0", "k9": "added"}, ("k3",))
    yield made
    made.close_all()


NOW = {"k0": "new0", "k1": "old1", "k2": "old2", "k9": "added"}


def pending(db: Database) -> list[tuple[str, str, str]]:
    return [(change.key, str(change.direction), str(change.kind)) for change in db.changes().all()]


@pytest.mark.parametrize("names", [("mine.blt",), ("mine.blt.sync",), BOTH], ids=["booklet", "sidecar", "both"])
@pytest.mark.parametrize("colleague", [False, True])
@pytest.mark.parametrize("pulled", [False, True])
def test_what_was_pushed_is_not_reverted(team: Backup, names: tuple[str, ...], *, colleague: bool, pulled: bool) -> None:
    """Whichever file is an older one: what it holds is no edit, and what it lacks is no deletion."""
    expected: dict[str, Any] = dict(NOW)
    if colleague:
        team.work("theirs", {"k1": "colleague", "by them": 1})
        expected.update({"k1": "colleague", "by them": 1})
    if pulled:
        db = team.open("mine", "w")
        db.load_items()
        team.close("mine")
    team.restore(*names)
    db = team.open("mine", "w")
    assert pending(db) == []
    assert dict(db.items()) == expected
    assert not db.changes().push()
    assert team.seen() == expected


def test_a_reader_restores_too(team: Backup) -> None:
    """Opening an older booklet to read shows what the remote has."""
    team.restore("mine.blt")
    assert dict(team.open("mine", "r").items()) == NOW


def test_edits_of_a_restored_booklet_are_edits(team: Backup) -> None:
    """Somebody restored the file and edited it with plain booklet: that is an edit, based on what the file was based on."""
    team.restore("mine.blt")
    with booklet.open(str(team.folder / "mine.blt"), "w") as plain:
        plain["k1"] = "edited"
        plain["k0"] = "edited too"
        plain["more"] = 1
    db = team.open("mine", "w")
    assert sorted(pending(db)) == [("k0", "conflict", "modified"), ("k1", "outgoing", "modified"), ("more", "outgoing", "added")]
    db.changes().resolve(["k0"], "mine")
    db.changes().push()
    assert team.seen() == NOW | {"k0": "edited too", "k1": "edited", "more": 1}


def test_unpushed_edits_of_the_backup_come_back(tmp_path: Path) -> None:
    """A backup was made of unpushed edits, which were pushed then: they are as the remote has them, and no edits."""
    team = Backup(tmp_path)
    team.open("mine")["k"] = 1
    team._opened["mine"].changes().push()
    team.close("mine")
    team.work("mine", {"k": 2, "new": 3}, push=False)
    team.save()
    team.work("mine", {})
    team.work("mine", {"other": 4})
    team.restore("mine.blt")
    db = team.open("mine", "w")
    assert pending(db) == []
    assert dict(db.items()) == {"k": 2, "new": 3, "other": 4}
    team.close_all()


def test_edits_that_only_the_replaced_file_had_are_named(team: Backup) -> None:
    """Unpushed edits went with the file that the backup replaced: opening says whose; deletions are in the sidecar, and stay."""
    team.work("mine", {"k1": "unpushed", "k8": "unpushed"}, ("k2",), push=False)
    team.restore("mine.blt")
    db = team.open("mine", "w")
    assert len(db.notices) == 1
    assert "'k1', 'k8'" in db.notices[0]
    assert pending(db) == [("k2", "outgoing", "deleted")]
    assert dict(db.items()) == {key: value for key, value in NOW.items() if key != "k2"}
    db = team.open("mine", "w")
    assert len(db.notices) == 1
    db.changes().push()
    db = team.open("mine", "w")
    assert db.notices == ()
    assert team.seen() == {key: value for key, value in NOW.items() if key != "k2"}


def test_an_older_sidecar_finds_the_edits_of_the_file(team: Backup) -> None:
    """Unpushed edits, deletions too, are found in a booklet whose sidecar is an older one."""
    team.save()
    team.work("mine", {"k0": 2, "u": 3}, ("k1",), push=False)
    team.restore("mine.blt.sync")
    db = team.open("mine", "w")
    assert sorted(pending(db)) == [("k0", "outgoing", "modified"), ("k1", "outgoing", "deleted"), ("u", "outgoing", "added")]


def test_a_lost_sidecar_is_told(team: Backup) -> None:
    """A booklet without its sidecar says that unpushed deletions cannot be known; a new one says nothing."""
    for file in team.folder.glob("mine.blt.sync*"):
        if not file.name.endswith(".bak"):
            file.unlink()
    db = team.open("mine", "w")
    assert len(db.notices) == 1
    assert "cannot be known" in db.notices[0]
    assert team.open("mine", "w").notices == ()
    assert team.open("another", "w").notices == ()


def test_offline_an_older_booklet_waits(team: Backup) -> None:
    """Without the remote nobody can say what an older booklet was based on: what differs is in conflict until somebody can."""
    team.restore("mine.blt")
    db = team.open("mine", "w", offline=True)
    assert {change for _, change, _ in pending(db)} == {"conflict"}
    assert dict(team.open("mine", "w").items()) == NOW


def test_a_mark_stays_with_its_file(team: Backup) -> None:
    """Each sync leaves another mark; it outlives compaction and plain booklet, and is in no header that leaves the file."""
    path = team.folder / "mine.blt"

    def mark() -> bytes:
        with path.open("rb") as file:
            return file.read(HEADER_BYTES)[MARK_AT : MARK_AT + len(NO_MARK)]

    first = mark()
    team.work("mine", {"a": 1})
    second = mark()
    assert NO_MARK not in (first, second)
    assert first != second
    with booklet.open(str(path), "w") as plain:
        plain["b"] = 1
        plain.prune()
    assert mark() == second
    db = team.open("mine", "w")
    db.prune()
    db["c"] = 2
    db.changes().push()
    assert db._session.seen is not None
    assert db._session.seen.head.header[MARK_AT:] == bytes(HEADER_BYTES - MARK_AT)
    team.close("mine")
    assert NO_MARK != mark() != second
