"""Orders of use that lost values once: each is judged by a fresh reader and a plain dict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import ConflictError, Database, DatabaseMismatchError, S3Connection
from catalog.database.options import Flag
from catalog.remote.snapshot import Snapshot

T0 = 1_700_000_000_000_000


class Team:
    """Working copies of one database, by name, and what a fresh reader sees of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = S3Connection(db_key="rain.blt", endpoint_url=(folder / "store").as_uri())
        self._opened: dict[str, Database] = {}
        self._readers = 0

    def open(self, name: str, flag: Flag = "c", **more: Any) -> Database:
        self.close(name)
        database = catalog.open(self.connection, self.folder / f"{name}.blt", flag, "orjson", lock="commit", **more)
        self._opened[name] = database
        return database

    def close(self, name: str) -> None:
        if name in self._opened:
            self._opened.pop(name).close()

    def close_all(self) -> None:
        for name in list(self._opened):
            self.close(name)

    def seen(self) -> dict[str, Any]:
        """What a fresh reader sees; its totals agree with what it lists."""
        self._readers += 1
        with catalog.open(self.connection, self.folder / f"reader {self._readers}.blt") as reader:
            found = dict(reader.items())
            assert len(reader) == len(found)
            assert reader.value_bytes == sum(len(reader.get_bytes(key)) for key in found)
            return found | ({"(metadata)": reader.get_metadata()} if reader.get_metadata() is not None else {})


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close_all()


def test_a_base_without_keys_is_a_base(team: Team) -> None:
    """After an empty first commit, filled anew with flag n, one more key is one more key."""
    with team.open("a") as database:
        database.changes().push()
        assert database.commit is not None
    with team.open("a", "n") as database:
        database.update({f"k{number}": number for number in range(50)})
        database.changes().push()
    with team.open("a", "w") as database:
        database["one more"] = 1
        assert database.changes().push().keys == 1
        assert len(database) == 51
    assert len(team.seen()) == 51


def test_the_metadata_of_an_empty_database_change_twice(team: Team) -> None:
    """Metadata of a database without keys are pushed again and again, and conflict with nobody."""
    database = team.open("a")
    database.changes().push()
    for number in range(3):
        database.set_metadata({"n": number})
        database.changes().push()
        assert team.seen() == {"(metadata)": {"n": number}}


def test_an_empty_database_can_be_deleted(team: Team) -> None:
    """A database without keys is deleted like any other."""
    database = team.open("a")
    database.changes().push()
    database.delete_remote()
    with pytest.raises(catalog.RemoteMissingError):
        team.seen()


def test_no_snapshot_is_asked_for_its_truth(team: Team) -> None:
    """A commit is there or None: asking whether it is true would take an empty one for none, and raises."""
    database = team.open("a")
    database.changes().push()
    base = database._session.base
    assert isinstance(base, Snapshot)
    with pytest.raises(TypeError, match="None"):
        bool(base)
    assert not hasattr(base, "__len__")


def test_clearing_keeps_what_is_set_again_as_it_was(team: Team) -> None:
    """After clear() a key that is set exactly as the remote has it is in the next commit, and goes up only once."""
    database = team.open("a")
    database.set("a", 1, timestamp=T0)
    database.set("b", 2, timestamp=T0)
    database.changes().push()
    database.clear()
    database.set("a", 1, timestamp=T0)
    database.set("c", 1, timestamp=T0)
    estimated = database.changes().push(dry_run=True)
    pushed = database.changes().push()
    assert (estimated.keys, pushed.keys) == (2, 2)
    assert team.seen() == dict(database.items()) == {"a": 1, "c": 1}


@pytest.mark.parametrize("partly", [False, True])
def test_clearing_keeps_the_metadata(team: Team, partly: bool) -> None:
    """clear() deletes keys: the metadata stay, also when it is spelled out by a push of some keys."""
    database = team.open("a")
    database.update({"a": 1, "b": 2})
    database.set_metadata({"m": 1})
    database.changes().push()
    database.clear()
    assert database.get_metadata() == {"m": 1}
    database.changes().push(keys=["a"] if partly else None)
    assert team.seen() == ({"b": 2, "(metadata)": {"m": 1}} if partly else {"(metadata)": {"m": 1}})
    assert database.get_metadata() == {"m": 1}


def test_metadata_set_before_clearing_are_pushed(team: Team) -> None:
    """Metadata that were set and not written yet survive a clear()."""
    database = team.open("a")
    database["a"] = 1
    database.changes().push()
    database.set_metadata({"m": 2})
    database.clear()
    database.changes().push()
    assert team.seen() == {"(metadata)": {"m": 2}}


