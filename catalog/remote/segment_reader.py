"""Reading the index: tables and segments from memory, from the working copy's cache, or from the store, in few requests."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from typing_extensions import override

from catalog.errors import GoneError, IntegrityError, ObjectMissingError
from catalog.format.content import content_id, named_content
from catalog.format.head import RunRef, StoredHead, Table, checked_run
from catalog.format.segment import IndexPart, Keys, Outline, Segment, decode_entries, decode_keys
from catalog.format.table import IndexFile, Run, SegmentRef, decode_table
from catalog.processes.fork import OfOneProcess
from catalog.remote.again import verified
from catalog.remote.ebooklet_image import decode_image_part, is_image
from catalog.remote.place import Place
from catalog.store.interface import ByteRange

_MOST_DECODED_KEYS = 1_500_000
_MOST_BODY = 64 << 20
_MOST_KEY_FRAMES = 16
_MOST_OUTLINES = 50_000
"""What was said of so many keys is kept: a push asks for each of its keys several times."""

_MOST_TABLES = 8
_AHEAD = 64
_GAP = 32 << 10
"""Bytes between two frames that are cheaper to fetch than to ask again for."""

_MOST_TOGETHER = 8 << 20
_SAVED = "If this is an old state, garbage collection removed it: pull. Otherwise run 'catalog doctor'."


class ObjectCache(Protocol):
    """Where immutable objects, and frames of them, are kept between sessions, by the hex of their ids."""

    def get_segment(self, object_id: str) -> bytes | None:
        """The body of an object, or None."""

    def put_segment(self, object_id: str, body: bytes) -> None:
        """Keep the body of an object."""


class NoCache:
    """Keeps nothing: all is read from the store itself."""

    def get_segment(self, object_id: str) -> None:
        """Nothing is kept."""

    def put_segment(self, object_id: str, body: bytes) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A piece of an index file."""

    file: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


