"""When garbage is collected: not while somebody types.

A look through all objects takes 30 ms and more, which is felt; there is time for it when nothing is pressed.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _NEVER = 2_000, 10, 1_000_000_000
"""How many new objects, and then how many such rounds, let young objects be looked through; old ones never by themselves."""
_RESTED = 3.0
"""Seconds without input before old objects are looked through."""
_WORTH = 20
"""Rounds of the middle generation after which that is worth it."""


@contextmanager
def patient_collector() -> Iterator[None]:
    """Leave what is there out of the collector, and old objects alone, while the block lasts."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class RestingCollector:
    """Collects old garbage when there was no input for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._touched = clock()

    def touched(self) -> None:
        """There was input."""
        self._touched = self._clock()

    def look(self) -> bool:
        """Collect, if this is the time for it; whether that was done."""
        if self._clock() - self._touched < _RESTED or gc.get_count()[2] < _WORTH:
            return False
        gc.collect()
        return True
