"""Copies of immutable remote content in the sidecar: segments of the index, and values that readers fetched."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from catalog.errors import LocalFileError
from catalog.local.sidecar import Sidecar

_MOST_FETCHED_BYTES = 256 << 20
_MOST_SEGMENT_BYTES = 1 << 30


class Cache:
    """What was fetched from a remote and need not be fetched again. Losing any of it loses nothing."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def get_segment(self, segment_id: str) -> bytes | None:
        """The body of a cached segment, or None."""
        row = self._sidecar.row("SELECT body FROM segment WHERE id = ?", (segment_id,))
        return row[0] if row else None

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Keep the body of a segment; a cache that cannot be written is no error."""
        with contextlib.suppress(LocalFileError):
            self._sidecar.run("INSERT OR REPLACE INTO segment VALUES (?, ?, ?)", (segment_id, body, int(time.time())))

    def keep_segments(self, wanted: Callable[[], set[str]]) -> None:
        """Forget the longest unused segments beyond 1 GiB, but none of ``wanted``, which is asked for only then."""
        row = self._sidecar.row("SELECT COALESCE(SUM(LENGTH(body)), 0) FROM segment")
        excess = (row[0] if row else 0) - _MOST_SEGMENT_BYTES
        if excess <= 0:
            return
        kept = wanted()
        with self._sidecar.transaction():
            for segment_id, size in self._sidecar.rows("SELECT id, LENGTH(body) FROM segment ORDER BY used"):
                if excess > 0 and segment_id not in kept:
                    self._sidecar.run("DELETE FROM segment WHERE id = ?", (segment_id,))
                    excess -= size

    @property
    def holds_values(self) -> bool:
        """Whether any value is here."""
        return self._sidecar.row("SELECT 1 FROM fetched LIMIT 1") is not None

    def get_value(self, pack: bytes, offset: int) -> bytes | None:
        """A cached value of the remote, or None."""
        row = self._sidecar.row("SELECT value FROM fetched WHERE pack = ? AND offset = ?", (pack, offset))
        return row[0] if row else None

    def put_values(self, values: list[tuple[bytes, int, bytes]]) -> None:
        """Keep fetched values (pack, offset, bytes), dropping the oldest beyond 256 MiB; failure to is no error."""
        now = int(time.time())
        small = [(pack, offset, value, now) for pack, offset, value in values if len(value) <= _MOST_FETCHED_BYTES // 16]
        with contextlib.suppress(LocalFileError), self._sidecar.transaction():
            self._sidecar.run_many("INSERT OR REPLACE INTO fetched VALUES (?, ?, ?, ?)", small)
            row = self._sidecar.row("SELECT value FROM state WHERE name = 'fetched_bytes'")
            total = (row[0] if row else 0) + sum(len(value) for _, _, value, _ in small)
            if total > _MOST_FETCHED_BYTES:
                total = self._evict()
            self._sidecar.run("INSERT OR REPLACE INTO state VALUES ('fetched_bytes', ?)", (total,))

    def forget_values(self) -> None:
        """Forget all values: some of them must not be readable any more."""
        self._sidecar.run("DELETE FROM fetched")

    def _evict(self) -> int:
        row = self._sidecar.row("SELECT COALESCE(SUM(LENGTH(value)), 0) FROM fetched")
        total: int = row[0] if row else 0
        for rowid, size in self._sidecar.rows("SELECT rowid, LENGTH(value) FROM fetched ORDER BY used, rowid"):
            if total <= _MOST_FETCHED_BYTES // 2:
                break
            self._sidecar.run("DELETE FROM fetched WHERE rowid = ?", (rowid,))
            total -= size
        return total
