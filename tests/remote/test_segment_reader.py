"""Segments are read once, from memory, the cache or the store, in few requests; none that is damaged is used or kept."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import msgspec
import pytest
from format.entries import make_head

from catalog.errors import IntegrityError, UnreachableError
from catalog.format import runs
from catalog.format.content import compress, content_id
from catalog.format.head import RunRef, encode_head
from catalog.format.names import ObjectNames
from catalog.format.segment import Entry, Outline
from catalog.format.table import SegmentRef, encode_table
from catalog.remote import segment_reader
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentReader
from catalog.store.directory.store import DirectoryStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore


class Kept(dict[str, bytes]):
    """A cache."""

    def get_segment(self, object_id: str) -> bytes | None:
        return self.get(object_id)

    def put_segment(self, object_id: str, body: bytes) -> None:
        self[object_id] = body


def entries_of(number: int) -> list[tuple[str, Entry]]:
    """The entries of a segment."""
    return [(f"{number}/{place:03d}", Entry(place, b"p" * 16, place, 1, bytes(8), None, 5)) for place in range(100)]


@pytest.fixture
def refs(store: DirectoryStore, names: ObjectNames) -> list[SegmentRef]:
    """Ten segments of a hundred keys in the store, in two index files."""
    items = [item for number in range(10) for item in entries_of(number)]
    made = runs.write_run(items, 100, lambda file: store.put(names.index_file(file.file_id), file.body))
    store.traffic.reset()
    return made


def first_key(number: int) -> str:
    """The first key of a segment."""
    return f"{number}/000"


def test_each_is_fetched_once(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Prefetching asks for each file once; loading then, and in a later session, asks for nothing."""
    cache = Kept()
    reader = SegmentReader(Place(store, names), cache, 4)
    reader.prefetch(refs)
    for number, ref in [*enumerate(refs)] * 2:
        assert list(reader.load(ref).items()) == entries_of(number)
    later = SegmentReader(Place(store, names), cache, 4)
    assert [later.load(ref).keys[0] for ref in refs] == [first_key(number) for number in range(10)]

    assert store.traffic.requests == {"GET": 2}


def test_one_segment_takes_its_own_bytes(
    store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file with eight segments one is read in two ranges, and not more than it has."""
    monkeypatch.setattr(segment_reader, "_GAP", 0)
    SegmentReader(Place(store, names), Kept(), 4).load(refs[2])

    assert store.traffic.requests == {"GET": 2}
    assert store.traffic.bytes_down == refs[2].size


def test_outlines_take_one_range_of_keys(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """The keys of all segments of a file are one request without their entries; the entries are fetched when they are needed."""
    reader = SegmentReader(Place(store, names), Kept(), 4)
    reader.prefetch(refs, keys_only=True)
    assert [reader.outline(ref, first_key(number)) for number, ref in enumerate(refs)] == [Outline(0, 1)] * 10
    assert reader.outline(refs[0], "0/1") is None
    assert store.traffic.requests == {"GET": 2}
    assert store.traffic.bytes_down == sum(ref.keys_size for ref in refs)

    assert list(reader.load(refs[9]).items()) == entries_of(9)
    assert store.traffic.requests == {"GET": 3}
    assert reader.outline(refs[9], first_key(9)) == Outline(0, 1)


def test_a_table_is_fetched_once(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """A table that no head has comes from the store, and then from the cache; one that lies about its run is damage."""
    content = encode_table(refs)
    table, body = content_id(content), compress(content)
    store.put(names.table(table), body)
    store.traffic.reset()
    good = RunRef(10, 1000, None, table, len(body))
    stored = encode_head(make_head(runs=(good,)))
    cache = Kept()
    for _ in range(2):
        reader = SegmentReader(Place(store, names), cache, 2)
        assert list(reader.run(good, stored)) == refs
    assert store.traffic.requests == {"GET": 1}

    for lie in ({"segments": 11}, {"keys": 1001}, {"size": len(body) - 1}):
        with pytest.raises(IntegrityError):
            SegmentReader(Place(store, names), Kept(), 2).run(msgspec.structs.replace(good, **lie), stored)


def test_memory_keeps_only_so_many(
    store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound the longest unused segments leave memory, and are read from the cache again."""
    monkeypatch.setattr(segment_reader, "_MOST_DECODED_KEYS", 250)
    reader = SegmentReader(Place(store, names), Kept(), 4)
    for ref in refs:
        reader.load(ref)
    requests = store.traffic.total_requests

    assert len(reader._decoded) == 2
    assert reader._decoded_keys == 200
    assert reader.load(refs[0]).keys[0] == first_key(0)
    assert store.traffic.total_requests == requests


def test_a_walk_leaves_memory_as_it_was(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Of what a walk passes only the first few stay; what was in memory before is used, and stays too."""
    reader = SegmentReader(Place(store, names), Kept(), 4)
    known = reader.load(refs[5])
    load = reader.pass_through(2)
    passed = [load(ref) for ref in refs]

    assert [segment.keys[0] for segment in passed] == [first_key(number) for number in range(10)]
    assert passed[5] is known
    assert {*reader._decoded} == {refs[0].id, refs[1].id, refs[5].id}
    for kept, walked in ((reader.load(refs[0]), entries_of(0)), (known, entries_of(5))):
        assert [*kept.items()] == walked


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATE, FaultKind.FLIP_BIT, FaultKind.FAIL_BEFORE])
@pytest.mark.parametrize("many", [False, True])
def test_what_is_damaged_is_not_kept(
    kind: FaultKind,
    many: bool,
    store: DirectoryStore,
    names: ObjectNames,
    refs: list[SegmentRef],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that arrives damaged is asked for once more; nothing of it that is damaged is in the cache, so that this works."""
    monkeypatch.setattr(segment_reader, "_GAP", 0)
    cache = Kept()
    faulty = FaultyStore(store, FaultPlan([Fault(kind, "get", 1, refs[0].file.hex())]))
    reader = SegmentReader(Place(faulty, names), cache, 2)
    fails = pytest.raises(UnreachableError) if kind is FaultKind.FAIL_BEFORE else nullcontext()
    with fails:
        reader.prefetch(refs) if many else reader.load(refs[0])
    assert len(faulty.plan.fired) == 1

    for number, ref in enumerate(refs):
        assert list(reader.load(ref).items()) == entries_of(number)


def test_a_segment_that_is_gone_says_what_to_do(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """A missing file is an IntegrityError with a way out."""
    store.delete(names.index_file(refs[3].file))

    with pytest.raises(IntegrityError, match="pull"):
        SegmentReader(Place(store, names), Kept(), 2).load(refs[3])


def test_a_table_that_lies_about_a_segment_is_found(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Another number of keys, or another place, is damage."""
    ref = refs[0]
    for lie in ({"keys": 99}, {"keys_size": ref.keys_size - 1}, {"entries_at": ref.entries_at + 1}, {"id": refs[1].id}):
        with pytest.raises(IntegrityError):
            SegmentReader(Place(store, names), Kept(), 2).load(msgspec.structs.replace(ref, **lie))


def test_many_threads_may_read(store: DirectoryStore, names: ObjectNames, refs: list[SegmentRef]) -> None:
    """Threads that read at once get right answers, and counts stay exact."""
    reader = SegmentReader(Place(store, names), Kept(), 2)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for number, ref in [*enumerate(refs)] * 5:
                assert reader.load(ref).find(first_key(number)) is not None
                assert reader.outline(ref, first_key(number)) == Outline(0, 1)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert reader._decoded_keys == 1000
