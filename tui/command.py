"""What a command is: its words, its keys, where it works, what stands in its way, and the coroutine below it that does it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from textual.binding import Binding

from catalog import Change, Commit, Entry, Status


class Place(StrEnum):
    """Where on the screen the user is; the value is its name in the help."""

    DATABASES = "Databases"
    KEYS = "Keys"
    FILTER = "Filter"
    VALUE = "Value"
    CHANGES = "Changes"
    COMPARISON = "Old and new"
    CONFLICT = "Conflict"
    HISTORY = "History"
    COMMITTED = "Commit"
    BEFORE_AFTER = "Before and after"
    DETAILS = "Details"


@dataclass(frozen=True)
class Situation:
    """All that decides whether a command can be used now."""

    place: Place = Place.DATABASES
    entry: Entry | None = None
    status: Status | None = None
    is_open: bool = False
    group: str = ""
    groups: int = 0
    is_writing: bool = False
    is_anything_running: bool = False
    is_read_only: bool = False
    change: Change | None = None
    has_key: bool = False
    has_more: bool = False
    can_fold: bool = False
    conflicts: int = 0
    serializer: str = ""
    commit: Commit | None = None
    tags: tuple[str, ...] = ()
    is_newest: bool = False
    is_only_commit: bool = False
    past: Commit | None = None


Refusal = Callable[[Situation], str]


def always(_: Situation) -> str:
    """Nothing ever stands in the way."""
    return ""


@dataclass(frozen=True)
class Command:
    """One thing a user can do.

    ``keys`` are Textual's names, separated by commas. ``places`` are where the keys work; empty is everywhere. The footer
    keeps the commands of highest ``rank`` when it is narrow, and never shows those of rank 0. ``refusal`` says why the
    command cannot be used now, which the program itself knows; an empty answer is none. ``needless`` says why it would do
    nothing, as far as is known of the database: it is shown, but whoever asks for the command is told only after that was looked
    up, by its own dialog where it ``tells`` that itself.
    """

    id: str
    words: str
    keys: str
    help: str
    refusal: Refusal = always
    places: frozenset[Place] = frozenset()
    rank: int = 0
    needless: Refusal = always
    tells: bool = False

    def works_at(self, place: Place) -> bool:
        """Whether the keys of this command work at a place; where one types, only those that say so."""
        return place in self.places or (not self.places and place is not Place.FILTER)

    def binding(self) -> Binding:
        """The key binding, whose id is what a keymap names."""
        return Binding(self.keys, f"command('{self.id}')", self.words, id=self.id, show=self.rank > 0, tooltip=self.help)

    def hindrance(self, now: Situation) -> str:
        """Why nothing would come of it now, as far as is known; an empty answer when something would."""
        return self.refusal(now) or self.needless(now)


@dataclass(frozen=True)
class Action:
    """One entry of a menu: its letter there, and what the palette says of it."""

    id: str
    letter: str
    words: str
    help: str
    refusal: Refusal = always
    needless: Refusal = always
    tells: bool = False

    def hindrance(self, now: Situation) -> str:
        """Why nothing would come of it now, as far as is known."""
        return self.refusal(now) or self.needless(now)


Act = Callable[[], Coroutine[Any, Any, None]]
Method = Callable[[Any], Coroutine[Any, Any, None]]
F = TypeVar("F", bound=Method)


def command(  # noqa: PLR0913 - a declaration names all there is to say
    id: str,
    words: str,
    keys: str,
    help: str,
    *,
    refusal: Refusal = always,
    places: frozenset[Place] = frozenset(),
    rank: int = 0,
    needless: Refusal = always,
    tells: bool = False,
) -> Callable[[F], F]:
    """Declare the method of a feature that follows as what a command does."""
    return _declare(Command(id, words, keys, help, refusal, places, rank, needless, tells))


def action(
    id: str, letter: str, words: str, help: str, *, refusal: Refusal = always, needless: Refusal = always
) -> Callable[[F], F]:
    """Declare the method of a feature that follows as what an entry of a menu does."""
    return _declare(Action(id, letter, words, help, refusal, needless))


def _declare(declared: Command | Action) -> Callable[[F], F]:
    def mark(method: F) -> F:
        vars(method)[_MARK] = declared
        return method

    return mark


_MARK = "declared"


def declared_commands(feature: type[object]) -> tuple[Command, ...]:
    """The commands that a feature declares, in their order."""
    return tuple(one for one, _ in _marked(feature) if isinstance(one, Command))


def declared_actions(feature: type[object]) -> tuple[Action, ...]:
    """The entries of menus that a feature declares, in their order."""
    return tuple(one for one, _ in _marked(feature) if isinstance(one, Action))


def _marked(feature: type[object]) -> Iterator[tuple[Command | Action, str]]:
    for name, member in vars(feature).items():
        if isinstance(found := getattr(member, _MARK, None), Command | Action):
            yield found, name


class Commands:
    """All commands and actions of some features, in their order, and what does each."""

    def __init__(self, features: Iterable[object]) -> None:
        self._acts: dict[str, Act] = {}
        for feature in features:
            for found, name in _marked(type(feature)):
                self._acts[found.id] = getattr(feature, name)

    def act(self, id: str) -> Act:
        """What a command or an action does."""
        return self._acts[id]


def needs_database(now: Situation) -> str:
    """A database must be chosen."""
    return "" if now.entry else "Choose a database first."


def needs_open(now: Situation) -> str:
    """The database must be open."""
    return needs_database(now) or ("" if now.is_open else "Open the database first: press Enter on it.")


def needs_permission(now: Situation) -> str:
    """The session must not be read-only."""
    return "This session is read-only: nothing can be changed." if now.is_read_only else ""


def needs_write(now: Situation) -> str:
    """The database must be open and free to be written."""
    if refusal := needs_permission(now):
        return refusal
    if now.past:
        return f"You look at commit {now.past.number}, where nothing can be changed: b goes back to now."
    return "This database is still being written: wait for it, or cancel it." if now.is_writing else needs_open(now)


LISTS = frozenset({Place.DATABASES, Place.KEYS, Place.CHANGES, Place.HISTORY, Place.COMMITTED})
KEYS = frozenset({Place.KEYS})
KEY_AND_VALUE = frozenset({Place.KEYS, Place.VALUE})
CHANGES = frozenset({Place.CHANGES, Place.COMPARISON, Place.CONFLICT})
