"""A database as a mapping: local, remote and edited keys behave alike, from every thread, and no damage is read as data."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import booklet
import numpy as np
import pytest

import catalog
from catalog import (
    CancelledError,
    Database,
    IntegrityError,
    InvalidInputError,
    InvalidKeyError,
    InvalidValueError,
    KeyState,
    Progress,
    ReadOnlyError,
    S3Connection,
    UnsupportedFormatError,
)
from catalog.database.options import Flag
from catalog.store.access import connect_store
from catalog.testing.faults import Fault, FaultKind, FaultPlan

T0 = 1_700_000_000_000_000
CONTENT: dict[str, tuple[Any, int]] = {
    "a": (1, T0),
    "b": (None, T0 + 1),
    "c/1": ([], T0 + 2),
    "c/2": ({"x": "y"}, T0 + 3),
    "ä 🌊": ("long" * 2000, T0 + 4),
}
VALUES = {key: value for key, (value, _) in CONTENT.items()}


def opened(connection: S3Connection, file: Path, flag: Flag = "c", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, value_serializer="orjson", lock="commit", **more)
    return database


def fill(database: Database, content: dict[str, tuple[Any, int]] = CONTENT) -> None:
    for key, (value, moment) in content.items():
        database.set(key, value, timestamp=moment)


@pytest.fixture(params=["unpushed", "pushed", "remote", "mixed", "mixed in a bucket"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The same content, whether it is local, only in the remote, or partly edited since the last push."""
    state = request.param
    where = "bucket_connection" if "bucket" in state else "folder_connection"
    connection: S3Connection = request.getfixturevalue(where)
    first = tmp_path / "first.blt"
    before: dict[str, tuple[Any, int]] = dict(CONTENT)
    if "mixed" in state:
        before.update({"a": ("old", T0 - 5), "gone": (0, T0)})
        del before["b"]
    with opened(connection, first) as made:
        fill(made, before)
        if state != "unpushed":
            made.changes().push()
    file = first if state in ("unpushed", "pushed") else tmp_path / "second.blt"
    with opened(connection, file, "w") as found:
        if "mixed" in state:
            found.set("a", 1, timestamp=T0)
            found.set("b", None, timestamp=T0 + 1)
            del found["gone"]
            assert found["c/1"] == []
            found.sync()
        yield found


# What a mapping does


def test_len_iter_and_contains(database: Database) -> None:
    """Length, iteration (sorted) and membership agree."""
    assert len(database) == len(CONTENT)
    assert list(database) == list(database.keys()) == sorted(CONTENT)
    assert all(key in database for key in CONTENT)
    assert "gone" not in database


def test_items_and_values(database: Database) -> None:
    """Items and values are those that were set, in the order of their keys, as often as one asks."""
    items = database.items()

    assert dict(items) == dict(items) == VALUES
    assert list(database.values()) == [VALUES[key] for key in sorted(VALUES)]
    assert len(items) == len(VALUES)


def test_equals_a_dict(database: Database) -> None:
    """A database equals a dict of the same items."""
    assert database == VALUES


def test_none_is_a_value(database: Database) -> None:
    """A stored None is found, is not the default, and counts as a key."""
    assert database["b"] is None
    assert database.get("b", "default") is None
    assert database.setdefault("b", "default") is None
    assert database.pop("b", "default") is None
    assert database.pop("b", "default") == "default"


def test_missing_keys_raise(database: Database) -> None:
    """Reading, deleting, popping and dating a key that is not there raises KeyError with the key."""
    actions: list[Callable[[], Any]] = [
        lambda: database["gone"],
        lambda: database.pop("gone"),
        lambda: database.__delitem__("gone"),
        lambda: database.get_bytes("gone"),
        lambda: database.set_timestamp("gone", T0),
    ]
    for act in actions:
        with pytest.raises(KeyError) as caught:
            act()
        assert caught.value.args == ("gone",)
    assert len(database) == len(CONTENT)


def test_missing_keys_give_defaults(database: Database) -> None:
    """get, get_items, get_timestamp and pop give a default for what is not there."""
    assert database.get("gone") is None
    assert database.get("gone", 5) == 5
    assert dict(database.get_items(["a", "gone"], 5)) == {"a": 1, "gone": 5}
    assert database.get_timestamp("gone") is None
    assert database.get_timestamp("gone", default=7) == 7
    assert database.pop("gone", 5) == 5


