"""Earlier versions: listed, opened, compared, reverted to, undone, and named by tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from static_web import StaticWeb

import catalog
from catalog import (
    Change,
    Database,
    EntryMissingError,
    InvalidInputError,
    Kind,
    PreconditionFailedError,
    ReadOnlyError,
    S3Connection,
    UnreachableError,
    UnseenCommitsError,
)
from catalog.changes.versions import _names, find_version
from catalog.remote.commit import read_head


def open_writer(connection: S3Connection, path: Path, author: str = "ada") -> Database:
    """A working copy that takes no lease."""
    opened: Database = catalog.open(connection, path, "c", value_serializer="orjson", lock="commit", author=author)
    return opened


def push(database: Database, message: str = "", **values: Any) -> None:
    """Set some keys and push them."""
    database.update(values)
    database.changes().push(message=message)


def at(connection: S3Connection | str, path: Path, version: Any) -> dict[str, Any]:
    """What a working copy reads at a version."""
    with catalog.open(connection, path, "r", version=version) as opened:
        assert len(opened) == len(list(opened))
        return dict(opened.items())


def sides(database: Database, a: Any, b: Any) -> dict[str, tuple[Kind, bytes | None, bytes | None]]:
    """A comparison, with the values before and after."""
    changes = database.changes()

    def both(change: Change) -> tuple[Kind, bytes | None, bytes | None]:
        return change.kind, changes.value(change, "base"), changes.value(change, "remote")

    return {change.key: both(change) for change in database.diff(a, b)}


STATES = {1: {"a": 1, "b": 1}, 2: {"a": 2, "b": 1, "c": 1}, 3: {"a": 2, "c": 1}}


def fill(database: Database) -> None:
    """Three commits."""
    database.set_metadata({"title": "first"})
    push(database, "first", **STATES[1])
    push(database, "second", a=2, c=1)
    del database["b"]
    database.set_metadata({"title": "third"})
    push(database, "third")


@pytest.fixture
def database(remote: S3Connection, tmp_path: Path) -> Iterator[Database]:
    """A database with three commits, in a bucket and in a folder."""
    with open_writer(remote, tmp_path / "mine.blt") as opened:
        fill(opened)
        yield opened


@pytest.fixture
def local(folder_connection: S3Connection, tmp_path: Path) -> Iterator[Database]:
    """The same in a folder only."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as opened:
        fill(opened)
        yield opened


def test_history_tells_who_did_what_and_how_large_it_was(database: Database) -> None:
    """Newest first, with number, message, author and totals; a limit asks for no more than that."""
    listed = [(commit.number, commit.message, commit.author, commit.keys) for commit in database.history()]

    assert listed == [(3, "third", "ada", 2), (2, "second", "ada", 3), (1, "first", "ada", 2)]
    before = database.requests
    assert [commit.number for commit in database.history(1)] == [3]
    assert database.requests - before == 1


def test_every_name_of_a_version_opens_it(database: Database, tmp_path: Path) -> None:
    """Number, number as text, id, beginning of an id, tag, time in any zone, and time as text."""
    second = next(commit for commit in database.history() if commit.number == 2)
    database.tag("published-2026", 2)
    east = second.time.astimezone(timezone(timedelta(hours=9)))
    versions: list[Any] = [
        2,
        "2",
        second.id,
        second.id[:6],
        second.id[:6].upper(),
        "published-2026",
        second.time,
        east,
        east.isoformat(),
    ]
    for number, version in enumerate(versions):
        assert at(database.connection, tmp_path / f"{number}.blt", version) == STATES[2], version


def test_a_past_version_is_blind_to_what_came_after(local: Database, tmp_path: Path) -> None:
    """Local edits and later commits do not show, in the same working copy either, and nothing can be written."""
    local["a"] = "edited"
    local.sync()
    with catalog.open(local.connection, tmp_path / "mine.blt", "r", version=1) as past:
        assert dict(past.items()) == STATES[1]
        assert past.get_metadata() == {"title": "first"}
        assert past.commit is not None
        assert past.commit.number == 1
        with pytest.raises(ReadOnlyError):
            past["a"] = 1
    with pytest.raises(ReadOnlyError, match="only be read"):
        catalog.open(local.connection, tmp_path / "mine.blt", "w", version=1)


