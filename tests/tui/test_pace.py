"""How fast something goes."""

from __future__ import annotations

from catalog import Report
from tui.pace import Pace


class _Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _look(pace: Pace, clock: _Clock, seconds: float, done: int, total: int = 1_000, phase: str = "uploading") -> None:
    clock.now = seconds
    pace.look(Report(phase, done, total, 0, 0))


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """What was fast long ago does not count any more."""
    clock = _Clock()
    pace = Pace(clock)
    for second in range(5):
        _look(pace, clock, second, second * 100)
    assert pace.bytes_per_second == 100
    assert pace.seconds_left == 6
    for second in range(5, 20):
        _look(pace, clock, second, 400 + (second - 4) * 10)
    assert pace.bytes_per_second == 10


def test_nothing_is_said_too_early() -> None:
    """In the first second, and where nothing moves, there is neither rate nor time left."""
    clock = _Clock()
    pace = Pace(clock)
    assert pace.seconds_left is None
    _look(pace, clock, 0, 0)
    _look(pace, clock, 0.5, 100)
    assert (pace.bytes_per_second, pace.seconds_left) == (0, None)
    _look(pace, clock, 2, 100, total=0)
    assert pace.seconds_left is None


def test_a_new_phase_and_a_pause_begin_afresh() -> None:
    """The rate of before says nothing about another phase, or about the time after a pause."""
    clock = _Clock()
    pace = Pace(clock)
    _look(pace, clock, 0, 0)
    _look(pace, clock, 2, 500)
    _look(pace, clock, 3, 0, phase="committing")
    assert pace.bytes_per_second == 0
    _look(pace, clock, 5, 100, phase="committing")
    assert pace.bytes_per_second == 50
    pace.begin_afresh()
    assert pace.seconds_left is None


def test_items_have_a_time_left_and_no_bytes_a_second() -> None:
    """Where only items are counted, the time left comes from them."""
    clock = _Clock()
    pace = Pace(clock)
    for second, done in ((0, 0), (2, 4)):
        clock.now = second
        pace.look(Report("reading", 0, 0, done, 10))
    assert pace.bytes_per_second == 0
    assert pace.seconds_left == 3