def test_flag_n_begins_without_metadata(team: Team) -> None:
    """Opened with n, a database has no metadata from the beginning, and discarding all brings the old ones back."""
    with team.open("a") as database:
        database["a"] = 1
        database.set_metadata({"m": 1})
        database.changes().push()
    database = team.open("a", "n")
    assert database.get_metadata() is None
    database.changes().discard()
    assert (dict(database.items()), database.get_metadata()) == ({"a": 1}, {"m": 1})
    database = team.open("a", "n")
    database["z"] = 1
    database.changes().push()
    assert team.seen() == {"z": 1}


@pytest.mark.parametrize("reopen", [False, True])
def test_what_a_colleague_pushed_meanwhile_is_never_cleared(team: Team, reopen: bool) -> None:
    """A clear() takes the keys that were there at that moment: what a colleague pushed later stays, also past a new tag."""
    mine = team.open("a")
    mine.update({"a": 1, "b": 2})
    mine.changes().push()
    other = team.open("b")
    other.clear()
    other.sync()
    mine["precious"] = 1
    mine.changes().push()
    if reopen:
        other = team.open("b")
    else:
        other.changes().refresh()
        other.tag("x", over=other.remote_commit)
    other.changes().push()
    assert team.seen() == {"precious": 1}


def test_totals_after_clearing_and_a_push_of_some_keys(team: Team) -> None:
    """len() and value_bytes say what is listed, in each order of clearing, discarding and pushing."""
    database = team.open("a")
    database.update({"a": 1, "b": 1})
    database.changes().push()
    database["a"] = 2
    assert len(database) == 2
    database.clear()
    assert len(database) == 0
    database.changes().discard(["a"])
    assert len(database) == len(list(database)) == 1
    database.changes().push()
    assert (len(database), database.value_bytes) == (1, 1)
    assert team.seen() == {"a": 1}


@pytest.mark.parametrize("before", [None, T0 + 10])
def test_prune_never_takes_an_edit_that_is_still_buffered(team: Team, before: int | None) -> None:
    """An edit of a key whose local copy is old stays, though nothing was read between the edit and the prune."""
    with team.open("a") as database:
        for number in range(3):
            database.set(f"k{number}", number, timestamp=T0)
        database.changes().push()
    database = team.open("b")
    database.load_items()
    database.sync()
    database.set("k1", "mine", timestamp=T0 + 1)
    database.prune(timestamp=before)
    assert database["k1"] == "mine"
    database.changes().push()
    assert team.seen() == {"k0": 0, "k1": "mine", "k2": 2}


def test_of_two_creators_one_wins(team: Team) -> None:
    """Two who create at one place: the first wins, the other is told how to join, and keeps all that it has."""
    one, two = team.open("a"), team.open("b")
    one["from a"] = 1
    two["from b"] = 2
    one.changes().push()
    with pytest.raises(DatabaseMismatchError, match="Nothing was pushed") as refused:
        two.changes().push()
    assert "another file_path" in refused.value.hint
    assert team.seen() == {"from a": 1}
    assert dict(two.items()) == {"from b": 2}
    with team.open("b", "w", offline=True) as kept:
        assert dict(kept.items()) == {"from b": 2}
    one["more"] = 3
    one.changes().push()
    assert team.seen() == {"from a": 1, "more": 3}


def test_equal_metadata_are_no_edit(team: Team) -> None:
    """Metadata set as they are in the remote are no edit: what a colleague makes of them arrives."""
    mine = team.open("a")
    mine.set_metadata({"m": 1}, timestamp=T0)
    mine.changes().push()
    other = team.open("b")
    other.set_metadata({"m": 1}, timestamp=T0)
    mine.set_metadata({"m": 2})
    mine.changes().push()
    other.changes().pull()
    assert other.changes().all() == []
    assert other.get_metadata() == {"m": 2}


def test_a_push_after_the_history_was_given_up(team: Team) -> None:
    """Who builds on a commit that a colleague's forget gave up pushes on top of the newest one."""
    mine = team.open("a")
    mine.update({"a": 1, "b": 2, "c": 3})
    mine.changes().push()
    other = team.open("b")
    mine.set_metadata({"m": 1})
    other["a"] = 5
    del mine["b"]
    mine.changes().discard(["b"])
    other.changes().refresh()
    other.forget(["b"], over=other.remote_commit)
    other.changes().push()
    mine["c"] = 4
    mine.changes().push()
    assert team.seen() == {"a": 5, "c": 4, "(metadata)": {"m": 1}}


def test_a_conflict_about_metadata_is_one_like_any_other(team: Team) -> None:
    """Both set the metadata: a push stops and names them, and nothing is visible; either side can be kept."""
    mine, other = team.open("a"), team.open("b")
    mine["a"] = 1
    mine.changes().push()
    team.close("b")
    other = team.open("c")
    other.set_metadata("theirs")
    other.changes().push()
    mine.set_metadata("mine")
    with pytest.raises(ConflictError, match="metadata"):
        mine.changes().push()
    assert team.seen() == {"a": 1, "(metadata)": "theirs"}
    mine.changes().resolve("", "mine")
    mine.changes().push()
    assert team.seen() == {"a": 1, "(metadata)": "mine"}