def test_set_then_get(database: Database) -> None:
    """A new value is seen at once, and so are its length and place in the order."""
    database["aa"] = "new"
    database["a"] = "changed"

    assert database["aa"] == "new"
    assert database["a"] == "changed"
    assert list(database) == sorted([*CONTENT, "aa"])
    assert len(database) == len(CONTENT) + 1


def test_delete(database: Database) -> None:
    """A deleted key is gone for every way of looking, and cannot be deleted again."""
    del database["c/2"]

    assert "c/2" not in database
    assert "c/2" not in dict(database.items())
    assert len(database) == len(CONTENT) - 1
    assert database.get_timestamp("c/2") is None
    with pytest.raises(KeyError):
        del database["c/2"]


def test_delete_and_set_again(database: Database) -> None:
    """A key that was deleted can be set again."""
    del database["a"]
    database["a"] = "again"

    assert database["a"] == "again"
    assert len(database) == len(CONTENT)


def test_update(database: Database) -> None:
    """update takes a mapping, pairs, something with keys(), and keywords."""

    class Keyed:
        def keys(self) -> list[str]:
            return ["k"]

        def __getitem__(self, key: str) -> str:
            return key * 2

    database.update({"m": 1}, n=2)
    database.update([("p", 3)])
    database.update(Keyed())

    assert dict(database.get_items("mnpk")) == {"m": 1, "n": 2, "p": 3, "k": "kk"}


def test_setdefault(database: Database) -> None:
    """setdefault sets what is missing and leaves the rest."""
    assert database.setdefault("a", 99) == 1
    assert database.setdefault("new", 99) == 99
    assert database["new"] == 99


def test_pop_and_popitem(database: Database) -> None:
    """pop and popitem remove what they return; an empty database has no item to pop."""
    assert database.pop("a") == 1
    popped = dict(database.popitem() for _ in range(len(CONTENT) - 1))

    assert popped == {key: value for key, value in VALUES.items() if key != "a"}
    assert len(database) == 0
    with pytest.raises(KeyError):
        database.popitem()


def test_clear(database: Database) -> None:
    """clear leaves nothing, and what is set afterwards is all there is."""
    database.clear()
    assert (len(database), list(database), "a" in database, database.get("a")) == (0, [], False, None)

    database["z"] = 1
    assert dict(database.items()) == {"z": 1}


def test_timestamps(database: Database) -> None:
    """Timestamps are those that were given, with their values if asked."""
    assert dict(database.timestamps()) == {key: moment for key, (_, moment) in CONTENT.items()}
    assert list(database.timestamps(include_value=True)) == [(key, CONTENT[key][1], CONTENT[key][0]) for key in sorted(CONTENT)]


def test_get_timestamp(database: Database) -> None:
    """One timestamp, alone, with its value, and with its stored bytes."""
    assert database.get_timestamp("c/2") == T0 + 3
    assert database.get_timestamp("c/2", include_value=True) == (T0 + 3, {"x": "y"})
    assert database.get_timestamp("c/2", include_value=True, decode_value=False) == (T0 + 3, b'{"x":"y"}')


def test_set_timestamp(database: Database) -> None:
    """A timestamp can be changed, as an int, an ISO 8601 string or a datetime, and the value stays."""
    for moment in (T0 + 77, "2023-11-14T22:13:20.000077+00:00", datetime(2023, 11, 14, 22, 13, 20, 77, UTC)):
        database.set_timestamp("a", moment)
        assert database.get_timestamp("a", include_value=True) == (T0 + 77, 1)


def test_get_items(database: Database) -> None:
    """get_items gives the keys asked for, in that order, repeated ones too."""
    assert list(database.get_items(["c/1", "a", "c/1"])) == [("c/1", []), ("a", 1), ("c/1", [])]


def test_load_items(database: Database) -> None:
    """Loading everything fails for no key, and nothing is fetched after it."""
    assert database.load_items() == {}
    sent = database.requests

    assert dict(database.items()) == VALUES
    assert database.requests == sent


