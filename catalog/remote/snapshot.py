"""A snapshot: the keys and entries of one commit, read as they are needed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from .head import SegmentRef, StoredHead
from .index import live, newest, run_items
from .index_segment import Entry
from .segment_reader import SegmentReader


class Snapshot:
    """The mapping from keys to entries that one head describes."""

    def __init__(self, stored: StoredHead, segments: SegmentReader) -> None:
        self.stored = stored
        self._segments = segments
        self._firsts = [[ref.first for ref in run] for run in stored.head.runs]

    def __len__(self) -> int:
        return self.stored.head.keys

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None; fetches the segments that can hold it."""
        refs = self._refs_of(key)
        if len(refs) > 1:
            self._segments.prefetch(refs)
        for ref in refs:
            if (entry := self._segments.load(ref).find(key)) is not None:
                return None if entry.deleted else entry
        return None

    def prefetch(self, keys: Iterable[str]) -> None:
        """Bring the segments in which these keys would be, several at a time."""
        self._segments.prefetch({ref.id: ref for key in keys for ref in self._refs_of(key)}.values())

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted; fetches segments as they are reached."""
        load = self._segments.load
        return live(newest([run_items(run, load, start) for run in self.stored.head.runs]))

    def all_refs(self) -> list[SegmentRef]:
        """Every segment of this commit."""
        return [ref for run in self.stored.head.runs for ref in run]

    def prefetch_all(self) -> None:
        """Bring the whole index."""
        self._segments.prefetch(self.all_refs())

    def differing(self, other: Snapshot) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """The keys whose entries differ between this snapshot and ``other``, sorted, each with both entries.

        Reads only segments that are not part of both.
        """
        mine = {ref.id for ref in self.all_refs()}
        theirs = {ref.id for ref in other.all_refs()}
        only_mine = self._without(theirs)
        only_theirs = other._without(mine)
        self._segments.prefetch(ref for run in only_mine + only_theirs for ref in run)
        load = self._segments.load
        left = newest([run_items(run, load) for run in only_mine])
        right = newest([run_items(run, load) for run in only_theirs])
        for key, old, new in _side_by_side(left, right):
            if old != new:
                before, after = self.find(key), other.find(key)
                if not same_version(before, after):
                    yield key, before, after

    def _without(self, segment_ids: set[str]) -> list[list[SegmentRef]]:
        return [[ref for ref in run if ref.id not in segment_ids] for run in self.stored.head.runs]

    def _refs_of(self, key: str) -> list[SegmentRef]:
        refs = []
        for run, firsts in zip(self.stored.head.runs, self._firsts, strict=True):
            if position := bisect_right(firsts, key):
                refs.append(run[position - 1])
        return refs


def same_version(left: Entry | None, right: Entry | None) -> bool:
    """Whether two entries say the same: the same bytes at the same timestamp, wherever they lie, or both nothing."""
    if left is None or right is None:
        return left is right
    return (left.timestamp, left.length, left.checksum) == (right.timestamp, right.length, right.checksum)


def _side_by_side(
    left: Iterator[tuple[str, Entry]], right: Iterator[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
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
