"""Values are fetched in few bounded requests, each verified; one that fails does not stop the rest."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import CancelledError, IntegrityError, UnreachableError
from catalog.format.checksum import checksum
from catalog.format.names import ObjectNames
from catalog.format.segment import Entry
from catalog.progress import Progress
from catalog.remote import fetch
from catalog.remote.fetch import Failure, fetch_value, fetch_values, plan_spans
from catalog.remote.place import Place
from catalog.store.directory.store import DirectoryStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore

PLACES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40 << 20), st.one_of(st.integers(0, 2_000), st.integers(0, 20 << 20))),
    max_size=60,
)
MEBIBYTE = 1 << 20


def at(pack: int, offset: int, length: int) -> Entry:
    """An entry at a place."""
    return Entry(0, bytes([pack]) * 16, offset, length, bytes(8))


@given(PLACES)
def test_plans_cover_each_value_once(places: list[tuple[int, int, int]]) -> None:
    """Each value is in one span that covers it, and a span of several values is at most 8 MiB with small gaps."""
    wanted = [(str(number), at(*place)) for number, place in enumerate(places)]
    spans = plan_spans(wanted)

    assert sorted(item for span in spans for item in span.wanted) == sorted(wanted)
    for span in spans:
        entries = [entry for _, entry in span.wanted]
        assert all(entry.pack == span.pack and span.start <= entry.offset for entry in entries)
        assert span.end == max(entry.offset + entry.length for entry in entries)
        assert span.start == entries[0].offset
        if len(entries) > 1:
            assert span.end - span.start <= 8 * MEBIBYTE
            assert sum(entry.length for entry in entries) <= 8 * MEBIBYTE
        end = span.start
        for entry in entries:
            assert entry.offset - end <= 64 << 10
            end = max(end, entry.offset + entry.length)


def test_values_side_by_side_are_one_request() -> None:
    """A thousand values of a kilobyte that lie in a row are one span."""
    assert len(plan_spans((str(n), at(1, n * 1000, 1000)) for n in range(1000))) == 1


def test_many_values_of_the_same_bytes_stay_bounded() -> None:
    """A hostile index whose keys all name the same 8 MiB does not make one answer into terabytes."""
    spans = plan_spans((str(n), at(1, 0, 8 * MEBIBYTE)) for n in range(1000))

    assert all(sum(entry.length for _, entry in span.wanted) <= 8 * MEBIBYTE for span in spans)


@pytest.fixture
def wanted(store: DirectoryStore, names: ObjectNames) -> dict[str, tuple[Entry, bytes]]:
    """Three packs of a hundred values each, in the store."""
    made = {}
    for pack in range(3):
        body = b""
        for number in range(100):
            value = f"{pack}/{number}".encode() * (number % 7)
            made[f"{pack}/{number:03d}"] = (Entry(number, bytes([pack]) * 16, len(body), len(value), checksum(value)), value)
            body += value
        store.put(names.pack(bytes([pack]) * 16), body)
    return made


def run(store: Any, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]) -> tuple[dict[str, bytes], dict[str, Exception]]:
    """Fetch all; what came and what failed."""
    came: dict[str, bytes] = {}
    failed: dict[str, Exception] = {}
    for result in fetch_values(Place(store, names), ((key, entry) for key, (entry, _) in wanted.items()), 3, Progress()):
        if isinstance(result, Failure):
            failed.update(dict.fromkeys(result.keys, result.error))
        else:
            came.update({key: value for key, _, value in result})
    return came, failed


def test_all_values_come_in_one_request_per_pack(
    store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """Three packs are three requests, and give each value."""
    store.traffic.reset()
    came, failed = run(store, names, wanted)

    assert came == {key: value for key, (_, value) in wanted.items()}
    assert not failed
    assert store.traffic.requests == {"GET": 3}


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY, FaultKind.TRUNCATE, FaultKind.FLIP_BIT])
def test_one_failure_leaves_the_others(
    kind: FaultKind, store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """When one request fails or lies, just the keys that it spoils are named with the reason, and the others come."""
    again = [] if kind in (FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY) else [2]
    faulty = FaultyStore(store, FaultPlan([Fault(kind, "get", number, (b"\1" * 16).hex()) for number in (1, *again)]))
    came, failed = run(faulty, names, wanted)

    spoiled = {FaultKind.FLIP_BIT: range(1, 2), FaultKind.TRUNCATE: range(30, 60)}.get(kind, range(100, 101))
    assert len(failed) in spoiled
    assert all(key.startswith("1/") for key in failed)
    assert came == {key: value for key, (_, value) in wanted.items() if key not in failed}
    expected = UnreachableError if kind in (FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY) else IntegrityError
    assert all(isinstance(error, expected) for error in failed.values())


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATE, FaultKind.FLIP_BIT])
def test_what_was_damaged_on_the_way_is_fetched_again(
    kind: FaultKind, store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """An answer that does not verify is asked for once more, and all is there."""
    faulty = FaultyStore(store, FaultPlan([Fault(kind, "get", 1, (b"\1" * 16).hex())]))
    came, failed = run(faulty, names, wanted)
    assert not failed
    assert came == {key: value for key, (_, value) in wanted.items()}


def test_a_pack_that_is_gone_names_a_key(
    store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """A missing pack is an IntegrityError that names a key and says what to do."""
    store.delete(names.pack(b"\2" * 16))
    _, failed = run(store, names, wanted)

    assert set(failed) == {key for key in wanted if key.startswith("2/")}
    with pytest.raises(IntegrityError, match="pull") as caught:
        fetch_value(Place(store, names), "2/003", wanted["2/003"][0])
    assert caught.value.key == "2/003"


def test_each_flipped_bit_of_a_value_is_found(store: DirectoryStore, names: ObjectNames) -> None:
    """A value is given only when it is what was written, and the error names its key."""
    value = b"the value"
    name = names.pack(b"p" * 16)
    entry = Entry(0, b"p" * 16, 3, len(value), checksum(value))
    store.put(name, b"abc" + value)
    assert fetch_value(Place(store, names), "k", entry) == value
    for place in range(len(value)):
        for bit in range(8):
            store.put(name, b"abc" + value[:place] + bytes([value[place] ^ 1 << bit]) + value[place + 1 :])
            with pytest.raises(IntegrityError, match="'k'"):
                fetch_value(Place(store, names), "k", entry)
    for length in range(3 + len(value)):
        store.put(name, (b"abc" + value)[:length])
        with pytest.raises(IntegrityError, match="'k'"):
            fetch_value(Place(store, names), "k", entry)


def test_an_empty_value_needs_no_request(store: DirectoryStore, names: ObjectNames) -> None:
    """A value of no bytes is known without asking; a lie about it is found."""
    assert fetch_value(Place(store, names), "k", Entry(0, b"p" * 16, 3, 0, checksum(b""))) == b""
    with pytest.raises(IntegrityError):
        fetch_value(Place(store, names), "k", Entry(0, b"p" * 16, 3, 0, bytes(8)))


def test_a_cancel_stops_at_the_next_span(
    store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """After a cancel no further value is given, and no thread is left behind."""
    progress = Progress()
    items = [(key, entry) for key, (entry, _) in wanted.items()]
    results = fetch_values(Place(store, names), items, 1, progress)
    next(results)
    progress.cancel()

    with pytest.raises(CancelledError):
        list(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_giving_up_half_way_leaves_no_thread(
    store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]]
) -> None:
    """A caller who stops iterating leaves nothing running."""
    results = fetch_values(Place(store, names), ((key, entry) for key, (entry, _) in wanted.items()), 2, Progress())
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_requests_go_on_while_values_are_taken(
    store: DirectoryStore, names: ObjectNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a value is given out every thread has a request of its own, so that the network does not wait for the disk."""
    monkeypatch.setattr(fetch, "_WINDOW_KEYS", 2)
    wanted = [(str(number), Entry(0, bytes([number]) * 16, 0, 1, checksum(b"v"))) for number in range(9)]
    for _, entry in wanted:
        store.put(names.pack(entry.pack), b"v")
    real, first_came, held = store.get, threading.Event(), threading.Event()

    def get(name: str, *arguments: Any, **options: Any) -> Any:
        if name != names.pack(wanted[0][1].pack):
            held.wait()
        first_came.set()
        return real(name, *arguments, **options)

    def stream() -> Any:
        yield from wanted[:2]
        first_came.wait()
        yield from wanted[2:]

    monkeypatch.setattr(store, "get", get)
    results = fetch_values(Place(store, names), stream(), 3, Progress())
    next(results)
    threads = sum(thread.name.startswith("fetch") for thread in threading.enumerate())
    held.set()

    assert threads == 3
    assert len(list(results)) == 8


def test_memory_is_bounded_by_the_window(
    store: DirectoryStore, names: ObjectNames, wanted: dict[str, tuple[Entry, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys are wanted, no more of them are taken than the window and what is under way need."""
    monkeypatch.setattr(fetch, "_WINDOW_KEYS", 10)
    monkeypatch.setattr(fetch, "_MOST_KEYS_TOGETHER", 20)
    taken = 0

    def stream() -> Any:
        nonlocal taken
        for key, (entry, _) in wanted.items():
            taken += 1
            yield key, entry

    next(fetch_values(Place(store, names), stream(), 1, Progress()))
    assert taken <= 40


def test_inline_values_take_no_request(store: DirectoryStore, names: ObjectNames) -> None:
    """What a commit holds itself is given out, alone or among others, without asking the store."""
    held = Entry(5, b"", 0, 3, checksum(b"abc"), b"abc")

    assert fetch_value(Place(store, names), "a", held) == b"abc"
    (part,) = fetch_values(Place(store, names), [("a", held), ("b", held)], 2, Progress())
    assert not isinstance(part, Failure)
    assert [(key, value) for key, _, value in part] == [("a", b"abc"), ("b", b"abc")]
    assert store.traffic.total_requests == 0
