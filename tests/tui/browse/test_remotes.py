"""Remotes are asked as often as they are wanted, and every answer that is waited for is counted off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from an_entry import ENTRY

from catalog import CatalogError, State, Status
from tui.browse.remotes import Remotes
from tui.groups.messages import GroupStatusRead
from tui.jobs import Work
from tui.messages import GroupListing, JobFailed, StatusRead
from tui.trust import Vouching

OTHER = replace(ENTRY, key="2" * 32, name="snow")


@dataclass
class _Screen:
    """What the main screen knows of remotes."""

    listings: tuple[GroupListing, ...] = (GroupListing("earth", (ENTRY, OTHER)),)
    statuses: Mapping[str, Status] = field(default_factory=dict)
    group_statuses: Mapping[str, Status] = field(default_factory=dict)
    asking: int = 0

    def set_timer(self, _: float, act: Callable[[], None]) -> None:
        act()


class _Jobs:
    """Jobs that note what they would run."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.what = ""

    def read_all(self, _: str, what: str, works: Iterable[Work], __: object) -> None:
        self.what = what
        self.works += works


def _remotes(screen: _Screen) -> tuple[Remotes, _Jobs, list[set[str]]]:
    jobs, changed = _Jobs(), []

    def note(keys: Collection[str]) -> None:
        changed.append(set(keys))

    parts: tuple[Any, ...] = (screen, None, jobs, lambda _: Vouching(origin="earth", trust_connection=False), note)
    return Remotes(*parts), jobs, changed


def test_what_this_machine_knows_comes_first() -> None:
    """A database that is new is read here before its remote is asked; one that is known is only asked."""
    screen = _Screen(statuses={ENTRY.key: Status(State.AHEAD)})
    remotes, jobs, _ = _remotes(screen)
    remotes.ask_all()

    assert len(jobs.works) == 1 + 2 + 1
    assert screen.asking == 2 + 1


def test_each_answer_is_counted_off() -> None:
    """Answers of databases and groups, and failures of the asking, end the waiting; other failures do not."""
    screen = _Screen()
    remotes, jobs, changed = _remotes(screen)
    remotes.ask_all()
    remotes.take(StatusRead(ENTRY, Status(State.NOT_HERE), asked_remote=False))
    remotes.take(StatusRead(ENTRY, Status(State.IN_STEP), asked_remote=True))
    remotes.take_group(GroupStatusRead("earth", Status(State.BEHIND)))
    remotes.note_failure(JobFailed("Reading a page", CatalogError("lost")))
    assert screen.asking == 1
    remotes.note_failure(JobFailed(jobs.what, CatalogError("lost")))

    assert screen.asking == 0
    assert screen.statuses == {ENTRY.key: Status(State.IN_STEP)}
    assert screen.group_statuses == {"earth": Status(State.BEHIND)}
    assert changed == [{ENTRY.key}, {ENTRY.key}]


def test_nobody_is_asked_twice_at_once() -> None:
    """Asking now and then leaves out a turn while answers are still to come."""
    screen = _Screen()
    remotes, jobs, _ = _remotes(screen)
    remotes.ask_again()
    asked = len(jobs.works)
    remotes.ask_again()
    assert len(jobs.works) == asked

    screen.asking = 0
    remotes.ask_again()
    assert len(jobs.works) == 2 * asked
