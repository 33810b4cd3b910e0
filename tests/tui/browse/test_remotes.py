"""Remotes are asked as often as they are wanted, and every answer that is waited for is counted off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from an_entry import ENTRY
from textual.message import Message

from catalog import CatalogError, State, Status
from tui.browse import remotes as module
from tui.browse.library import Stand
from tui.browse.remotes import Remotes
from tui.listing import GroupListing
from tui.trust import Vouching

OTHER = replace(ENTRY, key="2" * 32, name="snow")


@dataclass
class _Screen:
    """What the main screen knows of remotes, and what is posted to it."""

    listings: tuple[GroupListing, ...] | None = (GroupListing("earth", (ENTRY, OTHER)),)
    statuses: Mapping[str, Status] = field(default_factory=dict)
    group_statuses: Mapping[str, Status] = field(default_factory=dict)
    asking: int = 0
    told: list[Message] = field(default_factory=list)

    def set_timer(self, _: float, act: Callable[[], None]) -> None:
        act()

    def post_message(self, message: Message) -> None:
        self.told.append(message)


class _Jobs:
    """Jobs that note what they would do."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], Stand]] = []

    async def each(self, _: str, calls: Iterable[Callable[[], Stand]]) -> AsyncIterator[Stand]:
        self.calls += calls
        nothing: tuple[Stand, ...] = ()
        for answer in nothing:
            yield answer


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(_: object, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run(work)

    monkeypatch.setattr(module, "begin", begin)


def _remotes(screen: _Screen) -> tuple[Remotes, _Jobs, list[set[str]]]:
    jobs, changed = _Jobs(), []

    def note(keys: Collection[str]) -> None:
        changed.append(set(keys))

    parts: tuple[Any, ...] = (screen, screen, None, jobs, lambda _: Vouching(origin="earth", trust_connection=False), note)
    return Remotes(*parts), jobs, changed


def test_what_this_machine_knows_comes_first() -> None:
    """A database that is new is read here before its remote is asked; one that is known is only asked."""
    screen = _Screen(statuses={ENTRY.key: Status(State.AHEAD)})
    remotes, jobs, _ = _remotes(screen)
    remotes.ask_all()

    assert len(jobs.calls) == 1 + 2 + 1
    assert screen.asking == 2 + 1


def test_each_answer_is_counted_off() -> None:
    """Answers of databases and groups, and failures of the asking, end the waiting; what went wrong is told."""
    screen = _Screen()
    remotes, _, changed = _remotes(screen)
    remotes.ask_all()
    remotes.take(Stand(ENTRY, Status(State.NOT_HERE), asked_remote=False))
    remotes.take(Stand(ENTRY, Status(State.IN_STEP), asked_remote=True))
    remotes.take(Stand(None, Status(State.BEHIND), group="earth"))
    assert screen.asking == 1
    remotes.take(CatalogError("lost"))

    assert screen.asking == 0
    assert screen.statuses == {ENTRY.key: Status(State.IN_STEP)}
    assert screen.group_statuses == {"earth": Status(State.BEHIND)}
    assert changed == [{ENTRY.key}, {ENTRY.key}]
    assert len(screen.told) == 1


def test_nobody_is_asked_twice_at_once() -> None:
    """Asking now and then leaves out a turn while answers are still to come."""
    screen = _Screen()
    remotes, jobs, _ = _remotes(screen)
    remotes.ask_again()
    asked = len(jobs.calls)
    remotes.ask_again()
    assert len(jobs.calls) == asked

    screen.asking = 0
    remotes.ask_again()
    assert len(jobs.calls) == 2 * asked