def test_page(database: Database) -> None:
    """Pages walk all keys in order, by prefix and from a key on."""
    assert [info.key for info in database.page(prefix="c/")] == ["c/1", "c/2"]
    assert [info.key for info in database.page(after="c/1", limit=1)] == ["c/2"]
    keys, after = [], None
    while page := list(database.page(after, limit=2)):
        keys += [info.key for info in page if info.state != KeyState.DELETED]
        after = page[-1].key
    assert keys == sorted(CONTENT)


def test_prune_keeps_content(database: Database) -> None:
    """Pruning, of local copies too, changes nothing that is read."""
    database["c/1"] = "dead soon"
    database.set("c/1", [], timestamp=T0 + 2)
    database.prune()
    database.prune(timestamp=T0 * 2)

    assert dict(database.items()) == VALUES
    assert dict(database.timestamps()) == {key: moment for key, (_, moment) in CONTENT.items()}


def test_survives_reopening(database: Database) -> None:
    """What was set, deleted and dated is there after closing and opening."""
    database["new"] = "n"
    del database["a"]
    database.set_timestamp("c/1", T0 + 99)
    database.set_metadata({"of": "all"})
    database.close()

    with opened(database.connection, database.file_path, "r") as again:
        assert dict(again.items()) == {**{k: v for k, v in VALUES.items() if k != "a"}, "new": "n"}
        assert again.get_timestamp("c/1") == T0 + 99
        assert again.get_metadata() == {"of": "all"}


def test_push_from_every_state(database: Database, tmp_path: Path) -> None:
    """Whatever was local or remote before, a push makes others see exactly this content."""
    database.changes().push()

    assert database.changes().all() == []
    with opened(database.connection, tmp_path / "other.blt", "r") as other:
        assert dict(other.items()) == VALUES
        assert dict(other.timestamps()) == {key: moment for key, (_, moment) in CONTENT.items()}
        assert len(other) == len(VALUES)
        assert other.value_bytes == database.value_bytes


def test_stays_a_plain_booklet(database: Database) -> None:
    """After loading and closing, plain booklet reads the same keys, values and timestamps."""
    database.load_items()
    database.close()

    with booklet.open(database.file_path) as plain:
        assert {key: (value, moment) for key, moment, value in plain.timestamps(include_value=True)} == CONTENT
        assert len(plain) == len(CONTENT)


def test_stored_values_some_at_a_time(remote: S3Connection, tmp_path: Path) -> None:
    """All that begins with a prefix comes sorted, as stored, edits and deletions included; what is elsewhere in few requests."""
    content = {f"{letter}/{number:03}": bytes([number]) * 300 for letter in "ab" for number in range(100)}
    with opened(remote, tmp_path / "a.blt") as database:
        for key, value in content.items():
            database.set(key, value, encode_value=False)
        database.changes().push()
    with opened(remote, tmp_path / "b.blt") as database:
        for key in ("b/100", "b/007"):
            content[key] = b"edited"
            database.set(key, b"edited", encode_value=False)
        del database["b/008"], content["b/008"]
        before = database.requests
        assert list(database.stored_items("b/")) == sorted(item for item in content.items() if item[0] > "b/")
        assert database.requests - before <= 4
        assert dict(database.stored_items()) == content
        assert list(database.stored_items("c")) == []


@pytest.mark.parametrize("pushed", [False, True])
def test_half_a_character_begins_no_key(remote: S3Connection, tmp_path: Path, pushed: bool) -> None:
    """A prefix, or a key to go on after, that was cut through a character is only a place between keys."""
    with opened(remote, tmp_path / "a.blt", "c") as database:
        database.update({"a": 1, "a\ud7ff": 2, "a\ue000": 3, "b": 4})
        if pushed:
            database.changes().push()
        assert database.page(prefix="a\ud800") == database.folder("a\udfff") == []
        assert database.page_at(0, prefix="a\ud800") == []
        assert (database.rows("a\ud800"), database.row_of("a\ud800")) == (0, 2)
        assert [info.key for info in database.page(after="a\ud900")] == ["a\ue000", "b"]
        assert len(database.sorted_keys("size", "a\ud800")) == 0
        assert list(database.stored_items("a\ud800")) == []


