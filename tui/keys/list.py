"""The keys of a database, fed page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from catalog import KeyGroup, KeyInfo, KeyState
from tui.kit.amounts import moment, quantity, size
from tui.kit.badges import KEY_BADGES
from tui.kit.columns import shorten, spread
from tui.kit.plain import plain
from tui.kit.row_list import RowList

from .paging import FAR, KeyPages, KeyRow, WalkedPages, Wanted

_MARKED = frozenset({KeyState.ADDED, KeyState.MODIFIED, KeyState.DELETED, KeyState.CONFLICT})
_SIZE_WIDTH = 8
_ROOM_FOR_TIME = 52


class KeyList(RowList):
    """Keys with their state, size and time, and folders. Rows that are not in memory are asked for when they come into view."""

    BORDER_TITLE = "Keys"

    @dataclass
    class Highlighted(Message):
        """The cursor is on a row."""

        row: KeyRow

    @dataclass
    class Chosen(Message):
        """A row was chosen."""

        row: KeyRow

    @dataclass
    class PageWanted(Message):
        """Rows came into view that are not in memory."""

        wanted: Wanted

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pages = KeyPages()
        self._words = Content("")
        self._above = ""
        self._asked: Wanted | None = None
        self._told: KeyRow | None = None
        self._to_last = False

    @property
    def row_count(self) -> int:
        """How many rows there are, as far as is known."""
        return self._pages.count

    @property
    def row(self) -> KeyRow | None:
        """The key or folder of the cursor, when it is in memory."""
        return self._pages.row(self.cursor)

    @property
    def info(self) -> KeyInfo | None:
        """The key of the cursor, when it is on one that is in memory."""
        row = self.row
        return row if isinstance(row, KeyInfo) else None

    @property
    def is_complete(self) -> bool:
        """Whether the number of rows is known for certain."""
        return self._pages.end is not None

    def empty_text(self) -> Content:
        """Say why there are no keys."""
        return self._words

    def start(self, pages: KeyPages, words: Content, *, above: str = "") -> None:
        """Show a list whose rows are still to be read, or ``words`` when it turns out empty; names leave out ``above``."""
        self._pages = pages
        self._words = words
        self._above = above
        self._asked = self._told = None
        self._to_last = False
        self.cursor = 0
        self.scroll_to(y=0, animate=False)
        self.rows_changed()
        self._ask(0, max(self.size.height, 1))

    def clear(self, words: Content) -> None:
        """Show no keys, and why."""
        self.start(KeyPages(end=0), words)
        self._asked = None

    def take(self, wanted: Wanted, found: Sequence[KeyRow], rows: int | None = None) -> None:
        """Take a run of rows that was asked for, and how many there are in all where that is known."""
        self._asked = None
        self._pages.add(wanted.page, wanted.limit, found)
        if rows is not None:
            self._pages.expect(rows)
        self._grown()

    def expect(self, rows: int) -> None:
        """Take how many rows there are."""
        self._pages.expect(rows)
        self._grown()

    def _grown(self) -> None:
        self.rows_changed()
        self.visible_changed()
        self.tell_cursor()
        if self._to_last:
            self.action_move_to_last()

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one key or folder."""
        row = self._pages.row(index)
        if row is None:
            return Content.styled("·", "$quiet")
        if isinstance(row, KeyGroup):
            number = quantity(row.keys, "key")
            name = shorten(plain(row.prefix[len(self._above) :]), max(width - len(number) - 3, 1))
            return spread(Content.assemble(("▸ ", "$accent"), (name, "bold")), Content.styled(number, "$quiet"), width)
        badge = KEY_BADGES[row.state]
        facts = size(row.size)
        if width >= _ROOM_FOR_TIME:
            facts = f"{facts.rjust(_SIZE_WIDTH)}  {moment(row.timestamp)}"
        name = shorten(plain(row.key[len(self._above) :]), max(width - len(facts) - 3, 1))
        marked = badge.style if row.state in _MARKED else ""
        left = Content.assemble(badge.content(), " ", (name, f"{marked} strike" if row.state is KeyState.DELETED else marked))
        return spread(left, Content.styled(facts, "$quiet"), width)

    def cursor_moved(self) -> None:
        """Say where the cursor is."""
        self._ask(self.cursor, self.cursor)
        self._tell()

    def cursor_chosen(self) -> None:
        """Say that the row of the cursor was chosen."""
        if row := self.row:
            self.post_message(self.Chosen(row))

    def visible_changed(self) -> None:
        """Ask for the rows in view and, when they are there, for those a screenful before and after."""
        first, last = self.visible_rows
        height = last - first + 1
        self._ask(first, last + (last + 1 >= self.row_count))
        if self._asked is None:
            self._ask(first - height, last + height)

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._to_last = False
        super().action_move(rows)

    def action_move_to_first(self) -> None:
        """Move the cursor to the first row."""
        self._to_last = False
        super().action_move_to_first()

    def action_move_to_last(self) -> None:
        """Move the cursor to the last row, walking there first where a list can only be walked."""
        self._to_last = not self.is_complete
        super().action_move_to_last()
        if self._to_last and isinstance(self._pages, WalkedPages):
            self._ask(self.row_count, self.row_count + FAR)

    def _ask(self, first: int, last: int) -> None:
        wanted = self._pages.wanted(first, last) if self.row_count or not self.is_complete else None
        if wanted and wanted != self._asked:
            self._asked = wanted
            self.post_message(self.PageWanted(wanted))

    def _tell(self) -> None:
        row = self.row
        if row is not None and row is not self._told:
            self._told = row
            self.post_message(self.Highlighted(row))
