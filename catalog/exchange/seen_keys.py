"""The keys that were met so far, with their places, on disk when they are many."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain, islice
from operator import itemgetter
from types import TracebackType
from typing import Self

_TOGETHER = 250


class SeenKeys:
    """Tells keys that come a second time. Use it as a context manager; its memory stays below some 20 MB."""

    def __init__(self) -> None:
        # Without a name SQLite keeps the table in a file that nobody sees, and in memory as long as it is small.
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            self._table.execute(f"PRAGMA {line}")
        self._table.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")

    def meet(self, keys: Sequence[tuple[str, str]]) -> tuple[int, str] | None:
        """Take note of keys with their places, no two of which are the same.

        Which of them is the first that was met before, and where; None when all are new.
        """
        before = self._table.total_changes
        # in their order, which an index takes in faster
        stream = iter(sorted(keys, key=itemgetter(0)))
        while some := list(islice(stream, _TOGETHER)):
            # one statement for many keys, since each is a transaction
            marks = ",".join(["(?, ?)"] * len(some))
            self._table.execute(f"INSERT INTO seen VALUES {marks} ON CONFLICT DO NOTHING", tuple(chain.from_iterable(some)))  # noqa: S608
        if self._table.total_changes - before == len(keys):
            return None
        for position, (key, place) in enumerate(keys):
            found: tuple[str] = self._table.execute("SELECT place FROM seen WHERE key = ?", (key,)).fetchone()
            if found[0] != place:
                return position, found[0]
        raise AssertionError(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._table.close()