# Keys and values that are refused


@pytest.mark.parametrize("key", [5, None, b"a", ("a",), "", "\ud800", "k" * 65_536, "adb01ebc1ba3433eb043527"])
def test_unusable_keys_are_refused(folder_connection: S3Connection, tmp_path: Path, key: Any) -> None:
    """A key that is no usable string is refused where it would be stored, and simply not found elsewhere."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database["a"] = 1
        for push in (False, True):
            if push:
                database.changes().push()
            with pytest.raises(InvalidKeyError):
                database[key] = 1
            with pytest.raises(KeyError):
                del database[key]
            with pytest.raises(KeyError):
                database[key]
            with pytest.raises((KeyError, InvalidKeyError)):
                database.get_bytes(key)
            assert key not in database
            assert database.get(key, "default") == "default"
            assert list(database.get_items([key], "default")) == [(key, "default")]
            assert database.load_items([key]) == {}
            assert dict(database.items()) == {"a": 1}


def test_longest_key(remote: S3Connection, tmp_path: Path) -> None:
    """A key of 65,535 bytes goes up and comes back."""
    key = "ä" * 32_767 + "k"
    with opened(remote, tmp_path / "a.blt") as database:
        database[key] = 1
        database.changes().push()
    with opened(remote, tmp_path / "b.blt", "r") as database:
        assert dict(database.items()) == {key: 1}


def test_unencodable_value_changes_nothing(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A value that its serializer refuses is an error that names its type, and the old value stays."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database["a"] = 1
        with pytest.raises(InvalidValueError, match="object"):
            database["a"] = object()
        with pytest.raises(InvalidValueError, match="int"):
            database.set("a", 5, encode_value=False)
        assert database["a"] == 1


NO_ZONE = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize("moment", ["yesterday", "2020-01-01T00:00:00", NO_ZONE, -1, 1 << 60, True, 1.5])
def test_unusable_timestamps_are_refused(folder_connection: S3Connection, tmp_path: Path, moment: Any) -> None:
    """A timestamp that is none, or has no zone, is refused and changes nothing."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database.set("a", 1, timestamp=T0)
        with pytest.raises(InvalidInputError):
            database.set("a", 2, timestamp=moment)
        with pytest.raises(InvalidInputError):
            database.set_timestamp("a", moment)
        assert database.get_timestamp("a", include_value=True) == (T0, 1)


