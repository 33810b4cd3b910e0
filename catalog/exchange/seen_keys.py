"""The keys that were met so far, with their places, on disk when they are many."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self


class SeenKeys:
    """Tells a key that comes a second time. Use it as a context manager; its memory stays below some 20 MB."""

    def __init__(self) -> None:
        # Without a name SQLite keeps the table in a file that nobody sees, and in memory as long as it is small.
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            self._table.execute(f"PRAGMA {line}")
        self._table.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")

    def meet(self, key: str, place: str) -> str:
        """Take note of a key; where it was met before, or nothing."""
        done = self._table.execute("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", (key, place))
        if done.rowcount:
            return ""
        found: tuple[str] = self._table.execute("SELECT place FROM seen WHERE key = ?", (key,)).fetchone()
        return found[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._table.close()
