"""Runs of segments, and what a commit holds itself, equal a dict whatever was pushed, and a change costs what it touches."""

from __future__ import annotations

from collections.abc import Iterable

import hypothesis.strategies as st
import pytest
from format.bucket import Bucket, Items
from format.entries import KEYS, LETTERS
from hypothesis import example, given, settings

from catalog.errors import IntegrityError
from catalog.format import runs as index
from catalog.format.checksum import checksum
from catalog.format.head import StoredHead
from catalog.format.segment import DELETED, Entry, IndexPart, Outline, Segment
from catalog.format.table import Run, SegmentRef
from catalog.remote import index_writer
from catalog.remote.snapshot import Snapshot, same_version

POOL = st.one_of(st.text("ab", min_size=1, max_size=4), st.sampled_from(["\0", "a\0", "é", "日本", "\U0010ffff"]))
GONE = Entry(9, DELETED, 0, 0, bytes(8))


def entry(number: int) -> Entry:
    """One of a few entries, so that pushes repeat each other."""
    return Entry(number, bytes([number + 1]) * 16, number, number, bytes([number]) * 8, None, 100 + number)


def inline(number: int) -> Entry:
    """One of a few entries with their values."""
    value = bytes([number]) * number
    return Entry(number, DELETED, 0, number, checksum(value), value)


PACKED = st.one_of(st.integers(0, 3).map(entry), st.just(GONE))
ENTRIES = st.one_of(PACKED, st.integers(0, 3).map(inline))
PUSHES = st.lists(st.dictionaries(POOL | KEYS, ENTRIES, min_size=1, max_size=30), min_size=1, max_size=8)
SIZES = st.integers(1, 7)


def sorted_items(changes: dict[str, Entry]) -> Items:
    """As a push sees them."""
    return sorted(changes.items())


def packed(items: Items) -> Items:
    """What becomes of inline values that move to a run."""
    return [(key, found if found.inline is None else entry(found.length)) for key, found in items]


class SmallBucket(Bucket):
    """Holds few changes in its commits and few keys in a segment, so that small pushes do what large ones do."""

    def __init__(self, keys_each: int, most: int) -> None:
        super().__init__()
        self.keys_each, self.most = keys_each, most

    def push(self, base: StoredHead | None, items: Items) -> StoredHead:
        found = self.writer.hold(base, items) if len(items) <= self.most else None
        if found is not None and (found.changes is None or len(list(self.commit(found).changes.items())) <= self.most):  # type: ignore[union-attr]
            return self.commit(found)
        held = list(base.changes.items()) if base is not None and base.changes is not None else []
        together = packed(list(index.newest([items, held])))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index, "SEGMENT_KEYS", self.keys_each)
            patch.setattr(index_writer, "MOST_SMALL_SEGMENTS", 1)
            return self.commit(self.writer.extend(base, together, len(together), 1))


def check_run(run: Iterable[SegmentRef], bucket: Bucket) -> None:
    """Each segment holds only keys from its bound to the next one's, and the bounds rise."""
    listed = list(run)
    for position, ref in enumerate(listed):
        keys = [key for key, _ in bucket.load(ref).items()]
        assert keys[0] >= ref.first
        if position + 1 < len(listed):
            assert ref.first < listed[position + 1].first
            assert keys[-1] < listed[position + 1].first


def outlined(outline: Outline | None) -> tuple[int, int] | None:
    """What an outline says."""
    return None if outline is None else (outline.timestamp, outline.length)


def said(entry_: Entry | None) -> tuple[int, int] | None:
    """What an entry says, wherever its value lies."""
    return None if entry_ is None else (entry_.timestamp, entry_.length)


@given(PUSHES, SIZES, st.integers(0, 6), st.lists(POOL, max_size=5))
@settings(max_examples=60)
def test_any_pushes_equal_a_dict(pushes: list[dict[str, Entry]], keys_each: int, most: int, others: list[str]) -> None:
    """After each push every key is found with its newest entry, no other key is, and iteration gives all in order."""
    bucket, model = SmallBucket(keys_each, most), dict[str, Entry]()
    stored: StoredHead | None = None
    for changes in pushes:
        stored = bucket.push(stored, sorted_items(changes))
        model.update(changes)
        alive = {key: found for key, found in model.items() if not found.deleted}
        snapshot = bucket.snapshot(stored)
        for run in snapshot.runs:
            check_run(run, bucket)

        assert [(key, said(found)) for key, found in snapshot.items()] == [(key, said(alive[key])) for key in sorted(alive)]
        assert list(snapshot.items_ahead()) == list(snapshot.items())
        for key in [*model, *others]:
            assert said(snapshot.find(key)) == said(alive.get(key))
            assert outlined(snapshot.outline(key)) == said(alive.get(key))
        assert {key: said(found) for key, found in snapshot.find_many([*others, *alive])} == {
            key: said(found) for key, found in alive.items()
        }
        for start in others:
            assert [key for key, _ in snapshot.items(start)] == [key for key in sorted(alive) if key >= start]


