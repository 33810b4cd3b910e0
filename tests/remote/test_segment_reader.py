"""Segments are read once, from memory, from the cache or from the store; none that is damaged is used or kept."""

from __future__ import annotations

import threading

import pytest

from catalog.errors import IntegrityError, UnreachableError
from catalog.format.head import SegmentRef
from catalog.format.names import ObjectNames
from catalog.format.segment import Entry, encode_segment
from catalog.remote import segment_reader
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentReader
from catalog.store.directory.store import DirectoryStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore


class Kept(dict[str, bytes]):
    """A cache."""

    def get_segment(self, segment_id: str) -> bytes | None:
        return self.get(segment_id)

    def put_segment(self, segment_id: str, body: bytes) -> None:
        self[segment_id] = body


@pytest.fixture
def refs(store: DirectoryStore, names: ObjectNames) -> list[SegmentRef]:
    """Ten segments in the store."""
    made = []
    for number in range(10):
        items = [(f"{number}/{place:03d}", Entry(place, b"p" * 16, place, 1, bytes(8))) for place in range(100)]
        encoded = encode_segment(items)
        store.put(names.segment(encoded.segment_id), encoded.body)
        made.append(SegmentRef(encoded.segment_id, items[0][0], 100, len(encoded.body)))
    store.traffic.reset()
    return made


def test_each_is_fetched_once(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Prefetching asks for each segment once; loading then, and in a later session, asks for nothing."""
    cache = Kept()
    reader = SegmentReader(Place(store, names), cache, 4)
    reader.prefetch(refs)
    for ref in refs * 2:
        assert reader.load(ref).keys[0] == ref.first
    later = SegmentReader(Place(store, names), cache, 4)
    assert [later.load(ref).keys[0] for ref in refs] == [ref.first for ref in refs]

    assert store.traffic.requests == {"GET": 10}


def test_memory_keeps_only_so_many(
    store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound the longest unused segments leave memory, and are read from the cache again."""
    monkeypatch.setattr(segment_reader, "_MOST_DECODED_KEYS", 250)
    reader = SegmentReader(Place(store, names), Kept(), 4)
    for ref in refs:
        reader.load(ref)

    assert len(reader._decoded) == 2
    assert reader._decoded_keys == 200
    assert reader.load(refs[0]).keys[0] == refs[0].first
    assert store.traffic.requests == {"GET": 10}


def test_a_walk_leaves_memory_as_it_was(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Of what a walk passes only the first few stay; what was in memory before is used, and stays too."""
    reader = SegmentReader(Place(store, names), Kept(), 4)
    known = reader.load(refs[5])
    load = reader.pass_through(2)
    passed = [load(ref) for ref in refs]

    assert [segment.keys[0] for segment in passed] == [ref.first for ref in refs]
    assert passed[5] is known
    assert {*reader._decoded} == {refs[0].id, refs[1].id, refs[5].id}
    for kept, walked in ((reader.load(refs[0]), entries_of(refs[0])), (known, entries_of(refs[5]))):
        assert [*kept.items()] == walked


def entries_of(ref: SegmentRef) -> list[tuple[str, Entry]]:
    """The entries that a segment was made of."""
    return [(f"{ref.first[0]}/{place:03d}", Entry(place, b"p" * 16, place, 1, bytes(8))) for place in range(100)]


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATE, FaultKind.FLIP_BIT, FaultKind.FAIL_BEFORE])
@pytest.mark.parametrize("many", [False, True])
def test_what_is_damaged_is_not_kept(
    kind: FaultKind, many: bool, store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]
) -> None:
    """A segment that arrives damaged is an error and never in the cache, so that trying again works."""
    cache = Kept()
    faulty = FaultyStore(store, FaultPlan([Fault(kind, "get", 1, refs[0].id)]))
    reader = SegmentReader(Place(faulty, names), cache, 2)
    with pytest.raises((IntegrityError, UnreachableError)):
        reader.prefetch(refs) if many else reader.load(refs[0])

    assert refs[0].id not in cache
    assert reader.load(refs[0]).keys[0] == refs[0].first


def test_a_segment_that_is_gone_says_what_to_do(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """A missing segment is an IntegrityError with a way out."""
    store.delete(names.segment(refs[3].id))

    with pytest.raises(IntegrityError, match="pull"):
        SegmentReader(Place(store, names), Kept(), 2).load(refs[3])


def test_a_head_that_lies_about_a_segment_is_found(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Another number of keys, or more bytes than said, is damage."""
    reader = SegmentReader(Place(store, names), Kept(), 2)
    ref = refs[0]
    for lie in (SegmentRef(ref.id, ref.first, 99, ref.bytes), SegmentRef(ref.id, ref.first, 100, ref.bytes - 1)):
        with pytest.raises(IntegrityError):
            reader.load(lie)


def test_many_threads_may_read(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Threads that read at once get right answers, and counts stay exact."""
    reader = SegmentReader(Place(store, names), Kept(), 2)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for ref in refs * 5:
                assert reader.load(ref).find(ref.first) is not None
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert reader._decoded_keys == 1000
