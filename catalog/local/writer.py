"""The one writer of a working copy: buffers edits, appends them in batches, and keeps booklet and sidecar in agreement.

Order of each flush: values are appended and, when they are edits, made durable; then their rows are committed in the sidecar;
then booklet's chains are changed. A kill at any point leaves rows that name readable values; the ``dirty`` mark makes the next
opening repair the chains (`reconcile`).
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid as uuid_module
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from typing_extensions import override

from catalog.errors import InvalidValueError, LocalFileError, LockTimeoutError
from catalog.format.checksum import checksum
from catalog.format.segment import Entry
from catalog.format.version import METADATA, name_of_key
from catalog.local.booklet_header import MARK_BYTES, Header
from catalog.local.compact import compact, content_beside
from catalog.local.data_file import LONGEST_VALUE, METADATA_KEY, RESERVED_KEYS, DataFile, Record, verified
from catalog.local.reconcile import reconcile
from catalog.local.table import Row, Status, block_key, count_keys
from catalog.local.working_copy import WorkingCopy
from catalog.processes.file_lock import FileLock
from catalog.processes.fork import OfOneProcess, ParentsLock
from catalog.progress import Progress

_MOST_BUFFERED = 50_000
_SECONDS_BEFORE_FORK = 5
_NO_CHECKSUM = bytes(8)


class Buffered(NamedTuple):
    """A change that is not in the files yet. ``value`` is None for a deletion.

    With ``by_content`` it is no change where the key has these bytes already.
    """

    status: Status
    timestamp: int
    value: bytes | None
    checksum: bytes
    by_content: bool = False


def _content(change: Buffered) -> tuple[int, bytes]:
    return len(change.value or b""), change.checksum


def _over_base(change: Buffered, row: Row | None, entry: Entry | None, *, is_whole: bool) -> Buffered:
    """A change over what the base has of its key: where that has the same bytes, its timestamp stays, and no edit is left.

    Where the working copy stands for the whole database, what is set is only here, and no copy.
    """
    if entry is None or (row is not None and row.base is not None) or _content(change) != entry.version.content:
        return Buffered(*change[:4])
    status = Status.COPY if not is_whole and (row is None or row.status == Status.LEAVING) else Status.EDITED
    return Buffered(status, entry.timestamp, change.value, change.checksum)


def _append_to(path: Path, record: Record) -> int:
    """Write one record into an empty file; where its value lies."""
    data = DataFile(path, writable=True)
    try:
        batch = data.append([record])
        data.link(batch, 0)
        data.flush()
        return batch.offsets[0]
    finally:
        data.close()


class Writer(OfOneProcess):
    """Exclusive write access to a working copy, from opening to `close`. Safe from many threads.

    It belongs to the process that opened it: in a forked child everything that it does raises WrongProcessError.
    """

    def __init__(self, copy: WorkingCopy, *, timeout: float, progress: Progress, buffer_bytes: int = 4 << 20) -> None:
        self.path = copy.path
        self.state = copy.state
        self.table = copy.state.table
        self.data = DataFile(copy.path, writable=True)
        self._lock = FileLock(self.data.fd, str(copy.path))
        self._mutex: threading.RLock | ParentsLock = threading.RLock()
        self._buffer: dict[str, Buffered] = {}
        self._buffered_bytes = 0
        self._most_bytes = buffer_bytes
        self._unsynced = False
        self._edit = 0
        self.known_entries: Callable[[Sequence[str]], Mapping[str, Entry | None]] = lambda _: {}
        """What the base commit has of keys, of those of which this is known without asking anyone."""
        try:
            self._lock.acquire(timeout, self.state.holder, progress)
            self._begin(progress)
        except BaseException:
            self._release()
            raise
        self.belong_here()

    @override
    def before_fork(self) -> None:
        # A child reads from the files what was set before it was made; a writer that is busy for long does not hold it up.
        if self._mutex.acquire(timeout=_SECONDS_BEFORE_FORK):
            try:
                self.flush()
            finally:
                self._mutex.release()

    @override
    def after_fork(self) -> None:
        # The lock is of the open file that parent and child share: unlocking would free it for both, closing does not.
        self.data.close()
        self._mutex = ParentsLock(str(self.path))

    def _begin(self, progress: Progress) -> None:
        self.state.begin_writing()
        self.data.reload()
        if reconcile(self.data, self.state, progress):
            self._unsynced = True
            self.sync()
        self._edit = self.state.last_edit

    @classmethod
    def try_open(cls, copy: WorkingCopy, progress: Progress) -> Writer | None:
        """A writer if nobody else writes now and the file can be written, else None."""
        try:
            return cls(copy, timeout=0, progress=progress)
        except (LockTimeoutError, LocalFileError):
            return None

    def close(self) -> None:
        """Sync and give the file back."""
        with self._mutex:
            try:
                self.sync()
                self.state.end_writing()
            finally:
                self._release()

    def abandon(self) -> None:
        """Give the file back without writing what is buffered."""
        with self._mutex:
            self._buffer.clear()
            self._release()

    def _release(self) -> None:
        self._lock.release()
        self.data.close()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other threads from editing for a moment."""
        with self._mutex:
            yield

    @property
    def last_edit(self) -> int:
        """The number of the newest edit that was flushed."""
        return self._edit

    def buffered(self, key: str) -> Buffered | None:
        """The change of a key that is not in the files yet."""
        with self._mutex:
            return self._buffer.get(key)

    def put(self, key: str, value: bytes, timestamp: int, *, by_content: bool = False) -> None:
        """Set a key. With ``by_content`` bytes that are there already are no change: their timestamp stays."""
        if len(value) > LONGEST_VALUE:
            raise InvalidValueError(
                f"The value of {name_of_key(key)!r} takes {len(value):,} bytes; at most 4 GiB fit into a booklet."
            )
        with self._mutex:
            if by_content and (waiting := self._buffer.get(key)) is not None and waiting.value == value:
                return
            self._add(key, Buffered(Status.EDITED, timestamp, value, checksum(value), by_content))

    def delete(self, key: str, timestamp: int) -> None:
        """Delete a key."""
        with self._mutex:
            self._add(key, Buffered(Status.DELETED, timestamp, None, _NO_CHECKSUM))

    def expect(self, keys: int) -> None:
        """Make room for so many keys in all."""
        with self._mutex:
            if keys > self.data.header.n_buckets:
                self._mark_dirty()
                self.data.grow(keys)

    def keep(self, values: Iterable[tuple[str, int, bytes, bytes]]) -> None:
        """Store copies of remote values (key, timestamp, bytes, checksum), but none over a key that has a row already.

        Copies are not made durable: they can be fetched again.
        """
        with self._mutex:
            self.flush()
            copies = list(values)
            if not copies:
                return
            keys = [copy[0] for copy in copies]
            if self.table.any_between(min(keys), max(keys)) and self.table.get_many(keys):
                self._write({key: Buffered(Status.COPY, moment, value, found) for key, moment, value, found in copies})
            else:
                self._write_copies(copies)

    def _write_copies(self, copies: Sequence[tuple[str, int, bytes, bytes]]) -> None:
        """Append copies of keys that the working copy knows nothing of."""
        self._mark_dirty()
        self.data.grow(self.data.header.n_keys + len(copies))
        # column by column: a tuple for each value and each use of it costs more than the values' bytes
        keys = [copy[0] for copy in copies]
        moments = [copy[1] for copy in copies]
        values = [copy[2] for copy in copies]
        checksums = [copy[3] for copy in copies]
        batch = self.data.append(zip(map(block_key, keys), moments, values, strict=True))
        try:
            with self.state.transaction():
                self.table.put_copies(zip(keys, moments, batch.offsets, map(len, values), checksums, strict=True))
        except BaseException:
            self.data.take_back(batch)
            raise
        self.data.link(batch, count_keys(keys))

    def _add(self, key: str, change: Buffered) -> None:
        """Buffer a change; the caller has the mutex."""
        self._buffer[key] = change
        self._buffered_bytes += len(change.value) if change.value is not None else 0
        if self._buffered_bytes > self._most_bytes or len(self._buffer) >= _MOST_BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Write the buffer to the files; what is an edit is durable after it."""
        with self._mutex:
            if not self._buffer:
                return
            changes, self._buffer, self._buffered_bytes = self._buffer, {}, 0
            try:
                self._write(changes)
            except BaseException:
                self._buffer = changes
                self._buffered_bytes = sum(len(change.value or b"") for change in changes.values())
                raise

    def _write(self, changes: dict[str, Buffered]) -> None:
        old = self.table.get_many(list(changes)) if self.table.any_between(min(changes), max(changes)) else {}
        changes = self._real_changes(changes, old)
        for key, row in list(old.items()):
            if changes[key].status == Status.COPY and row.status != Status.LEAVING:
                del changes[key], old[key]
        if not changes:
            return
        self._mark_dirty()
        in_file = {key: row for key, row in old.items() if row.offset > 0 and row.status != Status.DELETED}
        written = [(key, change.timestamp, change.value) for key, change in changes.items() if change.value is not None]
        new_keys = count_keys(key for key, _, _ in written if key not in in_file)
        self.data.grow(self.data.header.n_keys + new_keys)
        batch = self.data.append((block_key(key), timestamp, value) for key, timestamp, value in written)
        try:
            if any(change.status == Status.EDITED for change in changes.values()):
                self.data.flush()
            rows = self._new_rows(changes, old, dict(zip((key for key, _, _ in written), batch.offsets, strict=True)))
            with self.state.transaction():
                self.table.put(rows)
                self.state.last_edit = self._edit
        except BaseException:
            self.data.take_back(batch)
            raise
        self.data.link(batch, new_keys)
        gone = [(block_key(key), row.offset) for key, row in in_file.items()]
        self.data.remove(gone, count_keys(key for key in in_file if changes[key].value is None))

    def _real_changes(self, changes: dict[str, Buffered], old: dict[str, Row]) -> dict[str, Buffered]:
        """Leave out what sets the bytes that are there; what brings back those of the base is no edit of it any more."""
        unsure = [key for key, change in changes.items() if change.by_content]
        if not unsure:
            return changes
        known, is_whole = self.known_entries(unsure), self.state.replacing
        real = {}
        for key, change in changes.items():
            row = old.get(key)
            if change.by_content and row is not None and self._holds(row, change):
                del old[key]
            elif change.by_content and key in known:
                real[key] = _over_base(change, row, known[key], is_whole=is_whole)
            else:
                real[key] = change
        return real

    def _holds(self, row: Row, change: Buffered) -> bool:
        """Whether a row holds the bytes that a change sets. An edit is nowhere else, so it is read: damage is set anew."""
        if not row.held or (row.length, row.checksum) != _content(change):
            return False
        return row.status == Status.COPY or verified(self.data, row.offset, row.length, row.checksum) is not None

    def _new_rows(self, changes: dict[str, Buffered], old: dict[str, Row], offsets: dict[str, int]) -> list[Row]:
        rows = []
        for key, change in changes.items():
            previous = old.get(key)
            base = previous.base if previous is not None and previous.status != Status.LEAVING else None
            edit = 0
            if change.status != Status.COPY:
                self._edit += 1
                edit = self._edit
            if change.value is None:
                offset = previous.offset if previous is not None else 0
                removed = previous.checksum if previous is not None else _NO_CHECKSUM
                rows.append(Row(key, Status.DELETED, change.timestamp, offset, 0, removed, edit, base))
            else:
                length = len(change.value)
                found = change.checksum
                rows.append(Row(key, change.status, change.timestamp, offsets[key], length, found, edit, base, change.by_content))
        return rows

    def _mark_dirty(self) -> None:
        if not self._unsynced:
            self.state.begin_change(os.urandom(MARK_BYTES))
            self._unsynced = True

    def sync(self) -> None:
        """Make everything durable: after it, no kill and no loss of power loses a change made before it."""
        with self._mutex:
            self.flush()
            if not self._unsynced:
                return
            mark = self.state.next_mark or os.urandom(MARK_BYTES)
            self.data.set_mark(mark)
            self.data.flush()
            self.data.stamp()
            self.state.end_change(self.data.fingerprint(), mark)
            self._unsynced = False

    def drop(self, keys: Sequence[str]) -> None:
        """Forget what the working copy holds of these keys, edits too, and remove their values from the file."""
        with self._mutex:
            self.leave(keys)
            self.remove_leaving()

    def leave(self, keys: Sequence[str]) -> None:
        """Forget what the working copy says of these keys; within the caller's transaction, if there is one."""
        with self._mutex:
            self.flush()
            self._mark_dirty()
            rows = self.table.get_many(keys)
            self.table.put(
                replace(row, status=Status.LEAVING, base=None, offset=0 if row.status == Status.DELETED else row.offset)
                for row in rows.values()
            )

    def remove_leaving(self) -> None:
        """Remove from the file the values of all keys that were left, once that is committed."""
        with self._mutex:
            rows = list(self.table.leaving())
            in_file = [row for row in rows if row.offset > 0]
            self.data.remove(((block_key(row.key), row.offset) for row in in_file), count_keys(row.key for row in in_file))
            self.table.remove(row.key for row in rows)

    def settle(self, rows: Sequence[Row]) -> None:
        """Say what values that are in the file are; those of keys that are deleted, or leave, are removed from it."""
        with self._mutex:
            self._mark_dirty()
            with self.state.transaction():
                self.table.put(rows)
            deleted = [row for row in rows if row.status == Status.DELETED and row.offset > 0]
            self.data.remove(((block_key(row.key), row.offset) for row in deleted), count_keys(row.key for row in deleted))
            self.remove_leaving()

    def start_over(self, header: Header, *, replacing: bool, keep_metadata: bool = False) -> None:
        """Empty the file, but for the metadata if asked, and take over another header; only when all else in it is unwanted."""
        with self._mutex:
            buffered = self._buffer.get(METADATA) if keep_metadata else None
            self._buffer, self._buffered_bytes = {}, 0
            self._mark_dirty()
            kept = self.table.get(METADATA) if keep_metadata else None
            temporary = content_beside(self.path)
            temporary.unlink(missing_ok=True)
            DataFile.create(temporary, header.marked(self.data.header.mark))
            if kept is not None and kept.offset > 0:
                record = Record(METADATA_KEY, kept.timestamp, self.data.read(kept.offset, kept.length))
                kept = replace(kept, offset=_append_to(temporary, record) if kept.held else 0)
            with self.state.transaction(durable=True):
                self.table.clear()
                self.table.put([kept] if kept is not None else [])
                self.state.replacing = replacing
                self.state.forget_attempts()
                self.state.compacting = True
            self.data.replace_content(temporary)
            self.state.compacting = False
            temporary.unlink(missing_ok=True)
            if buffered is not None:
                self._add(METADATA, buffered)
            self.sync()

    def clear(self) -> None:
        """Empty the working copy, which from now on stands for the whole database; the metadata stays."""
        self.start_over(self.data.header.fresh(self.data.header.n_buckets), replacing=True, keep_metadata=True)

    def claim_copies(self) -> None:
        """Turn copies of a remote that is no more into edits; within the caller's transaction."""
        with self._mutex:
            self.flush()
            self.state.claim_copies()
            self._edit = self.state.last_edit

    def become(self, uuid: uuid_module.UUID) -> None:
        """Make the file one of another database."""
        with self._mutex:
            self._mark_dirty()
            self.data.set_uuid(uuid)
            self.sync()

    def follow_numbers(self) -> None:
        """Go on numbering edits after those that were put into the table by someone else."""
        with self._mutex:
            self._edit = self.state.last_edit

    def evict(self, before: int) -> int:
        """Remove copies of remote values older than a timestamp; how many."""
        with self._mutex:
            # A key that is edited in the buffer is no copy any more.
            self.flush()
            old = self.table.copies_before(before)
            self.drop(old)
            return len(old)

    def compact(self, progress: Progress) -> int:
        """Write the file again without dead blocks; how many there were."""
        with self._mutex:
            self.sync()
            dead = sum(not block.alive for block in self.data.scan())
            self._mark_dirty()
            found = (self.data.find(key) for key in sorted(RESERVED_KEYS - {METADATA_KEY}))
            compact(self.data, self.state, (block for block in found if block is not None), progress)
            self.sync()
            return dead
