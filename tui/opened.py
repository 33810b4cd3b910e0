"""A database that is open for reading, and what more than one feature reads of it. All of it is called in a job's thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import orjson

from catalog import Catalog, CatalogError, Change, Commit, Database, Direction, Entry, Progress
from tui.kit.trouble import said

from .kit.comparison import MOST_LINES, ChangeSides, Comparison, Side, compare
from .trust import Vouching
from .values import Document, describe, explain

MOST_CHANGES = 5_000
METADATA_KEY = ""
"""The key under which a change of the metadata is listed; its values are JSON."""
_COMPARED_WIDTH = 44
"""Lines are made short before they are compared, so that a small change is a short line."""
_VALUE_WORDS = {"orjson": "JSON", "str": "text", "bytes": "bytes", "pickle": "pickled Python values"}


@dataclass(frozen=True, eq=False)
class Opened:
    """A database that is open for reading, and what was learnt when it was opened.

    ``commit`` is the one that it builds on; ``at`` the one that is shown when it is not the newest.
    """

    entry: Entry
    database: Database
    keys: int
    at: Commit | None = None
    commit: Commit | None = None

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def is_other(self, numbers: tuple[int, int, int] | None) -> bool:
        """Whether it has other keys or another commit than when it was opened, or other numbers of changes than are listed."""
        counted = Counter(change.direction for change in self.database.changes().all())
        now = (counted[Direction.OUTGOING], counted[Direction.INCOMING], counted[Direction.CONFLICT])
        return (len(self.database), self.database.commit) != (self.keys, self.commit) or (numbers is not None and now != numbers)

    @property
    def is_json(self) -> bool:
        """Whether its values are JSON."""
        return self.database.serializer in {"json", "orjson", "orjson_zstd"}

    @property
    def value_words(self) -> str:
        """What its values are, as a reader would say it."""
        serializer = self.database.serializer
        return _VALUE_WORDS.get(serializer, serializer.replace("_", " "))

    def document(self, raw: bytes, most: int, key: str = "") -> Document:
        """Describe the bytes of a value as what they mean, or say why that cannot be told."""
        try:
            value = self.database.decode(raw)
        except CatalogError as error:
            return explain(error, raw)
        return describe(value, json=self.is_json, most=most, name=key)

    def side(self, change: Change, side: Side) -> Document | None:
        """Read and describe one side of a change, as far as it is compared; None where the key is not there."""
        raw = self.database.changes().value(change, side)
        if raw is None:
            return None
        if change.key == METADATA_KEY:
            return describe(orjson.loads(raw), json=True)
        return self.document(raw, MOST_LINES + 1, change.key)


def open_for_writing(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Database:
    """Open a database to change it; what others push meanwhile is met, not kept out."""
    return catalog.open(entry, "w", lock="commit", pull=False, progress=progress, **vouching)


@dataclass(frozen=True)
class Compared:
    """Two sides of one change, compared; ``problem`` when a side could not be read or shown."""

    change: Change
    sides: ChangeSides
    comparison: Comparison
    problem: str = ""


def sides_of(change: Change) -> list[ChangeSides]:
    """Which comparisons a change offers, the most useful first."""
    if change.direction is Direction.OUTGOING:
        return [ChangeSides("base", "local")]
    if change.direction is Direction.INCOMING:
        return [ChangeSides("base", "remote")]
    return [ChangeSides("remote", "local"), ChangeSides("base", "local"), ChangeSides("base", "remote")]


def read_comparison(opened: Opened, change: Change, sides: ChangeSides) -> Compared:
    """Compare two sides of a change, line by line."""
    try:
        documents = [opened.side(change, sides.old), opened.side(change, sides.new)]
    except CatalogError as error:
        return Compared(change, sides, compare((), ()), said(error))
    old, new = [document.body.fit(_COMPARED_WIDTH) if document else () for document in documents]
    there = [document for document in documents if document]
    part = there[0].compared if there else str
    warning = next((document.warning for document in there if document.warning), "")
    return Compared(change, sides, compare(old, new, part), warning)
