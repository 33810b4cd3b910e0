"""A snapshot: the keys and entries of one commit, read as they are needed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import NoReturn, TypeVar

from catalog.errors import CatalogError
from catalog.format.fence_pointers import FencePointers
from catalog.format.head import RunRef, StoredHead
from catalog.format.runs import live, load_within, newest, run_items
from catalog.format.segment import EMPTY_SEGMENT, Entry, IndexPart, Outline
from catalog.format.table import Run, SegmentRef
from catalog.format.version import METADATA
from catalog.remote.segment_reader import SegmentReader

T = TypeVar("T")
Items = Iterator[tuple[str, Entry]]

_AHEAD = 8
"""Segments that are fetched together: in all a request's latency, and some 30,000 keys."""


class Snapshot:
    """The mapping from keys to entries that one head describes.

    It has no truth value: a commit without keys is a commit, and whoever has none says None.
    """

    def __init__(self, stored: StoredHead, segments: SegmentReader) -> None:
        self.stored = stored
        self._segments = segments

    @cached_property
    def runs(self) -> Sequence[Run]:
        """The runs of segments, newest first; fetches tables that are not here."""
        return [self._segments.run(run, self.stored) for run in self.stored.head.runs]

    @cached_property
    def _firsts(self) -> Sequence[Sequence[str]]:
        return [[ref.first for ref in run] for run in self.runs]

    def __bool__(self) -> NoReturn:
        raise TypeError("a snapshot is compared with None, never asked whether it is true")

    @property
    def commit_id(self) -> str:
        """The id of the commit."""
        return self.stored.commit_id

    @property
    def count(self) -> int:
        """How many keys it has."""
        return self.stored.head.keys

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None; fetches the segments that can hold it. The metadata are the entry of `METADATA`."""
        if key == METADATA:
            return self.stored.metadata
        changes = self.stored.changes
        if changes is not None and (entry := changes.find(key)) is not None:
            return None if entry.deleted else entry
        places = self._places_of(key)
        if len(places) > 1:
            self._segments.prefetch(run[position] for run, position in places)
        for run, position in places:
            if (entry := load_within(run, position, self._segments.load).find(key)) is not None:
                return None if entry.deleted else entry
        return None

    def find_many(self, keys: Iterable[str]) -> Iterator[tuple[str, Entry]]:
        """The entries of those of some keys that there are, sorted; fetches the segments that can hold them together."""
        ordered = sorted(keys)
        self.prefetch(ordered)
        changes, load = self.stored.changes, self._segments.load
        at = [-1] * len(self.runs)
        parts: list[IndexPart | None] = [None] * len(self.runs)
        for key in ordered:
            entry = self.stored.metadata if key == METADATA else changes.find(key) if changes is not None else None
            for number, firsts in enumerate(self._firsts if entry is None else ()):
                # Next to each other in their order, keys are most often in the same segment.
                if (position := bisect_right(firsts, key) - 1) != at[number]:
                    at[number] = position
                    parts[number] = load_within(self.runs[number], position, load) if position >= 0 else None
                part = parts[number]
                if part is not None and (entry := part.find(key)) is not None:
                    break
            if entry is not None and not entry.deleted:
                yield key, entry

    def find_in_memory(self, key: str) -> tuple[bool, Entry | None]:
        """Whether the entry of ``key`` is known from what is in memory, and the entry; asks nobody."""
        if key == METADATA:
            return True, self.stored.metadata
        changes = self.stored.changes
        if changes is not None and (entry := changes.find(key)) is not None:
            return True, None if entry.deleted else entry
        if "runs" not in self.__dict__:
            return False, None
        for run, position in self._places_of(key):
            if (segment := self._segments.in_memory(run[position])) is None:
                return False, None
            if (entry := segment.find(key)) is not None:
                return True, None if entry.deleted else entry
        return True, None

    def outline(self, key: str) -> Outline | None:
        """Of when the value of ``key`` is and how long, or None; reads nothing of a segment but its keys."""
        if key == METADATA:
            return _outline(self.stored.metadata)
        changes = self.stored.changes
        if changes is not None and (entry := changes.find(key)) is not None:
            return _outline(entry)
        for run, position in self._places_of(key):
            if (found := self._segments.outline(run[position], key)) is not None:
                return None if found.deleted else found
        return None

    def traces(self, keys: Iterable[str], seen: set[tuple[str, bytes]]) -> Iterator[tuple[str, SegmentRef, Entry]]:
        """All that the runs say of some keys, older versions too; of a segment that was ``seen`` for a key only once."""
        for key in keys:
            for run, position in self._places_of(key):
                ref = run[position]
                if (key, ref.id) not in seen:
                    seen.add((key, ref.id))
                    if (entry := load_within(run, position, self._segments.load).find(key)) is not None:
                        yield key, ref, entry

    def prefetch(self, keys: Iterable[str], *, keys_only: bool = False) -> None:
        """Bring the segments in which these keys would be, or only their keys, several at a time."""
        places = (place for key in keys if key != METADATA for place in self._places_of(key))
        self._segments.prefetch({run[at].id: run[at] for run, at in places}.values(), keys_only=keys_only)

    def everything(self) -> Items:
        """The metadata, if there are any, then all keys with their entries, sorted."""
        if (metadata := self.stored.metadata) is not None:
            yield METADATA, metadata
        yield from self.items()

    def items(self, start: str = "") -> Items:
        """All keys from ``start`` on with their entries, sorted; fetches segments as they are reached."""
        load = self._segments.pass_through(len(self.runs))
        return live(newest([*self._changes(start), *(run_items(run, load, start) for run in self.runs)]))

    def items_ahead(self) -> Items:
        """All keys with their entries, sorted; fetches segments several at a time, some before they are reached."""
        if not self.runs:
            return self.items()
        *newer, oldest = self.runs
        self._segments.prefetch(ref for run in newer for ref in run)
        steps = {oldest[at].id: oldest[at : at + _AHEAD] for at in range(0, len(oldest), _AHEAD)}
        pass_on = self._segments.pass_through(len(newer) + 1)

        def load(ref: SegmentRef) -> IndexPart:
            self._segments.prefetch(steps.get(ref.id, ()))
            return pass_on(ref)

        return live(newest([*self._changes(), *(run_items(run, load) for run in self.runs)]))

    def pieces(self, start: str = "") -> Iterator[tuple[IndexPart, Mapping[str, Entry]]]:
        """All keys from ``start`` on, in pieces of the index, in order: each with what newer ones say of keys of its range.

        The last may have only that. What is to be passed on by the thousand is taken from whole pieces.
        """
        load = self._segments.pass_through(len(self.runs))
        oldest = self.runs[-1] if self.runs else ()
        newer = [*newest([*self._changes(start), *(run_items(run, load, start) for run in self.runs[:-1])])]
        at = 0
        for position in range(len(oldest)):
            limit = oldest[position + 1].first if position + 1 < len(oldest) else None
            if limit is not None and limit <= start:
                continue
            end = len(newer) if limit is None else bisect_left(newer, limit, at, key=lambda item: item[0])
            yield load_within(oldest, position, load), dict(newer[at:end])
            at = end
        if not oldest:
            yield EMPTY_SEGMENT, dict(newer)

    def _changes(self, start: str = "") -> list[Items]:
        """The changes that the commit holds itself, as a stream before all runs; none where it holds none."""
        changes = self.stored.changes
        return [changes.items(start)] if changes is not None else []

    def fence_pointers(self) -> FencePointers:
        """The row of the first key of each segment of the oldest run; reads it only where newer changes say something too."""
        if not self.runs:
            return FencePointers((0,), ("",), sum(1 for _ in self.items()))
        *newer, oldest = self.runs
        changes = newest([*self._changes(), *(run_items(run, self._segments.load) for run in newer), iter(())])
        change, row = next(changes, None), 0
        rows, keys = [], []
        for position, ref in enumerate(oldest):
            rows.append(row)
            keys.append(ref.first if position else "")
            end = oldest[position + 1].first if position + 1 < len(oldest) else None
            row += ref.keys
            there: Set[str] | None = None
            while change is not None and (end is None or change[0] < end):
                there = frozenset(load_within(oldest, position, self._segments.load).keys) if there is None else there
                row += (change[0] not in there) * (not change[1].deleted) - (change[0] in there) * change[1].deleted
                change = next(changes, None)
        return FencePointers(rows, keys, row)

    def refs_of(self, run: RunRef) -> Run:
        """The segments of one run of this commit."""
        return self._segments.run(run, self.stored)

    def all_refs(self) -> list[SegmentRef]:
        """Every segment of this commit."""
        return [ref for run in self.runs for ref in run]

    def cached_names(self) -> set[str]:
        """The names under which the cache has what this commit's index consists of; none where that is not known now."""
        try:
            return self._segments.cached_names(self.all_refs())
        except CatalogError:
            return set()

    def unshared_refs(self, other: Snapshot | None) -> list[SegmentRef]:
        """The segments of this commit that another has not; tables that both have are not read."""
        if other is None:
            return self.all_refs()
        common = _common_runs(self.stored.head.runs, other.stored.head.runs)
        theirs = {ref.id for _, run in other.by_height(common) for ref in run}
        return [ref for _, run in self.by_height(common) for ref in run if ref.id not in theirs]

    def prefetch_all(self) -> None:
        """Bring the whole index."""
        self._segments.prefetch(self.all_refs())

    def differing(self, other: Snapshot) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """The keys whose entries differ between this snapshot and ``other``, sorted, each with both entries; the metadata first.

        Reads only segments that are not part of both. A segment counts as part of both where it has the same number of runs
        below it: elsewhere other entries can be on top of its own.
        """
        if not same_version(self.stored.metadata, other.stored.metadata):
            yield METADATA, self.stored.metadata, other.stored.metadata
        common = _common_runs(self.stored.head.runs, other.stored.head.runs)
        shared = set(self._places(common)) & set(other._places(common))
        mine, theirs = self._without(shared, common), other._without(shared, common)
        self._segments.prefetch(ref for _, run in mine + theirs for ref in run)
        for key, old, new in _side_by_side(self._placed(mine), self._placed_of(other, theirs)):
            if old != new:
                before, after = self.find(key), other.find(key)
                if not same_version(before, after):
                    yield key, before, after

    def by_height(self, common: int) -> Iterator[tuple[int, Run]]:
        """The runs, newest first, each with the number of runs below it; without the ``common`` oldest ones."""
        count = len(self.stored.head.runs)
        return (
            (count - 1 - position, self._segments.run(run, self.stored))
            for position, run in enumerate(self.stored.head.runs[: count - common])
        )

    def _places(self, common: int) -> Iterator[tuple[int, bytes]]:
        return ((height, ref.id) for height, run in self.by_height(common) for ref in run)

    def _without(self, shared: set[tuple[int, bytes]], common: int) -> list[tuple[int, list[SegmentRef]]]:
        return [(height, [ref for ref in run if (height, ref.id) not in shared]) for height, run in self.by_height(common)]

    def _placed(self, runs: Sequence[tuple[int, Run]]) -> Iterator[tuple[str, tuple[int, Entry]]]:
        return self._placed_of(self, runs)

    def _placed_of(self, whose: Snapshot, runs: Sequence[tuple[int, Run]]) -> Iterator[tuple[str, tuple[int, Entry]]]:
        """The keys of runs with their newest entries, and the height of the run that each is in; changes are above all."""

        def items(height: int, found: Iterable[tuple[str, Entry]]) -> Iterator[tuple[str, tuple[int, Entry]]]:
            return ((key, (height, entry)) for key, entry in found)

        # a change says the same whatever is below it
        above = [items(-1, changes) for changes in whose._changes()]
        return newest([*above, *(items(height, run_items(run, self._segments.load)) for height, run in runs)])

    def _places_of(self, key: str) -> list[tuple[Run, int]]:
        """Where the key can be, newest first: in which run, at which position."""
        runs = zip(self.runs, self._firsts, strict=True)
        return [(run, after - 1) for run, firsts in runs if (after := bisect_right(firsts, key))]


