"""Remotes are asked as often as they are wanted, and every answer that is waited for is counted off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from an_entry import ENTRY
from textual.message import Message

from catalog import CatalogError, State, Status
from tui.browse import remotes as module
from tui.browse.library import Stand
from tui.browse.remotes import Remotes
from tui.facts import Facts
from tui.listing import GroupListing
from tui.trust import Vouching

OTHER = replace(ENTRY, key="2" * 32, name="snow")


LISTINGS = (GroupListing("earth", (ENTRY, OTHER)),)


class _Screen:
    """A screen that keeps what is posted to it."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def set_timer(self, _: float, act: Callable[[], None]) -> None:
        act()

    def post_message(self, message: Message) -> None:
        self.told.append(message)


class _Jobs:
    """Jobs that note what they would do."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], Stand]] = []
        self.answers: list[Stand | CatalogError] = []

    async def each(self, _: str, calls: Iterable[Callable[[], Stand]]) -> AsyncIterator[Stand | CatalogError]:
        self.calls += calls
        for answer in self.answers:
            yield answer


@dataclass
class _Asking:
    """Somebody who asks, and everybody that is asked."""

    screen: _Screen = field(default_factory=_Screen)
    jobs: _Jobs = field(default_factory=_Jobs)
    changed: list[frozenset[str]] = field(default_factory=list)
    begun: list[Coroutine[Any, Any, None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = Facts(self.changed.append)
        vouching = Vouching(origin="earth", trust_connection=False)
        parts: tuple[Any, ...] = (self.screen, self.facts, lambda: LISTINGS, None, self.jobs, lambda _: vouching)
        self.remotes = Remotes(*parts)

    def answer(self, *answers: Stand | CatalogError) -> None:
        """Let everybody answer who was asked."""
        self.jobs.answers = [*answers]
        while self.begun:
            asyncio.run(self.begun.pop())


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Asking]:
    """Nobody answers before the test says so."""
    found = _Asking()
    monkeypatch.setattr(module, "begin", lambda _, work: found.begun.append(work))
    yield found
    found.answer()


def test_what_this_machine_knows_comes_first(asking: _Asking) -> None:
    """A database that is new is read here before its remote is asked; one that is known is only asked."""
    asking.facts.take({ENTRY.key: Status(State.AHEAD)})
    asking.remotes.ask_all()
    assert asking.facts.asking == 2 + 1
    asking.answer()

    assert len(asking.jobs.calls) == 1 + 2 + 1


def test_each_answer_is_counted_off(asking: _Asking) -> None:
    """Answers of databases and groups, and failures of the asking, end the waiting; what went wrong is told."""
    asking.remotes.ask_all()
    asking.answer(
        Stand(ENTRY, Status(State.NOT_HERE), asked_remote=False),
        Stand(ENTRY, Status(State.IN_STEP), asked_remote=True),
        Stand(None, Status(State.BEHIND), group="earth"),
        CatalogError("lost"),
    )

    assert asking.facts.asking == 0
    assert asking.facts.statuses == {ENTRY.key: Status(State.IN_STEP)}
    assert asking.facts.group_statuses == {"earth": Status(State.BEHIND)}
    assert [keys for keys in asking.changed if keys] == [{ENTRY.key}, {ENTRY.key}]
    assert len(asking.screen.told) == 1


def test_nobody_is_asked_twice_at_once(asking: _Asking) -> None:
    """Asking now and then leaves out a turn while answers are still to come."""
    asking.remotes.ask_again()
    asking.remotes.ask_again()
    assert len(asking.begun) == 1

    asking.answer()
    asking.remotes.ask_again()
    assert len(asking.begun) == 1
