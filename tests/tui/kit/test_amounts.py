"""Sizes, counts and times in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.kit.amounts import duration, moment, quantity, size


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (10**21, "1,000 EB"),
    ],
)
def test_a_size_has_at_most_three_digits_that_count(number: int, words: str) -> None:
    """Sizes are written in units of a thousand, with one decimal below a hundred."""
    assert size(number) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 keys"), (1, "1 key"), (2_922, "2,922 keys")])
def test_a_quantity_agrees_with_its_noun(number: int, words: str) -> None:
    """One is singular, everything else plural."""
    assert quantity(number, "key") == words


def test_a_moment_may_be_a_datetime_or_microseconds() -> None:
    """Both spellings of a time give the same words, in the zone of the reader."""
    when = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)

    assert moment(when) == moment(1_772_442_300_000_000) == when.astimezone().strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("hostile", [2**62, -(2**62)])
def test_a_hostile_time_is_no_crash(hostile: int) -> None:
    """A time that no calendar has is shown as unknown."""
    assert moment(hostile) == "?"


@pytest.mark.parametrize(("seconds", "words"), [(8.4, "8 s"), (99, "99 s"), (180, "3 min"), (7200, "2 h")])
def test_a_duration_is_rough(seconds: float, words: str) -> None:
    """How long something takes is said in one unit."""
    assert duration(seconds) == words
