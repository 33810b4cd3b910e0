"""What every format speaks: rows that are read from a file, and items that are written to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from catalog.errors import InvalidInputError, name_some


class FileFormat(StrEnum):
    """The formats that there are; equal to their names in commands."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Row:
    """One key with its value, and where it was found: ``place`` in words, ``read`` how many bytes of the input came before.

    With ``is_stored`` the value is the bytes that are stored, as they are.
    """

    place: str
    key: str
    value: Any
    read: int
    is_stored: bool = False


@dataclass(frozen=True, slots=True)
class InputOptions:
    """How an input is to be understood.

    ``format`` is that of a `FileFormat`, or empty to go by the ending. ``key`` names the columns that make the key,
    joined by ``/``; none means the column ``key``. ``as_text`` keeps the cells of a CSV file as text instead of making
    numbers of what looks like numbers.
    """

    format: str = ""
    key: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ""
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How an output is to be made: its format, the name of the column of the keys, and whether it may replace a file."""

    format: str = ""
    key: str = "key"
    prefix: str = ""
    overwrite: bool = False


class Items(Protocol):
    """The content of a database; each iteration goes through it anew, in the order of the keys."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Keys with their values."""

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Keys with the bytes of their values as stored."""


class Format(Protocol):
    """One kind of file."""

    @property
    def name(self) -> FileFormat:
        """Which one it is."""

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of its files, in small letters."""

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row]:
        """Read an input from its beginning; InvalidInputError says what is wrong, and in which line."""

    def write(self, path: Path, items: Items, writing: OutputOptions) -> None:
        """Make a file, which is not there yet."""


def wrong(path: Path, place: str, what: str, hint: str = "") -> InvalidInputError:
    """An error that names the file and the place in it."""
    return InvalidInputError(f"{path.name}{', ' if place else ''}{place}: {what}", hint=hint)


def key_columns(path: Path, asked: tuple[str, ...], there: Iterable[str], hint: str = "") -> tuple[str, ...]:
    """The columns that make the key; InvalidInputError when one is not there, with those that are."""
    columns = list(there)
    wanted = asked or ("key",)
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise wrong(
            path,
            "",
            f"there is no column {name_some(missing)} to take the keys from.",
            hint or f"Say which to use with --key: its columns are {name_some(columns, 20)}.",
        )
    return wanted


def key_of(path: Path, place: str, parts: Iterable[Any]) -> str:
    """Make a key of the values of its columns."""
    texts = []
    for part in parts:
        if hasattr(part, "isoformat"):
            texts.append(str(part.isoformat()))
        elif isinstance(part, str | int) and not isinstance(part, bool) and part != "":
            texts.append(str(part))
        else:
            shown = "empty" if part in (None, "") else f"no text: {str(part)[:40]!a}"
            raise wrong(path, place, f"its key is {shown}.", "Each row needs a key of its own.")
    return "/".join(texts)