def test_a_public_address_that_cannot_list_has_a_history(local: Database, tmp_path: Path) -> None:
    """History, versions and comparison need only plain GETs."""
    local.tag("one", 1)
    with StaticWeb(Path(tmp_path / "remote")) as web:
        url = f"{web.url}/data/rain.blt"
        with catalog.open(url, tmp_path / "public.blt") as public:
            assert [commit.number for commit in public.history()] == [4, 3, 2, 1]
            assert sides(public, 1, 2)["a"] == (Kind.MODIFIED, b"1", b"2")
            assert public.tags() == {"one": 1}
        assert at(url, tmp_path / "public.blt", "one") == STATES[1]


def test_a_comparison_gives_both_values(database: Database) -> None:
    """Added, modified and deleted keys and the metadata, in both directions; the same version has none."""
    assert sides(database, 1, 3) == {
        "": (Kind.MODIFIED, b'{"title":"first"}', b'{"title":"third"}'),
        "a": (Kind.MODIFIED, b"1", b"2"),
        "b": (Kind.DELETED, b"1", None),
        "c": (Kind.ADDED, None, b"1"),
    }
    assert sides(database, 3, 2) == {
        "": (Kind.MODIFIED, b'{"title":"third"}', b'{"title":"first"}'),
        "b": (Kind.ADDED, None, b"1"),
    }
    assert sides(database, 2, 2) == {}


def test_a_revert_is_a_new_commit(database: Database, tmp_path: Path) -> None:
    """Values and metadata are as they were, the history goes on, and no value is sent."""
    commit = database.revert(1, message="back")

    assert (commit.number, commit.message, commit.keys) == (4, "back", 2)
    assert dict(database.items()) == STATES[1]
    assert database.get_metadata() == {"title": "first"}
    assert at(database.connection, tmp_path / "fresh.blt", None) == STATES[1]
    assert at(database.connection, tmp_path / "third.blt", 3) == STATES[3]


def test_unpushed_edits_survive_a_revert(local: Database) -> None:
    """An edit of a key that the revert changes becomes a conflict; others stay edits; nothing is lost."""
    local.update({"a": "mine", "new": "mine"})

    local.revert(1)

    assert dict(local.items()) == {"a": "mine", "b": 1, "new": "mine"}
    assert [change.key for change in local.changes().conflicts()] == ["a"]
    local.changes().resolve("a", "theirs")
    assert local.changes().push().keys == 1
    assert dict(local.items()) == {"a": 1, "b": 1, "new": "mine"}


def test_undo_takes_the_last_change_back_and_forth(local: Database) -> None:
    """Undo, and undo of the undo; commits that changed no content, such as tags, are stepped over."""
    local.tag("three")

    local.undo()
    assert dict(local.items()) == STATES[2]
    assert local.get_metadata() == {"title": "first"}

    local.undo()
    assert dict(local.items()) == STATES[3]


def test_a_history_is_read_in_pages(local: Database) -> None:
    """What comes before a commit continues the list that ended with it, also where garbage collection has given older ones up."""
    first = list(local.history(2))
    assert [commit.number for commit in first] == [3, 2]
    assert [commit.number for commit in local.history(before=first[-1])] == [1]
    assert list(local.history(before=next(local.history(before=first[-1])))) == []

    local.collect_garbage(keep_days=0, keep_commits=2, dry_run=False)
    pages = list(local.history())
    assert [commit.number for commit in pages] == [4, 3, 2]
    assert list(local.history(before=pages[-1])) == []


def test_a_commit_is_a_version(local: Database, tmp_path: Path) -> None:
    """What `history` gives opens, compares and reverts without looking for it again."""
    third, second, first = local.history()

    assert at(local.connection, tmp_path / "second.blt", second) == STATES[2]
    assert sides(local, first, third) == sides(local, 1, 3)
    assert (local.commit_at("2"), local.commit_at(third)) == (second, third)
    assert local.revert(first).keys == 2


