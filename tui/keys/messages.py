"""What jobs tell about keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import CatalogError, KeyInfo
from tui.messages import Answer, Opened
from tui.values import Document

from .paging import KeyRow, Wanted

if TYPE_CHECKING:
    from .library import KeyView


@dataclass
class KeysRead(Answer):
    """A run of rows was read; ``rows`` is how many there are, where that is known."""

    view: KeyView
    wanted: Wanted
    found: Sequence[KeyRow]
    rows: int | None = None


@dataclass
class RowsCounted(Answer):
    """How many rows a list has."""

    view: KeyView
    rows: int


@dataclass
class RowFound(Answer):
    """Where in the list a key is, or the first one after it."""

    view: KeyView
    row: int


@dataclass
class ValueRead(Answer):
    """The value of one key was read and made ready to be shown."""

    opened: Opened
    info: KeyInfo
    document: Document


@dataclass
class ValueTaken(Answer):
    """The value of one key as text for the clipboard; ``problem`` says why there is none."""

    key: str
    text: str = ""
    problem: str = ""


@dataclass
class ValueSaved(Answer):
    """A value was written to a new file, or why not."""

    key: str
    path: Path
    size: int = 0
    problem: CatalogError | None = None