@given(PUSHES, SIZES)
@settings(max_examples=40)
def test_outlines_need_no_entries(pushes: list[dict[str, Entry]], keys_each: int) -> None:
    """Who asks for times and lengths gets them from frames of keys alone, in a session that never read more."""
    bucket, stored = SmallBucket(keys_each, 2), None
    for changes in pushes:
        stored = bucket.push(stored, sorted_items(changes))
    assert stored is not None
    full = bucket.snapshot(stored)
    fresh = Bucket()
    fresh.frames = {id_: body for id_, body in bucket.frames.items() if id_ in {ref.id.hex() for ref in full.all_refs()}}
    fresh.frames |= {run.table.hex(): bucket.frames[run.table.hex()] for run in stored.head.runs if run.table is not None}
    counting = fresh.snapshot(stored)

    for key in {key for changes in pushes for key in changes}:
        assert outlined(counting.outline(key)) == said(full.find(key))


@given(PUSHES, SIZES)
@settings(max_examples=40)
def test_the_oldest_run_has_no_deletions(pushes: list[dict[str, Entry]], keys_each: int) -> None:
    """Deletions end in the oldest run, so that deleted keys take no room for ever; where there is none, at once."""
    bucket, stored = SmallBucket(keys_each, 2), None
    for changes in pushes:
        stored = bucket.push(stored, sorted_items(changes))
        snapshot = bucket.snapshot(stored)
        oldest = list(index.run_items(snapshot.runs[-1], bucket.load)) if snapshot.runs else []
        if not snapshot.runs and stored.changes is not None:
            oldest = list(stored.changes.items())
        assert not any(found.deleted for _, found in oldest)


def differences(left: Snapshot, right: Snapshot) -> list[tuple[str, Entry | None, Entry | None]]:
    """What differs, by looking at everything."""
    old, new = dict(left.items()), dict(right.items())
    keys = sorted({*old, *new})
    return [(key, old.get(key), new.get(key)) for key in keys if not same_version(old.get(key), new.get(key))]


@given(PUSHES, SIZES, st.integers(0, 6))
@example([{"a": entry(0)}, {"a": entry(1), "b": entry(0)}, {"a": entry(0)}, {"c": entry(1)}], 1, 0)
@settings(max_examples=60)
def test_differences_equal_a_full_comparison(pushes: list[dict[str, Entry]], keys_each: int, most: int) -> None:
    """Comparing two commits by their unshared segments finds what a comparison of all keys finds."""
    bucket = SmallBucket(keys_each, most)
    commits = [bucket.state([])]
    for changes in pushes:
        commits.append(bucket.push(commits[-1] if len(commits) > 1 else None, sorted_items(changes)))
    for left in commits:
        for right in commits:
            one, two = bucket.snapshot(left), bucket.snapshot(right)
            assert list(one.differing(two)) == differences(one, two)


RUN_OF_ITEMS = st.dictionaries(POOL, PACKED, min_size=1, max_size=8)


