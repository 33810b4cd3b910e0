"""A session: one opening of a working copy, with the commit it is based on and the way to its remote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
from typing_extensions import override

from catalog.errors import IntegrityError, ReadOnlyError, WrongProcessError
from catalog.format.checksum import checksum
from catalog.format.head import Commit, StoredHead, decode_head
from catalog.format.segment import Entry
from catalog.local.data_file import verified
from catalog.local.table import KnownBase, Row, Status
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.processes.fork import OfOneProcess
from catalog.remote.remote import Remote
from catalog.remote.snapshot import Snapshot
from catalog.session.key_info import KeyInfo, describe_key, join_rows, while_prefixed

_FIRST_PAGE = 256
_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Held:
    """A stored value with its timestamp."""

    value: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class KeptMetadata:
    """The user's metadata as JSON bytes, and when it was set."""

    value: bytes
    timestamp: int


def base_of(row: Row, entry: Entry | None) -> Entry | None:
    """What an edit was based on: what its row kept, or else what the base commit has."""
    if row.base is None:
        return entry
    return None if not row.base.checksum else Entry(*_as_tuple(row.base))


def keep_base(entry: Entry | None) -> KnownBase:
    """What a row keeps of the entry that its edit was based on."""
    return KnownBase(*msgspec.structs.astuple(entry)) if entry is not None else KnownBase(0, b"", 0, 0, b"")


def _as_tuple(base: KnownBase) -> tuple[int, bytes, int, int, bytes]:
    return base.timestamp, base.pack, base.offset, base.length, base.checksum


