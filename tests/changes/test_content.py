"""A change is a change of content: setting the bytes that are there changes nothing, unless a time is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import booklet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog
from catalog import Database, S3Connection
from catalog.session.key_info import KeyState

_CHOSEN = 1_500_000_000_000_000


class Copies:
    """Working copies of one remote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: list[Database] = []

    def open(self, name: str = "a", flag: Any = "w", **more: Any) -> Database:
        """Open a working copy; closed in the end."""
        place = S3Connection(db_key="db.blt", endpoint_url=(self._folder / "remote").as_uri())
        database: Database = catalog.open(place, self._folder / f"{name}.blt", flag, "orjson", lock="commit", **more)
        self._open.append(database)
        return database

    def close(self) -> None:
        """Close all."""
        for database in self._open:
            database.close()


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[Copies]:
    """A remote with the keys k0 to k9, whose values are their numbers; copy a made it and was closed."""
    made = Copies(tmp_path)
    with made.open("a", "c") as database:
        database.update({f"k{number}": number for number in range(10)})
        database.changes().push()
    yield made
    made.close()


def _outgoing(database: Database) -> list[str]:
    return [change.key for change in database.changes().outgoing()]


def test_the_same_again_is_no_change(copies: Copies) -> None:
    """What is set again has no new timestamp and is in no list of changes, before and after it is written to the file."""
    database = copies.open()
    times = dict(database.timestamps())
    for number in range(10):
        database[f"k{number}"] = number

    assert database.get_timestamp("k1") == times["k1"]
    assert database.get_timestamp("k1", include_value=True) == (times["k1"], 1)
    assert dict(database.timestamps()) == times
    database.sync()
    assert _outgoing(database) == []
    assert not database.changes().push()
    assert {info.state for info in database.page()} == {KeyState.LOCAL}


def test_other_bytes_are_a_change(copies: Copies) -> None:
    """Among equal values those that differ are pushed, and no others."""
    database = copies.open()
    for number in range(10):
        database[f"k{number}"] = number if number != 3 else "three"

    assert _outgoing(database) == ["k3"]
    assert database.changes().push().keys == 1


@pytest.mark.parametrize("how", ["timestamp", "touch", "set_timestamp"])
def test_a_chosen_time_is_a_change(copies: Copies, how: str) -> None:
    """A timestamp that is given, touch=True and set_timestamp always count, also where the bytes are the same."""
    database = copies.open()
    before = database.get_timestamp("k1")
    if how == "timestamp":
        database.set("k1", 1, timestamp=_CHOSEN)
    elif how == "touch":
        database.set("k1", 1, touch=True)
    else:
        database.set_timestamp("k1", _CHOSEN)

    assert _outgoing(database) == ["k1"]
    after = database.get_timestamp("k1")
    assert after > before if how == "touch" else after == _CHOSEN
    assert database.changes().push().keys == 1
    assert copies.open("b", "r").get_timestamp("k1") == after


def test_what_plain_booklet_wrote_is_a_change(copies: Copies, tmp_path: Path) -> None:
    """Booklet's own writing always counts: whoever did it had a reason that we do not know."""
    with booklet.open(str(tmp_path / "a.blt"), "w") as plain:
        plain["k1"] = 1

    assert _outgoing(copies.open()) == ["k1"]


def test_an_edit_that_is_taken_back_is_none(copies: Copies) -> None:
    """Set to something else and back, or deleted and set again, a key is as it was, with its timestamp."""
    database = copies.open()
    times = dict(database.timestamps())
    database["k1"] = "other"
    del database["k2"]
    database.sync()
    assert _outgoing(database) == ["k1", "k2"]
    database["k1"], database["k2"] = 1, 2

    assert dict(database.timestamps()) == times
    assert _outgoing(database) == []


def test_an_edit_that_is_set_again_keeps_its_time(copies: Copies) -> None:
    """An unpushed edit is what is there: setting it again changes neither its timestamp nor anything else."""
    database = copies.open()
    database["k1"] = database["new"] = "other"
    times = database.get_timestamp("k1"), database.get_timestamp("new")
    database["k1"] = database["new"] = "other"

    assert (database.get_timestamp("k1"), database.get_timestamp("new")) == times
    assert _outgoing(database) == ["k1", "new"]


