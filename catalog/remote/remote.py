"""A remote: the objects of one database in a store, and the ways to read them.

Here, and nowhere else, it is decided whether what lies there is ours or ebooklet's: by what the newest head is, and by whether an
entry has a checksum. All else works on heads, snapshots and entries, which are the same of both.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from catalog.format.head import SegmentRef, StoredHead
from catalog.format.segment import EncodedSegment, Entry, IndexPart
from catalog.progress import Progress
from catalog.remote import commit as committing
from catalog.remote.commit import EbookletFoundError
from catalog.remote.ebooklet_image import ImagePart
from catalog.remote.ebooklet_index import describe, translate
from catalog.remote.ebooklet_values import fetch_ebooklet_value, fetch_ebooklet_values
from catalog.remote.fetch import Failure, Fetched, fetch_value, fetch_values
from catalog.remote.history import walk
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentCache, SegmentReader
from catalog.remote.snapshot import Snapshot


class Remote:
    """The database at a place; its segments are read through ``cache``, at most ``threads`` requests at once."""

    def __init__(self, place: Place, cache: SegmentCache, threads: int) -> None:
        self.place = place
        self.store = place.store
        self.names = place.names
        self.threads = threads
        self._cache = cache
        self._translating = threading.Lock()
        self._segments = SegmentReader(place, cache, threads, self._translate_again)

    @property
    def where(self) -> str:
        """The place in words, for messages."""
        return str(self.place)

    def newest(self, known: StoredHead | None) -> StoredHead | None:
        """The newest head; ``known`` itself when nothing changed since. None where there is no database."""
        try:
            if known is None or not known.etag:
                return committing.read_head(self.place)
            return committing.read_head_if_changed(self.place, known)
        except EbookletFoundError as found:
            return self.translated(found)

    def translated(self, found: EbookletFoundError) -> StoredHead:
        """What ebooklet keeps at the place, as a head of ours; the segments of its index go into the cache."""
        return translate(self.place, found.fetched, self._keep)

    def take(self, looked: FirstLook) -> StoredHead | None:
        """The newest head, from what was fetched by a first look."""
        if looked.found is None:
            return looked.head
        if looked.index is None:
            return self.translated(looked.found)
        self._keep(looked.index.encoded)
        self._segments.remember(looked.index.encoded.segment_id, looked.index)
        return looked.head

    def _keep(self, segment: EncodedSegment) -> None:
        self._cache.put_segment(segment.segment_id, segment.body)

    def _translate_again(self, ref: SegmentRef) -> bytes | None:
        """A segment of a translated index that is in the cache no more, if ebooklet's newest commit still gives it."""
        found: list[bytes] = []

        def put(segment: EncodedSegment) -> None:
            self._keep(segment)
            if segment.segment_id == ref.id:
                found.append(segment.body)

        with self._translating:
            if (body := self._cache.get_segment(ref.id)) is not None:
                return body
            try:
                committing.read_head(self.place)
            except EbookletFoundError as seen:
                translate(self.place, seen.fetched, put)
        return found[0] if found else None

    def snapshot(self, stored: StoredHead) -> Snapshot:
        """The keys and entries of a commit."""
        return Snapshot(stored, self._segments)

    def load_segment(self, ref: SegmentRef) -> IndexPart:
        """A decoded segment of the index."""
        return self._segments.load(ref)

    def prefetch_segments(self, refs: Iterable[SegmentRef]) -> None:
        """Bring segments that are not here yet, several at a time."""
        self._segments.prefetch(refs)

    def history(self, newest: StoredHead) -> Iterator[StoredHead]:
        """A commit and those before it, newest first."""
        return walk(self.place, newest)

    def commit(self, number: int, commit_id: str) -> StoredHead:
        """An earlier commit; IntegrityError when it is gone or damaged."""
        return committing.read_commit(self.place, number, commit_id)

    def value(self, key: str, entry: Entry) -> bytes:
        """Fetch one value, verified where its entry has a checksum."""
        if not entry.verifiable:
            return fetch_ebooklet_value(self.place, key, entry)
        return fetch_value(self.place, key, entry)

    def values(self, wanted: Iterable[tuple[str, Entry]], progress: Progress) -> Iterator[Fetched | Failure]:
        """Fetch many values, in few large requests, each verified where its entry has a checksum.

        The entries that they come with have a checksum in any case: that of what was read.
        """
        for verifiable, some in groupby(wanted, key=lambda item: item[1].verifiable):
            if verifiable:
                yield from fetch_values(self.place, some, self.threads, progress)
            else:
                yield from fetch_ebooklet_values(self.place, some, self.threads, progress)

    def close(self) -> None:
        """Give back the store's connections."""
        self.store.close()


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What was seen of a remote before there was a place to keep its index: its head and, of ebooklet's, the whole object."""

    head: StoredHead | None
    found: EbookletFoundError | None = None
    index: ImagePart | None = None


def look_first(place: Place) -> FirstLook:
    """Look at the newest head of a remote, whoever made it; the head of one of ebooklet names no index yet."""
    try:
        return FirstLook(committing.read_head(place))
    except EbookletFoundError as found:
        head, index = describe(place, found.fetched)
        return FirstLook(head, found, index)
