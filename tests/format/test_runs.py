"""Runs of segments equal a dict, whatever was pushed, and a change costs what it touches."""

from __future__ import annotations

from collections.abc import Iterable

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from catalog.errors import IntegrityError
from catalog.format import runs as index
from catalog.format.head import SegmentRef
from catalog.format.segment import DELETED, Entry, IndexPart, Segment
from catalog.remote.snapshot import Snapshot, same_version

from .bucket import Bucket, Items, Runs
from .entries import KEYS, LETTERS

POOL = st.one_of(st.text("ab", min_size=1, max_size=4), st.sampled_from(["\0", "a\0", "é", "日本", "\U0010ffff"]))
GONE = Entry(9, DELETED, 0, 0, bytes(8))


def entry(number: int) -> Entry:
    """One of a few entries, so that pushes repeat each other."""
    return Entry(number, bytes([number + 1]) * 16, number, number, bytes([number]) * 8)


ENTRIES = st.one_of(st.integers(0, 3).map(entry), st.just(GONE))
PUSHES = st.lists(st.dictionaries(POOL | KEYS, ENTRIES, min_size=1, max_size=30), min_size=1, max_size=8)
SIZES = st.integers(1, 7)


def sorted_items(changes: dict[str, Entry]) -> Items:
    """As a push sees them."""
    return sorted(changes.items())


def check_run(run: Iterable[SegmentRef], bucket: Bucket) -> None:
    """Each segment holds only keys from its bound to the next one's, and the bounds rise."""
    listed = list(run)
    for position, ref in enumerate(listed):
        keys = [key for key, _ in bucket.load(ref).items()]
        assert keys[0] >= ref.first
        if position + 1 < len(listed):
            assert ref.first < listed[position + 1].first
            assert keys[-1] < listed[position + 1].first


@given(PUSHES, SIZES, st.lists(POOL, max_size=5))
def test_any_pushes_equal_a_dict(pushes: list[dict[str, Entry]], keys_each: int, others: list[str]) -> None:
    """After each push every key is found with its newest entry, no other key is, and iteration gives all in order."""
    bucket, model, runs = Bucket(), dict[str, Entry](), Runs()
    for changes in pushes:
        runs = bucket.push(runs, sorted_items(changes), keys_each)
        model.update(changes)
        alive = {key: found for key, found in model.items() if not found.deleted}
        for run in runs:
            check_run(run, bucket)
        snapshot = bucket.snapshot(runs)

        assert dict(snapshot.items()) == alive
        assert list(snapshot.items_ahead()) == list(snapshot.items())
        assert [key for key, _ in snapshot.items()] == sorted(alive)
        for key in [*model, *others]:
            assert snapshot.find(key) == alive.get(key)
        for start in others:
            assert list(snapshot.items(start)) == [(key, alive[key]) for key in sorted(alive) if key >= start]


@given(PUSHES, SIZES)
def test_the_oldest_run_has_no_deletions(pushes: list[dict[str, Entry]], keys_each: int) -> None:
    """Deletions end in the oldest run, so that deleted keys take no room for ever."""
    bucket, runs = Bucket(), Runs()
    for changes in pushes:
        runs = bucket.push(runs, sorted_items(changes), keys_each)
        if runs:
            assert not any(found.deleted for _, found in index.run_items(runs[-1], bucket.load))


def differences(left: Snapshot, right: Snapshot) -> list[tuple[str, Entry | None, Entry | None]]:
    """What differs, by looking at everything."""
    old, new = dict(left.items()), dict(right.items())
    keys = sorted({*old, *new})
    return [(key, old.get(key), new.get(key)) for key in keys if not same_version(old.get(key), new.get(key))]


@given(PUSHES, SIZES, st.data())
@example([{"a": entry(0)}, {"a": entry(1), "b": entry(0)}, {"a": entry(0)}, {"c": entry(1)}], 1, None)
def test_differences_equal_a_full_comparison(pushes: list[dict[str, Entry]], keys_each: int, data: st.DataObject | None) -> None:
    """Comparing two commits by their unshared segments finds what a comparison of all keys finds."""
    bucket, runs = Bucket(), Runs()
    commits = [runs]
    for changes in pushes:
        runs = bucket.push(runs, sorted_items(changes), keys_each)
        commits.append(runs)
    for left in commits:
        for right in commits:
            one, two = bucket.snapshot(left), bucket.snapshot(right)
            assert list(one.differing(two)) == differences(one, two)