class SegmentReader(OfOneProcess):
    """Gives decoded segments; keeps those last used in memory, up to 1.5 million keys.

    ``make_again`` brings segments into the cache that are neither there nor in the store, if there is something to make them of;
    whether there was.
    """

    def __init__(self, place: Place, cache: ObjectCache, threads: int, make_again: Callable[[], bool] = lambda: False) -> None:
        self._make_again = make_again
        self._place, self._cache, self._threads = place, cache, threads
        self._decoded: OrderedDict[bytes, IndexPart] = OrderedDict()
        self._decoded_keys = 0
        self._tables: dict[bytes, Table] = {}
        self._last_keys: dict[bytes, Keys] = {}
        self._outlines: dict[tuple[bytes, str], Outline | None] = {}
        self._lock = threading.Lock()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def run(self, run: RunRef, stored: StoredHead) -> Run:
        """The segments of a run of a commit."""
        if run.refs is not None:
            return decode_table(run.refs, f"{self._place}: commit {stored.head.number}")
        return self.table(run, stored)[0]

    def table(self, run: RunRef, stored: StoredHead) -> Table:
        """The table of a large run of a commit: from its head, the cache or the store."""
        assert run.table is not None
        if (known := stored.tables.get(run.table) or self._tables.get(run.table)) is not None:
            return known
        what = f"{self._place}: the table {run.table.hex()[:8]}… of its index"
        body = self.fetch_object(self._place.names.table(run.table), run.table, run.size, what)
        refs = checked_run(run, decode_table(named_content(body, run.table, what), what), what)
        if len(self._tables) >= _MOST_TABLES:
            self._tables.clear()
        self._tables[run.table] = (refs, body)
        return refs, body

    def fetch_object(self, name: str, object_id: bytes, size: int, what: str) -> bytes:
        """A small immutable object, kept in the cache; GoneError names ``what``."""
        body = self._cache.get_segment(object_id.hex())
        if body is None:

            def fetch() -> bytes:
                found = self._get(name, None, min(size, _MOST_BODY), what)
                named_content(found, object_id, what)
                return found

            body = verified(fetch)
            self._cache.put_segment(object_id.hex(), body)
        return body

    def load(self, ref: SegmentRef) -> IndexPart:
        """The segment that ``ref`` names, which stays in memory; IntegrityError when it is damaged or gone."""
        return self._remembered(ref) or self.remember(ref.id, self._read(ref))

    def outline(self, ref: SegmentRef, key: str) -> Outline | None:
        """What a segment's frame of keys says of a key, None where that is nothing; reads no more of the segment."""
        if (known := self._remembered(ref)) is not None:
            return _outline_in(known, key)
        if (ref.id, key) in self._outlines:
            return self._outlines[ref.id, key]
        if len(self._outlines) >= _MOST_OUTLINES:
            self._outlines.clear()
        return self._outlines.setdefault((ref.id, key), self._find_outline(ref, key))

    def _find_outline(self, ref: SegmentRef, key: str) -> Outline | None:
        keys = self._last_keys.get(ref.id)
        if keys is None:
            body = self._frames([ref], entries=False)[ref.id][0]
            if is_image(body):
                return _outline_in(self.load(ref), key)
            keys = self._keys(ref, body)
            if len(self._last_keys) >= _MOST_KEY_FRAMES:
                self._last_keys.clear()
            self._last_keys[ref.id] = keys
        return keys.find(key)

    def in_memory(self, ref: SegmentRef) -> IndexPart | None:
        """The segment that ``ref`` names, if it is in memory; nobody is asked for it."""
        return self._remembered(ref)

    def pass_through(self, most_kept: int) -> Callable[[SegmentRef], IndexPart]:
        """A way to load segments of which only the first few stay in memory: whoever walks on does not come back soon."""
        left = most_kept

        def load(ref: SegmentRef) -> IndexPart:
            nonlocal left
            left -= 1
            return self.load(ref) if left >= 0 else self._remembered(ref) or self._read(ref)

        return load

    def walk(self, refs: Sequence[SegmentRef]) -> Iterator[IndexPart]:
        """Segments one after another, fetched several at a time; none of them stays in memory."""
        load = self.pass_through(0)
        for start in range(0, len(refs), _AHEAD):
            step = refs[start : start + _AHEAD]
            self.prefetch(step)
            yield from map(load, step)

    def prefetch(self, refs: Iterable[SegmentRef], *, keys_only: bool = False) -> None:
        """Bring segments that are not here yet, or only their keys, in few requests at a time."""
        with self._lock:
            missing = [ref for ref in refs if ref.id not in self._decoded]
        if missing:
            self._frames(missing, entries=not keys_only)

    def keep(self, file: IndexFile) -> None:
        """Keep the segments of a file that was just made in the cache."""
        for ref in file.refs:
            self._cache.put_segment(ref.id.hex(), file.body[ref.keys_at : ref.keys_at + ref.keys_size])
            self._cache.put_segment(_entries_key(ref), file.body[ref.entries_at : ref.entries_at + ref.entries_size])

    def cached_names(self, refs: Iterable[SegmentRef]) -> set[str]:
        """The names under which the cache has segments."""
        return {name for ref in refs for name in (ref.id.hex(), _entries_key(ref))}

    def _remembered(self, ref: SegmentRef) -> IndexPart | None:
        with self._lock:
            if (segment := self._decoded.get(ref.id)) is not None:
                self._decoded.move_to_end(ref.id)
            return segment

    def _read(self, ref: SegmentRef) -> IndexPart:
        what = self._name(ref)
        keys_body, entries_body = self._frames([ref], entries=True)[ref.id]
        if is_image(keys_body):
            part = decode_image_part(keys_body, ref.id, what)
            if len(part) != ref.keys:
                raise IntegrityError(f"{what} holds {len(part):,} keys where its head says {ref.keys:,}.")
            return part
        keys = self._keys(ref, keys_body)
        return decode_entries(named_content(entries_body, keys.entries_id, what), keys, what)

    def _keys(self, ref: SegmentRef, body: bytes) -> Keys:
        what = self._name(ref)
        keys = decode_keys(named_content(body, ref.id, what), what)
        if len(keys) != ref.keys:
            raise IntegrityError(f"{what} holds {len(keys):,} keys where its table says {ref.keys:,}.")
        return keys

    def _frames(self, refs: Sequence[SegmentRef], *, entries: bool) -> dict[bytes, tuple[bytes, bytes]]:
        """The frames of segments as stored (that of entries empty where it is not asked for), which are verified and cached."""
        try:
            return verified(lambda: self._known_or_fetched(refs, entries=entries))
        except GoneError:
            if not self._make_again():
                raise
            return self._known_or_fetched(refs, entries=entries)

    def _known_or_fetched(self, refs: Sequence[SegmentRef], *, entries: bool) -> dict[bytes, tuple[bytes, bytes]]:
        found: dict[bytes, tuple[bytes, bytes]] = {}
        wanted: list[_Frame] = []
        for ref in refs:
            keys_body = self._cache.get_segment(ref.id.hex())
            entries_body = self._cache.get_segment(_entries_key(ref)) if entries else b""
            found[ref.id] = (keys_body or b"", entries_body or b"")
            if keys_body is None:
                wanted.append(_Frame(ref.file, ref.keys_at, ref.keys_size))
            if entries_body is None:
                wanted.append(_Frame(ref.file, ref.entries_at, ref.entries_size))
        if wanted:
            fetched = self._fetch(wanted)
            for ref in refs:
                found[ref.id] = self._take(ref, found[ref.id], fetched, entries=entries)
        return found

    def _take(
        self, ref: SegmentRef, known: tuple[bytes, bytes], fetched: Mapping[_Frame, bytes], *, entries: bool
    ) -> tuple[bytes, bytes]:
        """Both frames of a segment, of what was cached and what was fetched; verifies and caches the latter."""
        keys_body, entries_body = known
        if not keys_body:
            keys_body = fetched[_Frame(ref.file, ref.keys_at, ref.keys_size)]
            if is_image(named_content(keys_body, ref.id, self._name(ref))):
                raise IntegrityError(f"{self._name(ref)} is damaged: it is none.")
            self._cache.put_segment(ref.id.hex(), keys_body)
        if entries and not entries_body and not is_image(keys_body):
            entries_body = fetched[_Frame(ref.file, ref.entries_at, ref.entries_size)]
            keys = decode_keys(named_content(keys_body, ref.id, self._name(ref)), self._name(ref))
            named_content(entries_body, keys.entries_id, self._name(ref))
            self._cache.put_segment(_entries_key(ref), entries_body)
        return keys_body, entries_body

    def _fetch(self, frames: Sequence[_Frame]) -> dict[_Frame, bytes]:
        spans = list(_spans(frames))
        if len(spans) == 1:
            return self._fetch_span(spans[0])
        found: dict[_Frame, bytes] = {}
        with ThreadPoolExecutor(min(self._threads, len(spans)), thread_name_prefix="index") as pool:
            for part in pool.map(self._fetch_span, spans):
                found.update(part)
        return found

    def _fetch_span(self, span: Sequence[_Frame]) -> dict[_Frame, bytes]:
        start, end = span[0].start, max(frame.end for frame in span)
        what = f"{self._place}: the index segments of {span[0].file.hex()[:8]}…"
        name = self._place.names.index_file(span[0].file)
        body = self._get(name, ByteRange(start, end - start), end - start, what)
        return {frame: body[frame.start - start : frame.end - start] for frame in span}

    def _get(self, name: str, byte_range: ByteRange | None, most: int, what: str) -> bytes:
        try:
            return self._place.store.get(name, byte_range, most=most).body
        except ObjectMissingError:
            raise GoneError(f"{what} is gone.", hint=_SAVED) from None

    def _name(self, ref: SegmentRef) -> str:
        return f"{self._place}: the index segment {ref.id.hex()[:8]}…"

    def remember(self, segment_id: bytes, segment: IndexPart) -> IndexPart:
        """Keep a decoded segment in memory, and drop what was not used for longest."""
        with self._lock:
            if (known := self._decoded.get(segment_id)) is not None:
                return known
            segment = _compact(segment) if isinstance(segment, Segment) else segment
            self._decoded[segment_id] = segment
            self._decoded_keys += len(segment)
            while self._decoded_keys > _MOST_DECODED_KEYS and len(self._decoded) > 1:
                _, dropped = self._decoded.popitem(last=False)
                self._decoded_keys -= len(dropped)
            return segment


