"""Differences and the verbs that settle them: what is listed, what a side's value is, and that no edit is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

import catalog
from catalog import ConflictError, Database, Direction, InvalidInputError, Kind, S3Connection
from catalog.changes import push as module
from catalog.changes.changes import Summary
from catalog.database.options import Flag

T0 = 1_700_000_000_000_000
BASE = {"a": "base", "b": "base", "c": "base", "d": "base"}


def opened(connection: S3Connection, file: Path, flag: Flag = "w", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, value_serializer="orjson", lock="commit", **more)
    return database


@dataclass
class Pair:
    """One database in two working copies."""

    mine: Database
    theirs: Database
    folder: Path

    def they_push(self, *deleted: str, **changed: Any) -> None:
        self.theirs.update(changed)
        for key in deleted:
            del self.theirs[key]
        self.theirs.changes().push()

    def seen_by_others(self) -> dict[str, Any]:
        with opened(self.mine.connection, self.folder / f"reader{len(list(self.folder.iterdir()))}.blt", "r") as reader:
            return dict(reader.items())


@contextmanager
def two_people(connection: S3Connection, folder: Path) -> Iterator[Pair]:
    with opened(connection, folder / "mine.blt", "c") as mine:
        mine.update(BASE)
        mine.changes().push()
        with opened(connection, folder / "theirs.blt") as theirs:
            yield Pair(mine, theirs, folder)


@pytest.fixture
def pair(folder_connection: S3Connection, tmp_path: Path) -> Iterator[Pair]:
    """Two people on the same commit of a database in a folder."""
    with two_people(folder_connection, tmp_path) as made:
        yield made


@pytest.fixture
def anywhere(remote: S3Connection, tmp_path: Path) -> Iterator[Pair]:
    """The same in a folder and in a bucket."""
    with two_people(remote, tmp_path) as made:
        yield made


def listed(changes: list[catalog.Change]) -> dict[str, str]:
    return {change.key: f"{change.direction} {change.kind}" for change in changes}


def test_nothing_differs(pair: Pair) -> None:
    """After a push there is nothing to list, to push or to pull."""
    changes = pair.mine.changes()

    assert (changes.all(), list(changes.iter_changes())) == ([], [])
    assert changes.summary() == Summary(0, 0, 0, 0, 0)
    assert changes.push().commit is None
    assert changes.pull().keys == 0


def test_each_kind_is_listed(anywhere: Pair) -> None:
    """Additions, changes and deletions of both sides and conflicts are listed, sorted by key, before anything is pulled."""
    mine, theirs = anywhere.mine, anywhere.theirs
    mine.update({"a": "mine", "new": "mine", "both": "mine"})
    del mine["b"]
    anywhere.they_push("b", c="theirs", both="theirs", they="theirs")
    changes = mine.changes()
    changes.refresh()

    assert listed(changes.all()) == {
        "a": "outgoing modified",
        "both": "conflict added",
        "c": "incoming modified",
        "new": "outgoing added",
        "they": "incoming added",
    }
    assert [change.key for change in changes.all()] == sorted(listed(changes.all()))
    assert theirs["c"] == "theirs"
    assert mine["c"] == "base"


def test_summary_counts(pair: Pair) -> None:
    """The summary counts keys and the bytes of the values that would move."""
    pair.mine["a"] = "x" * 100
    del pair.mine["b"]
    pair.they_push("c", d="y" * 50)
    pair.mine.changes().refresh()

    assert pair.mine.changes().summary() == Summary(outgoing=2, incoming=2, conflicts=0, bytes_up=102, bytes_down=52)


def test_changes_can_be_printed(pair: Pair) -> None:
    """Each change prints on one line with its key and both times, and has both timestamps."""
    pair.mine.set("a", "mine", timestamp=T0)
    del pair.mine["b"]
    pair.mine.set_metadata(1)

    metadata, changed, deleted = pair.mine.changes().iter_changes()
    assert "(metadata)" in str(metadata)
    assert "a" in str(changed)
    assert "2023-11-14 22:13:20+00:00" in str(changed)
    assert changed.local_timestamp == T0
    assert changed.remote_timestamp == pair.theirs.get_timestamp("a")
    assert (deleted.local_timestamp, "absent" in str(deleted)) == (None, True)


def test_value_of_each_side(anywhere: Pair) -> None:
    """Each side's stored bytes can be had for every kind of change; None where the key is absent."""
    anywhere.mine["a"] = "mine"
    anywhere.mine["b"] = "mine"
    anywhere.mine["new"] = "mine"
    del anywhere.mine["d"]
    anywhere.they_push(b="theirs", c="theirs", they="theirs")
    changes = anywhere.mine.changes()
    changes.refresh()

    def sides() -> dict[str, tuple[Any, ...]]:
        found = {}
        for change in changes.all():
            raw = [changes.value(change, side) for side in ("base", "local", "remote")]
            found[change.key] = tuple(None if value is None else orjson.loads(value) for value in raw)
        return found

    assert sides() == {
        "a": ("base", "mine", "base"),
        "b": ("base", "mine", "theirs"),
        "c": ("base", "base", "theirs"),
        "d": ("base", None, "base"),
        "new": (None, "mine", None),
        "they": (None, None, "theirs"),
    }
    changes.pull()
    assert sides() == {
        "a": ("base", "mine", "base"),
        "b": ("base", "mine", "theirs"),
        "d": ("base", None, "base"),
        "new": (None, "mine", None),
    }


