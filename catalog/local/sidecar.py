"""The sidecar: a SQLite file beside the booklet that holds what the booklet cannot.

Tables: ``state`` (single facts), ``local`` (what this working copy holds or says of a key, see `local_table`), ``segment`` and
``fetched`` (caches of immutable remote content, bounded), ``uploaded`` (packs of a push that did not commit yet).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typing_extensions import override

from catalog.errors import CatalogError, IntegrityError, LocalFileError, UnsupportedFormatError
from catalog.processes.fork import OfOneProcess, keep_for_ever

SCHEMA_VERSION = 1
_MOST_FETCHED_BYTES = 256 << 20
_MOST_SEGMENT_BYTES = 1 << 30
_MOST_MAPPED_BYTES = 32 << 20
_BUSY_SECONDS = 30
_PAUSE = 0.02

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS local (
    key TEXT PRIMARY KEY,
    status INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    edit INTEGER NOT NULL,
    base BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS edited ON local (key) WHERE status IN (1, 2);
CREATE INDEX IF NOT EXISTS leaving ON local (key) WHERE status = 3;
CREATE TABLE IF NOT EXISTS segment (id TEXT PRIMARY KEY, body BLOB NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fetched (
    pack BLOB NOT NULL, offset INTEGER NOT NULL, value BLOB NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (pack, offset)
);
CREATE TABLE IF NOT EXISTS uploaded (pack BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""


class Sidecar(OfOneProcess):
    """The SQLite file beside a booklet. Safe from many threads and processes; a write waits at most 30 s for another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._forks = 0
        self._opened: sqlite3.Connection | None = None
        self._connect("rwc")
        self.belong_here()

    def _connect(self, mode: str) -> sqlite3.Connection:
        try:
            self._opened = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            with self._translated():
                self._prepare()
        except sqlite3.Error as error:
            raise _translate(error, self.path) from None
        return self._opened

    @property
    def _connection(self) -> sqlite3.Connection:
        """The connection of this process: a forked child makes one of its own when it first needs it."""
        return self._opened or self._connect("rw")

    @override
    def after_fork(self) -> None:
        if self._opened is not None:
            keep_for_ever(self._opened)
        self._opened, self._lock, self._depth = None, threading.RLock(), 0
        self._forks += 1

    def _prepare(self) -> None:
        run = self._connection.execute
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._use_wal()
            with self.transaction():
                for statement in _SCHEMA.split(";"):
                    run(statement)
                run(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise UnsupportedFormatError(
                f"{self.path} has version {version}; this program uses {SCHEMA_VERSION}.", hint="Upgrade booklet-catalog."
            )
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA temp_store = MEMORY")
        run(f"PRAGMA mmap_size = {_MOST_MAPPED_BYTES}")

    def _use_wal(self) -> None:
        """Switch to write-ahead logging; SQLite does not wait by itself for another process that is doing so now."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translate(error, self.path) from None

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """All or nothing; with ``durable`` it also survives a loss of power once it has ended. Nested ones join the outer."""
        with self._lock, self._translated():
            if self._depth:
                yield
                return
            run = self._execute
            if durable:
                run("PRAGMA synchronous = FULL")
            run("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                run("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    run("ROLLBACK")
                raise
            finally:
                self._depth -= 1
                if durable:
                    run("PRAGMA synchronous = NORMAL")

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        """Execute one statement; the number of rows it changed."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Any) -> None:
        """Execute one statement for each row."""
        with self._lock, self._translated():
            self._connection.executemany(statement, rows)

    def row(self, statement: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self._lock, self._translated():
            found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
            return found

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that is known to be small or bounded by a limit."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def version(self) -> tuple[int, ...]:
        """Something that is another whenever anyone has written to the file, in this process or elsewhere."""
        with self._lock, self._translated():
            (elsewhere,) = self._connection.execute("PRAGMA data_version").fetchone()
            return self._forks, int(elsewhere), self._connection.total_changes

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()

    def get(self, name: str) -> Any:
        """A fact, or None."""
        row = self.row("SELECT value FROM state WHERE name = ?", (name,))
        return row[0] if row else None

    def put(self, name: str, value: Any) -> None:
        """Set a fact; None forgets it."""
        if value is None:
            self.run("DELETE FROM state WHERE name = ?", (name,))
        else:
            self.run("INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def get_segment(self, segment_id: str) -> bytes | None:
        """The body of a cached segment, or None."""
        row = self.row("SELECT body FROM segment WHERE id = ?", (segment_id,))
        return row[0] if row else None

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Keep the body of a segment; a cache that cannot be written is no error."""
        with contextlib.suppress(LocalFileError):
            self.run("INSERT OR REPLACE INTO segment VALUES (?, ?, ?)", (segment_id, body, int(time.time())))

    def keep_segments(self, wanted: set[str]) -> None:
        """Forget the longest unused segments beyond 1 GiB, but none of ``wanted``."""
        row = self.row("SELECT COALESCE(SUM(LENGTH(body)), 0) FROM segment")
        excess = (row[0] if row else 0) - _MOST_SEGMENT_BYTES
        if excess <= 0:
            return
        with self.transaction():
            for segment_id, size in self.rows("SELECT id, LENGTH(body) FROM segment ORDER BY used"):
                if excess > 0 and segment_id not in wanted:
                    self.run("DELETE FROM segment WHERE id = ?", (segment_id,))
                    excess -= size

    def get_fetched(self, pack: bytes, offset: int) -> bytes | None:
        """A cached value of the remote, or None."""
        row = self.row("SELECT value FROM fetched WHERE pack = ? AND offset = ?", (pack, offset))
        return row[0] if row else None

    def put_fetched(self, values: list[tuple[bytes, int, bytes]]) -> None:
        """Keep fetched values (pack, offset, bytes), dropping the oldest beyond 256 MiB; failure to is no error."""
        now = int(time.time())
        small = [(pack, offset, value, now) for pack, offset, value in values if len(value) <= _MOST_FETCHED_BYTES // 16]
        with contextlib.suppress(LocalFileError), self.transaction():
            self.run_many("INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?)", small)
            total = (self.get("fetched_bytes") or 0) + sum(len(value) for _, _, value, _ in small)
            if total > _MOST_FETCHED_BYTES:
                total = self._evict()
            self.put("fetched_bytes", total)

    def _evict(self) -> int:
        row = self.row("SELECT COALESCE(SUM(LENGTH(value)), 0) FROM fetched")
        total: int = row[0] if row else 0
        for rowid, size in self.rows("SELECT rowid, LENGTH(value) FROM fetched ORDER BY used, rowid"):
            if total <= _MOST_FETCHED_BYTES // 2:
                break
            self.run("DELETE FROM fetched WHERE rowid = ?", (rowid,))
            total -= size
        return total


def _translate(error: sqlite3.Error, path: Path) -> CatalogError:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return LocalFileError(
            f"The disk is full or failing: writing {path} failed ({text}).",
            path=str(path),
            hint="Free some space and try again; what was synced before is safe.",
        )
    if "locked" in text or "busy" in text:
        return LocalFileError(
            f"{path} is in use by another process for more than {_BUSY_SECONDS} s.", path=str(path), hint="Try again."
        )
    if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
        return IntegrityError(
            f"{path} is damaged ({text}).",
            hint="Your data is in the booklet beside it. Move the .sync file away and open again: edits are then compared anew.",
        )
    return LocalFileError(f"{path} cannot be used: {text}.", path=str(path), hint="Check the folder and its permissions.")
