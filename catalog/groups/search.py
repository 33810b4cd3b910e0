"""Search over everything that a catalog says of its databases, fast enough to be asked at every key press."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.groups.entry import Entry

_MOST_METADATA = 20_000
"""Characters of a database's metadata that are searched: an entry may hold a megabyte of it."""
_AROUND = 28
_GAP = "\n"
"""Stands between fields in an index; no word that is searched for holds it."""


@dataclass(frozen=True, slots=True)
class SearchMatch:
    """A database that has every word; ``field`` names where the first one was found, ``excerpt`` what is written there."""

    group: str
    entry: Entry
    field: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class SearchResults:
    """What a search gave: the first of what was found, the best first, and how many there are in all."""

    found: tuple[SearchMatch, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Row:
    group: str
    entry: Entry
    name: str
    text: str


class SearchIndex:
    """The folded texts of all databases of a catalog; made once, then asked as often as one types.

    A database is found when each word of the question occurs somewhere in its group, name, tags, description, owner, uuid,
    place or metadata, in any order, whatever the case and the accents.
    """

    def __init__(self, databases: Iterable[tuple[str, Entry]]) -> None:
        self._rows = [_row(group, entry) for group, entry in databases]

    def __len__(self) -> int:
        return len(self._rows)

    def search(self, text: str, limit: int = 200) -> SearchResults:
        """Find databases: those whose name begins with what was typed come first, then those that have it in their name."""
        words = fold(text).split()
        rows = [row for row in self._rows if all(word in row.text for word in words)]
        rows.sort(key=lambda row: _rank(row, words))
        return SearchResults(tuple(_found(row, words) for row in rows[:limit]), len(rows))


def fold(text: str) -> str:
    """Make texts equal that differ only in case, accents or the form of characters."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))


def _fields(group: str, entry: Entry) -> Iterator[tuple[str, str]]:
    yield "name", entry.name
    yield "tags", ", ".join(entry.tags)
    yield "description", entry.description
    yield "owner", entry.owner
    yield "group", group
    yield "uuid", entry.key
    yield "place", str(entry.connection)
    yield "notes", _words_of(entry.user_meta)
    yield "metadata", _words_of(entry.remote_meta)


def _words_of(metadata: Any) -> str:
    """The names and values of some metadata, one after the other, as far as they are searched."""
    parts: list[str] = []
    room = _MOST_METADATA
    waiting = [metadata]
    while waiting and room > 0:
        value = waiting.pop()
        if isinstance(value, Mapping):
            for name, inner in reversed(list(value.items())):
                waiting += [inner, str(name)]
        elif isinstance(value, list | tuple):
            waiting += reversed(value)
        elif value is not None:
            parts.append(str(value)[:room])
            room -= len(parts[-1]) + 1
    return " ".join(parts)


def _row(group: str, entry: Entry) -> _Row:
    text = _GAP.join(fold(content) for _, content in _fields(group, entry))
    return _Row(group, entry, fold(entry.name), text)


def _rank(row: _Row, words: list[str]) -> tuple[int, str, str]:
    if words and row.name.startswith(words[0]):
        place = 0
    else:
        place = 1 if all(word in row.name for word in words) else 2
    return place, row.name, row.entry.key


def _found(row: _Row, words: list[str]) -> SearchMatch:
    """Say where the first word that is not in the name was found, else that all are in the name."""
    sought = next((word for word in words if word not in row.name), "")
    if sought:
        for field, content in _fields(row.group, row.entry):
            if (at := fold(content).find(sought)) >= 0:
                return SearchMatch(row.group, row.entry, field, _excerpt(content, at, len(sought)))
    return SearchMatch(row.group, row.entry, "name", row.entry.description)


def _excerpt(content: str, at: int, length: int) -> str:
    """What is written around a place; folding may have moved it by a few characters."""
    start = max(0, at - _AROUND)
    end = at + length + _AROUND
    return f"{'…' if start else ''}{' '.join(content[start:end].split())}{'…' if end < len(content) else ''}"
