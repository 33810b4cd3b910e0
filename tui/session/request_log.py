"""What the servers were asked in this session."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from catalog import Request
from tui.kit.amounts import clock

_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Noted:
    """A request, and at what time of day it ended."""

    time: str
    asked: Request


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything of the session, also what is not kept any more."""

    requests: int = 0
    failures: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    seconds: float = 0.0


_WELL = {"ok", "unchanged", "missing", "not done"}


def went_well(asked: Request) -> bool:
    """Whether a request was answered as it was meant: that an object is not there is an answer too."""
    return asked.outcome in _WELL


class RequestLog:
    """Keeps the newest requests and counts all. Told from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Noted] = deque(maxlen=_KEPT)
        self._totals = Totals()

    def note(self, asked: Request) -> None:
        """Take down a request that has ended."""
        with self._lock:
            self._kept.append(Noted(clock(), asked))
            before = self._totals
            self._totals = Totals(
                before.requests + 1,
                before.failures + (not went_well(asked)),
                before.bytes_up + asked.bytes_up,
                before.bytes_down + asked.bytes_down,
                before.seconds + asked.seconds,
            )

    @property
    def kept(self) -> tuple[Noted, ...]:
        """The newest requests, oldest first."""
        with self._lock:
            return tuple(self._kept)

    @property
    def totals(self) -> Totals:
        """The sums of the session."""
        return self._totals
