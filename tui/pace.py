"""How fast something goes, and how long the rest will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from catalog import Report

_LOOKED_BACK = 5.0
"""Seconds over which a rate is taken: long enough to be calm, short enough to follow a network that changes."""
_FIRST_GUESS = 1.0
"""Seconds before anything is said."""


class Pace:
    """Follows one operation by looking at its reports now and then; a new phase, and a pause, begin afresh."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase = ""
        self._seen: deque[tuple[float, int]] = deque()
        self._total = 0
        self._counts_bytes = False

    def look(self, report: Report) -> None:
        """Take in where the operation is now."""
        if report.phase != self._phase:
            self.begin_afresh()
            self._phase = report.phase
        self._counts_bytes = report.total_bytes > 0 or report.done_bytes > 0
        done = report.done_bytes if self._counts_bytes else report.done_items
        self._total = report.total_bytes if self._counts_bytes else report.total_items
        now = self._clock()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _LOOKED_BACK:
            self._seen.popleft()

    def begin_afresh(self) -> None:
        """Forget what was seen, as after a pause."""
        self._seen.clear()

    @property
    def bytes_per_second(self) -> float:
        """How many bytes a second pass; 0 when that is not known or not what is counted."""
        return self._rate if self._counts_bytes else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest of the phase takes at this rate; None when that cannot be said."""
        rate = self._rate
        if not rate or not self._total or not self._seen:
            return None
        return max(0.0, (self._total - self._seen[-1][1]) / rate)

    @property
    def _rate(self) -> float:
        if len(self._seen) < 2:
            return 0.0
        (begin, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - begin) if now - begin >= _FIRST_GUESS else 0.0
