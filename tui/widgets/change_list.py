"""What differs between a working copy and its remote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from catalog import Change, Direction, Version
from tui.amounts import size
from tui.badges import change_badges
from tui.plain import key_name

from .columns import shorten, spread
from .row_list import RowList

TITLES = {
    Direction.CONFLICT: ("Conflicts", "changed on both sides"),
    Direction.OUTGOING: ("Outgoing", "a push sends these"),
    Direction.INCOMING: ("Incoming", "a pull brings these"),
}


@dataclass(frozen=True)
class Heading:
    """The row above the changes of one direction."""

    direction: Direction
    count: int


def _length(version: Version | None) -> int:
    return version.length if version else 0


class ChangeList(RowList):
    """Changes under the heading of their direction."""

    BORDER_TITLE = "Changes"

    @dataclass
    class Highlighted(Message):
        """The cursor is on a change."""

        change: Change

    @dataclass
    class Chosen(Message):
        """A change was chosen."""

        change: Change

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Heading | Change] = []
        self._words = Content("")

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def change(self) -> Change | None:
        """The change of the cursor."""
        row = self._rows[self.cursor] if self._rows else None
        return None if isinstance(row, Heading) else row

    def empty_text(self) -> Content:
        """Say why there are no changes."""
        return self._words

    def show_words(self, words: Content) -> None:
        """Show no changes, and why."""
        self._rows, self._words = [], words
        self.cursor = 0
        self.rows_changed()

    def show_changes(self, counts: Mapping[Direction, int], changes: tuple[Change, ...]) -> None:
        """Show changes; the cursor stays on its key when that is still here."""
        before = self.change
        self._rows = []
        for direction in TITLES:
            here = [change for change in changes if change.direction is direction]
            if here:
                self._rows += [Heading(direction, counts[direction]), *here]
        kept = next(
            (index for index, row in enumerate(self._rows) if before and isinstance(row, Change) and row.key == before.key),
            1,
        )
        self.cursor = kept
        self.rows_changed()
        self.tell_cursor()

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one row."""
        row = self._rows[index]
        if isinstance(row, Heading):
            title, words = TITLES[row.direction]
            return spread(
                Content.assemble((title, "bold"), (f"  {words}", "$quiet")),
                Content.styled(f"{row.count:,}", "$quiet"),
                width,
            )
        direction, kind = change_badges(row)
        new = row.remote if row.direction is Direction.INCOMING else row.local
        amount = size(_length(new or row.base))
        name = shorten(key_name(row.key), max(width - len(amount) - 5, 1))
        left = Content.assemble(direction.content(), " ", kind.content(), " ", name)
        return spread(left, Content.styled(amount, "$quiet"), width)

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows, past headings."""
        goal = self.cursor + rows
        if 0 <= goal < len(self._rows) and isinstance(self._rows[goal], Heading):
            goal += 1 if rows > 0 else -1
        if goal >= 1:
            self.cursor = goal

    def action_move_to_first(self) -> None:
        """Move the cursor to the first change."""
        self.cursor = 1

    def cursor_moved(self) -> None:
        """Say which change the cursor is on."""
        if change := self.change:
            self.post_message(self.Highlighted(change))

    def cursor_chosen(self) -> None:
        """Say that the change of the cursor was chosen."""
        if change := self.change:
            self.post_message(self.Chosen(change))

    def go_to_conflicts(self) -> None:
        """Move the cursor to the first conflict."""
        for index, row in enumerate(self._rows):
            if isinstance(row, Change) and row.direction is Direction.CONFLICT:
                self.cursor = index
                return