def _outline_in(part: IndexPart, key: str) -> Outline | None:
    entry = part.find(key)
    return None if entry is None else Outline(entry.timestamp, -1 if entry.deleted else entry.length)


def _entries_key(ref: SegmentRef) -> str:
    """The name by which the cache keeps a segment's frame of entries, known before its frame of keys is read."""
    return content_id(ref.id + b"entries").hex()


def _spans(frames: Sequence[_Frame]) -> Iterator[list[_Frame]]:
    """Frames that lie close together in one file, as one request each."""
    of_file: dict[bytes, list[_Frame]] = {}
    for frame in frames:
        of_file.setdefault(frame.file, []).append(frame)
    for group in of_file.values():
        group.sort(key=lambda frame: frame.start)
        span: list[_Frame] = []
        for frame in group:
            if span and (frame.start - span[-1].end > _GAP or frame.end - span[0].start > _MOST_TOGETHER):
                yield span
                span = []
            span.append(frame)
        yield span


def _compact(segment: Segment) -> Segment:
    """The same with its numbers side by side: a list of them takes five times as much memory."""
    return replace(
        segment,
        timestamps=array("q", segment.timestamps),
        pack_numbers=array("i", segment.pack_numbers),
        offsets=array("q", segment.offsets),
        lengths=array("q", segment.lengths),
    )
