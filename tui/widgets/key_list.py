"""The keys of a database, fed page by page."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from catalog import KeyInfo, KeyState
from tui.amounts import moment, size
from tui.badges import KEY_BADGES
from tui.paging import FAR, KeyPages, Wanted
from tui.plain import plain

from .columns import shorten, spread
from .row_list import RowList

_MARKED = frozenset({KeyState.ADDED, KeyState.MODIFIED, KeyState.DELETED, KeyState.CONFLICT})
_SIZE_WIDTH = 8
_ROOM_FOR_TIME = 52


class KeyList(RowList):
    """Keys with their state, size and time. Keys that are not in memory are asked for when they come into view."""

    BORDER_TITLE = "Keys"

    @dataclass
    class Highlighted(Message):
        """The cursor is on a key."""

        info: KeyInfo

    @dataclass
    class Chosen(Message):
        """A key was chosen."""

        info: KeyInfo

    @dataclass
    class PageWanted(Message):
        """Keys came into view that are not in memory."""

        wanted: Wanted

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pages = KeyPages()
        self._words = Content("")
        self._asked: Wanted | None = None
        self._told: KeyInfo | None = None
        self._to_last = False

    @property
    def row_count(self) -> int:
        """How many rows there are, as far as is known."""
        return self._pages.count

    @property
    def info(self) -> KeyInfo | None:
        """The key of the cursor, when it is in memory."""
        return self._pages.row(self.cursor)

    @property
    def is_complete(self) -> bool:
        """Whether the number of rows is known for certain."""
        return self._pages.end is not None

    def empty_text(self) -> Content:
        """Say why there are no keys."""
        return self._words

    def start(self, expected: int, words: Content) -> None:
        """Show a list of about ``expected`` keys that are still to be read, or ``words`` when it turns out empty."""
        self._pages = KeyPages(expected)
        self._words = words
        self._asked = self._told = None
        self._to_last = False
        self.cursor = 0
        self.scroll_to(y=0, animate=False)
        self.rows_changed()
        self._ask(0, max(self.size.height, 1))

    def clear(self, words: Content) -> None:
        """Show no keys, and why."""
        self.start(0, words)
        self._pages.end = 0
        self._asked = None
        self.rows_changed()

    def take(self, wanted_page: int, limit: int, keys: list[KeyInfo]) -> None:
        """Take a run of keys that was asked for."""
        self._asked = None
        self._pages.add(wanted_page, limit, keys)
        self.rows_changed()
        self.visible_changed()
        self.tell_cursor()
        if self._to_last:
            self.action_move_to_last()

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one key."""
        info = self._pages.row(index)
        if info is None:
            return Content.styled("·", "$quiet")
        badge = KEY_BADGES[info.state]
        facts = size(info.size)
        if width >= _ROOM_FOR_TIME:
            facts = f"{facts.rjust(_SIZE_WIDTH)}  {moment(info.timestamp)}"
        name = shorten(plain(info.key), max(width - len(facts) - 3, 1))
        marked = badge.style if info.state in _MARKED else ""
        left = Content.assemble(badge.content(), " ", (name, f"{marked} strike" if info.state is KeyState.DELETED else marked))
        return spread(left, Content.styled(facts, "$quiet"), width)

    def cursor_moved(self) -> None:
        """Say where the cursor is."""
        self._ask(self.cursor, self.cursor)
        self._tell()

    def cursor_chosen(self) -> None:
        """Say that the key of the cursor was chosen."""
        if info := self.info:
            self.post_message(self.Chosen(info))

    def visible_changed(self) -> None:
        """Ask for the keys in view, and for those that may follow the last one known."""
        first, last = self.visible_rows
        self._ask(first, last + (last + 1 >= self.row_count))

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._to_last = False
        super().action_move(rows)

    def action_move_to_first(self) -> None:
        """Move the cursor to the first row."""
        self._to_last = False
        super().action_move_to_first()

    def action_move_to_last(self) -> None:
        """Move the cursor to the last row, walking there first when nobody has been there."""
        self._to_last = not self.is_complete
        super().action_move_to_last()
        if self._to_last:
            self._ask(self._pages.known, self._pages.known + FAR)

    def _ask(self, first: int, last: int) -> None:
        wanted = self._pages.wanted(first, last) if self.row_count or not self.is_complete else None
        if wanted and wanted != self._asked:
            self._asked = wanted
            self.post_message(self.PageWanted(wanted))

    def _tell(self) -> None:
        info = self.info
        if info is not None and info is not self._told:
            self._told = info
            self.post_message(self.Highlighted(info))
