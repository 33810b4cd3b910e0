"""The value of one key."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.style import Style
from typing_extensions import override

from catalog import KeyInfo
from tui.kit.amounts import moment, quantity, size
from tui.kit.badges import KEY_BADGES
from tui.kit.plain import plain
from tui.kit.row_list import SIDEWAYS
from tui.kit.text_view import TextView, continued
from tui.values import Document
from tui.values.document import StyledLines
from tui.values.folding import Folding
from tui.values.rows import Rows

_AT_FIRST = 200
"""Rows that are made at once; a screen is hardly higher."""
_STEP, _PAUSE = 0.008, 0.004
"""Seconds of work on the rows that follow, and between two such steps."""


class ValueView(TextView):
    """A decoded value, with what it is above it."""

    BORDER_TITLE = "Value"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"value-view--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = SIDEWAYS

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._info: KeyInfo | None = None
        self._document: Document | None = None
        self._words = Content("")
        self._folding = Folding()
        self._line = 0
        self._lines_of_rows: list[int] = []
        self._known: list[Content] = []
        self._to_come: Iterator[tuple[int, list[Content]]] | None = None
        self._needed = 0
        self._goes_to_end = False
        self._shift = self._head_rows = self._hidden = 0

    @property
    def has_more(self) -> bool:
        """Whether only the first lines of the value are shown."""
        return self._document is not None and self._document.left_out != 0

    def show_words(self, info: KeyInfo | None, words: Content) -> None:
        """Show words in the place of a value."""
        self._info, self._document, self._words = info, None, words
        self.border_title = "Value" if info is None else Content(plain(info.key))
        self.border_subtitle = ""
        self.lay_out()

    def show_document(self, info: KeyInfo, document: Document) -> None:
        """Show the value of a key; more of the same value stays where it was scrolled to."""
        is_same = self._info is info and self._document is not None
        self._info, self._document = info, document
        if not is_same:
            self._folding, self._line, self._shift = Folding(), 0, 0
        self.border_title = Content(plain(info.key))
        self.border_subtitle = "m: more of it" if self.has_more else ""
        self.lay_out(keep_place=is_same)

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the facts, the warning and the lines of the value."""
        self._lines_of_rows = []
        if self._document is None or self._info is None:
            return [Content(""), *[row for line in self._words.split(allow_blank=True) for row in continued(line, width)]]
        head = self._head(self._document, width)
        body = self._document.body
        lines = body.fit(width if body.wraps else width + self._shift)
        if not body.wraps:
            self._head_rows, self._hidden = len(head), getattr(lines, "hidden", 0)
            return _Joined(head, lines)
        self._known = head
        self._lines_of_rows = [-1] * len(head)
        self._to_come = self._body_rows(self._document, lines, width)
        while self._to_come is not None and len(self._known) < self._needed + _AT_FIRST:
            self._take()
        return self._known

    def lay_out(self, *, keep_place: bool = False) -> None:
        """Make the first rows, and those in view; the others come in small steps that hold nobody up."""
        self._to_come = None
        self._goes_to_end = False
        self._needed = self.scroll_offset.y + self.size.height if keep_place else 0
        super().lay_out(keep_place=keep_place)
        if self.is_growing:
            self.set_timer(_PAUSE, self._grow)

    @property
    def is_growing(self) -> bool:
        """Whether rows are still being made."""
        return self._to_come is not None

    def _grow(self) -> None:
        deadline = time.monotonic() + _STEP
        while self._to_come is not None and time.monotonic() < deadline:
            self._take()
        self.virtual_size = Size(self.virtual_size.width, len(self._known))
        if self._goes_to_end:
            self.scroll_end(animate=False)
        if self._to_come is not None and self.is_attached:
            self.set_timer(_PAUSE, self._grow)

    def _take(self) -> None:
        """Make the rows of one more line."""
        assert self._to_come is not None
        following = next(self._to_come, None)
        if following is None:
            self._to_come = None
            return
        line, rows = following
        self._known += rows
        self._lines_of_rows += [line] * len(rows)

    def _body_rows(self, document: Document, lines: Sequence[Content], width: int) -> Iterator[tuple[int, list[Content]]]:
        """The rows of each line with the number of the line, or -1 where it is none of the value's."""
        if document.folds:
            yield from self._folded_rows(lines, width)
        else:
            for line in lines:
                yield -1, continued(line, width)
        if document.left_out:
            count = f"{quantity(document.left_out, 'more line')}" if document.left_out > 0 else "more lines"
            yield -1, [Content(""), Content.styled(f"⋯ {count}; m shows more", "$quiet")]

    def _head(self, document: Document, width: int) -> list[Content]:
        head = [*self._heading(width), Content("")]
        for line in document.warning.split("\n") if document.warning else ():
            head += continued(Content.styled(line, "$state-trouble"), width)
        if document.warning:
            head.append(Content(""))
        for part in document.preface:
            head += [*(line.truncate(width, ellipsis=True) for line in part.fit(width)), Content("")]
        return head

    def _folded_rows(self, lines: Sequence[Content], width: int) -> Iterator[tuple[int, list[Content]]]:
        texts = lines.texts if isinstance(lines, StyledLines) else [line.plain for line in lines]
        if texts != self._folding.texts:
            self._folding, self._line = Folding(texts), 0
        for line, end in self._folding.visible():
            shown = lines[line]
            if end is not None:
                hidden = quantity(end - line - 1, "line")
                shown = Content.assemble(shown, (f" ⋯ {hidden} ", "$quiet"), Content.styled(texts[end].strip(), "$quiet"))
            yield line, continued(shown, width)

    def fold_here(self) -> None:
        """Fold or unfold the block of the cursor."""
        if (line := self._folding.toggle(self._line)) is not None and self.can_fold:
            self._line = line
            self._fold_again()

    def fold_all(self, *, folded: bool) -> None:
        """Fold every block but the outermost, or show every line."""
        if self.can_fold:
            self._line = 0
            (self._folding.fold_all if folded else self._folding.unfold_all)()
            self._fold_again()

    @property
    def can_fold(self) -> bool:
        """Whether the value has blocks to fold."""
        return self._document is not None and self._document.folds

    def _fold_again(self) -> None:
        self.lay_out(keep_place=True)
        self._show_line()

    def _show_line(self) -> None:
        rows = [row for row, line in enumerate(self._lines_of_rows) if line == self._line]
        if rows:
            top = 0 if self._line == 0 else rows[0]
            self.scroll_to_region(Region(0, top, 1, rows[-1] - top + 1), animate=False, force=True)
        self.refresh()

    def _move(self, step: int) -> bool:
        """Move the cursor to another line; False where it stays, as in a value without folds."""
        lines = [line for line in dict.fromkeys(self._lines_of_rows) if line >= 0]
        place = lines.index(self._line) + step if self._line in lines else 0
        if not self.can_fold or not 0 <= place < len(lines):
            return False
        self._line = lines[place]
        self._show_line()
        return True

    def shift_of(self, index: int) -> int:
        """The rows of a table may be wider than there is room."""
        is_table = self._document is not None and not self._document.body.wraps
        return self._shift if is_table and index >= self._head_rows else 0

    def action_scroll_sideways(self, direction: int) -> None:
        """Show further columns of a table, or those before."""
        if self._document is not None and not self._document.body.wraps and (direction < 0 or self._hidden):
            self._shift = max(0, self._shift + direction * max(self.text_width // 2, 1))
            self.lay_out(keep_place=True)

    def _follow(self) -> None:
        """Put the cursor on the first line in view, after a jump."""
        first = self.scroll_offset.y
        in_view = [line for line in self._lines_of_rows[first : first + self.size.height] if line >= 0]
        if in_view and self._line not in in_view:
            self._line = in_view[0]
            self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Keep the cursor in view."""
        super().watch_scroll_y(old_value, new_value)
        self._follow()

    def action_scroll_down(self) -> None:
        """Move the cursor down, or scroll where there is none."""
        if not self._move(1):
            super().action_scroll_down()

    def action_scroll_end(self) -> None:
        """Go to the last row, also where it is still to be made."""
        self._goes_to_end = self.is_growing
        super().action_scroll_end()

    def action_scroll_up(self) -> None:
        """Move the cursor up, or scroll where there is none."""
        self._goes_to_end = False
        if not self._move(-1):
            super().action_scroll_up()

    def row_style(self, index: int) -> Style:
        """Mark the line of the cursor."""
        if self.can_fold and index < len(self._lines_of_rows) and self._lines_of_rows[index] == self._line:
            return self.get_visual_style("value-view--cursor")
        return super().row_style(index)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the line that was clicked; a double click folds it."""
        offset = event.get_content_offset(self)
        row = -1 if offset is None else offset.y + self.scroll_offset.y
        if self.can_fold and 0 <= row < len(self._lines_of_rows) and self._lines_of_rows[row] >= 0:
            self._line = self._lines_of_rows[row]
            self.refresh()
            if event.chain == 2:
                self.fold_here()

    def _heading(self, width: int) -> list[Content]:
        assert self._document is not None
        assert self._info is not None
        badge = KEY_BADGES[self._info.state]
        facts = Content.assemble(
            (self._document.kind, "bold"),
            (f"  {size(self._info.size)}  {moment(self._info.timestamp)}  ", "$quiet"),
            ("" if self._info.verified else "no checksum  ", "$state-trouble"),
        )
        state = Content.assemble(badge.content(), (f" {badge.words}", "$quiet"))
        together = Content.assemble(facts, state)
        return [together] if together.cell_length <= width else [*continued(facts, width), *continued(state, width)]


class _Joined(Rows):
    """Two runs of rows as one, without making the second."""

    def __init__(self, head: list[Content], body: Sequence[Content]) -> None:
        self._head = head
        self._body = body

    def __len__(self) -> int:
        return len(self._head) + len(self._body)

    @override
    def row(self, index: int) -> Content:
        return self._head[index] if index < len(self._head) else self._body[index - len(self._head)]
