"""What differs between a working copy and its remote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from catalog import Change, Direction, Version
from tui.kit.amounts import size
from tui.kit.badges import CHOSEN, change_badges
from tui.kit.columns import shorten, spread
from tui.kit.plain import key_name
from tui.kit.row_list import RowList

TITLES = {
    Direction.CONFLICT: ("Conflicts", "changed on both sides", "on both sides"),
    Direction.OUTGOING: ("Outgoing", "a push sends these", "to push"),
    Direction.INCOMING: ("Incoming", "a pull brings these", "to pull"),
}
"""What the changes of each direction are called, and what they are: in a sentence, and in a word where that has no room."""
_ROOMY = 40


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

    @dataclass
    class ChoiceChanged(Message):
        """Other keys are chosen for the next push."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Heading | Change] = []
        self._words = Content("")
        self._chosen: set[str] = set()
        self._mine: list[Change] = []
        self.conflicts: list[Change] = []
        self._total = 0

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def change(self) -> Change | None:
        """The change of the cursor."""
        row = self._rows[self.cursor] if self._rows else None
        return None if isinstance(row, Heading) else row

    @property
    def chosen(self) -> frozenset[str] | None:
        """The keys that were chosen for the next push; None when none was, which means all."""
        return frozenset(self._chosen) or None

    def empty_text(self) -> Content:
        """Say why there are no changes."""
        return self._words

    def show_words(self, words: Content) -> None:
        """Show no changes, and why."""
        self._rows, self._words = [], words
        self._mine, self.conflicts = [], []
        self._total = 0
        self.cursor = 0
        self.clear_choice()
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
        self._total = sum(counts.values())
        self._mine = [change for change in changes if change.direction is Direction.OUTGOING]
        self.conflicts = [change for change in changes if change.direction is Direction.CONFLICT]
        self._chosen &= {change.key for change in self._mine}
        self._choice_changed()
        self.rows_changed()
        self.tell_cursor()

    def choose(self) -> None:
        """Choose the change of the cursor for the next push, or no longer; the cursor goes on to the next."""
        change = self.change
        if change is None or change.direction is not Direction.OUTGOING:
            return
        self._chosen ^= {change.key}
        self._choice_changed()
        self.action_move(1)

    def choose_all(self) -> None:
        """Choose all of one's own changes, or none when some are chosen."""
        self._chosen = set() if self._chosen else {change.key for change in self._mine}
        self._choice_changed()

    def clear_choice(self) -> None:
        """Choose none, which means all."""
        if self._chosen:
            self._chosen = set()
            self._choice_changed()
        else:
            self._count()

    def _choice_changed(self) -> None:
        self._count()
        self.refresh()
        self.post_message(self.ChoiceChanged())

    def _count(self) -> None:
        shown = sum(isinstance(row, Change) for row in self._rows)
        if self._chosen:
            chosen = sum(_length(change.local) for change in self._mine if change.key in self._chosen)
            mine = len(self._mine)
            self.border_subtitle = f"{CHOSEN.symbol} {len(self._chosen):,} of {mine:,} chosen, {size(chosen)}"
        elif self._total > shown:
            self.border_subtitle = f"first {shown:,} of {self._total:,}"
        else:
            self.border_subtitle = f"{self._total:,}" if self._total else ""

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one row."""
        row = self._rows[index]
        if isinstance(row, Heading):
            title, sentence, word = TITLES[row.direction]
            count = Content.styled(f"{row.count:,}", "$quiet")
            words = sentence if width >= _ROOMY else word
            return spread(Content.assemble((title, "bold"), (f"  {words}", "$quiet")), count, width)
        direction, kind = change_badges(row)
        new = row.remote if row.direction is Direction.INCOMING else row.local
        amount = size(_length(new or row.base))
        name = shorten(key_name(row.key), max(width - len(amount) - 6, 1))
        mark = CHOSEN if row.key in self._chosen else direction
        left = Content.assemble(" ", mark.content(), " ", kind.content(), " ", name)
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

    def go_to_conflict(self, steps: int = 0) -> bool:
        """Move the cursor to another conflict: so many further, round the end; with 0 to the one at or after the cursor.

        False when there is none.
        """
        places = [at for at, row in enumerate(self._rows) if isinstance(row, Change) and row.direction is Direction.CONFLICT]
        if not places:
            return False
        at = sum(place < self.cursor for place in places)
        if steps < 0 or (at < len(places) and places[at] == self.cursor):
            at += steps
        elif steps > 0:
            at += steps - 1
        self.cursor = places[at % len(places)]
        return True
