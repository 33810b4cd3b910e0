"""A remote: the objects of one database in a store, and the ways to read them.

Here, and nowhere else, it is decided whether what lies there is ours or ebooklet's: by what the newest head is, and by whether an
entry has a checksum. All else works on heads, snapshots and entries, which are the same of both.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile

from catalog.format.content import named_content
from catalog.format.head import MOST_ATTACHED_SEGMENTS, Commit, StoredHead, Table, Tag, decode_tags
from catalog.format.segment import Entry, IndexPart
from catalog.format.table import IndexFile, SegmentRef
from catalog.progress import Progress
from catalog.remote import commit as committing
from catalog.remote.commit import EbookletFoundError
from catalog.remote.ebooklet_image import ImagePart
from catalog.remote.ebooklet_index import describe, translate
from catalog.remote.ebooklet_values import fetch_ebooklet_value, fetch_ebooklet_values
from catalog.remote.fetch import Failure, Fetched, fetch_value, fetch_values
from catalog.remote.index_writer import IndexWriter, Put
from catalog.remote.log import Log
from catalog.remote.next_commit import Following, follow
from catalog.remote.place import Place
from catalog.remote.segment_reader import ObjectCache, SegmentReader
from catalog.remote.snapshot import Snapshot


class Remote:
    """The database at a place; its index and log are read through ``cache``, at most ``threads`` requests at once."""

    def __init__(self, place: Place, cache: ObjectCache, threads: int) -> None:
        self.place = place
        self.store = place.store
        self.names = place.names
        self.threads = threads
        self.log = Log(place, cache)
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
        return translate(self.place, found.fetched, self.keep_segments)

    def take(self, looked: FirstLook) -> StoredHead | None:
        """The newest head, from what was fetched by a first look."""
        if looked.found is None:
            return looked.head
        if looked.index is None:
            return self.translated(looked.found)
        self.keep_segments(looked.index.file)
        self._segments.remember(looked.index.file.file_id, looked.index)
        return looked.head

    def keep_segments(self, file: IndexFile) -> None:
        """Keep segments that were made here and lie in no store."""
        self._segments.keep(file)

    def _translate_again(self) -> bool:
        """Bring the segments of a translated index back that are in the cache no more; whether ebooklet keeps one here."""
        with self._translating:
            try:
                committing.read_head(self.place)
            except EbookletFoundError as seen:
                translate(self.place, seen.fetched, self.keep_segments)
                return True
        return False

    def snapshot(self, stored: StoredHead) -> Snapshot:
        """The keys and entries of a commit."""
        return Snapshot(stored, self._segments)

    def load_segment(self, ref: SegmentRef) -> IndexPart:
        """A decoded segment of the index."""
        return self._segments.load(ref)

    def prefetch_segments(self, refs: Iterable[SegmentRef]) -> None:
        """Bring segments that are not here yet, several at a time."""
        self._segments.prefetch(refs)

    def segments(self, refs: Iterable[SegmentRef]) -> Iterator[IndexPart]:
        """Decoded segments one after another, fetched several at a time; none of them stays in memory."""
        return self._segments.walk(list(refs))

    def index_writer(self, put: Put, salt: int) -> IndexWriter:
        """What makes the index of a new commit; its objects go to ``put``."""
        return IndexWriter(self._segments, self.names, put, salt)

    def follow(self, over: StoredHead | None, put: Put) -> Following:
        """The members of a head that make it the next one after ``over``; a bundle of the log may go to ``put``."""
        return follow(over, self.log, self.names, put)

    def history(self, newest: StoredHead, before: int | None = None) -> Iterator[Commit]:
        """A commit and all before it, newest first; only those before a number, if it is given. Some requests at most."""
        return self.log.commits(newest, before)

    def kept(self, newest: StoredHead, before: int | None = None) -> Iterator[Commit]:
        """As `history`, but only commits whose state can still be read."""
        return takewhile(lambda commit: commit.number >= newest.head.oldest, self.log.commits(newest, before))

    def state_of(self, newest: StoredHead | None, number: int, commit_id: str) -> StoredHead:
        """A commit that may be ``newest`` itself, in one request at most."""
        return newest if newest is not None and newest.commit_id == commit_id else self.commit(number, commit_id)

    def tables_of(self, stored: StoredHead) -> dict[bytes, Table]:
        """The tables of a commit that are small enough to be attached to a head."""
        return {
            run.table: self._segments.table(run, stored)
            for run in stored.head.runs
            if run.table is not None and run.segments <= MOST_ATTACHED_SEGMENTS
        }

    def commit(self, number: int, commit_id: str) -> StoredHead:
        """An earlier commit, in one request; GoneError when it is not kept, IntegrityError when it is damaged."""
        return committing.read_commit(self.place, number, commit_id)

    def tags(self, stored: StoredHead) -> tuple[Tag, ...]:
        """The tags that a commit names, in one request at most."""
        ref = stored.head.tags
        if ref is None:
            return ()
        what = f"{self.where}: the list of its tags"
        body = self._segments.fetch_object(self.names.tags(ref.id), ref.id, ref.size, what)
        return decode_tags(named_content(body, ref.id, what), what)

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
