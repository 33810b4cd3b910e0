"""The keys of a database in another order than their own, in a temporary file, so that a million of them need little memory."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Generic, Literal, TypeVar

from catalog.errors import InvalidInputError

Order = Literal["size", "time"]
_COLUMNS = {"size": "size DESC", "time": "timestamp DESC"}

Described = tuple[str, int, int | None, str, bool]
"""A key with its timestamp, size, state, and whether its value can be verified."""


T = TypeVar("T")


class SortedKeys(Generic[T]):
    """A list of keys by size, the largest first, or by time, the newest first. Safe from many threads; close it.

    ``make`` turns a key, its timestamp, size, state and whether it can be verified into what pages hold.
    """

    def __init__(self, keys: Iterable[Described], order: Order, make: Callable[[str, int, int | None, str, bool], T]) -> None:
        if order not in _COLUMNS:
            raise InvalidInputError(f"Keys are not sorted by {order!r}.", hint="Use 'size' or 'time'.")
        self._make = make
        self._lock = threading.Lock()
        # A file that SQLite makes for itself and that is gone when the connection is.
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        run = self._connection.execute
        run("PRAGMA journal_mode = OFF")
        columns = "key TEXT, timestamp INTEGER, size INTEGER, state TEXT, verified INTEGER"
        run(f"CREATE TABLE unsorted ({columns})")
        run("BEGIN")
        self._connection.executemany("INSERT INTO unsorted VALUES (?, ?, ?, ?, ?)", keys)
        run(f"CREATE TABLE sorted (row INTEGER PRIMARY KEY, {columns})")
        run(
            "INSERT INTO sorted (key, timestamp, size, state, verified)"  # noqa: S608 - one of two literals
            f" SELECT key, timestamp, size, state, verified FROM unsorted ORDER BY {_COLUMNS[order]}, key"
        )
        run("DROP TABLE unsorted")
        run("COMMIT")
        self._count: int = run("SELECT COUNT(*) FROM sorted").fetchone()[0]

    def __len__(self) -> int:
        return self._count

    def page_at(self, row: int, limit: int) -> list[T]:
        """Some keys from a row on; 0 is the first."""
        with self._lock:
            found = self._connection.execute(
                "SELECT key, timestamp, size, state, verified FROM sorted WHERE row > ? ORDER BY row LIMIT ?", (row, limit)
            ).fetchall()
        return [self._make(*described) for described in found]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
