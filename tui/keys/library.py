"""The reads of keys and values: each calls the library, in a job's thread, and gives the message that says what it found."""

from __future__ import annotations

import threading
from pathlib import Path

from catalog import CatalogError, KeyInfo, LocalFileError, SortedKeys
from tui.messages import Opened
from tui.values import Document, contents, describe, explain

from .arrangement import Arrangement
from .messages import KeysRead, RowFound, RowsCounted, ValueRead, ValueSaved, ValueTaken
from .paging import PAGE, KeyRow, Wanted

SortedRows = SortedKeys[KeyInfo]
_PIECE = 2_000
MOST_COPIED = 75_000
"""Characters that terminals take for the clipboard: many refuse more than 100 kB after encoding."""


class KeyView:
    """The keys of an opened database in one arrangement. Its methods run in jobs; close it when it is no longer shown."""

    def __init__(self, opened: Opened, arrangement: Arrangement) -> None:
        self.opened = opened
        self.arrangement = arrangement
        self._lock = threading.Lock()
        self._closed = False
        self._sorted: SortedRows | None = None

    def read(self, wanted: Wanted) -> KeysRead:
        """Read a run of rows."""
        if self.arrangement.order != "key":
            rows = self._in_order()
            return KeysRead(self, wanted, rows.page_at(wanted.page * PAGE, wanted.limit), len(rows))
        if self.arrangement.shows_folders:
            return KeysRead(self, wanted, self._walk(wanted))
        database, prefix = self.opened.database, self.arrangement.prefix
        if wanted.page and not isinstance(wanted.after, KeyInfo):
            return KeysRead(self, wanted, database.page_at(wanted.page * PAGE, wanted.limit, prefix))
        after = wanted.after.key if isinstance(wanted.after, KeyInfo) else None
        return KeysRead(self, wanted, database.page(after, wanted.limit, prefix))

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

    def count(self) -> RowsCounted:
        """Count the rows of a plain list."""
        return RowsCounted(self, self.opened.database.rows(self.arrangement.prefix))

    def find(self, key: str) -> RowFound:
        """Look for a key, or the first one after it, in a plain list of all."""
        return RowFound(self, self.opened.database.row_of(key))

    def close(self) -> None:
        """Let go of what was sorted."""
        with self._lock:
            self._closed = True
            if self._sorted is not None:
                self._sorted.close()


def document(opened: Opened, raw: bytes, most: int, key: str = "") -> Document:
    """Describe the bytes of a value as what they mean, or say why that cannot be told."""
    try:
        value = opened.database.decode(raw)
    except CatalogError as error:
        return explain(error, raw)
    return describe(value, json=is_json(opened), most=most, name=key)


def is_json(opened: Opened) -> bool:
    """Whether the values of a database are JSON."""
    return opened.database.serializer in {"json", "orjson", "orjson_zstd"}


def read_value(opened: Opened, info: KeyInfo, most: int, width: int = 80) -> ValueRead:
    """Read and describe the value of a key, which will be shown in ``width`` cells; what cannot be read is explained."""
    try:
        raw = opened.database.get_bytes(info.key)
    except KeyError:
        return ValueRead(opened, info, explain(_deleted(), None))
    except CatalogError as error:
        return ValueRead(opened, info, explain(error, None))
    found = document(opened, raw, most, info.key)
    # Laying it out may take long: what can be kept of it is done here, and not where the screen waits.
    found.body.fit(max(width, 1))
    return ValueRead(opened, info, found)


def _deleted() -> CatalogError:
    return CatalogError("This key was deleted here.", hint="Its deletion is not pushed.")


def _contents(opened: Opened, key: str) -> contents.Contents:
    try:
        raw = opened.database.get_bytes(key)
    except KeyError:
        raise _deleted() from None
    try:
        return contents.of(opened.database.decode(raw), json=is_json(opened))
    except CatalogError:
        return contents.Contents(raw, ".bin", is_text=False)


def take_value(opened: Opened, key: str) -> ValueTaken:
    """Make text of a value for the clipboard."""
    try:
        found = _contents(opened, key)
    except CatalogError as error:
        return ValueTaken(key, problem=error.message)
    if not found.is_text:
        return ValueTaken(key, problem="This value is not text; s saves it to a file.")
    text = found.body.decode(errors="replace")
    if len(text) > MOST_COPIED:
        return ValueTaken(
            key, problem=f"This value is too long for the clipboard ({len(text):,} characters); s saves it to a file."
        )
    return ValueTaken(key, text)


def save_value(opened: Opened, key: str, path: Path) -> ValueSaved:
    """Write a value to a file that does not exist yet."""
    try:
        found = _contents(opened, key)
        with path.open("xb") as file:
            file.write(found.body)
    except CatalogError as error:
        return ValueSaved(key, path, problem=error)
    except FileExistsError:
        return ValueSaved(
            key, path, problem=LocalFileError(f"{path} exists already.", hint="Choose another name; nothing is overwritten.")
        )
    except OSError as error:
        return ValueSaved(
            key,
            path,
            problem=LocalFileError(f"{path} cannot be written: {error.strerror}.", hint="Check the folder and its permissions."),
        )
    return ValueSaved(key, path, len(found.body))
