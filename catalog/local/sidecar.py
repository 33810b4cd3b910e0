"""The sidecar: a SQLite file beside the booklet that holds what the booklet cannot.

Tables: ``state`` (single facts, see `state`), ``local`` (what this working copy holds or says of a key, see `table`), ``segment``
and ``fetched`` (copies of immutable remote content, see `cache`), ``uploaded`` (packs of a push that did not commit yet).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from typing_extensions import override

from catalog.errors import CatalogError, IntegrityError, LocalFileError, UnsupportedFormatError
from catalog.local.migration import SCHEMA_VERSION, create, foreign_object, migrate
from catalog.processes.fork import Guard, OfOneProcess, keep_for_ever

_MOST_MAPPED_BYTES = 32 << 20
_MOST_VALUE_BYTES = 128 << 20
"""What is larger in a sidecar is none of ours: a segment has at most 64 MiB."""
_BUSY_SECONDS = 30
_PAUSE = 0.02
_DAMAGED = ("malformed", "not a database", "no such", "too big", "no query solution")


class Sidecar(OfOneProcess):
    """The SQLite file beside a booklet. Safe from many threads and processes; a write waits at most 30 s for another.

    Where the file cannot be written (``is_copy``) it is read once: what is noted goes into a copy, and with it when it is closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_copy = not _can_be_written(path)
        self._lock = threading.RLock()
        self._depth = 0
        self._changed = False
        self._opened: sqlite3.Connection | None = None
        self.belong_here()
        with self._lock:
            self._connect("rwc")

    def _connect(self, mode: str) -> sqlite3.Connection:
        try:
            self._opened = _copy_of(self.path) if self.is_copy else _open(f"{self.path.as_uri()}?mode={mode}")
            with self._translated():
                self._prepare(self._opened)
        except (sqlite3.Error, OSError) as error:
            raise _translate(error, self.path) from None
        return self._opened

    @property
    def _connection(self) -> sqlite3.Connection:
        """The connection of this process: a forked child makes one of its own when it first needs it."""
        return self._opened or self._connect("rw")

    @override
    def guard(self) -> Guard:
        return self._lock

    @override
    def after_fork(self) -> None:
        if self._opened is not None:
            keep_for_ever(self._opened)
        self._opened, self._lock, self._depth = None, threading.RLock(), 0

    def _prepare(self, connection: sqlite3.Connection) -> None:
        run = connection.execute
        run("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE_BYTES)
        version = run("PRAGMA user_version").fetchone()[0]
        if (foreign := foreign_object(connection)) is not None:
            raise damaged(self.path, f"{foreign} is none of ours")
        if version == 0:
            self._use_wal()
        elif version > SCHEMA_VERSION:
            raise UnsupportedFormatError(
                f"{self.path} has version {version}; this program uses {SCHEMA_VERSION}.",
                hint="A newer booklet-catalog wrote it: use that one here.",
            )
        if version < SCHEMA_VERSION:
            with self.transaction(durable=True):
                # Another process may have been faster.
                version = run("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    create(connection)
                elif version < SCHEMA_VERSION:
                    migrate(connection, version)
                run(f"PRAGMA user_version = {SCHEMA_VERSION}")
        # Even to replace such a fact would take a minute.
        if run("SELECT 1 FROM state WHERE LENGTH(value) > ? LIMIT 1", (_MOST_VALUE_BYTES,)).fetchone():
            raise damaged(self.path, "a fact in it is too large")
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
            self._changed = False
            try:
                yield
                if self._changed:
                    run("UPDATE state SET value = value + 1 WHERE name = 'generation'")
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

    def change(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        """Execute a statement that changes what is known of keys or commits: the generation is another then. The rows changed."""
        with self.transaction():
            self._changed = True
            return self._connection.execute(statement, values).rowcount

    def change_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """As `change`, for each row."""
        with self.transaction():
            self._changed = True
            self._connection.executemany(statement, rows)

    def run(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        """Execute one statement that nobody's memory depends on; the number of rows it changed."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).rowcount

    def run_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """As `run`, for each row."""
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

    @property
    def size(self) -> int:
        """How many bytes the file takes on its disk, with its log."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def shrink(self) -> None:
        """Write the file anew, without what was deleted from it. LocalFileError when others use it just now."""
        with self._lock, self._translated():
            if self._depth == 0 and not self.is_copy:
                self._execute("VACUUM")
                self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()


def _can_be_written(path: Path) -> bool:
    """Whether SQLite can keep its log beside a file, and write to the file where there is one."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _open(name: str) -> sqlite3.Connection:
    return sqlite3.connect(
        name, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )


def _copy_of(path: Path) -> sqlite3.Connection:
    """A file that SQLite makes for itself, and that is gone when it is closed, with the content of one that is only read."""
    copy = _open("")
    if path.exists():
        with _readable(path) as source:
            source.backup(copy)
    return copy


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that cannot be written, opened for reading, with the log that a writer may have left beside it."""
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    with contextlib.closing(_open(f"{path.as_uri()}?mode=ro{'' if has_log else '&immutable=1'}")) as source:
        if not has_log or _answers(source):
            yield source
            return
    # SQLite does not read a log without the index that lies beside it, which cannot be made here.
    with tempfile.TemporaryDirectory() as folder:
        for file in (path, log):
            shutil.copyfile(file, Path(folder) / file.name)
        with contextlib.closing(_open((Path(folder) / path.name).as_uri())) as source:
            yield source


def _answers(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        return False
    return True


def _translate(error: sqlite3.Error | OSError, path: Path) -> CatalogError:
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
    if isinstance(error, sqlite3.DatabaseError) and any(words in text for words in _DAMAGED):
        return damaged(path, text)
    return LocalFileError(f"{path} cannot be used: {text}.", path=str(path), hint="Check the folder and its permissions.")


def damaged(path: Path, what: str) -> IntegrityError:
    """The error for a sidecar whose content cannot be used."""
    return IntegrityError(
        f"{path} is damaged ({what}).",
        hint="Your data is in the booklet beside it. Move the .sync file away and open again: edits are then compared anew.",
    )
