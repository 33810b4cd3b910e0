"""What an export would not give back: columns whose values another import would bring otherwise than they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 30


@dataclass(frozen=True, slots=True)
class Change:
    """A column that does not come back as it is, and how; an empty name means the values as wholes."""

    column: str
    how: str


class Returns:
    """Collects what does not come back, the first example of each column."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was met so far."""
        return tuple(Change(column, how) for column, how in self._found.items())

    def add(self, column: str, how: str) -> None:
        """Take note of a column, unless something is known of it already."""
        self._found.setdefault(column, how)

    def compare(self, column: str, key: str, before: Any, after: Any) -> None:
        """Take note of a column where a value is not the one that comes back."""
        if column not in self._found and not same_value(before, after):
            self._found[column] = f"{shown(before)} of {key[:_LONGEST]!a} comes back as {shown(after)}"


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same in kind and content, through and through."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return len(one) == len(other) and all(name in other and same_value(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)


def shown(value: Any) -> str:
    """A value in a few words."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the text {value[:_LONGEST]!a}" + ("…" if len(value) > _LONGEST else "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {str(value)[:_LONGEST]}"
    return f"the {type(value).__name__}"
