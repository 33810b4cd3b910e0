"""The columns of a table that a database makes, learnt by going through its values once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import orjson

from catalog.errors import InvalidInputError
from catalog.exchange.rows import Items

_MOST_COLUMNS = 4_000
_ONLY = "value"
"""The column of values that have no fields."""


class Kind(StrEnum):
    """What a column holds; every column can hold nothing too."""

    NOTHING = "nothing"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    JSON = "json"


_KINDS = {type(None): Kind.NOTHING, bool: Kind.BOOL, float: Kind.FLOAT, str: Kind.TEXT}


class Columns:
    """The fields that were met, in the order in which they were, each with the kind that fits all of its values."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.kinds: dict[str, Kind] = {}

    @property
    def names(self) -> list[str]:
        """The names of the columns but for that of the key."""
        return list(self.kinds)

    def learn(self, key: str, value: Any) -> None:
        """Take note of the fields of a value."""
        for name, content in self.fields_of(key, value).items():
            self.kinds[name] = _both(self.kinds.get(name, Kind.NOTHING), _kind(content))
        if len(self.kinds) > _MOST_COLUMNS:
            raise InvalidInputError(
                f"The values have more than {_MOST_COLUMNS:,} different fields, too many for a table.",
                hint="Export JSON lines instead.",
            )

    def fields_of(self, key: str, value: Any) -> Mapping[str, Any]:
        """The fields of a value; one without fields is a field itself."""
        if not isinstance(value, Mapping):
            _check_plain(key, value)
            return {_ONLY: value}
        fields = {str(name): content for name, content in value.items()}
        if self._key in fields:
            raise InvalidInputError(
                f"The value of {key!a} has a field {self._key!a}, as the column of the keys is called.",
                hint="Choose another name for that column with --key.",
            )
        for content in fields.values():
            _check_plain(key, content)
        return fields


def learn_columns(items: Items, key: str) -> Columns:
    """Go through a database once; InvalidInputError when its values make no table."""
    columns = Columns(key)
    for name, value in items:
        columns.learn(name, value)
    return columns


def _check_plain(key: str, value: Any) -> None:
    if value is None or isinstance(value, str | int | float):
        return
    try:
        orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise not_plain(key, error) from None


def not_plain(key: str, error: TypeError) -> InvalidInputError:
    """An error about a value that cannot be written as text; ``error`` is orjson's, which names a type at its end."""
    return InvalidInputError(
        f"The value of {key!a} holds what is no JSON ({str(error).rpartition(': ')[2]}).",
        hint="Export to a folder, which keeps values as they are stored.",
    )


def _kind(value: Any) -> Kind:
    if isinstance(value, int) and not isinstance(value, bool):
        return Kind.INT if -(1 << 63) <= value < 1 << 63 else Kind.JSON
    return _KINDS.get(type(value), Kind.JSON)


def _both(one: Kind, other: Kind) -> Kind:
    """The kind that fits the values of two."""
    if one is other or other is Kind.NOTHING:
        return one
    if one is Kind.NOTHING:
        return other
    return Kind.FLOAT if {one, other} == {Kind.INT, Kind.FLOAT} else Kind.JSON
