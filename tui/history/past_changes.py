"""What led from one commit to another: the keys, and one of them before and after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content
from textual.message import Message

from catalog import Change, Kind
from tui.kit.amounts import size
from tui.kit.badges import KIND_BADGES, change_badges
from tui.kit.columns import shorten, spread
from tui.kit.comparison import Comparison
from tui.kit.diff_view import DiffView
from tui.kit.plain import key_name
from tui.kit.row_list import RowList


class PastChangeList(RowList):
    """Keys that were added, modified and deleted."""

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
        self._changes: tuple[Change, ...] = ()
        self._words = Content("")

    @property
    def row_count(self) -> int:
        """How many changes there are."""
        return len(self._changes)

    @property
    def change(self) -> Change | None:
        """The change of the cursor."""
        return self._changes[self.cursor] if self._changes else None

    def empty_text(self) -> Content:
        """Say why there are no changes."""
        return self._words

    def show_words(self, title: str, words: Content) -> None:
        """Show no changes, and why."""
        self._changes, self._words = (), words
        self.border_title, self.border_subtitle = Content(title), ""
        self.cursor = 0
        self.rows_changed()

    def show_changes(self, title: str, changes: tuple[Change, ...], *, has_more: bool) -> None:
        """Show changes, the first of them under the cursor unless its key is still here."""
        before = self.change
        self._changes = changes
        counts = Counter(change.kind for change in changes)
        parts = [f"{KIND_BADGES[kind].symbol}{counts[kind]:,}" for kind in Kind if counts[kind]]
        self.border_title = Content(title)
        self.border_subtitle = f"first {len(changes):,}" if has_more else " ".join(parts)
        self.cursor = next((at for at, change in enumerate(changes) if before and change.key == before.key), 0)
        self.rows_changed()
        self.tell_cursor()

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one change."""
        change = self._changes[index]
        version = change.remote or change.base
        amount = size(version.length if version else 0)
        _, kind = change_badges(change)
        name = shorten(key_name(change.key), max(width - len(amount) - 3, 1))
        return spread(Content.assemble(kind.content(), " ", name), Content.styled(amount, "$quiet"), width)

    def cursor_moved(self) -> None:
        """Say which change the cursor is on."""
        if change := self.change:
            self.post_message(self.Highlighted(change))

    def cursor_chosen(self) -> None:
        """Say that the change of the cursor was chosen."""
        if change := self.change:
            self.post_message(self.Chosen(change))


class PastDiff(DiffView):
    """A value before and after."""

    BORDER_TITLE = "Before and after"
    SIDES: ClassVar[dict[str, str]] = {"base": "before", "remote": "after"}

    def summary(self, change: Change, comparison: Comparison) -> Content:
        """What happened to the key, and in how many lines."""
        _, kind = change_badges(change)
        return Content.assemble(
            kind.content(),
            (f" {kind.words}   ", ""),
            (f"−{comparison.removed:,} ", "$state-trouble"),
            (f"+{comparison.added:,} ", "$state-good"),
            ("lines", "$quiet"),
        )