def _common_runs(left: Sequence[RunRef], right: Sequence[RunRef]) -> int:
    """How many of the oldest runs two commits have in common: their tables need not be read."""
    count = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if (one.table, one.refs) != (other.table, other.refs):
            break
        count += 1
    return count


def same_version(left: Entry | None, right: Entry | None) -> bool:
    """Whether two entries say the same: the same version, wherever it lies, or both nothing."""
    if left is None or right is None:
        return left is right
    return left.version == right.version


def _outline(entry: Entry | None) -> Outline | None:
    return None if entry is None or entry.deleted else Outline(entry.timestamp, entry.length)


def _side_by_side(left: Iterator[tuple[str, T]], right: Iterator[tuple[str, T]]) -> Iterator[tuple[str, T | None, T | None]]:
    """Join two sorted streams on their keys."""
    mine, theirs = next(left, None), next(right, None)
    while mine is not None or theirs is not None:
        if theirs is None or (mine is not None and mine[0] < theirs[0]):
            assert mine is not None
            yield mine[0], mine[1], None
            mine = next(left, None)
        elif mine is None or theirs[0] < mine[0]:
            yield theirs[0], None, theirs[1]
            theirs = next(right, None)
        else:
            yield mine[0], mine[1], theirs[1]
            mine, theirs = next(left, None), next(right, None)
