"""Reading segments: from memory, from the working copy's cache, or from the store, in parallel."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from typing_extensions import override

from catalog.errors import GoneError, IntegrityError, ObjectMissingError
from catalog.format.head import SegmentRef
from catalog.format.segment import IndexPart, Segment, decode_segment, segment_content
from catalog.processes.fork import OfOneProcess
from catalog.remote.ebooklet_image import decode_image_part, is_image
from catalog.remote.place import Place

_MOST_DECODED_KEYS = 1_500_000
_MOST_BODY = 64 << 20


class SegmentCache(Protocol):
    """Where bodies of segments are kept between sessions."""

    def get_segment(self, segment_id: str) -> bytes | None:
        """The body of a segment, or None."""

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Keep the body of a segment."""


class SegmentReader(OfOneProcess):
    """Gives decoded segments; keeps those last used in memory, up to 1.5 million keys.

    ``make_again`` gives the body of a segment that is neither in the cache nor in the store, if there is something to make it of.
    """

    def __init__(
        self,
        place: Place,
        cache: SegmentCache,
        threads: int,
        make_again: Callable[[SegmentRef], bytes | None] = lambda _: None,
    ) -> None:
        self._make_again = make_again
        self._place, self._cache, self._threads = place, cache, threads
        self._decoded: OrderedDict[str, IndexPart] = OrderedDict()
        self._decoded_keys = 0
        self._lock = threading.Lock()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def load(self, ref: SegmentRef) -> IndexPart:
        """The segment that ``ref`` names, which stays in memory; IntegrityError when it is damaged or gone."""
        return self._remembered(ref) or self.remember(ref.id, self._read(ref))

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

    def _remembered(self, ref: SegmentRef) -> IndexPart | None:
        with self._lock:
            if (segment := self._decoded.get(ref.id)) is not None:
                self._decoded.move_to_end(ref.id)
            return segment

    def _read(self, ref: SegmentRef) -> IndexPart:
        body = self._cache.get_segment(ref.id)
        if body is None:
            body = self._fetch(ref)
            segment = self._decode(ref, body)
            self._cache.put_segment(ref.id, body)
        else:
            segment = self._decode(ref, body)
        return segment

    def prefetch(self, refs: Iterable[SegmentRef]) -> None:
        """Bring segments that are not here yet, several at a time."""
        with self._lock:
            missing = [ref for ref in refs if ref.id not in self._decoded]
        missing = [ref for ref in missing if self._cache.get_segment(ref.id) is None]
        if len(missing) > 1:
            with ThreadPoolExecutor(min(self._threads, len(missing)), thread_name_prefix="index") as pool:
                for ref, body in zip(missing, pool.map(self._fetch_whole, missing), strict=True):
                    self._cache.put_segment(ref.id, body)

    def _fetch_whole(self, ref: SegmentRef) -> bytes:
        body = self._fetch(ref)
        if not is_image(body):
            segment_content(body, ref.id, self._name(ref))
        return body

    def _fetch(self, ref: SegmentRef) -> bytes:
        try:
            body = self._place.store.get(self._place.names.segment(ref.id), most=min(ref.bytes, _MOST_BODY)).body
        except ObjectMissingError:
            if (made := self._make_again(ref)) is not None:
                return made
            raise GoneError(
                f"{self._place.store.where}: the index segment {ref.id[:8]}… of {self._place.names.db_key!r} is gone.",
                hint="If this is an old state, garbage collection removed it: pull. Otherwise run 'catalog doctor'.",
            ) from None
        if is_image(body):
            raise IntegrityError(f"{self._name(ref)} is damaged: it is none.")
        return body

    def _decode(self, ref: SegmentRef, body: bytes) -> IndexPart:
        what = self._name(ref)
        segment: IndexPart = decode_image_part(body, ref.id, what) if is_image(body) else decode_segment(body, ref.id, what)
        if len(segment) != ref.keys:
            raise IntegrityError(f"{what} holds {len(segment):,} keys where its head says {ref.keys:,}.")
        return segment

    def _name(self, ref: SegmentRef) -> str:
        return f"{self._place.store.where}: the index segment {ref.id[:8]}… of {self._place.names.db_key!r}"

    def remember(self, segment_id: str, segment: IndexPart) -> IndexPart:
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


def _compact(segment: Segment) -> Segment:
    """The same with its numbers side by side: a list of them takes five times as much memory."""
    timestamps, numbers = array("q", segment.timestamps), array("i", segment.pack_numbers)
    return replace(
        segment,
        timestamps=timestamps,
        pack_numbers=numbers,
        offsets=array("q", segment.offsets),
        lengths=array("q", segment.lengths),
    )
