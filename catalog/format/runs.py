"""The index as runs of segments: which runs to merge, and how, in pure functions over sorted streams.

A push adds a run. Runs are merged so that each is at least eight times as large as the next newer one: the cost of a change
stays proportional to it, and a key is looked for in few places. When a merge reaches the oldest run, only those of its
segments are written again that hold changed keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge as heap_merge
from typing import TypeVar

from catalog.errors import IntegrityError
from catalog.format.head import RunRef
from catalog.format.segment import EncodedSegment, Entry, IndexPart, encode_segment
from catalog.format.table import SEGMENTS_PER_FILE, IndexFile, Run, SegmentRef, pack_segments

GROWTH = 8
SEGMENT_KEYS = 4096
_MOST_SEGMENTS = 2048
_MOST_CHARACTERS = 4 << 20
"""All keys of a segment together; only very long keys reach it."""

_MOST_FILE_BYTES = 4 << 20
"""An index file that has reached these takes no further segment."""

T = TypeVar("T")
Items = Iterable[tuple[str, Entry]]
Load = Callable[[SegmentRef], IndexPart]
Put = Callable[[IndexFile], object]


def keys_per_segment(total_keys: int) -> int:
    """How many keys a segment of a large run holds, so that a head stays small: 4,096, and more above 8 million keys."""
    return max(SEGMENT_KEYS, -(-total_keys // _MOST_SEGMENTS))


def runs_to_merge(sizes: Iterable[int], new_keys: int) -> int:
    """How many of the runs that have ``sizes`` keys, newest first, a new run of ``new_keys`` keys is merged with."""
    total, count = new_keys, 0
    for size in sizes:
        if total * GROWTH < size:
            break
        total += size
        count += 1
    return count


def newest(streams: Sequence[Iterable[tuple[str, T]]]) -> Iterator[tuple[str, T]]:
    """Merge sorted streams, newest first; of a key in several, the entry in the newest."""
    if len(streams) == 1:
        yield from streams[0]
        return

    def ranked(rank: int, stream: Iterable[tuple[str, T]]) -> Iterator[tuple[str, int, T]]:
        return ((key, rank, entry) for key, entry in stream)

    last: str | None = None
    for key, _, entry in heap_merge(*(ranked(rank, stream) for rank, stream in enumerate(streams))):
        if key != last:
            last = key
            yield key, entry


def run_items(run: Run, load: Load, start: str = "") -> Iterator[tuple[str, Entry]]:
    """The keys of a run from ``start`` on with their entries, loading segments as they are reached."""
    for position in range(len(run)):
        if position + 1 < len(run) and run[position + 1].first <= start:
            continue
        yield from load_within(run, position, load).items(start)


def load_within(run: Run, position: int, load: Load) -> IndexPart:
    """The segment at a position of a run; IntegrityError when it holds keys that belong elsewhere."""
    ref = run[position]
    segment = load(ref)
    limit = run[position + 1].first if position + 1 < len(run) else None
    if not ref.first and limit is None:
        return segment
    if segment.keys and (segment.keys[0] < ref.first or (limit is not None and segment.keys[-1] >= limit)):
        raise IntegrityError(f"The index segment {ref.id.hex()[:8]}… holds keys outside of the range that its table gives.")
    return segment


def live(items: Items) -> Iterator[tuple[str, Entry]]:
    """Leave out what was deleted."""
    return ((key, entry) for key, entry in items if not entry.deleted)


def separator(previous: str, first: str) -> str:
    """The shortest string that is after ``previous`` and not after ``first``, to bound a segment in the head."""
    for length in range(1, len(first)):
        if first[:length] > previous:
            return first[:length]
    return first


class _Writer:
    """Writes segments, a few at a time into one index file."""

    def __init__(self, put: Put, salt: int) -> None:
        self._put, self._salt = put, salt
        self._waiting: list[tuple[EncodedSegment, str]] = []
        self._size = 0
        self._refs: list[SegmentRef] = []

    def write(self, chunk: list[tuple[str, Entry]], first: str) -> int:
        """Write a segment; the number that its reference will have."""
        number = len(self._refs) + len(self._waiting)
        encoded = encode_segment(chunk, self._salt)
        self._waiting.append((encoded, first))
        self._size += len(encoded.keys_body) + len(encoded.entries_body)
        if len(self._waiting) >= SEGMENTS_PER_FILE or self._size >= _MOST_FILE_BYTES:
            self._flush()
        return number

    def _flush(self) -> None:
        if self._waiting:
            file = pack_segments(self._waiting)
            self._put(file)
            self._refs.extend(file.refs)
            self._waiting, self._size = [], 0

    def finish(self) -> list[SegmentRef]:
        """Everything is written; what refers to it, in order."""
        self._flush()
        return self._refs


def write_run(items: Items, keys_each: int, put: Put, salt: int = 0) -> list[SegmentRef]:
    """Write a sorted stream as new segments and return what refers to them."""
    writer = _Writer(put, salt)
    last = ""
    for chunk in _chunks(items, keys_each):
        writer.write(chunk, separator(last, chunk[0][0]))
        last = chunk[-1][0]
    return writer.finish()


class _Changes:
    """A sorted stream that can be taken in pieces."""

    def __init__(self, items: Items) -> None:
        self._stream = iter(items)
        self._next = next(self._stream, None)

    def any_below(self, limit: str | None) -> bool:
        return self._next is not None and (limit is None or self._next[0] < limit)

    def take_below(self, limit: str | None) -> Iterator[tuple[str, Entry]]:
        while self._next is not None and (limit is None or self._next[0] < limit):
            yield self._next
            self._next = next(self._stream, None)


@dataclass(frozen=True, slots=True)
class SegmentAccess:
    """How segments are read and written: those of a run, one of them, and an index file; new ones get names of a ``salt``.

    No segment stays, where its run is merged, that lies in one of the index files ``without_files``.
    """

    resolve: Callable[[RunRef], Run]
    load: Load
    put: Put
    salt: int = 0
    without_files: Collection[bytes] = ()


def apply_to_oldest(
    changes: Items, run: Run, load: Load, keys_each: int, put: Put, salt: int = 0, without_files: Collection[bytes] = ()
) -> list[SegmentRef]:
    """Apply sorted changes to the oldest run, writing again only the segments that they touch; deletions end here.

    Segments that lie in one of the index files ``without_files`` are written again too.
    """
    parts: list[SegmentRef | int] = []
    writer, rest = _Writer(put, salt), _Changes(changes)
    for position, ref in enumerate(run):
        limit = run[position + 1].first if position + 1 < len(run) else None
        if not rest.any_below(limit) and ref.file not in without_files:
            parts.append(ref)
            continue
        merged = live(newest((rest.take_below(limit), load_within(run, position, load).items())))
        last = ""
        for number, chunk in enumerate(_even_chunks(merged, keys_each)):
            first = ref.first if position and not number else separator(last, chunk[0][0])
            parts.append(writer.write(chunk, first))
            last = chunk[-1][0]
    written = writer.finish()
    return [written[part] if isinstance(part, int) else part for part in parts]


def _chunks(items: Items, keys_each: int) -> Iterator[list[tuple[str, Entry]]]:
    """Cut a stream into chunks of ``keys_each`` keys, or fewer where they are very long."""
    chunk: list[tuple[str, Entry]] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(item[0])
        if len(chunk) >= keys_each or size >= _MOST_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _even_chunks(items: Items, keys_each: int) -> Iterator[list[tuple[str, Entry]]]:
    """Cut a stream into chunks of at most one and a half times ``keys_each``, so that none is a splinter."""
    chunks = _chunks(items, keys_each)
    chunk = next(chunks, [])
    while chunk:
        following = next(chunks, [])
        if len(following) < keys_each // 2:
            both = chunk + following
            if len(both) > keys_each + keys_each // 2:
                half = len(both) // 2
                yield both[:half]
                yield both[half:]
            else:
                yield both
            chunk = next(chunks, [])
        else:
            yield chunk
            chunk = following


def extend(
    runs: Sequence[RunRef],
    entries: Items,
    expected: int,
    keys_each: int,
    access: SegmentAccess,
) -> tuple[list[SegmentRef], tuple[RunRef, ...]]:
    """Add a run of about ``expected`` sorted entries to ``runs``, newest first, merging as many as is worth it.

    The new run, which is empty where nothing is left of it, and the older ones that stay as they are.
    """
    if not runs:
        return write_run(live(entries), keys_each, access.put, access.salt), ()
    load = access.load
    count = runs_to_merge((run.keys for run in runs), expected)
    merged = [access.resolve(run) for run in runs[:count]]
    if count == len(runs):
        newer = newest([entries, *(run_items(run, load) for run in merged[:-1])])
        return apply_to_oldest(newer, merged[-1], load, keys_each, access.put, access.salt, access.without_files), ()
    together = newest([entries, *(run_items(run, load) for run in merged)])
    return write_run(together, keys_each, access.put, access.salt), tuple(runs[count:])