def test_set_back_is_no_change(pair: Pair) -> None:
    """A key that was changed and set back to what it was, time included, does not differ."""
    moment = pair.mine.get_timestamp("a")
    pair.mine["a"] = "other"
    pair.mine.set("a", "base", timestamp=moment)
    pair.mine["gone"] = 1
    del pair.mine["gone"]

    assert pair.mine.changes().all() == []
    assert pair.mine.changes().push().commit is None


def test_clock_skew_hides_nothing(pair: Pair) -> None:
    """A change is a change, however old its timestamp says it is."""
    pair.mine.set("a", "from the past", timestamp=1)
    pair.mine.changes().push()
    pair.theirs.changes().pull()

    assert pair.theirs["a"] == "from the past"


# Push


def test_push_of_some_keys(anywhere: Pair) -> None:
    """A push of some keys brings up those, deletions too, and leaves the others outgoing."""
    anywhere.mine.update({"a": "mine", "b": "mine", "new": "mine"})
    del anywhere.mine["c"]
    anywhere.mine.set_metadata("later")
    result = anywhere.mine.changes().push(keys=["a", "c", "unknown"], message="two")

    assert result.commit is not None
    assert (result.keys, result.commit.message) == (2, "two")
    assert anywhere.seen_by_others() == {"a": "mine", "b": "base", "d": "base"}
    assert listed(anywhere.mine.changes().all()) == {"": "outgoing added", "b": "outgoing modified", "new": "outgoing added"}
    assert anywhere.mine.changes().push().keys == 2
    assert anywhere.seen_by_others() == {"a": "mine", "b": "mine", "d": "base", "new": "mine"}


def test_push_of_metadata_alone(pair: Pair) -> None:
    """The metadata is pushed by its own name, and shows up for others."""
    pair.mine.set_metadata({"of": "mine"})
    pair.mine["a"] = "stays"
    assert pair.mine.changes().push(keys=[""]).commit is not None
    pair.theirs.changes().pull()

    assert pair.theirs.get_metadata() == {"of": "mine"}
    assert listed(pair.mine.changes().all()) == {"a": "outgoing modified"}


def test_push_on_top_of_others(anywhere: Pair) -> None:
    """A push that meets another's commit of other keys is put on top of it; both are there, and nothing is left to do."""
    anywhere.mine["a"] = "mine"
    del anywhere.mine["b"]
    anywhere.they_push("d", c="theirs")
    result = anywhere.mine.changes().push()

    assert result.commit is not None
    assert result.commit.number == 3
    assert anywhere.seen_by_others() == dict(anywhere.mine.items()) == {"a": "mine", "c": "theirs"}
    assert anywhere.mine.changes().all() == []
    assert len(anywhere.mine) == 2


def test_push_on_top_of_many(pair: Pair) -> None:
    """Several commits of others in between are as one."""
    pair.mine["mine"] = 0
    for number in range(12):
        pair.they_push(**{f"k{number}": number})
    pair.mine.changes().push()

    assert pair.seen_by_others() == {**BASE, "mine": 0, **{f"k{number}": number for number in range(12)}}


