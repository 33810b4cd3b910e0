"""Orders of use that the machine found: each once lost something, locked someone out, or said what was not so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from catalog import CatalogError, DatabaseMismatchError, PreconditionFailedError
from tests.changes.test_orders_of_use import Team


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close_all()


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
    assert other.changes().conflicts() == []
    other.changes().push()
    # where it was cleared nobody knows any more what there was: nothing is deleted then
    assert team.seen() == {"k": 0, "l": 0, "z": 9} | ({"mine": 1} if how == "edit" else {})


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
    other.changes().push()
    # nobody knows any more what there was to clear: nothing is deleted then
    assert team.seen() == {"l": 0, "new": 1}


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
    with pytest.raises(PreconditionFailedError):
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
