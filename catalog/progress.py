"""Progress of one long operation, and the wish to pause or stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from catalog.errors import CancelledError


@dataclass(frozen=True, slots=True)
class Report:
    """How far an operation is: ``phase`` in words, bytes done and expected (0 when not known)."""

    phase: str
    done_bytes: int
    total_bytes: int
    done_items: int
    total_items: int


class Progress:
    """Carries reports from the engine to whoever watches, and a pause or a cancel from them to the engine.

    ``watch`` is called from any thread of the operation, never two at a time, and must be quick. One object serves
    one operation; ``pause``, ``resume`` and ``cancel`` may be called from any thread and take effect at the next step.
    """

    def __init__(self, watch: Callable[[Report], None] | None = None) -> None:
        self._watch = watch
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._wishes = threading.Lock()
        self._report = Report("", 0, 0, 0, 0)

    @property
    def report(self) -> Report:
        """The latest report."""
        return self._report

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        """Whether the operation was asked to hold still."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Ask the operation to hold still at its next step, until `resume` or `cancel`; what it has locked stays locked."""
        with self._wishes:
            if not self._cancelled.is_set():
                self._going.clear()

    def resume(self) -> None:
        """Let a paused operation go on."""
        self._going.set()

    def cancel(self) -> None:
        """Ask the operation to stop at its next step, also a paused one."""
        with self._wishes:
            self._cancelled.set()
            self._going.set()

    def check(self) -> None:
        """Hold still while paused; raise CancelledError when a stop was asked for."""
        self._going.wait()
        if self._cancelled.is_set():
            raise CancelledError(self._report.phase.capitalize() or "The operation")

    def wait(self, seconds: float) -> None:
        """Pause for ``seconds`` at most; raise CancelledError as soon as a stop is asked for."""
        self._cancelled.wait(seconds)
        self.check()

    def begin(self, phase: str, total_bytes: int = 0, total_items: int = 0) -> None:
        """Start a phase: its words ("uploading", "waiting for alice@host") and what it expects to move."""
        self.check()
        self._put(Report(phase, 0, total_bytes, 0, total_items))

    def advance(self, done_bytes: int = 0, done_items: int = 0) -> None:
        """Add what was just done; raises CancelledError when a stop was asked for."""
        self.check()
        with self._lock:
            now = self._report
            self._report = Report(
                now.phase, now.done_bytes + done_bytes, now.total_bytes, now.done_items + done_items, now.total_items
            )
            if self._watch:
                self._watch(self._report)

    def _put(self, report: Report) -> None:
        with self._lock:
            self._report = report
            if self._watch:
                self._watch(report)
