"""Measures how long the event loop is held up, and finds out by what."""

from __future__ import annotations

import asyncio.events
import gc
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest

from tui.collector import patient_collector

_WATCHED = 0.05
"""Seconds after which it is noted where the loop is; its own thread notes it, for from another one that is not safe."""
_LOOK_EVERY = 0.01


@dataclass
class Blocking:
    """The longest single step of the event loop, in seconds, and where it was after a while."""

    longest: float = 0.0
    where: str = ""
    steps: int = 0
    long_steps: list[tuple[float, str]] = field(default_factory=list)


class _Waiting:
    """How long this thread was ready to run and no processor was free; that is not the program's doing."""

    def __init__(self) -> None:
        path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._file = path.open("rb", buffering=0) if path.exists() else None

    def seconds(self) -> float:
        """The sum since the thread began; 0 where the system does not tell."""
        return int(os.pread(self._file.fileno(), 100, 0).split()[1]) / 1e9 if self._file else 0.0


class _Meter:
    """Times steps; asks by a signal where a long one is, and the garbage collector says when it was the cause."""

    def __init__(self) -> None:
        self.found = Blocking()
        self._waiting = _Waiting()
        self._thread = threading.get_ident()
        self._run = asyncio.events.Handle._run
        self._began = self._collection_began = 0.0
        self._where = ""
        self._over = threading.Event()
        self._asker = threading.Thread(target=self._ask, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        gc.callbacks.append(self._collecting)
        self._handler = signal.signal(signal.SIGUSR1, self._look)
        self._asker.start()

    def stop(self) -> None:
        """Look no more."""
        gc.callbacks.remove(self._collecting)
        self._over.set()
        self._asker.join()
        signal.signal(signal.SIGUSR1, self._handler)

    def time(self, handle: asyncio.events.Handle) -> None:
        """Run one step, and take its time."""
        if threading.get_ident() != self._thread:
            self._run(handle)
            return
        self._where, before = "", self._waiting.seconds()
        self._began = began = time.perf_counter()
        self._run(handle)
        self._began = 0.0
        if self._over.is_set():
            return
        taken = time.perf_counter() - began
        self.found.steps += 1
        if taken > _WATCHED:
            taken -= self._waiting.seconds() - before
            self.found.long_steps.append((taken, self._where))
        if taken > self.found.longest:
            self.found.longest, self.found.where = taken, self._where

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collection_began = time.perf_counter()
        elif (taken := time.perf_counter() - self._collection_began) > _WATCHED / 2:
            self._where += f"collecting garbage of generation {info['generation']} took {taken * 1000:.0f} ms\n"

    def _ask(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            if self._is_long():
                signal.pthread_kill(self._thread, signal.SIGUSR1)

    def _is_long(self) -> bool:
        return bool(self._began) and time.perf_counter() - self._began > _WATCHED and not self._where

    def _look(self, _: int, frame: FrameType | None) -> None:
        if self._is_long():
            self._where = _stack(frame)


def _step_of(meter: _Meter) -> Callable[[asyncio.events.Handle], None]:
    """A function in place of the method of a handle; a bound method would not be given the handle."""

    def step(handle: asyncio.events.Handle) -> None:
        meter.time(handle)

    return step


@contextmanager
def watched_blocking() -> Iterator[Blocking]:
    """Measure each step of the loop of this thread while the block lasts.

    What counts is the time of a step without the time that the thread waited for a processor. Garbage is collected as it is in
    the program.
    """
    meter = _Meter()
    with pytest.MonkeyPatch.context() as patch, patient_collector():
        patch.setattr(asyncio.events.Handle, "_run", _step_of(meter))
        meter.start()
        try:
            yield meter.found
        finally:
            meter.stop()


def _stack(frame: FrameType | None) -> str:
    lines = traceback.format_stack(frame)[-14:] if frame else []
    return "".join(lines)