@pytest.mark.parametrize("closed", [False, True])
def test_without_the_index_it_is_compared_at_the_push(copies: Copies, closed: bool) -> None:
    """Where nothing is known of the base, setting and syncing ask nobody; the push finds out, and sends only what differs."""
    database = copies.open("b")
    asked = database.requests
    for number in range(10):
        database[f"k{number}"] = number if number else "zero"
    database.sync()
    assert database.requests == asked
    if closed:
        database.close()
        database = copies.open("b")

    assert _outgoing(database) == ["k0"]
    assert database.changes().push().keys == 1
    with copies.open("c", "r") as reader:
        assert dict(database.timestamps()) == dict(reader.timestamps())
        assert [database.get_timestamp(f"k{number}", include_value=True) for number in range(10)] == [
            reader.get_timestamp(f"k{number}", include_value=True) for number in range(10)
        ]
    database.close()
    again = copies.open("b")
    assert _outgoing(again) == []
    assert [again[f"k{number}"] for number in range(1, 10)] == list(range(1, 10))


def test_a_reader_lists_no_change_of_nothing(copies: Copies) -> None:
    """Whoever only looks sees no change where the same bytes were set without the index."""
    with copies.open("b") as database:
        database["k1"], database["k2"] = 1, "two"

    reader = copies.open("b", "r")
    assert _outgoing(reader) == ["k2"]
    assert {info.key: info.state for info in reader.page(limit=3)}["k1"] is KeyState.LOCAL
    assert reader.get_timestamp("k1") is not None


def test_others_can_change_what_was_only_set_again(copies: Copies) -> None:
    """The same bytes are no edit: a change of someone else to that key is no conflict, and comes in."""
    mine, theirs = copies.open("b"), copies.open("c")
    mine["k1"], mine["k2"] = 1, "mine"
    theirs["k1"] = "theirs"
    theirs.changes().push()
    mine.changes().pull()

    assert (mine["k1"], mine["k2"]) == ("theirs", "mine")
    assert _outgoing(mine) == ["k2"]


def test_values_set_again_can_be_read_offline(copies: Copies) -> None:
    """What was set is here, whether it was a change or not."""
    with copies.open("b") as database:
        list(database)
        for number in range(10):
            database[f"k{number}"] = number

    offline = copies.open("b", "r", offline=True)
    assert [offline[f"k{number}"] for number in range(10)] == list(range(10))


def test_a_conflict_stays_one(copies: Copies) -> None:
    """In a conflict both sides stay until it is settled: setting my value again settles nothing."""
    mine, theirs = copies.open("b"), copies.open("c")
    mine["k1"], theirs["k1"] = "mine", "theirs"
    theirs.changes().push()
    mine.changes().pull()
    mine["k1"] = "mine"
    assert [change.key for change in mine.changes().conflicts()] == ["k1"]
    mine["k1"] = "theirs"

    assert [change.key for change in mine.changes().conflicts()] in ([], ["k1"])
    assert mine["k1"] == "theirs"


def test_a_damaged_edit_is_set_anew(copies: Copies, tmp_path: Path) -> None:
    """An unpushed value whose bytes were damaged on the disk is healed by setting it again: it is nowhere else."""
    with copies.open() as database:
        database["k1"] = "a value that is nowhere else"
    file = tmp_path / "a.blt"
    file.write_bytes(file.read_bytes().replace(b"nowhere else", b"nowhere els3"))
    database = copies.open()
    with pytest.raises(catalog.IntegrityError):
        database["k1"]
    database["k1"] = "a value that is nowhere else"
    database.sync()

    assert database["k1"] == "a value that is nowhere else"