class Session(OfOneProcess):
    """What one opened database consists of. Reads are safe from many threads; ``writer`` is None when only reading.

    ``base`` is the commit that the working copy builds on, ``seen`` the newest one known. While ``replacing``, the working
    copy stands for the whole database: the next push puts its content in the place of all that was there.
    """

    def __init__(self, copy: WorkingCopy, writer: Writer | None, remote: Remote) -> None:
        self.copy = copy
        self.writer = writer
        self.remote = remote
        self.table = copy.table
        self.sidecar = copy.sidecar
        self.lock = threading.RLock()
        self.base: Snapshot | None = None
        self.seen: StoredHead | None = None
        self._writer_is_elsewhere = False
        self.load_heads()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._writer_is_elsewhere = self.is_for_writing
        self.writer, self.lock = None, threading.RLock()

    @property
    def is_for_writing(self) -> bool:
        """Whether it was opened for writing, by this process or by the one that it was forked from."""
        return self.writer is not None or self._writer_is_elsewhere

    def writing(self) -> Writer:
        """The writer of the local file; ReadOnlyError when it is open for reading, WrongProcessError in a forked child."""
        if self._writer_is_elsewhere:
            raise WrongProcessError(str(self.copy.path))
        if self.writer is None:
            raise ReadOnlyError(f"{self.copy.path} is open for reading.", hint="Open it with flag='w'.")
        return self.writer

    def load_heads(self) -> None:
        """Read from the sidecar which commits the working copy knows."""
        what = f"{self.copy.path}: the remembered head"
        # One query: a head with the tag of another's would let a push swap what it has not seen.
        known = dict(self.sidecar.rows("SELECT name, value FROM state WHERE name IN ('base', 'base_etag', 'seen', 'seen_etag')"))
        base, seen = known.get("base"), known.get("seen")
        stored = decode_head(base, known.get("base_etag") or "", what) if base else None
        self.base = self.remote.snapshot(stored) if stored else None
        self.seen = decode_head(seen, known.get("seen_etag") or "", what) if seen else stored

    @property
    def base_id(self) -> str | None:
        """The id of the base commit."""
        return self.base.stored.commit_id if self.base else None

    @property
    def built_on(self) -> Commit | None:
        """The commit that was seen here: the one that the working copy builds on, or is to replace."""
        stored = self.seen if self.replacing else (self.base.stored if self.base is not None else None)
        return stored.commit if stored is not None else None

    def note_made(self, commit_id: str) -> None:
        """Note a commit that is about to be made by a command: it is known here, whatever comes in between."""
        self.sidecar.put("made", commit_id)

    def has_seen(self, commit_id: str) -> bool:
        """Whether a commit is the one that the working copy builds on, or the last that a command has made here."""
        return commit_id == (self.built_on.id if self.built_on else None) or commit_id == self.sidecar.get("made")

    @property
    def replacing(self) -> bool:
        """Whether the working copy stands for the whole database."""
        return self.sidecar.get("replacing") is not None

    def remember_base(self, stored: StoredHead | None) -> None:
        """Build on another commit from now on; within the caller's transaction."""
        self.sidecar.put("base", stored.body if stored else None)
        self.sidecar.put("base_id", stored.commit_id if stored else None)
        self.sidecar.put("base_etag", stored.etag if stored else None)
        self.remember_seen(stored)
        self.base = self.remote.snapshot(stored) if stored else None
        if self.base is not None:
            self.sidecar.keep_segments({ref.id for ref in self.base.all_refs()})

    def remember_seen(self, stored: StoredHead | None) -> None:
        """Note the newest commit known."""
        self.seen = stored
        with self.sidecar.transaction():
            self.sidecar.put("seen", stored.body if stored else None)
            self.sidecar.put("seen_etag", stored.etag if stored else None)

    def refresh(self) -> StoredHead | None:
        """Ask the remote for its newest commit, in one small request."""
        known = self.seen
        newest = self.remote.newest(known)
        if newest is not known:
            with self.sidecar.transaction():
                if self.seen is known:
                    self.remember_seen(newest)
        return self.seen

    def base_entry(self, key: str) -> Entry | None:
        """What the base commit says of a key."""
        return self.base.find(key) if self.base is not None else None

    def visible_base(self) -> Snapshot | None:
        """The base commit, unless the working copy stands for the whole database."""
        return None if self.base is None or self.replacing else self.base

    def flush(self) -> None:
        """Bring buffered edits into the table."""
        if self.writer is not None:
            self.writer.flush()

    def find(self, key: str) -> Held | None:
        """The value of a key as this session sees it, verified; None when there is none."""
        if self.writer is not None and (change := self.writer.buffered(key)) is not None:
            return None if change.value is None else Held(change.value, change.timestamp)
        row, base_id = self.table.get_with_base(key)
        if row is not None and row.status != Status.LEAVING:
            if row.status == Status.DELETED:
                return None
            if row.status == Status.EDITED or base_id == self.base_id or self._is_base_value(row):
                held = self._local_value(row)
                if held is not None:
                    return held
        base = self.visible_base()
        entry = base.find(key) if base is not None else None
        return None if entry is None else Held(self.remote_value(key, entry), entry.timestamp)

    def remote_value(self, key: str, entry: Entry) -> bytes:
        """The value of an entry, from the cache or the remote; a writer keeps it in the data file."""
        value = self.cached_value(entry)
        if value is None:
            value = self.remote.value(key, entry)
            self.sidecar.put_fetched([(entry.pack, entry.offset, value)])
        return value

    def cached_value(self, entry: Entry) -> bytes | None:
        """The value of an entry, if the cache has it, verified as everything that is read."""
        value = self.sidecar.get_fetched(entry.pack, entry.offset)
        return value if value is not None and (len(value), checksum(value)) == (entry.length, entry.checksum) else None

    def local_bytes(self, row: Row) -> bytes | None:
        """The value that a row names in the data file."""
        return self.copy.value_of(row, lambda: self._row_in_file(row.key), time.sleep)

    def _row_in_file(self, key: str) -> Row | None:
        row = self.table.get(key)
        return row if row is not None and row.status in (Status.COPY, Status.EDITED) else None

    def _local_value(self, row: Row) -> Held | None:
        try:
            value = self.local_bytes(row)
        except IntegrityError:
            if row.status == Status.EDITED:
                raise
            if self.writer is not None:
                self.writer.drop([row.key])
            return None
        return None if value is None else Held(value, row.timestamp)

    def _is_base_value(self, row: Row) -> bool:
        """Whether a copy is of this session's base, though another process moved the working copy on."""
        entry = self.base_entry(row.key)
        return entry is not None and (entry.timestamp, entry.checksum) == (row.timestamp, row.checksum)

    def holds(self, key: str) -> bool:
        """Whether a key exists as this session sees it; fetches no value."""
        return self.timestamp_of(key) is not None

    def timestamp_of(self, key: str) -> int | None:
        """The timestamp of a key as this session sees it; fetches no value."""
        if self.writer is not None and (change := self.writer.buffered(key)) is not None:
            return None if change.value is None else change.timestamp
        row = self.table.get(key)
        if row is not None and row.edited:
            return row.timestamp if row.status == Status.EDITED else None
        base = self.visible_base()
        if base is None:
            return row.timestamp if row is not None and row.status == Status.COPY else None
        entry = base.find(key)
        return entry.timestamp if entry is not None else None

    def rows_from(self, start: str) -> Iterator[Row]:
        """Rows of the table from a key on, sorted, read in pages; a small one first, which often is enough."""
        size = _FIRST_PAGE
        page = self.table.page(start, size, after=False)
        while page:
            yield from page
            page, size = self.table.page(page[-1].key, _PAGE, after=True) if len(page) == size else [], _PAGE

    def key_infos(self, start: str = "", *, with_deleted: bool = False) -> Iterator[KeyInfo]:
        """All keys from ``start`` on, sorted; ``with_deleted`` shows what was deleted here too. Fetches no value."""
        self.flush()
        base = self.visible_base()
        entries: Iterator[tuple[str, Entry]] = base.items(start) if base is not None else iter(())
        for key, entry, row in join_rows(entries, self.rows_from(start)):
            deleted = row is not None and row.status == Status.DELETED
            info = describe_key(key, entry, row, has_base=base is not None)
            if info is not None and (with_deleted or not deleted):
                yield info

    def held_items(self) -> Iterator[tuple[str, Held]]:
        """All keys with their values, sorted; values that are not local are fetched one by one."""
        self.flush()
        base = self.visible_base()
        entries: Iterator[tuple[str, Entry]] = base.items() if base is not None else iter(())
        for key, entry, row in join_rows(entries, self.rows_from("")):
            if row is not None and row.status == Status.DELETED:
                continue
            # A writer in another process may move the working copy on meanwhile: what it holds then is no longer of our base.
            usable = row is not None and (row.status == Status.EDITED or _holds_value_of(row, entry))
            value = verified(self.copy.data, row.offset, row.length, row.checksum) if row is not None and usable else None
            if value is not None and row is not None:
                yield key, Held(value, row.timestamp)
            elif (held := self.find(key)) is not None:
                yield key, held

    def page(self, after: str | None, limit: int, prefix: str) -> list[KeyInfo]:
        """Some keys in their order: after a key, beginning with ``prefix``; deleted ones too."""
        start = max(after or "", prefix)
        infos = self.key_infos(start, with_deleted=True)
        chosen = (info for info in infos if after is None or info.key > after)
        return list(islice(while_prefixed(chosen, prefix), limit))

    def added_keys(self) -> list[str]:
        """The keys that are listed though the base does not have them, sorted."""
        base = self.visible_base()
        return [
            row.key
            for row in self.table.edited()
            if (row.status == Status.EDITED or row.base is not None) and (base is None or base.find(row.key) is None)
        ]

    def count(self) -> int:
        """How many keys there are; needs the index only for keys that were edited here."""
        return self._totals()[0]

    def value_bytes(self) -> int:
        """How many bytes all values take as stored."""
        return self._totals()[1]

    def _totals(self) -> tuple[int, int]:
        self.flush()
        base = self.visible_base()
        if base is None:
            counted = self.sidecar.row("SELECT COUNT(*), COALESCE(SUM(length), 0) FROM local WHERE status IN (0, 1)")
            return (int(counted[0]), int(counted[1])) if counted else (0, 0)
        state = (self.table.last_edit(), self.base_id, self.table.count_edited())
        if self._counted is None or self._counted[0] != state:
            keys = size = 0
            for row in self.table.edited():
                there = base.find(row.key)
                keys += (row.status == Status.EDITED) - (there is not None)
                size += row.length - (there.length if there else 0)
            self._counted = (state, keys, size)
        return len(base) + self._counted[1], base.stored.head.value_bytes + self._counted[2]

    _counted: tuple[tuple[int, str | None, int], int, int] | None = None

    def metadata(self) -> KeptMetadata | None:
        """The user's metadata as this session sees it."""
        if self.base is None or self.sidecar.get("metadata_edited") is not None:
            value = self.sidecar.get("metadata")
            return KeptMetadata(value, self.sidecar.get("metadata_time")) if value is not None else None
        kept = self.base.stored.head.metadata
        return KeptMetadata(bytes(kept.value), kept.timestamp) if kept is not None else None

    def close(self) -> None:
        """Close files and connections; a writer syncs first."""
        try:
            if self.writer is not None:
                self.writer.close()
        finally:
            self.copy.close()
            self.remote.close()


def _holds_value_of(row: Row, entry: Entry | None) -> bool:
    return entry is not None and (row.timestamp, row.length, row.checksum) == (entry.timestamp, entry.length, entry.checksum)
