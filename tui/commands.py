"""Every command of the program, declared once: footer, palette, help and key settings are made of this list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding

from catalog import Change, Direction, Entry, State, Status


class Place(StrEnum):
    """Where on the screen the user is; the value is its name in the help."""

    DATABASES = "Databases"
    KEYS = "Keys"
    FILTER = "Filter"
    VALUE = "Value"
    CHANGES = "Changes"
    COMPARISON = "Old and new"
    DETAILS = "Details"


@dataclass(frozen=True)
class Situation:
    """All that decides whether a command can be used now."""

    place: Place = Place.DATABASES
    entry: Entry | None = None
    status: Status | None = None
    is_open: bool = False
    is_writing: bool = False
    is_anything_running: bool = False
    is_read_only: bool = False
    change: Change | None = None
    has_key: bool = False
    has_more: bool = False


Refusal = Callable[[Situation], str]


@dataclass(frozen=True)
class Command:
    """One thing a user can do.

    ``keys`` are Textual's names, separated by commas. ``places`` are where the keys work; empty is everywhere. The footer
    keeps the commands of highest ``rank`` when it is narrow, and never shows those of rank 0. ``refusal`` says why the
    command cannot be used now; an empty answer is none.
    """

    id: str
    words: str
    keys: str
    help: str
    refusal: Refusal
    places: frozenset[Place] = frozenset()
    rank: int = 0

    def works_at(self, place: Place) -> bool:
        """Whether the keys of this command work at a place; where one types, only those that say so."""
        return place in self.places or (not self.places and place is not Place.FILTER)

    def binding(self) -> Binding:
        """The key binding, whose id is what a keymap names."""
        return Binding(self.keys, f"command('{self.id}')", self.words, id=self.id, show=self.rank > 0, tooltip=self.help)


def _always(_: Situation) -> str:
    return ""


def _needs_database(now: Situation) -> str:
    return "" if now.entry else "Choose a database first."


def _needs_open(now: Situation) -> str:
    return _needs_database(now) or ("" if now.is_open else "Open the database first: press Enter on it.")


def _needs_write(now: Situation) -> str:
    if now.is_read_only:
        return "This session is read-only: nothing can be pushed, pulled or discarded."
    if now.is_writing:
        return "A push, pull or discard of this database is still running."
    return _needs_open(now)


def _enter_keys(now: Situation) -> str:
    if now.entry and (now.entry.connection.is_folder or now.entry.connection.is_address_only):
        return "This database needs no keys: it lives in a folder or at a public address."
    return _needs_database(now)


def _push(now: Situation) -> str:
    if refusal := _needs_write(now):
        return refusal
    if now.status and now.status.state is not State.EMPTY and not now.status.ahead and not now.status.conflicts:
        return "There is nothing to push: no key was changed here."
    return ""


def _pull(now: Situation) -> str:
    if refusal := _needs_write(now):
        return refusal
    if now.status and not now.status.behind and not now.status.conflicts:
        return "There is nothing to pull: the remote has nothing new."
    return ""


def _discard(now: Situation) -> str:
    if refusal := _needs_write(now):
        return refusal
    if now.change is None or now.change.direction is Direction.INCOMING:
        return "Choose one of your own changes first; incoming changes are not yours to discard."
    return ""


def _discard_all(now: Situation) -> str:
    if refusal := _needs_write(now):
        return refusal
    if now.status and not now.status.ahead and not now.status.conflicts:
        return "There is nothing to discard: no key was changed here."
    return ""


def _versions(now: Situation) -> str:
    if now.change is None or now.change.direction is not Direction.CONFLICT:
        return "Only a conflict has other sides to compare."
    return ""


def _keep_mine(now: Situation) -> str:
    if refusal := _needs_write(now):
        return refusal
    if now.change is None or now.change.direction is not Direction.CONFLICT:
        return "Only a conflict has two sides to choose from."
    return ""


_LISTS = frozenset({Place.DATABASES, Place.KEYS, Place.CHANGES})
_KEYS = frozenset({Place.KEYS})
_KEY_AND_VALUE = frozenset({Place.KEYS, Place.VALUE})
_CHANGES = frozenset({Place.CHANGES, Place.COMPARISON})

COMMANDS: tuple[Command, ...] = (
    Command("go-in", "Open", "enter,l,right", "Go into what the cursor is on.", _always, _LISTS, rank=90),
    Command("go-out", "Back", "escape,h,left", "Go back to where you came from.", _always, frozenset(Place), rank=55),
    Command("filter", "Filter", "slash", "Show only the keys that begin with what you type.", _needs_open, _KEYS, rank=85),
    Command(
        "more",
        "More",
        "m",
        "Show more lines of a long value, or fetch a big one.",
        lambda now: _needs_open(now) or ("" if now.has_more else "All of this value is shown."),
        _KEY_AND_VALUE,
    ),
    Command(
        "copy-key",
        "Copy key",
        "c",
        "Copy the key to the clipboard; works over SSH where the terminal allows it (OSC 52).",
        lambda now: "" if now.has_key or now.change else "There is no key under the cursor.",
        _KEY_AND_VALUE | _CHANGES,
        rank=30,
    ),
    Command(
        "versions",
        "Sides",
        "v",
        "Compare the next two sides of a conflict: theirs, yours, last pulled.",
        _versions,
        _CHANGES,
        rank=60,
    ),
    Command(
        "keep-mine",
        "Keep yours",
        "y",
        "End a conflict with your value: the next push puts it over theirs.",
        _keep_mine,
        _CHANGES,
        rank=71,
    ),
    Command(
        "discard",
        "Discard",
        "d",
        "Give up your change of this key; a conflict ends with their value.",
        _discard,
        _CHANGES,
        rank=70,
    ),
    Command("discard-all", "Discard all", "D", "Give up all your unpushed changes of this database.", _discard_all, _CHANGES),
    Command("push", "Push", "P", "Send your changes to the remote, after a question.", _push, rank=80),
    Command("pull", "Pull", "p", "Bring the changes of others here, after a question.", _pull, rank=79),
    Command("refresh", "Refresh", "r", "Ask all remotes again how they stand.", _always, rank=50),
    Command(
        "cancel",
        "Cancel",
        "x",
        "Stop the push or pull that is running; nothing half-done is visible.",
        lambda now: "" if now.is_anything_running else "Nothing is running.",
    ),
    Command("databases", "Databases", "1", "Go to the databases.", _always),
    Command("keys", "Keys", "2", "Show the keys of the database.", _always),
    Command("changes", "Changes", "3", "Show what differs from the remote.", _always, rank=65),
    Command("details", "Details", "4", "Show what is known about the database.", _always),
    Command("enter-keys", "Enter keys…", "e", "Enter the key pair that this database needs.", _enter_keys),
    Command("credentials", "Credentials", "K", "Show which keys there are and which are used; add, try, forget.", _always),
    Command("zoom", "Zoom", "z", "Give the whole screen to one pane, and back.", _always, rank=20),
    Command("theme", "Dark or light", "t", "Change between the dark and the light look.", _always),
    Command("log", "Log", "L", "Show the messages of this session with their details.", _always, rank=10),
    Command("help", "Help", "question_mark", "Show the keys of this place and what the symbols mean.", _always, rank=99),
    Command("quit", "Quit", "q", "Leave the program; asks when something is running.", _always, rank=40),
)

BY_ID = {command.id: command for command in COMMANDS}


def bindings(commands: Iterable[Command] = COMMANDS) -> list[Binding]:
    """The key bindings of all commands."""
    return [command.binding() for command in commands]
