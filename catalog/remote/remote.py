"""A remote: the objects of one database in a store, and the ways to read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalog.format.head import SegmentRef, StoredHead
from catalog.format.segment import Entry, Segment
from catalog.progress import Progress
from catalog.remote import commit as committing
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
        self._segments = SegmentReader(place, cache, threads)

    @property
    def where(self) -> str:
        """The place in words, for messages."""
        return str(self.place)

    def newest(self, known: StoredHead | None) -> StoredHead | None:
        """The newest head; ``known`` itself when nothing changed since. None where there is no database."""
        if known is None or not known.etag:
            return committing.read_head(self.place)
        return committing.read_head_if_changed(self.place, known)

    def snapshot(self, stored: StoredHead) -> Snapshot:
        """The keys and entries of a commit."""
        return Snapshot(stored, self._segments)

    def load_segment(self, ref: SegmentRef) -> Segment:
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
        """Fetch one value, verified."""
        return fetch_value(self.place, key, entry)

    def values(self, wanted: Iterable[tuple[str, Entry]], progress: Progress) -> Iterator[Fetched | Failure]:
        """Fetch many values, in few large requests, each verified."""
        return fetch_values(self.place, wanted, self.threads, progress)

    def close(self) -> None:
        """Give back the store's connections."""
        self.store.close()