@pytest.mark.parametrize("first", ["set", "delete"])
@pytest.mark.parametrize("second", ["set", "delete"])
def test_conflict_names_its_keys(anywhere: Pair, first: str, second: str) -> None:
    """Both change one key: the second push stops with the key's name and writes nothing, except when both deleted it."""

    def act(database: Database, what: str, value: str) -> None:
        if what == "set":
            database["a"] = value
        else:
            del database["a"]

    act(anywhere.theirs, first, "theirs")
    anywhere.theirs.changes().push()
    act(anywhere.mine, second, "mine")
    anywhere.mine["b"] = "mine"
    expected = anywhere.seen_by_others()
    if (first, second) == ("delete", "delete"):
        anywhere.mine.changes().push()
        assert anywhere.seen_by_others() == {"b": "mine", "c": "base", "d": "base"}
        return
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            anywhere.mine.changes().push()
        assert caught.value.keys == ("a",)
    assert anywhere.seen_by_others() == expected
    assert [change.key for change in anywhere.mine.changes().conflicts()] == ["a"]
    assert anywhere.mine.changes().push(keys=["b"]).keys == 1
    assert anywhere.seen_by_others() == {**expected, "b": "mine"}


def test_equal_edits_are_no_conflict(pair: Pair) -> None:
    """Two people who write the same value at the same time, or delete the same key, agree, and make no second commit."""
    pair.mine.set("a", "same", timestamp=T0)
    pair.theirs.set("a", "same", timestamp=T0)
    del pair.mine["b"]
    pair.they_push("b")
    assert pair.mine.changes().push().commit is None

    assert pair.mine.changes().all() == []
    assert pair.mine.commit == pair.theirs.commit
    assert dict(pair.mine.items()) == dict(pair.theirs.items())


def test_conflict_that_went_away(pair: Pair) -> None:
    """When the other takes the edit back, there is nothing in the way any more."""
    moment = pair.theirs.get_timestamp("a")
    pair.mine["a"] = "mine"
    pair.they_push(a="theirs")
    with pytest.raises(ConflictError):
        pair.mine.changes().push()
    pair.theirs.set("a", "base", timestamp=moment)
    pair.theirs.changes().push()

    pair.mine.changes().push()
    assert pair.seen_by_others()["a"] == "mine"


def test_counts_of_a_push(pair: Pair) -> None:
    """A push tells its commit, its keys and what went over the network."""
    pair.mine["a"] = "x" * 1000
    sent = pair.mine.requests
    result = pair.mine.changes().push(message="why")

    assert result.commit == pair.mine.commit == pair.mine.remote_commit
    assert result.commit is not None
    assert (result.commit.message, result.commit.author) == ("why", pair.mine.author)
    assert result.requests == pair.mine.requests - sent
    assert 1000 < result.bytes_up < 10_000


def test_too_long_a_message(pair: Pair) -> None:
    """A message of more than 10,000 characters is refused, and nothing is pushed."""
    pair.mine["a"] = "mine"
    with pytest.raises(InvalidInputError):
        pair.mine.changes().push(message="x" * 10_001)
    assert pair.seen_by_others() == BASE