@given(st.lists(RUN_OF_ITEMS, min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_differences_hold_for_runs_in_any_order(contents: list[dict[str, Entry]], data: st.DataObject) -> None:
    """Segments that two commits share count as shared only where they mean the same: a stranger may order runs at will."""
    bucket = Bucket()
    runs = [bucket.write_run(sorted_items(changes), 3) for changes in contents]
    changes = data.draw(st.none() | st.dictionaries(POOL, ENTRIES, min_size=1, max_size=4).map(sorted_items))
    one = bucket.snapshot(bucket.state(data.draw(st.lists(st.sampled_from(runs), max_size=4)), changes))
    two = bucket.snapshot(bucket.state(data.draw(st.lists(st.sampled_from(runs), max_size=4))))

    assert list(one.differing(two)) == differences(one, two)
    assert list(two.differing(one)) == differences(two, one)


def test_comparing_neighbours_reads_only_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two commits of a large index only the changed segment is read."""
    monkeypatch.setattr(index, "SEGMENT_KEYS", 10)
    bucket = Bucket()
    before = bucket.push(None, [(f"{number:05d}", entry(1)) for number in range(1000)])
    after = bucket.commit(bucket.writer.extend(before, [("00500", entry(2)), ("00501", GONE)], 1000, 1))
    fresh = Bucket()
    fresh.frames = dict(bucket.frames)
    loads: set[bytes] = set()
    real = fresh.reader.load

    def load(ref: SegmentRef) -> IndexPart:
        loads.add(ref.id)
        return real(ref)

    monkeypatch.setattr(fresh.reader, "load", load)

    assert [key for key, _, _ in fresh.snapshot(before).differing(fresh.snapshot(after))] == ["00500", "00501"]
    assert len(loads) <= 3


def test_a_run_can_be_put_on_any_commit() -> None:
    """A run that was written once says the same on top of another commit, and of what that one held itself no more."""
    bucket = Bucket()
    base = bucket.push(None, [("a", inline(1)), ("b", inline(2))])
    mine = bucket.writer.write_run([("b", entry(3)), ("c", GONE)], 10)
    theirs = bucket.push(base, [("d", inline(3))])
    for over, expected in ((base, {"a", "b"}), (theirs, {"a", "b", "d"})):
        made = bucket.commit(bucket.writer.put_on_top(over, mine))
        found = dict(bucket.snapshot(made).items())
        assert set(found) == expected
        assert found["b"] == entry(3)
        assert found["a"] == inline(1)


def test_runs_that_pile_up_are_merged() -> None:
    """However many runs were put on top of each other, a later push leaves no more than a reader accepts."""
    bucket = Bucket()
    base = bucket.commit(bucket.writer.extend(None, [("a", entry(1))], 1, 1))
    for number in range(60):
        base = bucket.commit(bucket.writer.put_on_top(base, bucket.writer.write_run([(f"k{number:02d}", entry(2))], 1)))
    assert len(base.head.runs) == 61

    merged = bucket.commit(bucket.writer.extend(base, [("z", entry(3))], 1, 1))
    assert len(merged.head.runs) == 1
    assert len(dict(bucket.snapshot(merged).items())) == 62


def test_a_change_writes_only_the_segments_it_touches() -> None:
    """Applying one change to the oldest run keeps all references but one."""
    bucket = Bucket()
    run = bucket.write_run([(f"{number:05d}", entry(1)) for number in range(1000)], 10)
    bucket.loaded.clear()

    written = index.apply_to_oldest([("00555x", entry(2))], run, bucket.load, 10, bucket.put)

    assert len(bucket.loaded) == 1
    assert len({ref.id for ref in written} - {ref.id for ref in run}) == 1
    assert [ref.first for ref in written] == [ref.first for ref in run]


@given(st.dictionaries(POOL, PACKED, min_size=1), st.dictionaries(POOL, PACKED, min_size=1), SIZES)
@settings(max_examples=60)
def test_applying_changes_to_the_oldest_run(before: dict[str, Entry], changes: dict[str, Entry], keys_each: int) -> None:
    """The oldest run with changes applied equals the dict, and keeps every segment that no change touches."""
    bucket = Bucket()
    alive = {key: found for key, found in before.items() if not found.deleted}
    run = bucket.write_run(sorted_items(alive), keys_each)
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
    count = index.runs_to_merge(sizes, new)
    merged = new + sum(sizes[:count])

    assert count == len(sizes) or merged * index.GROWTH < sizes[count]
    for fewer in range(count):
        assert (new + sum(sizes[:fewer])) * index.GROWTH >= sizes[fewer]


@given(st.integers(0, 200), st.integers(1, 12))
@settings(max_examples=40)
def test_segments_are_neither_splinters_nor_too_large(total: int, keys_each: int) -> None:
    """A rewritten run has segments of at most one and a half times the wanted size, and splinters only if it is one."""
    bucket = Bucket()
    run: Run = [SegmentRef(bytes(16), "", 0, bytes(16), 0, 0, 0, 0)]
    empty = Segment([], [], [], [], [], [], [], b"")
    items = [(f"{n:05d}", entry(1)) for n in range(total)]
    written = index.apply_to_oldest(items, run, lambda ref: empty, keys_each, bucket.put)

    assert sum(ref.keys for ref in written) == total
    assert all(ref.keys <= keys_each + keys_each // 2 for ref in written)
    assert len(written) <= 1 or all(ref.keys >= keys_each // 2 for ref in written)


def test_very_long_keys_make_small_segments() -> None:
    """A segment stays readable however long its keys are: it is cut by bytes too."""
    bucket = Bucket()
    items = [(f"{number:06d}" + "x" * 60_000, entry(1)) for number in range(200)]

    for refs in (
        bucket.write_run(items, 8192),
        index.apply_to_oldest(items, bucket.write_run(items[:1], 9), bucket.load, 8192, bucket.put),
    ):
        assert sum(ref.keys for ref in refs) == 200
        assert all(ref.keys * 60_000 < 40 << 20 for ref in refs)
        check_run(refs, bucket)


def test_tables_stay_small() -> None:
    """However many keys there are, a run has at most some thousand segments."""
    for total in (0, 1, 8192, 1_000_000, 100_000_000, 4_000_000_000):
        assert index.keys_per_segment(total) >= index.SEGMENT_KEYS
        assert total / index.keys_per_segment(total) <= 2048


def test_a_segment_outside_its_bounds_is_refused() -> None:
    """A segment with keys before its own bound or beyond the next one's is damage, not wrong answers."""
    bucket = Bucket()
    one, two, three = bucket.write_run([(letter, entry(1)) for letter in "abcdef"], 2)

    def at(ref: SegmentRef, first: str) -> SegmentRef:
        return SegmentRef(ref.id, first, ref.keys, ref.file, ref.keys_at, ref.keys_size, ref.entries_at, ref.entries_size)

    swapped = [one, at(three, two.first), at(two, three.first)]
    snapshot = bucket.snapshot(bucket.state([swapped]))

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
