"""What is done about conflicts."""

from __future__ import annotations

from typing import TypeGuard

from catalog import Change, Direction
from tui.changes.conflicts import typing_of

from .command import CHANGES, Command, Place, Situation, needs_write

_CONFLICT = frozenset({Place.CONFLICT})


def _is_conflict(change: Change | None) -> TypeGuard[Change]:
    return change is not None and change.direction is Direction.CONFLICT


def _versions(now: Situation) -> str:
    return "" if _is_conflict(now.change) else "Only a conflict has other sides to compare."


def _settle(now: Situation) -> str:
    return needs_write(now) or ("" if _is_conflict(now.change) else "Only a conflict has two sides to choose from.")


def _write_value(now: Situation) -> str:
    if _is_conflict(now.change) and typing_of(now.serializer, now.change.key) is None:
        return needs_write(now) or "Values of this kind cannot be typed: keep yours, take theirs, or write one with Python."
    return _settle(now)


def _settle_all(now: Situation) -> str:
    return needs_write(now) or ("" if now.conflicts else "There are no conflicts.")


def _go(now: Situation) -> str:
    return "" if now.conflicts else "There are no conflicts."


COMMANDS: tuple[Command, ...] = (
    Command(
        "versions",
        "Sides",
        "v",
        "Compare the next two sides of a conflict: theirs, yours, last pulled.",
        _versions,
        frozenset({Place.CHANGES, Place.COMPARISON}),
        rank=60,
    ),
    Command(
        "keep-mine",
        "Keep yours",
        "y",
        "End a conflict with your value: the next push puts it over theirs.",
        _settle,
        CHANGES,
        rank=75,
    ),
    Command(
        "take-theirs",
        "Take theirs",
        "T",
        "End a conflict with their value and give yours up, after a question.",
        _settle,
        CHANGES,
        rank=74,
    ),
    Command(
        "write-value",
        "Write one",
        "w",
        "End a conflict with a value that you type in the place of both.",
        _write_value,
        CHANGES,
        rank=54,
    ),
    Command(
        "settle-all",
        "All alike",
        "a",
        "End all conflicts of this database with the same side, after a question.",
        _settle_all,
        _CONFLICT,
        rank=52,
    ),
    Command("next-conflict", "Next", "n", "Go to the next conflict.", _go, CHANGES, rank=53),
    Command("previous-conflict", "Previous", "N", "Go to the conflict before.", _go, CHANGES),
)
