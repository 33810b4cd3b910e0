"""Resolve: end a conflict by choosing a side, or a value in place of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from msgspec import structs

from catalog.changes.change import Change
from catalog.changes.discard import discard
from catalog.errors import InvalidInputError
from catalog.format.head import Commit
from catalog.session.session import Session, WriteSession


class Side(StrEnum):
    """Whose version of a key is to stay."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Merged:
    """A value that takes the place of both sides."""

    value: Any


Decision = Side | Literal["mine", "theirs"] | Merged | None
"""How a conflict ends; None leaves it for later."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that was changed on both sides, for a function that decides: its values are read when they are asked for."""

    change: Change
    read: Callable[[Change, Literal["base", "local", "remote"]], Any]
    commit: Commit | None
    """The commit that made their version; None where the history does not reach back to it."""

    @property
    def key(self) -> str:
        """The key; the empty one stands for the metadata."""
        return self.change.key

    @property
    def base(self) -> Any:
        """The value that both started from; None where there was none."""
        return self.read(self.change, "base")

    @property
    def mine(self) -> Any:
        """The value here; None where it was deleted (``change.local`` is then None)."""
        return self.read(self.change, "local")

    @property
    def theirs(self) -> Any:
        """The value of the remote; None where it was deleted (``change.remote`` is then None)."""
        return self.read(self.change, "remote")


def check_decision(decision: object) -> Side | Merged | None:
    """The decision, if it is one; else InvalidInputError."""
    if decision is None or isinstance(decision, Merged):
        return decision
    if isinstance(decision, str) and decision in (Side.MINE, Side.THEIRS):
        return Side(decision)
    raise InvalidInputError(
        f"A conflict ends with 'mine', 'theirs' or a value, not with {decision!r:.60}.",
        hint="Give Merged(value) for a value in place of both, and None to leave a conflict for later.",
    )


def conflicting(session: Session, keys: Iterable[str]) -> list[str]:
    """Those of ``keys`` that are in conflict."""
    known = {row.key for row in session.table.conflicts()}
    return [key for key in dict.fromkeys(keys) if key in known]


def resolve(session: WriteSession, keys: Iterable[str], side: Side) -> None:
    """Keep one side's version of conflicting keys: ``MINE`` is pushed over theirs next, ``THEIRS`` is what is read now."""
    with session.lock, session.writer.held():
        session.flush()
        chosen = conflicting(session, keys)
        if side == Side.THEIRS:
            discard(session, chosen)
        else:
            _settle(session, chosen)


def replace(session: WriteSession, values: Mapping[str, bytes], timestamp: int) -> None:
    """Put a value in the place of both sides of conflicting keys; it is pushed next."""
    writer = session.writer
    with session.lock, writer.held():
        writer.flush()
        chosen = conflicting(session, values)
        for key in chosen:
            writer.put(key, values[key], timestamp)
        writer.flush()
        _settle(session, chosen)


def _settle(session: Session, chosen: Collection[str]) -> None:
    rows = session.table.get_many(list(chosen))
    session.table.put(structs.replace(row, base=None) for row in rows.values() if row.edited)
