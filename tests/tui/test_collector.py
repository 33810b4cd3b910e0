"""When garbage is collected."""

from __future__ import annotations

import gc
import weakref

from tui.collector import RestingCollector, patient_collector


class _Knot:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.me = self


def _fill_generations() -> None:
    for _ in range(25):
        gc.collect(1)


def test_old_garbage_waits_for_a_rest() -> None:
    """What is old is left alone as long as there is input, and freed when there was none for a while."""
    now = 0.0
    with patient_collector():
        collector = RestingCollector(lambda: now)
        knot = weakref.ref(_Knot())
        _fill_generations()
        gone = knot() is None
        old = _Knot()
        _fill_generations()
        old_one = weakref.ref(old)
        del old

        now = 2.0
        assert not collector.look()
        collector.touched()
        now = 4.0
        assert not collector.look()
        assert old_one() is not None
        now = 6.0
        assert collector.look()
        assert old_one() is None
        assert not collector.look()
    assert gone


def test_afterwards_everything_is_as_before() -> None:
    """What was said to the collector holds for the block only."""
    before = gc.get_threshold()
    with patient_collector():
        assert gc.get_threshold() != before
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