def test_rows_of_an_earlier_version_know_nothing_of_edits(local: Database, tmp_path: Path) -> None:
    """Its list has the keys of that commit, whatever was added and deleted here since."""
    local.update({"0": 1, "x": 1})
    del local["a"]
    with catalog.open(local.connection, tmp_path / "mine.blt", version=2) as past:
        assert (past.rows(), past.row_of("c"), [info.key for info in past.page_at(1)]) == (3, 2, ["b", "c"])


def test_the_first_commit_is_compared_with_nothing(local: Database) -> None:
    """Without a version to begin with, all is added."""
    assert sides(local, None, 1) == {
        "": (Kind.ADDED, None, b'{"title":"first"}'),
        "a": (Kind.ADDED, None, b"1"),
        "b": (Kind.ADDED, None, b"1"),
    }


def test_a_revert_can_insist_on_what_it_goes_over(local: Database) -> None:
    """Where another commit came in between, nothing is reverted; what an undo goes back to can be asked for before."""
    third, second, _ = local.history()
    assert local.before_last_change() == second
    push(local, "fourth", d=1)

    with pytest.raises(PreconditionFailedError):
        local.revert(second, over=third)
    assert [commit.number for commit in local.history(1)] == [4]
    assert local.revert(second, over=local.commit_at(4)).number == 5


