"""What the program asks of the library about keys and values; all of it is called in a job's thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog import CatalogError, KeyInfo, LocalFileError, SortedKeys
from tui.opened import Opened
from tui.values import Document, contents, explain

from .arrangement import Arrangement
from .paging import PAGE, KeyRow, Wanted

SortedRows = SortedKeys[KeyInfo]
_PIECE = 2_000
MOST_COPIED = 75_000
"""Characters that terminals take for the clipboard: many refuse more than 100 kB after encoding."""


@dataclass(frozen=True)
class Run:
    """A run of rows; ``rows`` is how many there are in all, where that is known."""

    found: Sequence[KeyRow]
    rows: int | None = None


class KeyView:
    """The keys of an opened database in one arrangement. Its methods run in jobs; close it when it is no longer shown."""

    def __init__(self, opened: Opened, arrangement: Arrangement) -> None:
        self.opened = opened
        self.arrangement = arrangement
        self._lock = threading.Lock()
        self._closed = False
        self._sorted: SortedRows | None = None

    def read(self, wanted: Wanted) -> Run:
        """Read a run of rows."""
        if self.arrangement.order != "key":
            rows = self._in_order()
            return Run(rows.page_at(wanted.page * PAGE, wanted.limit), len(rows))
        if self.arrangement.shows_folders:
            return Run(self._walk(wanted))
        database, prefix = self.opened.database, self.arrangement.prefix
        if wanted.page and not isinstance(wanted.after, KeyInfo):
            return Run(database.page_at(wanted.page * PAGE, wanted.limit, prefix))
        after = wanted.after.key if isinstance(wanted.after, KeyInfo) else None
        return Run(database.page(after, wanted.limit, prefix))

    def _in_order(self) -> SortedRows:
        order = self.arrangement.order
        assert order != "key"
        with self._lock:
            if self._closed:
                raise CatalogError("This list is no longer shown.")
            if self._sorted is None:
                self._sorted = self.opened.database.sorted_keys(order, self.arrangement.prefix)
            return self._sorted

    def _walk(self, wanted: Wanted) -> list[KeyRow]:
        """Read a run of a folder; a long one in pieces, between which the screen gets its turn."""
        rows: list[KeyRow] = []
        after = wanted.after
        while len(rows) < wanted.limit:
            piece = min(wanted.limit - len(rows), _PIECE)
            found = self.opened.database.folder(self.arrangement.prefix, self.arrangement.separator, after, piece)
            rows += found
            if len(found) < piece:
                break
            after = found[-1]
        return rows

    def count(self) -> int:
        """Count the rows of a plain list."""
        return self.opened.database.rows(self.arrangement.prefix)

    def find(self, key: str) -> int:
        """The row of a key, or of the first one after it, in a plain list of all."""
        return self.opened.database.row_of(key)

    def close(self) -> None:
        """Let go of what was sorted."""
        with self._lock:
            self._closed = True
            if self._sorted is not None:
                self._sorted.close()


def read_value(opened: Opened, info: KeyInfo, most: int, width: int = 80) -> Document:
    """Read and describe the value of a key, which will be shown in ``width`` cells; what cannot be read is explained."""
    try:
        raw = opened.database.get_bytes(info.key)
    except KeyError:
        return explain(_deleted(), None)
    except CatalogError as error:
        return explain(error, None)
    found = opened.document(raw, most, info.key)
    # Laying it out may take long: what can be kept of it is done here, and not where the screen waits.
    found.body.fit(max(width, 1))
    return found


def _deleted() -> CatalogError:
    return CatalogError("This key was deleted here.", hint="Its deletion is not pushed.")


def _contents(opened: Opened, key: str) -> contents.Contents:
    try:
        raw = opened.database.get_bytes(key)
    except KeyError:
        raise _deleted() from None
    try:
        return contents.of(opened.database.decode(raw), json=opened.is_json)
    except CatalogError:
        return contents.Contents(raw, ".bin", is_text=False)


def text_of(opened: Opened, key: str) -> str:
    """Make text of a value for the clipboard.

    Raises:
        CatalogError: when it is none, or too long, or cannot be read.
    """
    found = _contents(opened, key)
    if not found.is_text:
        raise CatalogError("This value is not text; s saves it to a file.")
    text = found.body.decode(errors="replace")
    if len(text) > MOST_COPIED:
        raise CatalogError(f"This value is too long for the clipboard ({len(text):,} characters); s saves it to a file.")
    return text


def save_value(opened: Opened, key: str, path: Path) -> int:
    """Write a value to a file that does not exist yet; gives its size.

    Raises:
        CatalogError: when it cannot be read or written.
    """
    found = _contents(opened, key)
    try:
        with path.open("xb") as file:
            file.write(found.body)
    except FileExistsError:
        raise LocalFileError(f"{path} exists already.", hint="Choose another name; nothing is overwritten.") from None
    except OSError as error:
        words = f"{path} cannot be written: {error.strerror}."
        raise LocalFileError(words, hint="Check the folder and its permissions.") from None
    return len(found.body)
