"""What is known of each database and group, since when, and what is not: whatever the screen says of one, it says from here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from catalog import Direction, State, Status

T = TypeVar("T")
_FRESH = 1.0
"""Seconds for which something may be refused because of what is known; after that it is looked up first."""
NOT_HEARD = frozenset({State.UNREACHABLE, State.NO_KEYS, State.NOT_APPROVED, State.DENIED, State.STALE, State.BROKEN})
"""States in which the remote has not said what it holds."""
_COUNTED = frozenset({State.IN_STEP, State.AHEAD, State.BEHIND, State.DIVERGED, State.CONFLICT})
"""States that follow from how many keys differ."""


@dataclass(frozen=True)
class Known(Generic[T]):
    """Something that a remote had its say in ``at`` a time of the store's clock; before all times, if it never had."""

    value: T
    at: float


@dataclass(frozen=True)
class Asking:
    """Somebody was asked, and has not answered yet."""

    since: float


@dataclass(frozen=True)
class Unknown:
    """Nobody was asked yet."""


Fact = Known[T] | Asking | Unknown


class Facts:
    """One store for all; ``changed`` is called with the keys of databases of which there is news."""

    def __init__(self, changed: Callable[[frozenset[str]], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = changed
        self._clock = clock
        self._databases: dict[str, Known[Status]] = {}
        self._groups: dict[str, Known[Status]] = {}
        self._asked: dict[str, list[float]] = {}
        self._asked_silently: dict[str, list[float]] = {}

    @property
    def statuses(self) -> Mapping[str, Status]:
        """How each database stands of which that is known."""
        return {key: known.value for key, known in self._databases.items()}

    @property
    def group_statuses(self) -> Mapping[str, Status]:
        """How the own file of each group stands of which that is known."""
        return {name: known.value for name, known in self._groups.items()}

    @property
    def asking(self) -> int:
        """How many answers are waited for."""
        return sum(len(times) for times in self._asked.values())

    def fact(self, key: str) -> Fact[Status]:
        """What is known of a database."""
        if found := self._databases.get(key):
            return found
        asked = self._asked.get(key) or self._asked_silently.get(key)
        return Asking(asked[0]) if asked else Unknown()

    def is_asked(self, key: str) -> bool:
        """Whether an answer about a database is still to come; may be called from any thread."""
        return key in self._asked or key in self._asked_silently

    def is_fresh(self, key: str, seconds: float = _FRESH) -> bool:
        """Whether the remote of a database was heard so lately that one may rely on what is known."""
        found = self._databases.get(key)
        return found is not None and self._clock() - found.at <= seconds

    def ask(self, names: Iterable[str], *, is_silent: bool = False) -> None:
        """Note that somebody was asked about databases (by their keys) and groups (by their names).

        What is asked in silence is not counted as being waited for: nobody has wanted it, and the screen stays as it is.
        """
        for name in names:
            (self._asked_silently if is_silent else self._asked).setdefault(name, []).append(self._clock())
        if not is_silent:
            self._changed(frozenset())

    def answer(self, names: Iterable[str], *, is_silent: bool = False) -> None:
        """Note that somebody has answered, or will not."""
        asked = self._asked_silently if is_silent else self._asked
        for name in names:
            times = asked.get(name, [])
            del times[:1]
            if not times:
                asked.pop(name, None)
        if not is_silent:
            self._changed(frozenset())

    def take(self, news: Mapping[str, Status], heard: Container[str] | None = None) -> None:
        """Take how databases stand now; only the remotes of those in ``heard`` had a say in that, or with None all of them."""
        now = self._clock()
        for key, status in news.items():
            at = now if heard is None or key in heard else self._heard_at(key)
            self._databases[key] = Known(status, at)
        self._changed(frozenset(news))

    def _heard_at(self, key: str) -> float:
        found = self._databases.get(key)
        return found.at if found else -math.inf

    def take_group(self, name: str, status: Status) -> None:
        """Take how the own file of a group stands now."""
        self._groups[name] = Known(status, self._clock())
        self._changed(frozenset())

    def forget_groups(self) -> None:
        """Know nothing of groups any more: others may be listed."""
        self._groups.clear()
        self._changed(frozenset())

    def count(self, key: str, counts: Mapping[Direction, int], keys: int) -> None:
        """Take what an open database itself says of its changes: they are listed beside what is said here."""
        found = self._databases.get(key)
        if found is not None and (counted := _counted(found.value, counts, keys)) != found.value:
            self.take({key: counted}, heard=())


def numbers(status: Status) -> tuple[int, int, int]:
    """How many keys are ahead, behind and in conflict."""
    return status.ahead, status.behind, status.conflicts


def _counted(status: Status, counts: Mapping[Direction, int], keys: int) -> Status:
    """A status with other numbers, and the state that follows from them."""
    ahead, behind, conflicts = (counts.get(one, 0) for one in (Direction.OUTGOING, Direction.INCOMING, Direction.CONFLICT))
    state = status.state
    if state in _COUNTED:
        if conflicts:
            state = State.CONFLICT
        elif ahead and behind:
            state = State.DIVERGED
        else:
            state = State.AHEAD if ahead else State.BEHIND if behind else State.IN_STEP
    return replace(status, state=state, ahead=ahead, behind=behind, conflicts=conflicts, keys=keys)
