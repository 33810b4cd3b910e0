"""What every format speaks: rows that are read from a file, and items that are written to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from catalog.codecs.contract import Nan
from catalog.errors import InvalidInputError, name_some
from catalog.exchange.returns import Change

KEY = ("key",)
"""The columns that make the key when nobody says which."""


class FileFormat(StrEnum):
    """The formats that there are; equal to their names in commands."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    FOLDER = "folder"


class Row(msgspec.Struct, frozen=True):
    """One key with its value, and where it was found: ``place`` in words, ``read`` how many bytes of the input came before.

    With ``is_stored`` the value is the bytes that are stored, as they are.
    """

    place: str
    key: str
    value: Any
    read: int
    is_stored: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in an input that makes no key, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class InputOptions:
    """How an input is to be understood.

    ``format`` is that of a `FileFormat`, or empty to go by the ending. ``key`` names the columns that make the key,
    joined by ``/``; none means the column ``key``. ``as_text`` keeps the cells of a CSV file as text instead of making
    numbers of what is written as numbers are. ``nan="null"`` makes null of NaN and the infinities, which JSON cannot say.
    """

    format: str = ""
    key: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ""
    as_text: bool = False
    nan: Nan = "refuse"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How an output is to be made: its format, the name of the column of the keys, and whether it may replace a file.

    ``excel_safe`` puts an apostrophe before text in CSV that a spreadsheet would take for a formula.
    """

    format: str = ""
    key: str = "key"
    prefix: str = ""
    overwrite: bool = False
    excel_safe: bool = False


class Items(Protocol):
    """The content of a database; each iteration goes through it anew, in the order of the keys."""

    @property
    def serializer(self) -> str:
        """The name of the serializer of the values."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Keys with their values."""

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Keys with the bytes of their values as stored."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An output that is known in advance: what of it will not come back as it is, and how it is written."""

    changes: tuple[Change, ...]
    write: Callable[[BinaryIO], None]


class Format(Protocol):
    """One kind of file or folder that can be read."""

    @property
    def name(self) -> FileFormat:
        """Which one it is."""

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of its files, in small letters."""

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row | LeftOut]:
        """Read an input from its beginning; InvalidInputError says what is wrong, and in which line."""


class Table(Format, Protocol):
    """One kind of file that can be written too."""

    def prepare(self, items: Items, writing: OutputOptions, ending: str) -> Prepared:
        """Go through the items as far as is needed to know what the file will be, whose name has this ending."""


def wrong(path: Path, place: str, what: str, hint: str = "") -> InvalidInputError:
    """An error that names the file and the place in it."""
    return InvalidInputError(f"{path.name}{', ' if place else ''}{place}: {what}", hint=hint)


def key_columns(path: Path, asked: tuple[str, ...], there: Iterable[str], hint: str = "") -> tuple[str, ...]:
    """The columns that make the key; InvalidInputError when one is not there, with those that are."""
    columns = list(there)
    wanted = asked or KEY
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise wrong(
            path,
            "",
            f"there is no column {name_some(missing)} to take the keys from.",
            hint or f"Say which to use with --key: its columns are {name_some(columns, 20)}.",
        )
    return wanted


def key_of(path: Path, place: str, parts: Sequence[Any]) -> str:
    """Make a key of the values of its columns."""
    if len(parts) == 1 and isinstance(parts[0], str) and parts[0]:
        return parts[0]
    texts = []
    for part in parts:
        if isinstance(part, str | int) and not isinstance(part, bool) and part != "":
            texts.append(str(part))
        else:
            shown = "empty" if part in (None, "") else f"no text: {str(part)[:40]!a}"
            raise wrong(path, place, f"its key is {shown}.", "Each row needs a key of its own.")
    return "/".join(texts)