def test_edit_during_a_push_on_top_of_others(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is edited again while its push is put on top of another's is outgoing afterwards, no conflict."""
    pair.mine["a"] = "first"
    pair.mine.set_metadata("first")
    pair.they_push(b="theirs")
    store = pair.mine._session.remote.store
    plain_put = store.put

    def put(name: str, body: bytes, **more: Any) -> str:
        if name == pair.mine.connection.db_key and pair.mine["a"] == "first":
            with pytest.raises(catalog.PreconditionFailedError):
                plain_put(name, body, **more)
            pair.mine["a"] = "second"
            pair.mine.set_metadata("second")
            raise catalog.PreconditionFailedError(store.where, name)
        return plain_put(name, body, **more)

    monkeypatch.setattr(store, "put", put)
    pair.mine.changes().push()

    assert pair.mine["a"] == "second"
    assert pair.mine.changes().conflicts() == []
    pair.mine.changes().push()
    assert pair.seen_by_others() == {**BASE, "a": "second", "b": "theirs"}
    assert pair.mine.changes().all() == []
    pair.theirs.changes().pull()
    assert pair.theirs.get_metadata() == "second"


def test_edit_after_the_commit_of_a_push_on_top_of_others(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit between the commit of a push and its end is kept as an edit, of the metadata too."""
    pair.mine["a"] = "first"
    pair.mine.set_metadata("first")
    pair.they_push(b="theirs")
    pair.mine.changes().refresh()
    store = pair.mine._session.remote.store
    plain_put = store.put

    def put(name: str, body: bytes, **more: Any) -> str:
        made = plain_put(name, body, **more)
        if name == pair.mine.connection.db_key:
            pair.mine["a"] = "second"
            pair.mine["b"] = "mine"
            pair.mine.set_metadata("second")
        return made

    monkeypatch.setattr(store, "put", put)
    pair.mine.changes().push()
    monkeypatch.undo()

    assert listed(pair.mine.changes().all()) == {"": "outgoing modified", "a": "outgoing modified", "b": "conflict modified"}
    assert (pair.mine["a"], pair.mine["b"], pair.mine.get_metadata()) == ("second", "mine", "second")


def test_refresh_beside_a_push_hides_no_conflict(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh in another thread while a push compares does not let it commit over what it did not compare."""

    pair.mine["a"] = "mine"
    compare = module._arriving

    def compared(*given: Any) -> Any:
        found = compare(*given)
        if pair.theirs["a"] == "base":
            pair.they_push(a="theirs")
            pair.mine.changes().refresh()
        return found

    monkeypatch.setattr(module, "_arriving", compared)
    with pytest.raises(ConflictError):
        pair.mine.changes().push()
    assert pair.seen_by_others()["a"] == "theirs"


# Pull


def test_pull_brings_everything(anywhere: Pair) -> None:
    """A pull shows the newest commit, and tells how many keys changed."""
    anywhere.they_push("b", a="theirs", new="theirs")
    result = anywhere.mine.changes().pull()

    assert (result.keys, result.conflicts) == (3, ())
    assert result.commit == anywhere.theirs.commit
    assert dict(anywhere.mine.items()) == dict(anywhere.theirs.items())
    assert anywhere.mine.changes().all() == []


def test_pull_keeps_every_edit(pair: Pair) -> None:
    """A pull leaves additions, changes and deletions of one's own as they are, those in conflict too."""
    pair.mine.update({"a": "mine", "new": "mine", "both": "mine"})
    del pair.mine["b"]
    del pair.mine["c"]
    pair.they_push("a", b="theirs", both="theirs", d="theirs")
    result = pair.mine.changes().pull()

    assert result.conflicts == ("a", "b", "both")
    assert dict(pair.mine.items()) == {"a": "mine", "new": "mine", "both": "mine", "d": "theirs"}
    pair.they_push(b="theirs again", a="theirs again")
    assert pair.mine.changes().pull().conflicts == ("a", "b", "both")
    assert pair.mine["a"] == "mine"


def test_conflicts_survive_reopening(pair: Pair) -> None:
    """A conflict is still one after closing and opening, and still knows all three sides."""
    pair.mine["a"] = "mine"
    pair.they_push(a="theirs")
    pair.mine.close()
    with opened(pair.mine.connection, pair.mine.file_path) as mine:
        (conflict,) = mine.changes().conflicts()
        values = [mine.changes().value(conflict, side) for side in ("base", "local", "remote")]
        assert values == [b'"base"', b'"mine"', b'"theirs"']
        with pytest.raises(ConflictError):
            mine.changes().push()


def test_a_conflict_is_listed_once(pair: Pair) -> None:
    """A key in conflict that the other changes once more is one conflict, with their newest version."""
    pair.mine["a"] = "mine"
    pair.they_push(a="theirs")
    pair.mine.changes().pull()
    pair.they_push(a="theirs again")
    pair.mine.changes().refresh()

    (conflict,) = pair.mine.changes().all()
    assert conflict.direction == Direction.CONFLICT
    assert pair.mine.changes().value(conflict, "remote") == b'"theirs again"'
    assert pair.mine.changes().value(conflict, "base") == b'"base"'


def test_pull_takes_local_copies_along(pair: Pair) -> None:
    """What was in the local file is there again after a pull, in its newest version, without another request."""
    pair.they_push(a="theirs")
    pair.mine.changes().pull()
    sent = pair.mine.requests

    assert pair.mine["a"] == "theirs"
    assert pair.mine.requests == sent


# Discard and resolve


def test_discard_shows_the_base_again(pair: Pair) -> None:
    """Discarding gives up additions, changes, deletions and metadata."""
    pair.mine.update({"a": "mine", "new": "mine"})
    del pair.mine["b"]
    pair.mine.set_metadata("mine")

    assert pair.mine.changes().discard() == 4
    assert dict(pair.mine.items()) == BASE
    assert pair.mine.get_metadata() is None
    assert pair.mine.changes().all() == []


def test_discard_of_some_keys(pair: Pair) -> None:
    """Discarding some keys leaves the other edits."""
    pair.mine.update({"a": "mine", "b": "mine"})

    assert pair.mine.changes().discard(["a", "c", "unknown"]) == 1
    assert (pair.mine["a"], pair.mine["b"]) == ("base", "mine")


def test_discard_after_clear(pair: Pair) -> None:
    """A cleared database can be had back, as a whole or key by key."""
    pair.mine.clear()
    assert pair.mine.changes().discard(["a"]) == 1
    assert dict(pair.mine.items()) == {"a": "base"}
    pair.mine.changes().discard()
    assert dict(pair.mine.items()) == BASE


def test_discard_of_a_conflict_is_theirs(pair: Pair) -> None:
    """Discarding a key in conflict shows what the other wrote."""
    pair.mine["a"] = "mine"
    pair.they_push(a="theirs")
    pair.mine.changes().pull()
    pair.mine.changes().discard(["a"])

    assert pair.mine["a"] == "theirs"
    assert pair.mine.changes().all() == []


@pytest.mark.parametrize("side", ["mine", "theirs"])
@pytest.mark.parametrize("deleted", ["", "mine", "theirs"])
def test_resolve(pair: Pair, side: Any, deleted: str) -> None:
    """Choosing a side ends a conflict: mine is pushed over theirs, theirs replaces mine; deletions too."""
    pair.mine["a"] = "mine"
    if deleted == "mine":
        del pair.mine["a"]
    pair.they_push(*(["a"] if deleted == "theirs" else []), **({} if deleted == "theirs" else {"a": "theirs"}))
    with pytest.raises(ConflictError):
        pair.mine.changes().push()
    pair.mine.changes().resolve("a", side)

    expected = None if deleted == side else side
    assert pair.mine.get("a") == expected
    assert pair.mine.changes().conflicts() == []
    assert (pair.mine.changes().push().commit is not None) == (side == "mine")
    assert pair.seen_by_others().get("a") == expected
    pair.theirs.changes().pull()
    assert pair.theirs.get("a") == expected


def test_resolved_is_not_forgotten_by_others(pair: Pair) -> None:
    """After choosing mine, a still newer edit of the other is a conflict again."""
    pair.mine["a"] = "mine"
    pair.they_push(a="theirs")
    pair.mine.changes().resolve("a", "mine")
    pair.they_push(a="theirs again")

    with pytest.raises(ConflictError):
        pair.mine.changes().push()
    assert pair.seen_by_others()["a"] == "theirs again"


# Clear


def test_clear_is_one_small_commit(anywhere: Pair) -> None:
    """Clearing shows each key as deleted, and pushes as one commit that leaves nothing."""
    anywhere.mine.set_metadata("kept")
    anywhere.mine.clear()

    assert listed(anywhere.mine.changes().all()) == {"": "outgoing added", **dict.fromkeys(BASE, "outgoing deleted")}
    assert anywhere.mine.changes().push().keys == 4
    assert anywhere.seen_by_others() == {}
    anywhere.theirs.changes().pull()
    assert (len(anywhere.theirs), anywhere.theirs.get_metadata()) == (0, "kept")


def test_clear_meets_a_colleagues_edit(pair: Pair) -> None:
    """What someone changed after it was cleared here is a conflict, in this session and the next; what they added stays."""
    pair.mine.clear()
    pair.mine["mine"] = 1
    pair.they_push(a="theirs", new="theirs")
    with pytest.raises(ConflictError) as caught:
        pair.mine.changes().push()
    assert "a" in caught.value.keys
    pair.mine.close()
    with opened(pair.mine.connection, pair.mine.file_path) as mine:
        assert [change.key for change in mine.changes().conflicts()] == ["a"]
        with pytest.raises(ConflictError):
            mine.changes().push()
        mine.changes().resolve("a", "theirs")
        mine.changes().push()
        assert dict(mine.items()) == pair.seen_by_others() == {"a": "theirs", "mine": 1, "new": "theirs"}


def test_push_of_some_keys_after_clear(pair: Pair) -> None:
    """After a clear, a push of some keys deletes and sets those alone."""
    pair.mine.clear()
    pair.mine["x"] = 1
    pair.mine["y"] = 2
    pair.mine.changes().push(keys=["x", "a"])

    assert pair.seen_by_others() == {"b": "base", "c": "base", "d": "base", "x": 1}
    assert dict(pair.mine.items()) == {"x": 1, "y": 2}
    pair.mine.changes().push()
    assert pair.seen_by_others() == {"x": 1, "y": 2}


# Metadata


def test_metadata_goes_round(anywhere: Pair) -> None:
    """Metadata is a change like any other: listed, with values, pushed and pulled."""
    assert anywhere.mine.get_metadata() is None
    anywhere.mine.set_metadata({"a": [1]}, timestamp=T0)
    (change,) = anywhere.mine.changes().outgoing()
    assert (change.key, change.kind, anywhere.mine.changes().value(change, "local")) == ("", Kind.ADDED, b'{"a":[1]}')
    anywhere.mine.changes().push()
    anywhere.theirs.changes().refresh()
    (change,) = anywhere.theirs.changes().incoming()
    assert anywhere.theirs.changes().value(change, "remote") == b'{"a":[1]}'
    anywhere.theirs.changes().pull()
    assert anywhere.theirs.get_metadata(include_timestamp=True) == ({"a": [1]}, T0)


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_metadata_conflict(pair: Pair, side: Any) -> None:
    """Metadata that both set is a conflict with both values, before and after a pull, until a side is chosen."""
    pair.mine.set_metadata("mine")
    pair.mine["a"] = "mine"
    pair.theirs.set_metadata("theirs")
    pair.they_push()
    with pytest.raises(ConflictError) as caught:
        pair.mine.changes().push()
    assert caught.value.keys == ("(metadata)",)
    for pull in (False, True):
        if pull:
            pair.mine.changes().pull()
        (change,) = pair.mine.changes().conflicts()
        values = [pair.mine.changes().value(change, one) for one in ("local", "remote")]
        assert values == [b'"mine"', b'"theirs"']
    pair.mine.changes().resolve("", side)
    pair.mine.changes().push()
    pair.theirs.changes().pull()

    assert pair.mine.get_metadata() == pair.theirs.get_metadata() == side
    assert pair.theirs["a"] == "mine"


def test_equal_metadata_is_no_conflict(pair: Pair) -> None:
    """Metadata that both set to the same is no conflict, whenever they did."""
    pair.mine.set_metadata("same", timestamp=T0)
    pair.theirs.set_metadata("same", timestamp=T0 + 5)
    pair.they_push()
    pair.mine["a"] = "mine"
    pair.mine.changes().push()

    assert pair.mine.changes().all() == []


def test_metadata_that_is_no_json(pair: Pair) -> None:
    """Metadata that is no JSON, or too large, is refused and changes nothing."""
    refused: list[Callable[[], None]] = [
        lambda: pair.mine.set_metadata(object()),
        lambda: pair.mine.set_metadata("x" * (5 << 20)),
    ]
    for act in refused:
        with pytest.raises(catalog.InvalidValueError):
            act()
    assert pair.mine.get_metadata() is None


def test_directions_are_words() -> None:
    """Directions and kinds print as plain words."""
    assert [str(direction) for direction in Direction] == ["outgoing", "incoming", "conflict"]
    assert [str(kind) for kind in Kind] == ["added", "modified", "deleted"]
