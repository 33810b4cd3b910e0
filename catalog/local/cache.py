"""Copies of immutable remote content in the sidecar: segments of the index, and values that readers fetched."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from catalog.errors import LocalFileError
from catalog.local.sidecar import Sidecar

_MOST_BYTES = 512 << 20
"""How much both kinds take together, before what was not used for longest goes."""
_KEPT = 0.75
"""Which share of that stays when room is made, so that it is made rarely."""
_LARGEST_VALUE = 16 << 20
_MOST_MARKS = 1_000


class Cache:
    """What was fetched from a remote and need not be fetched again. Losing any of it loses nothing.

    A read is noted in memory, and many together in the file: with the next thing that is kept, or when the cache is closed.
    """

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._wanted: Callable[[], set[str]] = set
        self._limit = _MOST_BYTES
        self._used_segments: dict[str, int] = {}
        self._used_values: dict[tuple[bytes, int], int] = {}

    def get_segment(self, segment_id: str) -> bytes | None:
        """The body of a cached segment, or None."""
        body = self._bytes("SELECT body FROM segment WHERE id = ?", (segment_id,))
        if body is not None:
            self._used_segments[segment_id] = time.time_ns()
            self._note_often()
        return body

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Keep the body of a segment; a cache that cannot be written is no error."""
        with contextlib.suppress(LocalFileError), self._sidecar.transaction():
            self._sidecar.run("INSERT OR REPLACE INTO segment VALUES (?, ?, ?)", (segment_id, body, time.time_ns()))
            self._added(len(body))

    def keep_segments(self, wanted: Callable[[], set[str]]) -> None:
        """Never forget these segments to make room, however long they were not used; they are asked for only then."""
        self._wanted = wanted

    @property
    def holds_values(self) -> bool:
        """Whether any value is here."""
        return self._sidecar.row("SELECT 1 FROM fetched LIMIT 1") is not None

    def get_value(self, pack: bytes, offset: int) -> bytes | None:
        """A cached value of the remote, or None."""
        value = self._bytes("SELECT value FROM fetched WHERE pack = ? AND offset = ?", (pack, offset))
        if value is not None:
            self._used_values[pack, offset] = time.time_ns()
            self._note_often()
        return value

    def put_values(self, values: list[tuple[bytes, int, bytes]]) -> None:
        """Keep fetched values (pack, offset, bytes); failure to is no error."""
        now = time.time_ns()
        small = [(pack, offset, value, now) for pack, offset, value in values if len(value) <= _LARGEST_VALUE]
        with contextlib.suppress(LocalFileError), self._sidecar.transaction():
            self._sidecar.run_many("INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?)", small)
            self._added(sum(len(value) for _, _, value, _ in small))

    def prune(self) -> None:
        """Forget all that need not stay, leave no trace of it in the file, and give its disk space back."""
        with self._sidecar.transaction():
            self._sidecar.run("DELETE FROM fetched")
            wanted = self._wanted()
            dropped = [row[0] for row in self._sidecar.rows("SELECT id FROM segment") if row[0] not in wanted]
            self._sidecar.run_many("DELETE FROM segment WHERE id = ?", ((segment,) for segment in dropped))
            self._count()
        with contextlib.suppress(LocalFileError):
            self._sidecar.shrink()

    def close(self) -> None:
        """Write down what was read; that this cannot be done is no error."""
        with contextlib.suppress(LocalFileError):
            self._note()

    def _bytes(self, query: str, values: tuple[Any, ...]) -> bytes | None:
        row = self._sidecar.row(query, values)
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def _note_often(self) -> None:
        if len(self._used_segments) + len(self._used_values) >= _MOST_MARKS:
            self.close()

    def _note(self) -> None:
        segments, self._used_segments = self._used_segments, {}
        values, self._used_values = self._used_values, {}
        if not segments and not values:
            return
        with self._sidecar.transaction():
            self._sidecar.run_many("UPDATE segment SET used = ? WHERE id = ?", ((at, name) for name, at in segments.items()))
            self._sidecar.run_many(
                "UPDATE fetched SET used = ? WHERE pack = ? AND offset = ?", ((at, *place) for place, at in values.items())
            )

    def _added(self, size: int) -> None:
        """Count what was kept just now, and make room when it is too much; within the caller's transaction."""
        self._note()
        self._sidecar.run("UPDATE state SET value = value + ? WHERE name = 'cached_bytes'", (size,))
        row = self._sidecar.row("SELECT value FROM state WHERE name = 'cached_bytes'")
        total = row[0] if row is not None and isinstance(row[0], int) else self._count()
        if total > self._limit and self._count() > self._limit:
            self._make_room()

    def _count(self) -> int:
        """How many bytes both kinds take now, exactly: what takes the place of the same counts twice until then."""
        row = self._sidecar.row(
            "SELECT (SELECT COALESCE(SUM(LENGTH(body)), 0) FROM segment) + (SELECT COALESCE(SUM(LENGTH(value)), 0) FROM fetched)"
        )
        total = int(row[0]) if row else 0
        self._sidecar.run("INSERT OR REPLACE INTO state VALUES ('cached_bytes', ?)", (total,))
        return total

    def _make_room(self) -> None:
        total = self._count()
        gone: tuple[list[tuple[object]], list[tuple[object]]] = ([], [])
        kept, wanted = 0, self._wanted()
        for kind, name, size, _ in self._sidecar.rows(
            "SELECT 0, id, LENGTH(body), used FROM segment UNION ALL SELECT 1, rowid, LENGTH(value), used FROM fetched ORDER BY 4"
        ):
            if kind == 0 and name in wanted:
                kept += size
            elif total > self._limit * _KEPT:
                gone[kind].append((name,))
                total -= size
        self._sidecar.run_many("DELETE FROM segment WHERE id = ?", gone[0])
        self._sidecar.run_many("DELETE FROM fetched WHERE rowid = ?", gone[1])
        # What must stay may be more than the bound: then there is room for a little beside it, and none is made at each step.
        self._limit = max(_MOST_BYTES, kept + int(_MOST_BYTES * (1 - _KEPT)))
        self._count()