COMMANDS: dict[str, Callable[..., Any]] = {
    "undo": lambda db, **over: db.undo(**over),
    "revert": lambda db, **over: db.revert(2, **over),
    "tag": lambda db, **over: db.tag("checked", **over),
    "untag": lambda db, **over: db.untag("old", **over),
    "forget": lambda db, **over: db.forget(["b"], **over),
    "collect": lambda db, **over: db.collect_garbage(keep_days=0, keep_commits=1, dry_run=False, **over),
    "delete": lambda db, **over: db.delete_remote(**over),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_builds_on_was_seen(local: Database, tmp_path: Path, name: str) -> None:
    """Commits of others that were not pulled stop every command that makes one, by name; ``over`` the newest of them goes on."""
    local.tag("old", 1)
    with open_writer(local.connection, tmp_path / "theirs.blt", "bob@lab") as theirs:
        push(theirs, "April\nchecked " + "twice " * 30, d=1)
        push(theirs, "", e=1)
        newest = theirs.commit
    assert newest is not None
    command = COMMANDS[name]
    for known in ({}, {"over": local.commit}):
        with pytest.raises(UnseenCommitsError) as caught:
            command(local, **known)
        error = caught.value
        assert [(commit.number, commit.author) for commit in error.commits] == [(6, "bob@lab"), (5, "bob@lab")]
        assert "2 commits that were not seen here" in error.message
        assert "commit 6 by bob@lab; commit 5 by bob@lab (“April checked twice twice" in error.message
        assert len(error.message) < 400
        assert "over=" in error.hint
    found = read_head(local._session.remote.place)
    assert found is not None
    assert found.commit == newest

    command(local, over=newest)
    after = local.remote_commit
    assert after is None if name == "delete" else after is not None and after.parent == (6, newest.id)


def test_what_was_pulled_was_seen(local: Database, tmp_path: Path) -> None:
    """After a pull a command goes on top of what others did, and after its own commit on top of that."""
    with open_writer(local.connection, tmp_path / "theirs.blt", "bob@lab") as theirs:
        push(theirs, "April", d=1)
    local.changes().refresh()
    with pytest.raises(UnseenCommitsError, match=r"a commit that was not seen here came in between: commit 4 by bob@lab"):
        local.undo()
    local.changes().pull()
    assert local.undo().number == 5
    assert local.tag("checked").number == 6
    assert dict(local.items()) == STATES[3]


def test_many_unseen_commits_are_counted(local: Database, tmp_path: Path) -> None:
    """The newest few are named; no more of the history is read than that."""
    with open_writer(local.connection, tmp_path / "theirs.blt", "bob@lab") as theirs:
        for number in range(8):
            push(theirs, f"number {number}", d=number)
    before = local.requests
    with pytest.raises(UnseenCommitsError, match=r"8 commits .*“number 7”.*“number 3”\); and 3 before") as caught:
        local.untag("old")
    assert caught.value.count == 8
    assert local.requests - before <= 5


def test_an_own_commit_whose_end_was_cut_off_was_seen(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command made here and could not bring here any more does not stop the next one as if it were someone else's."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        push(mine, a=1)
        push(mine, a=2)
        monkeypatch.setattr("catalog.database.history.fast_forward", fails)
        with pytest.raises(UnreachableError):
            mine.undo()
        monkeypatch.undo()
    with catalog.open(folder_connection, tmp_path / "mine.blt", "w", pull=False, lock="commit") as mine:
        assert (mine.commit and mine.commit.number, mine.tag("back").number) == (2, 4)


def fails(*_: object) -> None:
    raise UnreachableError("no network")


def test_undo_of_the_first_commit_has_nowhere_to_go(folder_connection: S3Connection, tmp_path: Path) -> None:
    """There is no state before the first."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as mine:
        push(mine, a=1)
        with pytest.raises(EntryMissingError, match="no earlier state"):
            mine.undo()


def test_tags_come_and_go(local: Database) -> None:
    """Tags are listed; a taken name, a number, an empty name and a missing one are refused."""
    local.tag("one", 1)
    local.tag("newest")
    assert local.tags() == {"one": 1, "newest": 4}
    for name, reason in (("one", "has a tag"), ("12", "no name"), ("", "no name"), ("a\nb", "no name"), ("x" * 101, "no name")):
        with pytest.raises(InvalidInputError, match=reason):
            local.tag(name)
    local.untag("one")
    with pytest.raises(EntryMissingError, match="no tag 'one'"):
        local.untag("one")
    assert local.tags() == {"newest": 4}


def test_what_names_no_version_is_told(local: Database, tmp_path: Path) -> None:
    """Unknown numbers, ids, tags and times before the first commit; what is no version at all."""
    for version in (9, 0, "0000000", "nothing", "abc", datetime(2001, 1, 1, tzinfo=UTC), "2001-01-01"):
        with pytest.raises(EntryMissingError, match="has no version"):
            at(local.connection, tmp_path / "fresh.blt", version)
    for wrong in (True, 1.5, datetime(2026, 1, 1)):  # noqa: DTZ001 - that is the case
        with pytest.raises(InvalidInputError):
            at(local.connection, tmp_path / "fresh.blt", wrong)


def test_an_ambiguous_id_is_refused(local: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """When several ids begin the same, nobody guesses."""
    monkeypatch.setattr(
        "catalog.changes.versions._names", lambda version, number, _id: number in (1, 2) or _names(version, number, _id)
    )
    with pytest.raises(InvalidInputError, match="Give more of the id"):
        find_version(local._session.remote, local._session.seen, "abcdef")


def test_the_time_between_two_commits_is_the_earlier_one(local: Database) -> None:
    """A time names the state at that moment, in any zone."""
    third, second, _ = local.history()
    between = second.time + (third.time - second.time) / 2
    west = between.astimezone(timezone(timedelta(hours=-8)))
    for moment in (between, west, west.isoformat()):
        assert find_version(local._session.remote, local._session.seen, moment).head.number == 2


def test_a_group_has_versions(folder_connection: S3Connection, tmp_path: Path) -> None:
    """An earlier state of a group opens as a group."""
    other = S3Connection(db_key="other.blt", endpoint_url=folder_connection.endpoint_url)
    with open_writer(other, tmp_path / "other.blt") as made:
        push(made, a=1)
    with catalog.open(folder_connection, tmp_path / "group.blt", "c", remote_conn_group=True) as group:
        group.changes().push()
        group.add(other)
        group.changes().push()
    for version, expected in ((1, 0), (2, 1)):
        with catalog.open(folder_connection, tmp_path / "group.blt", remote_conn_group=True, version=version) as past:
            assert len(list(past)) == expected
