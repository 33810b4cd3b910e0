"""Two people, one key: what is a conflict, who made theirs, and the ways to end it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Change, ConflictError, Database, InvalidInputError, Merged, S3Connection

T1, T2, T3 = 1_700_000_000_000_001, 1_700_000_000_000_002, 1_700_000_000_000_003


def open_writer(connection: S3Connection, path: Path, author: str) -> Database:
    """A working copy that takes no lease, and signs."""
    opened: Database = catalog.open(connection, path, "c", value_serializer="orjson", lock="commit", author=author)
    return opened


class Pair:
    """Two working copies of one database, which both start from the same."""

    def __init__(self, connection: S3Connection, folder: Path) -> None:
        self.connection, self.folder = connection, folder
        self.mine = open_writer(connection, folder / "mine.blt", "ada")
        self.mine.update({"edit": 1, "deleted-there": 1, "deleted-here": 1, "still": 1})
        self.mine.set_metadata({"title": "start"})
        self.mine.changes().push(message="start")
        self.theirs = open_writer(connection, folder / "theirs.blt", "bob")

    def disagree(self) -> None:
        """A conflict of every kind, and a change of each that meets none."""
        self.theirs.update({"edit": "theirs", "deleted-here": "theirs", "both-new": "theirs", "only-theirs": 1})
        del self.theirs["deleted-there"]
        self.theirs.set_metadata({"title": "theirs"})
        self.theirs.changes().push(message="theirs")
        self.mine.update({"edit": "mine", "deleted-there": "mine", "both-new": "mine", "only-mine": 1})
        del self.mine["deleted-here"]
        self.mine.set_metadata({"title": "mine"})

    def remote(self) -> dict[str, Any]:
        """What a third person reads."""
        with catalog.open(self.connection, self.folder / f"third-{len(list(self.folder.iterdir()))}.blt") as third:
            return dict(third.items())

    def close(self) -> None:
        self.mine.close()
        self.theirs.close()


@pytest.fixture
def pair(folder_connection: S3Connection, tmp_path: Path) -> Iterator[Pair]:
    """Two people with the same database."""
    made = Pair(folder_connection, tmp_path)
    yield made
    made.close()


CONFLICTS = {"", "edit", "deleted-there", "deleted-here", "both-new"}


def test_all_kinds_of_conflict_are_listed(pair: Pair) -> None:
    """Edit against edit, delete against edit both ways, add against add, and metadata; each side with its value."""
    pair.disagree()
    changes = pair.mine.changes()
    changes.refresh()
    found = {change.key: change for change in changes.conflicts()}

    def sides(change: Change) -> list[bytes | None]:
        return [changes.value(change, "base"), changes.value(change, "local"), changes.value(change, "remote")]

    assert {key: sides(change) for key, change in found.items()} == {
        "": [b'{"title":"start"}', b'{"title":"mine"}', b'{"title":"theirs"}'],
        "edit": [b"1", b'"mine"', b'"theirs"'],
        "deleted-there": [b"1", b'"mine"', None],
        "deleted-here": [b"1", None, b'"theirs"'],
        "both-new": [None, b'"mine"', b'"theirs"'],
    }


def test_values_of_conflicts_stay_after_a_pull(pair: Pair) -> None:
    """Pulling keeps the base of each conflict, so that all three sides can still be read."""
    pair.disagree()
    changes = pair.mine.changes()
    changes.pull()
    edit = next(change for change in changes.conflicts() if change.key == "edit")

    assert (changes.value(edit, "base"), changes.value(edit, "local"), changes.value(edit, "remote")) == (
        b"1",
        b'"mine"',
        b'"theirs"',
    )


def test_who_made_theirs_is_known(remote: S3Connection, tmp_path: Path) -> None:
    """The commit of each remote version is found in the history, deletions and metadata too, and commits after it are not it."""
    pair = Pair(remote, tmp_path)
    pair.disagree()
    pair.theirs["later"] = 1
    pair.theirs.changes().push(message="later")
    changes = pair.mine.changes()
    changes.refresh()

    commits = changes.commits_of(changes.conflicts())

    assert {key: (commit.author, commit.message) for key, commit in commits.items()} == dict.fromkeys(
        CONFLICTS, ("bob", "theirs")
    )
    pair.close()


def test_looking_for_one_goes_no_further_than_needed(pair: Pair) -> None:
    """The newest commit is told from the one before it in a few requests, however long the history is."""
    for number in range(5):
        pair.theirs["edit"] = number
        pair.theirs.changes().push()
    pair.mine["edit"] = "mine"
    changes = pair.mine.changes()
    changes.refresh()
    conflicts = changes.conflicts()
    before = pair.mine.requests

    assert changes.commits_of(conflicts)["edit"].number == 6
    assert pair.mine.requests - before <= 3


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_one_side_for_all(pair: Pair, side: Any) -> None:
    """Each conflict ends as the chosen side has it, and the next push makes it so for everyone."""
    pair.disagree()
    assert pair.mine.changes().resolve_all(lambda _: side) == 5
    assert pair.mine.changes().conflicts() == []
    pair.mine.changes().push()

    chosen: dict[str, Any] = {"mine": {"deleted-there": "mine"}, "theirs": {"deleted-here": "theirs"}}[side]
    assert pair.remote() == {"still": 1, "only-mine": 1, "only-theirs": 1, "edit": side, "both-new": side, **chosen}
    assert pair.mine.get_metadata() == {"title": side}


def test_a_value_in_place_of_both(pair: Pair) -> None:
    """A given value ends a conflict, of a key and of the metadata."""
    pair.disagree()
    changes = pair.mine.changes()
    changes.resolve("edit", value="merged")
    changes.resolve("deleted-here", value="kept")
    changes.resolve("", value={"title": "merged"})
    changes.resolve(["deleted-there", "both-new"], "theirs")
    changes.push()

    assert pair.remote() == {
        "still": 1,
        "only-mine": 1,
        "only-theirs": 1,
        "edit": "merged",
        "both-new": "theirs",
        "deleted-here": "kept",
    }
    assert pair.mine.get_metadata() == {"title": "merged"}


def test_a_function_decides_and_may_wait(pair: Pair) -> None:
    """The function sees decoded values and who made theirs; what it leaves open stays a conflict."""
    pair.disagree()
    seen = {}

    def choose(conflict: catalog.Conflict) -> Any:
        author = conflict.commit.author if conflict.commit else None
        seen[conflict.key] = (conflict.base, conflict.mine, conflict.theirs, author)
        return Merged(f"{conflict.mine}+{conflict.theirs}") if conflict.key == "edit" else None

    assert pair.mine.changes().resolve_all(choose) == 1
    assert seen["edit"] == (1, "mine", "theirs", "bob")
    assert seen["deleted-there"] == (1, "mine", None, "bob")
    assert seen[""] == ({"title": "start"}, {"title": "mine"}, {"title": "theirs"}, "bob")
    assert pair.mine["edit"] == "mine+theirs"
    assert {change.key for change in pair.mine.changes().conflicts()} == CONFLICTS - {"edit"}


def test_an_error_of_the_function_resolves_nothing(pair: Pair) -> None:
    """All conflicts are decided before one is ended."""
    pair.disagree()
    answers: Iterator[Any] = iter(["mine", "nobody"])
    with pytest.raises(InvalidInputError, match="ends with 'mine', 'theirs' or a value"):
        pair.mine.changes().resolve_all(lambda _: next(answers))
    assert {change.key for change in pair.mine.changes().conflicts()} == CONFLICTS


def test_a_side_or_a_value_is_needed(pair: Pair) -> None:
    """Neither and both are refused."""
    for more in ({}, {"side": "mine", "value": 1}):
        with pytest.raises(InvalidInputError, match="a side or with a value"):
            pair.mine.changes().resolve("edit", **more)  # type: ignore[arg-type]


def test_a_key_without_conflict_stays_as_it_is(pair: Pair) -> None:
    """Resolving for theirs does not discard an edit that nobody met."""
    pair.mine["edit"] = "mine"
    pair.mine.changes().resolve("edit", "theirs")
    assert pair.mine["edit"] == "mine"


def test_the_rest_can_be_pushed_meanwhile(pair: Pair) -> None:
    """With skip_conflicts only what meets nobody goes up; the conflicts wait, and lose nothing."""
    pair.disagree()
    with pytest.raises(ConflictError):
        pair.mine.changes().push()

    result = pair.mine.changes().push(skip_conflicts=True)

    assert result.keys == 1
    assert pair.remote() == {
        "still": 1,
        "only-mine": 1,
        "only-theirs": 1,
        "edit": "theirs",
        "both-new": "theirs",
        "deleted-here": "theirs",
    }
    assert {change.key for change in pair.mine.changes().conflicts()} == CONFLICTS
    assert pair.mine["edit"] == "mine"


def test_chosen_keys_without_their_conflicts(pair: Pair) -> None:
    """Keys and skip_conflicts together push those of the keys that meet nobody."""
    pair.disagree()
    pair.mine["second"] = 1
    assert pair.mine.changes().push(keys=["edit", "second"], skip_conflicts=True).keys == 1
    assert "only-mine" not in pair.remote()


def test_the_same_bytes_are_no_conflict(pair: Pair) -> None:
    """Two people who add or change to the same agree, whenever each did it; the timestamp is that of who came first."""
    for who, moment in ((pair.theirs, T1), (pair.mine, T2)):
        who.set("both-new", [1, 2], timestamp=moment)
        who.set("edit", "same", timestamp=moment)
    pair.theirs.changes().push()
    pair.mine["only-mine"] = 1

    pair.mine.changes().push()

    assert pair.mine.changes().all() == []
    for key in ("both-new", "edit"):
        assert pair.mine.get_timestamp(key) == pair.theirs.get_timestamp(key) == T1
    assert pair.remote()["edit"] == "same"


def test_different_timestamps_of_untouched_bytes_are_a_conflict(pair: Pair) -> None:
    """Where only the timestamp was changed it is what was edited."""
    pair.theirs.set_timestamp("edit", T2)
    pair.theirs.changes().push()
    pair.mine.set_timestamp("edit", T3)
    pair.mine.changes().pull()
    assert [change.key for change in pair.mine.changes().conflicts()] == ["edit"]


def test_both_deleted_is_no_conflict(pair: Pair) -> None:
    """A deletion meets a deletion."""
    for who in (pair.theirs, pair.mine):
        del who["edit"]
    pair.theirs.changes().push()
    pair.mine.changes().pull()
    assert pair.mine.changes().all() == []


def test_a_dry_run_sends_nothing_and_says_how_much(remote: S3Connection, tmp_path: Path) -> None:
    """Keys are exact, bytes to a few, and requests are what the push then takes, but for asking for the state of things."""
    pair = Pair(remote, tmp_path)
    pair.mine.changes().refresh()
    pair.mine.update({f"k{n}": "x" * 1000 for n in range(50)})
    del pair.mine["still"]
    before = pair.mine.remote_commit

    said = pair.mine.changes().push(dry_run=True)
    assert pair.mine.remote_commit == before
    assert len(pair.mine.changes().outgoing()) == 51
    assert not said
    assert "k0" not in pair.remote()

    done = pair.mine.changes().push(message="done")
    assert said.keys == done.keys == 51
    assert abs(said.bytes_up - done.bytes_up) <= 50
    assert abs(said.requests - done.requests) <= 4
    assert pair.mine.changes().push(dry_run=True) == catalog.PushResult(None, 0, 0, 0)
    pair.close()


def test_a_dry_run_stops_at_conflicts_as_the_push_would(pair: Pair) -> None:
    """With skip_conflicts it counts the rest."""
    pair.disagree()
    with pytest.raises(ConflictError):
        pair.mine.changes().push(dry_run=True)
    assert pair.mine.changes().push(dry_run=True, skip_conflicts=True).keys == 1
