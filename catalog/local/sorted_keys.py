"""The keys of a database in another order than their own, in a temporary file, so that a million of them need little memory."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, Literal, TypeVar

from typing_extensions import override

from catalog.errors import InvalidInputError
from catalog.processes.fork import Guard, OfOneProcess, keep_for_ever

Order = Literal["size", "time"]
_COLUMNS = {"size": "size DESC", "time": "timestamp DESC"}

Described = tuple[str, int, int | None, str, bool]
"""A key with its timestamp, size, state, and whether its value can be verified."""


T = TypeVar("T")


class SortedKeys(OfOneProcess, Generic[T]):
    """A list of keys by size, the largest first, or by time, the newest first. Safe from many threads; close it.

    ``read`` gives the keys; ``make`` turns a key, its timestamp, size, state and whether it can be verified into what pages hold.
    In a forked child the keys are read again when they are first asked for, as they are then.
    """

    def __init__(
        self, read: Callable[[], Iterable[Described]], order: Order, make: Callable[[str, int, int | None, str, bool], T]
    ) -> None:
        if order not in _COLUMNS:
            raise InvalidInputError(f"Keys are not sorted by {order!r}.", hint="Use 'size' or 'time'.")
        self._read, self._order, self._make = read, order, make
        self._lock = threading.Lock()
        self._sorted: sqlite3.Connection | None = None
        self.belong_here()
        with self._lock:
            self._sorted = self._sort()

    @override
    def guard(self) -> Guard:
        return self._lock

    @override
    def after_fork(self) -> None:
        if self._sorted is not None:
            keep_for_ever(self._sorted)
        self._sorted, self._lock = None, threading.Lock()

    def _sort(self) -> sqlite3.Connection:
        # A file that SQLite makes for itself and that is gone when the connection is.
        connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        run = connection.execute
        run("PRAGMA journal_mode = OFF")
        columns = "key TEXT, timestamp INTEGER, size INTEGER, state TEXT, verified INTEGER"
        run(f"CREATE TABLE unsorted ({columns})")
        run("BEGIN")
        connection.executemany("INSERT INTO unsorted VALUES (?, ?, ?, ?, ?)", self._read())
        run(f"CREATE TABLE sorted (row INTEGER PRIMARY KEY, {columns})")
        run(
            "INSERT INTO sorted (key, timestamp, size, state, verified)"  # noqa: S608 - one of two literals
            f" SELECT key, timestamp, size, state, verified FROM unsorted ORDER BY {_COLUMNS[self._order]}, key"
        )
        run("DROP TABLE unsorted")
        run("COMMIT")
        return connection

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._sorted is None:
                self._sorted = self._sort()
            return self._sorted.execute(query, values).fetchall()

    def __len__(self) -> int:
        return int(self._rows("SELECT COALESCE(MAX(row), 0) FROM sorted")[0][0])

    def page_at(self, row: int, limit: int) -> list[T]:
        """Some keys from a row on; 0 is the first."""
        query = "SELECT key, timestamp, size, state, verified FROM sorted WHERE row > ? ORDER BY row LIMIT ?"
        found = self._rows(query, row, limit)
        return [self._make(*described) for described in found]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._sorted is not None:
                self._sorted.close()
