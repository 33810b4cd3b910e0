"""Orders of use that lost values once: each is judged by a fresh reader and a plain dict."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import catalog
from catalog import CatalogError, ConflictError, DatabaseMismatchError, UnseenCommitsError
from catalog.remote.snapshot import Snapshot

from .team import Team

T0 = 1_700_000_000_000_000


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


def test_what_both_sides_deleted_is_no_conflict(team: Team) -> None:
    """A key that is deleted here and in the remote stops no push, whether here by itself or by clearing."""
    with team.open("a") as database:
        database.update({"a": 1, "b": 2})
        database.changes().push()
    mine = team.open("a", "n")
    other = team.open("b")
    del other["a"]
    other.changes().push()
    mine["c"] = 3
    assert mine.changes().push()
    assert team.seen() == {"c": 3}


def test_an_empty_copy_joins_whoever_created_first(team: Team) -> None:
    """A copy in which nothing was set yet takes the database that somebody else made at its place meanwhile."""
    one, two = team.open("a"), team.open("b")
    one["a"] = 1
    one.changes().push()
    two.changes().pull()
    two["b"] = 2
    two.changes().push()
    assert team.seen() == {"a": 1, "b": 2}


def test_a_conflict_ends_with_the_remote(team: Team) -> None:
    """Where the remote was deleted nothing is in conflict any more: what is here is pushed as a new database."""
    one, other = team.open("a"), team.open("b")
    one["k"] = 0
    one.set_metadata({"m": 0})
    one.changes().push()
    other.changes().pull()
    one["k"], other["k"] = 1, 2
    one.set_metadata({"m": 1})
    other.set_metadata({"m": 2})
    one.changes().push()
    assert set(other.changes().pull().conflicts) == {"k", ""}
    other.delete_remote()
    assert other.changes().conflicts() == []
    other.changes().push()
    assert team.seen() == {"k": 2, "(metadata)": {"m": 2}}


@pytest.mark.parametrize("how", ["edit", "clear", "start over"])
def test_a_database_that_was_made_anew_is_followed(team: Team, how: str) -> None:
    """A colleague deleted the database and pushed it again: unpushed edits are still there, can be pulled on, and pushed."""
    one, other = team.open("a"), team.open("b")
    one.update({"k": 0, "l": 0})
    one.changes().push()
    other = team.open("b")
    if how == "edit":
        other["mine"] = 1
    elif how == "clear":
        other.clear()
    else:
        other = team.open("b", "n")
    one.delete_remote()
    one["z"] = 9
    one.changes().push()
    other.changes().pull()
    other = team.open("b")
    # what was cleared may have met an edit: nobody knows any more what it was
    other.changes().resolve([change.key for change in other.changes().conflicts()], "mine")
    other.changes().push()
    assert team.seen() == ({"k": 0, "l": 0, "z": 9, "mine": 1} if how == "edit" else {"z": 9})


@pytest.mark.parametrize("reopen", [False, True])
def test_a_clear_can_be_pushed_after_the_history_was_given_up(team: Team, reopen: bool) -> None:
    """Who cleared builds on a commit that a colleague's forget gave up: a pull and a push work, nobody is locked out."""
    one = team.open("a")
    one.update({"k": 0, "l": 0})
    one.changes().push()
    other = team.open("b")
    other.clear()
    one.forget(["k"])
    one["new"] = 1
    one.changes().push()
    if reopen:
        other = team.open("b")
    other.changes().pull()
    other.changes().resolve([change.key for change in other.changes().conflicts()], "mine")
    other.changes().push()
    assert team.seen() == {"new": 1}


def test_a_push_of_some_keys_before_the_first_commit_pushes_no_others(team: Team) -> None:
    """After clear(), the first push of all takes only the keys that it is told to take."""
    database = team.open("a")
    database.clear()
    database.update({"a": 1, "b": 2})
    database.changes().push(keys=["a"])
    assert team.seen() == {"a": 1}
    database.changes().push()
    assert team.seen() == {"a": 1, "b": 2}


@pytest.mark.parametrize("flag", ["c", "n"])
def test_nothing_is_deleted_that_was_not_pulled(team: Team, flag: str) -> None:
    """Who cleared and only saw that there is a newer commit cannot delete it: what is in it is nowhere else."""
    one = team.open("a")
    one["k"] = 0
    one.changes().push()
    other = team.open("b", flag)  # type: ignore[arg-type] # one of the flags
    one["precious"] = 1
    one.changes().push()
    other.clear()
    other.changes().refresh()
    with pytest.raises(UnseenCommitsError):
        other.delete_remote()
    assert team.seen() == {"k": 0, "precious": 1}


