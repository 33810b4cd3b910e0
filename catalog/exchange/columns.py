"""The columns of a table that a database makes, learnt by going through its values once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from catalog.codecs.tree import json_bytes
from catalog.errors import InvalidInputError, InvalidValueError
from catalog.exchange.returns import Change, Returns, shown
from catalog.exchange.rows import Items

ONLY = "value"
"""The column of values that have no fields."""
_MOST_COLUMNS = 4_000
_EXACT = 1 << 53
"""Whole numbers up to here are kept by a column of numbers."""


class Kind(StrEnum):
    """What a column holds; every column can hold nothing too."""

    NOTHING = "nothing"
    BOOL = "bool"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    TEXT = "text"
    JSON = "json"


_KINDS = {type(None): Kind.NOTHING, bool: Kind.BOOL, float: Kind.FLOAT, str: Kind.TEXT}
_NUMBERS = {Kind.INT, Kind.LONG}


class Columns:
    """The fields that were met, in the order in which they were, each with the kind that fits all of its values.

    ``returns`` knows which of them will not come back as they are.
    """

    def __init__(self, key: str, serializer: str) -> None:
        self._key = key
        self._is_text = serializer == "str"
        self._counts: dict[str, int] = {}
        self._rows = 0
        self.kinds: dict[str, Kind] = {}
        self.returns = Returns()

    @property
    def names(self) -> list[str]:
        """The names of the columns but for that of the key."""
        return list(self.kinds)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The columns that will not come back as they are."""
        for name, count in self._counts.items():
            if count < self._rows:
                self.returns.add(name, "keys without this field come back with null in it")
        return self.returns.changes

    def learn(self, key: str, value: Any) -> Mapping[str, Any]:
        """Take note of the fields of a value, and give them."""
        fields = self.fields_of(key, value)
        self._rows += 1
        for name, content in fields.items():
            self.kinds[name] = _both(self.kinds.get(name, Kind.NOTHING), kind_of(content))
            self._counts[name] = self._counts.get(name, 0) + 1
        if len(self.kinds) > _MOST_COLUMNS:
            raise InvalidInputError(
                f"The values have more than {_MOST_COLUMNS:,} different fields, too many for a table.",
                hint="Export JSON lines instead.",
            )
        # A database of texts takes the one column for the text again.
        if not isinstance(value, Mapping) and not self._is_text:
            self.returns.add(ONLY, f"values without fields, such as {shown(value)}, come back as the field {ONLY!r}")
        return fields

    def fields_of(self, key: str, value: Any) -> Mapping[str, Any]:
        """The fields of a value; one without fields is a field itself."""
        if not isinstance(value, Mapping):
            _check_plain(key, value)
            return {ONLY: value}
        for name, content in value.items():
            if not isinstance(name, str):
                raise not_plain(key, f"the field {name!r} has no name that is text")
            if name == self._key:
                raise InvalidInputError(
                    f"The value of {key!a} has a field {self._key!a}, as the column of the keys is called.",
                    hint="Choose another name for that column with --key.",
                )
            _check_plain(key, content)
        return value


def learn_columns(items: Items, key: str, look: Callable[[Columns, str, Mapping[str, Any]], None]) -> Columns:
    """Go through a database once; ``look`` is shown each row. InvalidInputError when its values make no table."""
    columns = Columns(key, items.serializer)
    for name, value in items:
        look(columns, name, columns.learn(name, value))
    return columns


def json_cell(value: Any) -> str:
    """What is no text and no number, as JSON."""
    return json_bytes(value).decode()


def _check_plain(key: str, value: Any) -> None:
    if value is None or isinstance(value, str | int | float):
        return
    try:
        json_bytes(value)
    except (InvalidValueError, TypeError) as error:
        raise not_plain(key, error.message if isinstance(error, InvalidValueError) else str(error)) from None


def not_plain(key: str, why: str) -> InvalidInputError:
    """An error about a value that cannot be written as text."""
    return InvalidInputError(
        f"The value of {key!a} holds what is no JSON: {why.removesuffix('.')}.",
        hint="Export to a folder, which keeps values as they are stored.",
    )


def kind_of(value: Any) -> Kind:
    """What a value is."""
    if isinstance(value, int) and not isinstance(value, bool):
        if -_EXACT <= value <= _EXACT:
            return Kind.INT
        return Kind.LONG if -(1 << 63) <= value < 1 << 63 else Kind.JSON
    return _KINDS.get(type(value), Kind.JSON)


def _both(one: Kind, other: Kind) -> Kind:
    """The kind that fits the values of two."""
    if one is other or other is Kind.NOTHING:
        return one
    if one is Kind.NOTHING:
        return other
    if {one, other} == _NUMBERS:
        return Kind.LONG
    return Kind.FLOAT if {one, other} == {Kind.INT, Kind.FLOAT} else Kind.JSON