def test_a_value_that_is_damaged_in_the_remote_is_written_again(copies: Copies, tmp_path: Path) -> None:
    """The error says how: set with touch=True and pushed, the value can be read by everyone again."""
    place = S3Connection(db_key="big.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(place, tmp_path / "big.blt", "c", "bytes", lock="commit") as owner:
        owner["k"] = b"precious" * 100
        owner.changes().push()
        (pack,) = (
            file for file in (tmp_path / "remote").rglob("*") if file.is_file() and b"preciousprecious" in file.read_bytes()
        )
        pack.write_bytes(pack.read_bytes().replace(b"preciousprecious", b"preciousprec1ous", 1))
        with catalog.open(place, tmp_path / "reader.blt") as reader, pytest.raises(catalog.IntegrityError, match="touch=True"):
            reader["k"]
        owner.set("k", b"precious" * 100)
        assert not owner.changes().push()
        owner.set("k", b"precious" * 100, touch=True)
        assert owner.changes().push()
    with catalog.open(place, tmp_path / "again.blt") as reader:
        assert reader["k"] == b"precious" * 100


def test_metadata(copies: Copies) -> None:
    """The same metadata again are no change, other ones and a chosen time are."""
    database = copies.open()
    database.set_metadata({"a": 1})
    database.changes().push()
    _, moment = database.get_metadata(include_timestamp=True)
    database.set_metadata({"a": 1})
    assert database.changes().all() == []
    assert database.get_metadata(include_timestamp=True) == ({"a": 1}, moment)
    database.set_metadata({"a": 1}, timestamp=_CHOSEN)
    assert len(database.changes().all()) == 1


@pytest.mark.parametrize("how", ["clear", "n", "n, elsewhere"])
def test_filling_again_sends_what_differs(copies: Copies, how: str) -> None:
    """Emptied and filled again, a database has one more commit; what is equal keeps its time, is no change and is not sent."""
    with copies.open() as database:
        database.update({f"big{number}": "x" * 5_000 + str(number) for number in range(20)})
        database.changes().push()
        times = dict(database.timestamps())
    database = copies.open("a" if "elsewhere" not in how else "e", "w" if how == "clear" else "n")
    if how == "clear":
        database.clear()
    assert len(database.changes().all()) == 30
    for number in range(20):
        database[f"big{number}"] = "x" * 5_000 + str(number)
    database["k3"] = 3
    database["k4"] = "other"
    assert {change.key for change in database.changes().all()} == {f"k{number}" for number in range(10)} - {"k3"}
    traffic = database._session.remote.store.traffic
    before = traffic.bytes_up
    pushed = database.changes().push()

    assert pushed.commit is not None
    assert (pushed.commit.keys, pushed.keys) == (22, 9)
    assert traffic.bytes_up - before < 5_000
    for reader in (database, copies.open("f", "r")):
        assert dict(reader.timestamps()) == {
            **{key: time for key, time in times.items() if key[0] == "b" or key == "k3"},
            "k4": reader.get_timestamp("k4"),
        }
        assert reader["k4"] == "other"
        assert reader["big7"] == "x" * 5_000 + "7"
    assert database.changes().all() == []


def test_importing_again_pushes_nothing(copies: Copies, tmp_path: Path) -> None:
    """A nightly import of the same rows makes no change, asks for no value and sends nothing."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"key": "r{number}", "value": {number}}}\n' for number in range(500)))
    database = copies.open()
    assert catalog.import_file(database, rows).new == 500
    database.changes().push()
    times = dict(database.timestamps())
    database.close()

    for name in ("a", "d"):
        again = copies.open(name)
        traffic = again._session.remote.store.traffic
        plan = catalog.import_file(again, rows)
        assert (plan.new, plan.replaced, plan.same) == (0, 0, 500)
        down = traffic.bytes_down
        assert not again.changes().push()
        assert dict(again.timestamps()) == times
        assert traffic.bytes_up == 0
        assert down < 30_000
        again.close()


class Model:
    """What a database should hold, what its remote holds, and which keys were touched since the last push."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._name = "a"
        self.database = copies.open("a", "c")
        self.here: dict[str, int] = {}
        self.there: dict[str, int] = {}
        self.touched: set[str] = set()

    def do(self, step: str, key: str, value: int) -> None:
        """Do one step with both."""
        if step == "set":
            if self.here.get(key) != value:
                self.touched.discard(key)
            self.database[key] = self.here[key] = value
        elif step == "touch":
            self.database.set(key, value, touch=True)
            self.here[key] = value
            self.touched.add(key)
        elif step == "delete" and key in self.here:
            del self.database[key], self.here[key]
            self.touched.discard(key)
        elif step == "push":
            self.database.changes().push()
            self.there, self.touched = dict(self.here), set()
        elif step == "open":
            self._open(key)

    def _open(self, name: str) -> None:
        """Open again; where nothing waits to be pushed another copy, which may know nothing of the index."""
        self.database.close()
        if self.here == self.there and not self.touched:
            self._name = name
        self.database = self._copies.open(self._name)

    @property
    def outgoing(self) -> set[str]:
        """The keys that a push should send."""
        keys = self.here.keys() | self.there.keys()
        return {key for key in keys if self.here.get(key) != self.there.get(key)} | (self.touched & self.here.keys())


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "set", "delete", "touch", "push", "open"]), st.sampled_from("abcd"), st.integers(0, 2)
    ),
    max_size=14,
)


@settings(max_examples=20, deadline=None)
@given(steps=_STEPS)
def test_only_what_differs_is_outgoing(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]) -> None:
    """Whatever is set, deleted, touched, pushed and opened again: outgoing is what differs from the remote, or was touched."""
    copies = Copies(tmp_path_factory.mktemp("steps"))
    model = Model(copies)
    for step, key, value in [("set", "a", 0), ("set", "b", 1), ("push", "", 0), *steps]:
        model.do(step, key, value)
        # Not after each, so that several edits wait in the buffer together.
        if step != "set" or value:
            assert set(_outgoing(model.database)) == model.outgoing
    assert dict(model.database) == model.here
    copies.close()