def test_a_conflict_that_went_away_stops_no_push(team: Team) -> None:
    """A push stops at what the list of conflicts shows, and at nothing else."""
    one, other = team.open("a"), team.open("b")
    one["k"] = 0
    one.changes().push()
    other.changes().pull()
    one["k"] = 1
    one.changes().push()
    del other["k"]
    other.changes().pull()
    assert [change.key for change in other.changes().conflicts()] == ["k"]
    del one["k"]
    one.changes().push()
    other["more"] = 1
    other.changes().refresh()
    assert other.changes().conflicts() == []
    other.changes().push()
    assert team.seen() == {"more": 1}


@pytest.mark.parametrize("what", ["collect", "forget"])
def test_garbage_is_collected_and_said_so(team: Team, what: str) -> None:
    """A collection that was done is no error, and one that is refused leaves everything as it was."""
    one, other = team.open("a"), team.open("b")
    one.update({"k": 0, "l": 0})
    one.changes().push()
    other.changes().pull()
    other["new"] = 1
    other.changes().push()
    one.clear()
    for found in (team.folder / "store").rglob("*"):
        if found.is_file():
            os.utime(found, (10**9, 10**9))
    before = team.open("c", "r").commit
    try:
        if what == "collect":
            one.collect_garbage(0, 1, dry_run=False, grace=timedelta(hours=25))
        else:
            one.forget(["k"])
    except CatalogError:
        assert team.open("c", "r").commit == before
    else:
        assert team.open("c", "r").commit != before


def test_who_lost_a_race_to_create_may_create_when_the_winner_is_gone(team: Team) -> None:
    """Each push looks at what is there now: a database that was deleted stands in nobody's way."""
    one, other = team.open("a"), team.open("b")
    one["a"], other["b"] = 1, 2
    one.changes().push()
    with pytest.raises(DatabaseMismatchError):
        other.changes().push()
    one.delete_remote()
    other.changes().push()
    assert team.seen() == {"b": 2}


@pytest.mark.parametrize("metadata", [False, True])
def test_no_pull_throws_a_buffered_edit_away(team: Team, metadata: bool) -> None:
    """An edit that is in no file yet is an edit: another creator's database is not followed over it."""
    one, other = team.open("a"), team.open("b")
    one["a"] = 1
    one.changes().push()
    if metadata:
        other.set_metadata({"m": 1})
    else:
        other["b"] = 2
    with pytest.raises(DatabaseMismatchError):
        other.changes().pull()
    assert dict(other.items()) == ({} if metadata else {"b": 2})
    assert other.get_metadata() == ({"m": 1} if metadata else None)


def test_other_bytes_of_the_same_length_at_the_same_time_are_another_version(team: Team) -> None:
    """Two versions are told apart by their bytes, though timestamp and length are the same."""
    mine = team.open("a")
    mine.set("k", "aaa", timestamp=T0)
    mine.changes().push()
    other = team.open("b")
    other.load_items()
    mine.set("k", "bbb", timestamp=T0)
    assert [change.key for change in mine.changes().outgoing()] == ["k"]
    assert mine.changes().push().keys == 1
    assert team.seen() == {"k": "bbb"}
    other.set("k", "ccc", timestamp=T0)
    with pytest.raises(ConflictError):
        other.changes().push()
    other.changes().discard()
    other.changes().pull()
    assert other["k"] == "bbb"


@pytest.mark.parametrize("written", [False, True])
def test_the_same_bytes_again_keep_the_time_that_was_chosen(team: Team, written: bool) -> None:
    """Setting what is there already changes nothing, whether that is in the files yet or not."""
    database = team.open("a")
    database.set("k", 2, timestamp=5)
    if written:
        database.sync()
    database["k"] = 2
    assert database.get_timestamp("k") == 5


def test_what_the_remote_has_already_has_one_time(team: Team) -> None:
    """A key set to the bytes of the remote has the remote's time, however it is asked for."""
    team.open("a").set("k", 1, timestamp=5)
    team.open("a").changes().push()
    database = team.open("b")
    database["k"] = 1
    assert list(database.timestamps(include_value=True)) == [("k", 5, 1)]
    assert list(database.timestamps()) == [("k", 5)]


def test_what_a_colleague_set_alike_has_their_time(team: Team) -> None:
    """Two set the same bytes: after the pull both have the time of who pushed, and go on having it."""
    one, other = team.open("a"), team.open("b")
    one["first"] = 0
    one.changes().push()
    other.changes().pull()
    # opened anew it has no index in memory: whether the remote has the key is not known when it is set
    other = team.open("b")
    other["k"] = 1
    other.sync()
    one.set("k", 1, timestamp=5)
    one.changes().push()
    other.changes().pull()
    assert other.changes().all() == []
    for _ in range(2):
        assert other.get_timestamp("k") == 5
        assert [when for key, when, _ in other.timestamps(include_value=True) if key == "k"] == [5]
        other = team.open("b")
