"""The one writer of a working copy: buffers edits, appends them in batches, and keeps booklet and sidecar in agreement.

Order of each flush: values are appended and, when they are edits, made durable; then their rows are committed in the sidecar;
then booklet's chains are changed. A kill at any point leaves rows that name readable values; the ``dirty`` mark makes the next
opening repair the chains (`reconcile`).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from typing_extensions import override

from catalog.errors import InvalidValueError, LocalFileError, LockTimeoutError
from catalog.format.checksum import checksum
from catalog.local.booklet_header import Header
from catalog.local.compact import compact, record_of
from catalog.local.data_file import LONGEST_VALUE, METADATA_KEY, RESERVED_KEYS, DataFile, Record
from catalog.local.reconcile import reconcile
from catalog.local.sidecar import Sidecar
from catalog.local.table import Row, Status
from catalog.local.working_copy import WorkingCopy
from catalog.processes.file_lock import FileLock
from catalog.processes.fork import OfOneProcess, ParentsLock
from catalog.progress import Progress

_MOST_BUFFERED = 50_000
_SECONDS_BEFORE_FORK = 5
_NO_CHECKSUM = bytes(8)


class Buffered(NamedTuple):
    """A change that is not in the files yet. ``value`` is None for a deletion."""

    status: Status
    timestamp: int
    value: bytes | None
    checksum: bytes


def holder_of(sidecar: Sidecar) -> str:
    """Who writes to a working copy, in words."""
    said = sidecar.get("writer")
    if said is None:
        return "another program that opened it with booklet"
    who = json.loads(said)
    return f"process {who['pid']} on {who['host']} (since {who['since']})"


def _mark(timestamp: int, value: bytes) -> str:
    """What the sidecar notes of the metadata in the booklet, to see when they change."""
    return f"{timestamp}:{checksum(value).hex()}"


def _append_to(path: Path, record: Record) -> None:
    data = DataFile(path, writable=True)
    try:
        data.link(data.append([record]), 0)
        data.flush()
    finally:
        data.close()


class Writer(OfOneProcess):
    """Exclusive write access to a working copy, from opening to `close`. Safe from many threads.

    It belongs to the process that opened it: in a forked child everything that it does raises WrongProcessError.
    """

    def __init__(self, copy: WorkingCopy, *, timeout: float, progress: Progress, buffer_bytes: int = 4 << 20) -> None:
        self.path = copy.path
        self.sidecar = copy.sidecar
        self.table = copy.table
        self.data = DataFile(copy.path, writable=True)
        self._lock = FileLock(self.data.fd, str(copy.path))
        self._mutex: threading.RLock | ParentsLock = threading.RLock()
        self._buffer: dict[str, Buffered] = {}
        self._buffered_bytes = 0
        self._most_bytes = buffer_bytes
        self._unsynced = False
        self._edit = 0
        try:
            self._lock.acquire(timeout, lambda: holder_of(self.sidecar), progress)
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
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self.sidecar.put("writer", json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        self.data.reload()
        if reconcile(self.data, self.sidecar, self.table, progress):
            self._unsynced = True
            self.sync()
        self._edit = self.table.last_edit()

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
                self.sidecar.put("writer", None)
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

    def put(self, key: str, value: bytes, timestamp: int) -> None:
        """Set a key."""
        if len(value) > LONGEST_VALUE:
            raise InvalidValueError(f"The value of {key!r} takes {len(value):,} bytes; at most 4 GiB fit into a booklet.")
        self._add(key, Buffered(Status.EDITED, timestamp, value, checksum(value)))

    def delete(self, key: str, timestamp: int) -> None:
        """Delete a key."""
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
        batch = self.data.append(zip(map(str.encode, keys), moments, values, strict=True))
        try:
            with self.sidecar.transaction():
                self.table.put_copies(zip(keys, moments, batch.offsets, map(len, values), checksums, strict=True))
        except BaseException:
            self.data.take_back(batch)
            raise
        self.data.link(batch, len(copies))

    def _add(self, key: str, change: Buffered) -> None:
        with self._mutex:
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
        old = self.table.get_many(list(changes))
        for key, row in list(old.items()):
            if changes[key].status == Status.COPY and row.status != Status.LEAVING:
                del changes[key], old[key]
        if not changes:
            return
        self._mark_dirty()
        in_file = {key: row for key, row in old.items() if row.offset > 0 and row.status != Status.DELETED}
        written = [(key, change.timestamp, change.value) for key, change in changes.items() if change.value is not None]
        new_keys = sum(key not in in_file for key, _, _ in written) if in_file else len(written)
        self.data.grow(self.data.header.n_keys + new_keys)
        batch = self.data.append((key.encode(), timestamp, value) for key, timestamp, value in written)
        try:
            if any(change.status == Status.EDITED for change in changes.values()):
                self.data.flush()
            rows = self._new_rows(changes, old, dict(zip((key for key, _, _ in written), batch.offsets, strict=True)))
            with self.sidecar.transaction():
                self.table.put(rows)
                self.sidecar.put("last_edit", self._edit)
        except BaseException:
            self.data.take_back(batch)
            raise
        self.data.link(batch, new_keys)
        gone = [(key.encode(), in_file[key].offset) for key in changes if key in in_file]
        self.data.remove(gone, sum(changes[key].value is None for key in changes if key in in_file))

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
                rows.append(Row(key, change.status, change.timestamp, offsets[key], length, change.checksum, edit, base))
        return rows

    def _mark_dirty(self) -> None:
        if not self._unsynced:
            self.sidecar.put("dirty", 1)
            self._unsynced = True

    def sync(self) -> None:
        """Make everything durable: after it, no kill and no loss of power loses a change made before it."""
        with self._mutex:
            self.flush()
            if not self._unsynced:
                return
            self.data.flush()
            self.data.stamp()
            with self.sidecar.transaction(durable=True):
                self.sidecar.put("fingerprint", self.data.fingerprint())
                self.sidecar.put("dirty", None)
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
            self.data.remove(((row.key.encode(), row.offset) for row in in_file), len(in_file))
            self.table.remove(row.key for row in rows)

    def start_over(self, header: Header, *, replacing: bool, keeping: Record | None = None) -> None:
        """Empty the file, but for ``keeping``, and take over another header; only when nothing else in it is still wanted."""
        with self._mutex:
            self._buffer, self._buffered_bytes = {}, 0
            self._mark_dirty()
            temporary = self.path.with_name(f".{self.path.name}.empty")
            temporary.unlink(missing_ok=True)
            DataFile.create(temporary, header)
            if keeping is not None:
                _append_to(temporary, keeping)
            with self.sidecar.transaction(durable=True):
                self.sidecar.run("DELETE FROM local")
                self.sidecar.put("replacing", 1 if replacing else None)
                self.sidecar.put("metadata_mark", _mark(keeping.timestamp, keeping.value) if keeping else None)
                self.sidecar.put("drafts", None)
                self.sidecar.put("compacting", temporary.name)
            self.data.replace_content(temporary)
            self.sidecar.put("compacting", None)
            temporary.unlink(missing_ok=True)
            self.sync()

    def clear(self) -> None:
        """Empty the working copy, which from now on stands for the whole database; the metadata stays."""
        with self._mutex:
            value, moment = self.sidecar.get("metadata"), self.sidecar.get("metadata_time")
            kept = Record(METADATA_KEY, moment, value) if value is not None else None
            self.start_over(self.data.header.fresh(self.data.header.n_buckets), replacing=True, keeping=kept)

    def claim_copies(self) -> None:
        """Turn copies of a remote that is no more into edits; within the caller's transaction."""
        with self._mutex:
            self._edit += 1
            self.sidecar.run("UPDATE local SET status = 1, edit = ?, base = NULL WHERE status = 0", (self._edit,))
            self.sidecar.run("DELETE FROM local WHERE status = 2")
            self.sidecar.put("last_edit", self._edit)

    def evict(self, before: int) -> int:
        """Remove copies of remote values older than a timestamp; how many."""
        old = self.sidecar.rows("SELECT key FROM local WHERE status = 0 AND timestamp < ?", (before,))
        self.drop([row[0] for row in old])
        return len(old)

    def set_metadata(self, value: bytes | None, timestamp: int, *, edited: bool) -> None:
        """Write the user's metadata (JSON) to the booklet and the sidecar; ``edited``: it is a change of our own."""
        with self._mutex:
            self._mark_dirty()
            old = self.data.find(METADATA_KEY)
            batch = self.data.append([] if value is None else [Record(METADATA_KEY, timestamp, value)])
            try:
                self.data.flush()
                with self.sidecar.transaction():
                    self.sidecar.put("metadata", value)
                    self.sidecar.put("metadata_time", timestamp)
                    self.sidecar.put("metadata_edited", 1 if edited else None)
                    self.sidecar.put("metadata_mark", _mark(timestamp, value) if value is not None else None)
            except BaseException:
                self.data.take_back(batch)
                raise
            self.data.link(batch, 0)
            if old is not None:
                self.data.remove([(METADATA_KEY, old.offset)], 0)

    def compact(self, progress: Progress) -> int:
        """Write the file again without dead blocks; how many there were."""
        with self._mutex:
            self.sync()
            dead = sum(not block.alive for block in self.data.scan())
            self._mark_dirty()
            found = (self.data.find(key) for key in sorted(RESERVED_KEYS))
            reserved = [record_of(self.data, block) for block in found if block is not None]
            compact(self.data, self.sidecar, self.table, reserved, progress)
            self.sync()
            return dead
