"""Answers about many databases are shown together, those about few at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from an_entry import ENTRY

from catalog import Entry, State, Status
from tui.browse.gathering import Gathering
from tui.browse.library import Stand


class _Screen:
    """A screen whose timers run when they are told to."""

    def __init__(self) -> None:
        self.timers: list[Callable[[], None]] = []

    def set_timer(self, _: float, act: Callable[[], None]) -> None:
        self.timers.append(act)


def _answers() -> tuple[Any, list[tuple[dict[str, Status], int]], Gathering]:
    screen = _Screen()
    told: list[tuple[dict[str, Status], int]] = []

    def spread(news: Mapping[str, Status], answered: int) -> None:
        told.append((dict(news), answered))

    return screen, told, Gathering(screen, spread)  # type: ignore[arg-type]


def _read(number: int, state: State, *, asked: bool = True) -> tuple[Entry, Stand]:
    entry = replace(ENTRY, key=str(number))
    return entry, Stand(entry, Status(state), asked)


def test_few_are_shown_as_they_come() -> None:
    """In a small catalog each answer is shown at once."""
    screen, told, gathering = _answers()
    gathering.take(*_read(1, State.AHEAD), {}, 3)
    gathering.take(*_read(2, State.BEHIND, asked=False), {}, 3)

    assert told == [({"1": Status(State.AHEAD)}, 1), ({"2": Status(State.BEHIND)}, 0)]
    assert screen.timers == []


def test_many_are_shown_together() -> None:
    """In a large catalog answers wait for each other, and the later about one database counts."""
    screen, told, gathering = _answers()
    for number in range(1000):
        gathering.take(*_read(number, State.NOT_HERE, asked=False), {}, 1000)
        gathering.take(*_read(number, State.IN_STEP), {}, 1000)
    assert told == []
    (act,) = screen.timers
    act()

    ((news, answered),) = told
    assert (len(news), answered, set(news.values())) == (1000, 1000, {Status(State.IN_STEP)})


def test_what_was_not_asked_is_no_news() -> None:
    """What is known from a remote is not replaced by what was known before."""
    _, told, gathering = _answers()
    gathering.take(*_read(1, State.NOT_HERE, asked=False), {"1": Status(State.AHEAD)}, 3)

    assert told == []