RUN_OF_ITEMS = st.dictionaries(POOL, ENTRIES, min_size=1, max_size=8)


@given(st.lists(RUN_OF_ITEMS, min_size=1, max_size=4), st.data())
def test_differences_hold_for_runs_in_any_order(contents: list[dict[str, Entry]], data: st.DataObject) -> None:
    """Segments that two commits share count as shared only where they mean the same: a stranger may order runs at will."""
    bucket = Bucket()
    runs = [tuple(index.write_run(sorted_items(changes), 3, bucket.put)) for changes in contents]
    one = bucket.snapshot(data.draw(st.lists(st.sampled_from(runs), max_size=4)))
    two = bucket.snapshot(data.draw(st.lists(st.sampled_from(runs), max_size=4)))

    assert list(one.differing(two)) == differences(one, two)


def test_two_orders_of_the_same_runs_differ() -> None:
    """The same segments in another order are another state."""
    bucket = Bucket()
    runs = [index.write_run([("k", entry(number))], 3, bucket.put) for number in (1, 2)]
    one, two = bucket.snapshot(runs), bucket.snapshot(runs[::-1])

    assert list(one.differing(two)) == [("k", entry(1), entry(2))]


def test_comparing_neighbours_reads_only_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two commits of a large index only the changed segment is read."""
    bucket = Bucket()
    runs = bucket.push((), [(f"{number:05d}", entry(1)) for number in range(1000)], 10)
    after = bucket.push(runs, [("00500", entry(2)), ("00501", GONE)], 10)
    fresh = Bucket()
    fresh.bodies = dict(bucket.bodies)
    loads: set[str] = set()
    real = fresh.reader.load

    def load(ref: SegmentRef) -> IndexPart:
        loads.add(ref.id)
        return real(ref)

    monkeypatch.setattr(fresh.reader, "load", load)

    assert [key for key, _, _ in fresh.snapshot(runs).differing(fresh.snapshot(after))] == ["00500", "00501"]
    assert len(loads) <= 3


def test_a_change_writes_only_the_segments_it_touches() -> None:
    """Applying one change to the oldest run keeps all references but one."""
    bucket = Bucket()
    run = index.write_run([(f"{number:05d}", entry(1)) for number in range(1000)], 10, bucket.put)
    bucket.loaded.clear()

    written = index.apply_to_oldest([("00555x", entry(2))], run, bucket.load, 10, bucket.put)

    assert len(bucket.loaded) == 1
    assert len({ref.id for ref in written} - {ref.id for ref in run}) == 1
    assert [ref.first for ref in written] == [ref.first for ref in run]


@given(st.dictionaries(POOL, ENTRIES, min_size=1), st.dictionaries(POOL, ENTRIES, min_size=1), SIZES)
def test_applying_changes_to_the_oldest_run(before: dict[str, Entry], changes: dict[str, Entry], keys_each: int) -> None:
    """The oldest run with changes applied equals the dict, and keeps every segment that no change touches."""
    bucket = Bucket()
    alive = {key: found for key, found in before.items() if not found.deleted}
    run = index.write_run(sorted_items(alive), keys_each, bucket.put)
    if not run:
        return

    written = index.apply_to_oldest(sorted_items(changes), run, bucket.load, keys_each, bucket.put)

    merged = {key: found for key, found in {**alive, **changes}.items() if not found.deleted}
    assert list(index.run_items(written, bucket.load)) == sorted_items(merged)
    check_run(written, bucket)
    touched = {max((ref.first, ref.id) for ref in run if ref.first <= max(key, run[0].first))[1] for key in changes}
    assert {ref.id for ref in run} - touched <= {ref.id for ref in written}


@given(st.lists(st.dictionaries(POOL, st.integers(0, 3).map(entry)), max_size=5))
def test_the_newest_entry_wins(streams: list[dict[str, Entry]]) -> None:
    """Merging streams, newest first, equals updating a dict from the oldest on."""
    model: dict[str, Entry] = {}
    for stream in reversed(streams):
        model.update(stream)

    assert list(index.newest([sorted_items(stream) for stream in streams])) == sorted_items(model)


@given(LETTERS, LETTERS)
def test_separators_lie_between(one: str, two: str) -> None:
    """A separator is after the key before and not after the key that follows, and no prefix of it would do."""
    low, high = sorted((one, two))
    if low == high:
        return
    found = index.separator(low, high)

    assert low < found <= high
    assert high.startswith(found)
    assert not found[:-1] > low


@given(st.lists(st.integers(1, 10_000), max_size=12), st.integers(1, 10_000))
def test_after_a_merge_runs_grow_eightfold(sizes: list[int], new: int) -> None:
    """Merging leaves a next run of more than eight times the new one, and takes no more runs than it must."""
    runs = [[SegmentRef("0" * 32, "a", size, 1)] for size in sizes]
    count = index.runs_to_merge(runs, new)
    merged = new + sum(sizes[:count])

    assert count == len(runs) or merged * index.GROWTH < sizes[count]
    for fewer in range(count):
        assert (new + sum(sizes[:fewer])) * index.GROWTH >= sizes[fewer]


@given(st.integers(0, 200), st.integers(1, 12))
def test_segments_are_neither_splinters_nor_too_large(total: int, keys_each: int) -> None:
    """A rewritten run has segments of at most one and a half times the wanted size, and splinters only if it is one."""
    bucket = Bucket()
    run = [SegmentRef("", "", 0, 0)]
    empty = Segment([], [], [], [], [], [], b"")
    written = index.apply_to_oldest([(f"{n:05d}", entry(1)) for n in range(total)], run, lambda ref: empty, keys_each, bucket.put)

    assert sum(ref.keys for ref in written) == total
    assert all(ref.keys <= keys_each + keys_each // 2 for ref in written)
    assert len(written) <= 1 or all(ref.keys >= keys_each // 2 for ref in written)


def test_very_long_keys_make_small_segments() -> None:
    """A segment stays readable however long its keys are: it is cut by bytes too."""
    bucket = Bucket()
    items = [(f"{number:06d}" + "x" * 60_000, entry(1)) for number in range(1_000)]

    for refs in (
        index.write_run(items, 8192, bucket.put),
        index.apply_to_oldest(items, index.write_run(items[:1], 9, bucket.put), bucket.load, 8192, bucket.put),
    ):
        assert sum(ref.keys for ref in refs) == 1_000
        assert all(ref.keys * 60_000 < 40 << 20 for ref in refs)
        check_run(refs, bucket)


def test_heads_stay_small() -> None:
    """However many keys there are, a run has at most some thousand segments."""
    for total in (0, 1, 8192, 1_000_000, 100_000_000, 4_000_000_000):
        assert index.keys_per_segment(total) >= index.SEGMENT_KEYS
        assert total / index.keys_per_segment(total) <= 2048


def test_a_segment_outside_its_bounds_is_refused() -> None:
    """A segment with keys before its own bound or beyond the next one's is damage, not wrong answers."""
    bucket = Bucket()
    refs = index.write_run([(letter, entry(1)) for letter in "abcdef"], 2, bucket.put)
    swapped = [
        refs[0],
        SegmentRef(refs[2].id, refs[1].first, 2, refs[2].bytes),
        SegmentRef(refs[1].id, refs[2].first, 2, refs[1].bytes),
    ]
    snapshot = bucket.snapshot([swapped])

    for reading in (
        lambda: list(snapshot.items()),
        lambda: list(snapshot.items_ahead()),
        lambda: snapshot.find("e"),
        lambda: snapshot.find("c"),
    ):
        with pytest.raises(IntegrityError):
            reading()
    with pytest.raises(IntegrityError):
        list(index.apply_to_oldest([("c2", entry(1)), ("f", entry(2))], swapped, bucket.reader.load, 2, bucket.put))