def test_readers_cannot_write(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Everything that would change a database opened for reading raises ReadOnlyError; a pull brings it up to date."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database["a"] = 1
        database.changes().push()
    with opened(folder_connection, tmp_path / "a.blt", "r") as database:
        actions: list[Callable[[], Any]] = [
            lambda: database.set("a", 2),
            lambda: database.__delitem__("a"),
            lambda: database.update({"a": 2}),
            lambda: database.pop("a"),
            database.clear,
            database.prune,
            lambda: database.set_timestamp("a", T0),
            lambda: database.set_metadata(1),
            lambda: database.changes().push(),
            lambda: database.changes().discard(),
            lambda: database.changes().resolve("a", "mine"),
        ]
        for act in actions:
            with pytest.raises(ReadOnlyError):
                act()
        database.sync()
        assert database.changes().pull().keys == 0
        assert database["a"] == 1


def test_closed_database_says_so(folder_connection: S3Connection, tmp_path: Path) -> None:
    """After close, which may be called twice, every use is an error that says so."""
    database = opened(folder_connection, tmp_path / "a.blt")
    database["a"] = 1
    database.close()
    database.close()
    uses: list[Callable[[], Any]] = [
        lambda: database["a"],
        lambda: len(database),
        lambda: list(database),
        lambda: database.set("a", 1),
        database.changes,
        database.sync,
    ]
    for use in uses:
        with pytest.raises(InvalidInputError, match="closed"):
            use()


# Serializers


class Backwards:
    """A serializer of one's own."""

    @staticmethod
    def dumps(value: str) -> bytes:
        return value[::-1].encode()

    @staticmethod
    def loads(raw: bytes) -> str:
        return raw.decode()[::-1]


@pytest.mark.parametrize(
    ("serializer", "value"),
    [
        (None, b"\x00\xff"),
        ("bytes", b"\x00\xff"),
        ("str", "text 🌊"),
        ("json", {"a": [1, None]}),
        ("orjson", {"a": [1, None]}),
        ("orjson_zstd", {"a": [1] * 1000}),
        ("pickle", {"a": (1, None)}),
        ("pickle_zstd", {"a": (1, None)}),
        ("uint1", 200),
        ("int1", -100),
        ("uint2", 60_000),
        ("int2", -30_000),
        ("uint4", 4_000_000_000),
        ("int4", -2_000_000_000),
        ("uint5", 1 << 39),
        ("int5", -(1 << 38)),
        ("uint8", 1 << 63),
        ("int8", -(1 << 62)),
        ("zstd", b"zz" * 100),
        *((f"numpy_int{size}", np.arange(100, dtype=f"i{size}")) for size in (1, 2, 4, 8)),
        *((f"numpy_int{size}_zstd", np.arange(100, dtype=f"i{size}")) for size in (2, 4, 8)),
        (Backwards, "text"),
    ],
)
def test_every_serializer_goes_round(folder_connection: S3Connection, tmp_path: Path, serializer: Any, value: Any) -> None:
    """A value of each serializer that needs no further package goes up and is read elsewhere, where the serializer is known."""
    with catalog.open(folder_connection, tmp_path / "a.blt", "c", value_serializer=serializer) as database:
        database["k"] = value
        database.changes().push()
        name = database.serializer
    custom = serializer if serializer is Backwards else None
    with catalog.open(folder_connection, tmp_path / "b.blt", "r", value_serializer=custom) as database:
        read = database["k"]
        assert database.serializer == name
    assert type(read) is type(value)
    assert np.array_equal(read, value) if isinstance(value, np.ndarray) else read == value


# What reading costs


def make_remote(connection: S3Connection, file: Path, count: int = 200, size: int = 100) -> dict[str, bytes]:
    """A remote of ``count`` values."""
    content = {f"k{number:05d}": f"{number:05d}".encode() * (size // 5) for number in range(count)}
    with catalog.open(connection, file, "c") as database:
        database.update(content)
        database.changes().push()
    return content


def test_len_downloads_no_index(remote: S3Connection, tmp_path: Path) -> None:
    """The length of a remote that was never looked into is known from its head."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        sent = database.requests
        assert len(database) == len(content)
        assert database.value_bytes == sum(map(len, content.values()))
        assert database.requests == sent == 1


@pytest.mark.usefixtures("nothing_inline")
def test_get_fetches_one_range(remote: S3Connection, tmp_path: Path) -> None:
    """One get fetches a segment of the index and the bytes of one value, and the next get of it nothing."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        traffic = database._session.remote.store.traffic
        assert "k00007" in database
        before, bytes_before = database.requests, traffic.bytes_down
        assert database["k00007"] == content["k00007"]
        assert database.requests == before + 1
        assert traffic.bytes_down - bytes_before == len(content["k00007"])
        assert database["k00007"] == content["k00007"]
        assert database.requests == before + 1


def test_timestamp_fetches_no_value(remote: S3Connection, tmp_path: Path) -> None:
    """The timestamp of a key, and whether it is there, are known from the index."""
    make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        assert "k00007" in database
        sent = database.requests
        assert database.get_timestamp("k00008") > 0
        assert database.requests == sent


@pytest.mark.usefixtures("nothing_inline")
def test_load_items_coalesces(remote: S3Connection, tmp_path: Path) -> None:
    """Loading many neighbouring values takes one request, not one each; a second loading none."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        assert "k00000" in database
        sent = database.requests
        assert database.load_items() == {}
        assert database.requests == sent + 1
        assert database.load_items() == {}
        assert dict(database.items()) == content
        assert database.requests == sent + 1


@pytest.mark.usefixtures("nothing_inline")
def test_get_items_coalesces(remote: S3Connection, tmp_path: Path) -> None:
    """Some values are fetched together."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        assert "k00000" in database
        sent = database.requests
        some = [f"k{number:05d}" for number in range(0, 200, 3)]
        assert dict(database.get_items(some)) == {key: content[key] for key in some}
        assert database.requests == sent + 1


# Damage


def packs_of(connection: S3Connection) -> list[str]:
    store = connect_store(connection, writing=False)
    return [listed.name for listed in store.list(f"{connection.db_key}.d/packs/")]


@pytest.mark.usefixtures("nothing_inline")
def test_flipped_bit_in_a_pack(remote: S3Connection, tmp_path: Path) -> None:
    """A value with a flipped bit is an error that names its key, never data; all others are read."""
    content = make_remote(remote, tmp_path / "a.blt")
    store = connect_store(remote, writing=True)
    (pack,) = packs_of(remote)
    body = bytearray(store.get(pack).body)
    body[100 * 7 + 50] ^= 1
    store.put(pack, bytes(body))

    with catalog.open(remote, tmp_path / "b.blt") as database:
        with pytest.raises(IntegrityError, match="k00007") as caught:
            database["k00007"]
        assert caught.value.key == "k00007"
        assert database["k00008"] == content["k00008"]
        failed = database.load_items()
        assert list(failed) == ["k00007"]
        assert isinstance(failed["k00007"], IntegrityError)
        with pytest.raises(IntegrityError, match="k00007"):
            dict(database.items())
        others = [key for key in content if key != "k00007"]
        assert dict(database.get_items(others)) == {key: content[key] for key in others}


@pytest.mark.usefixtures("nothing_inline")
def test_missing_pack(remote: S3Connection, tmp_path: Path) -> None:
    """A pack that is gone is an error that names the key; a list of failures names every key in it."""
    content = make_remote(remote, tmp_path / "a.blt")
    connect_store(remote, writing=True).delete(packs_of(remote)[0])

    with catalog.open(remote, tmp_path / "b.blt") as database:
        with pytest.raises(IntegrityError, match="k00007") as caught:
            database["k00007"]
        assert caught.value.key == "k00007"
        failed = database.load_items()
        assert failed.keys() == content.keys()


@pytest.mark.usefixtures("nothing_inline")
def test_cut_off_pack(remote: S3Connection, tmp_path: Path) -> None:
    """A pack that was cut off gives what is whole, and errors for the rest."""
    content = make_remote(remote, tmp_path / "a.blt")
    store = connect_store(remote, writing=True)
    (pack,) = packs_of(remote)
    store.put(pack, store.get(pack).body[:1050])

    with catalog.open(remote, tmp_path / "b.blt") as database:
        failed = database.load_items()
        assert sorted(failed) == sorted(content)[10:]
        assert all(isinstance(error, IntegrityError) for error in failed.values())
        assert database["k00009"] == content["k00009"]


@pytest.mark.usefixtures("nothing_inline")
def test_missing_segment(remote: S3Connection, tmp_path: Path) -> None:
    """Without a segment of its index a database opens, and each look for a key is a typed error."""
    make_remote(remote, tmp_path / "a.blt")
    store = connect_store(remote, writing=True)
    for listed in list(store.list(f"{remote.db_key}.d/index/")):
        store.delete(listed.name)

    with catalog.open(remote, tmp_path / "b.blt") as database:
        for use in (
            lambda: database["k00007"],
            lambda: "k00007" in database,
            lambda: list(database),
            database.load_items,
        ):
            with pytest.raises(IntegrityError, match="index segment"):
                use()


@pytest.mark.usefixtures("nothing_inline")
def test_damaged_segment(remote: S3Connection, tmp_path: Path) -> None:
    """A flipped bit in a segment is a typed error; once mended, the same working copy reads."""
    content = make_remote(remote, tmp_path / "a.blt")
    store = connect_store(remote, writing=True)
    (segment,) = [listed.name for listed in store.list(f"{remote.db_key}.d/index/")]
    whole = store.get(segment).body
    body = bytearray(whole)
    body[len(body) // 2] ^= 1
    store.put(segment, bytes(body))

    with catalog.open(remote, tmp_path / "b.blt") as database:
        with pytest.raises(IntegrityError, match="index segment"):
            database["k00007"]
        store.put(segment, whole)
        assert database["k00007"] == content["k00007"]


@pytest.mark.parametrize("left", [0, 1, 100, -5, -40])
def test_cut_off_head(remote: S3Connection, tmp_path: Path, left: int) -> None:
    """A head that was cut off, or has a flipped bit, is a typed error that names the place; a working copy stays as it is."""
    file = tmp_path / "a.blt"
    content = make_remote(remote, file)
    store = connect_store(remote, writing=True)
    whole = store.get(str(remote.db_key)).body
    store.put(str(remote.db_key), whole[:left])

    for path in (file, tmp_path / "b.blt"):
        with pytest.raises((IntegrityError, UnsupportedFormatError), match=r"rain|data/"):
            catalog.open(remote, path)
    with catalog.open(remote, file, offline=True) as database:
        assert dict(database.items()) == content
    store.put(str(remote.db_key), whole)
    with catalog.open(remote, file, "w") as database:
        database["new"] = b"n"
        assert database.changes().push()


def damage_value(file: Path, value: bytes) -> None:
    """Flip a bit of a value in a booklet, as a failing disk would: size and time of the file stay."""
    raw = bytearray(file.read_bytes())
    state = file.stat()
    raw[raw.rindex(value) + 3] ^= 1
    file.write_bytes(bytes(raw))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("flag", ["r", "w"])
def test_damaged_local_copy_is_fetched_again(remote: S3Connection, tmp_path: Path, flag: Flag) -> None:
    """A flipped bit in the local file is healed from the remote, where the value is."""
    file = tmp_path / "a.blt"
    content = make_remote(remote, file)
    damage_value(file, content["k00007"])

    with catalog.open(remote, file, flag) as database:
        assert database["k00007"] == content["k00007"]
        assert dict(database.items()) == content
        assert database.changes().all() == []


def test_damaged_edit_is_an_error(remote: S3Connection, tmp_path: Path) -> None:
    """A flipped bit in an unpushed value is an error that names the key: it is not read, not pushed, and can be discarded."""
    file = tmp_path / "a.blt"
    content = make_remote(remote, file)
    with catalog.open(remote, file, "w") as database:
        database["k00007"] = b"a new value that is mine"
        database["k00008"] = b"another"
    damage_value(file, b"a new value that is mine")

    with catalog.open(remote, file, "w") as database:
        uses: list[Callable[[], Any]] = [
            lambda: database["k00007"],
            lambda: dict(database.items()),
            lambda: database.changes().push(),
        ]
        for use in uses:
            with pytest.raises(IntegrityError, match="k00007") as caught:
                use()
            assert caught.value.key == "k00007"
        assert database["k00008"] == b"another"
        database.changes().discard(["k00007"])
        assert database["k00007"] == content["k00007"]
        assert database.changes().push().keys == 1


def test_damaged_cache_is_fetched_again(remote: S3Connection, tmp_path: Path) -> None:
    """A flipped bit in the cache of fetched values is not read: the value is fetched again."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        assert database["k00007"] == content["k00007"]
        damaged = bytes([content["k00007"][0] ^ 1]) + content["k00007"][1:]
        database._session.state.sidecar.run("UPDATE fetched SET value = ?", (damaged,))
        assert database["k00007"] == content["k00007"]


def test_loading_takes_what_was_read_before(remote: S3Connection, tmp_path: Path) -> None:
    """A value that was read once is not fetched again when all are loaded."""
    content = make_remote(remote, tmp_path / "a.blt", 3)
    with catalog.open(remote, tmp_path / "b.blt") as database:
        for key in content:
            assert database[key] == content[key]
        sent = database.requests
        assert database.load_items() == {}
        assert dict(database.items()) == content
        assert database.requests == sent
    with booklet.open(tmp_path / "b.blt") as plain:
        assert dict(plain.items()) == content


# Threads


def test_threads_read_and_write(remote: S3Connection, tmp_path: Path) -> None:
    """Threads that read, write, list and count one database at once each see their own writes and whole values."""
    content = make_remote(remote, tmp_path / "a.blt")
    wrong: list[str] = []
    with catalog.open(remote, tmp_path / "b.blt", "w", buffer_size=2000) as database:

        def work(number: int) -> None:
            for step in range(30):
                key = f"mine/{number}/{step}"
                database[key] = key.encode()
                if database[key] != key.encode() or key not in database:
                    wrong.append(key)
                there = f"k{(number * 37 + step * 11) % 200:05d}"
                if database[there] != content[there]:
                    wrong.append(there)
                if step % 10 == number:
                    list(database)
                    len(database)
                    database.sync()
                if step % 3 == 0:
                    del database[key]

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
        kept = {f"mine/{number}/{step}" for number in range(6) for step in range(30) if step % 3}
        assert wrong == []
        assert set(database) == kept | content.keys()
        assert {change.key for change in database.changes().outgoing()} == kept


def test_reads_and_writes_go_on_during_a_push(remote: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
    """While a push hangs in the network, other threads set, delete, date and read; their edits are not lost and not pushed."""
    with catalog.open(remote, tmp_path / "a.blt", "c") as database:
        database.update({f"k{number}": b"old" for number in range(10)})
        database.changes().push()
        database["k1"] = b"pushed"
        faults.add(Fault(FaultKind.HANG, "put", name_part="commits"))
        with ThreadPoolExecutor(2) as pool:
            push = pool.submit(lambda: database.changes().push())
            assert faults.hanging.wait(20)

            def meanwhile() -> None:
                assert database["k1"] == b"pushed"
                database["k1"] = b"later"
                database["k2"] = b"later"
                del database["k3"]
                database.set_timestamp("k4", T0)
                database.set_metadata("later")
                assert database["k1"] == b"later"

            working = pool.submit(meanwhile)
            try:
                working.result(timeout=20)
            finally:
                faults.release()
            assert push.result(timeout=20).keys == 1
        assert [change.key for change in database.changes().outgoing()] == ["", "k1", "k2", "k3", "k4"]
        assert database.changes().conflicts() == []
    with catalog.open(remote, tmp_path / "b.blt") as other:
        assert dict(other.items()) == {f"k{number}": b"old" for number in range(10)} | {"k1": b"pushed"}


@pytest.mark.usefixtures("nothing_inline")
def test_load_beside_a_pull_keeps_no_old_value(folder_connection: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
    """Values that were fetched for an older commit, while a pull moved on, are not taken for the newer one's."""
    content = make_remote(folder_connection, tmp_path / "a.blt", 20)
    with catalog.open(folder_connection, tmp_path / "b.blt", "w", lock="commit") as database:
        assert "k00000" in database
        faults.add(Fault(FaultKind.HANG, "get", name_part="packs"))
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(database.load_items)
            assert faults.hanging.wait(20)
            with catalog.open(folder_connection, tmp_path / "a.blt", "w", lock="commit") as colleague:
                colleague["k00007"] = b"new"
                colleague.changes().push()
            database.changes().pull()
            faults.release()
            assert loading.result(timeout=20) == {}
        assert dict(database.items()) == content | {"k00007": b"new"}


def test_cancelled_load_can_be_repeated(remote: S3Connection, tmp_path: Path) -> None:
    """A cancelled loading stops with CancelledError; what is asked for again comes."""
    content = make_remote(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt") as database:
        progress = Progress()
        progress.cancel()
        with pytest.raises(CancelledError):
            database.load_items(progress=progress)
        stopped = Progress(lambda report: stopped.cancel())
        with pytest.raises(CancelledError):
            database.load_items(progress=stopped)
        assert dict(database.items()) == content


def test_iterating_while_writing(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Keys may be set and deleted while one goes through a database."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database.update({f"k{number:04d}": number for number in range(5000)})
        for number, key in enumerate(database):
            if number % 100 == 0:
                database[f"z{number}"] = 1
                del database[key]
        assert len(database) == 5000


def test_another_threads_error_is_its_own(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A refused value in one thread leaves the writes of the others alone."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        barrier = threading.Barrier(3)

        def write(number: int) -> None:
            barrier.wait(10)
            for step in range(50):
                if number == 0:
                    with pytest.raises(InvalidValueError):
                        database[f"bad{step}"] = object()
                else:
                    database[f"{number}/{step}"] = step

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(write, range(3)))
        assert len(database) == 100
