"""A list of rows with a cursor, of which only the visible ones are ever drawn."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

SIDEWAYS: list[BindingType] = [
    Binding("right_square_bracket,shift+right", "scroll_sideways(1)", "Further right", show=False),
    Binding("left_square_bracket,shift+left", "scroll_sideways(-1)", "Further left", show=False),
]
_ENDLESS = 2_000
_BETWEEN = re.compile(" {3,}")


def _width(row: Content) -> int:
    """How many cells a row takes without the room that is left in it."""
    return cell_len(_BETWEEN.sub("  ", row.plain.rstrip()))


class RowList(ScrollView, can_focus=True):
    """Rows of one line each, any number of them.

    A subclass says how many there are and draws one. The cursor moves by arrows, vim keys and mouse.
    """

    ALLOW_SELECT = False
    auto_links = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--cursor", "row-list--hover"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d", "move_page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b,ctrl+u", "move_page(-1)", "Page up", show=False),
        Binding("g,home", "move_to_first", "First", show=False),
        Binding("G,end", "move_to_last", "Last", show=False),
        *SIDEWAYS,
    ]

    cursor = reactive(0, repaint=False)
    hovered = reactive(-1, repaint=False)
    shift = reactive(0)
    """How many cells of each row are left of what is in view."""

    @property
    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def draw_row(self, index: int, width: int) -> Content:
        """Draw one row in ``width`` cells."""

    def empty_text(self) -> Content:
        """Say why there are no rows, and what to do about it."""
        return Content("")

    def cursor_moved(self) -> None:
        """The cursor is on another row, or its row has changed."""

    def tell_cursor(self) -> None:
        """Say where the cursor is, from the list itself.

        A message that is posted while its grandparent handles another one does not rise above that grandparent.
        """
        self.call_next(self.cursor_moved)

    def cursor_chosen(self) -> None:
        """The row of the cursor was chosen by a double click."""

    def visible_changed(self) -> None:
        """Other rows came into view."""

    @property
    def visible_rows(self) -> tuple[int, int]:
        """The first and last row in view."""
        first = self.scroll_offset.y
        return first, max(first, min(first + self._height, self.row_count) - 1)

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def rows_changed(self) -> None:
        """Draw again after the rows or their number have changed."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.row_count)
        self.cursor = self.validate_cursor(self.cursor)
        if self.shift:
            self.shift = min(self.shift, self._most_shift)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, self.row_count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Draw the two rows and follow the cursor."""
        self.refresh_line(old)
        self.refresh_line(new)
        self.scroll_to_region(Region(0, new, 1, 1), animate=False, force=True)
        self.cursor_moved()

    def watch_hovered(self, old: int, new: int) -> None:
        """Draw the two rows."""
        self.refresh_line(old)
        self.refresh_line(new)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell about the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.visible_changed()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.row_count)
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.visible_changed()

    def notify_style_update(self) -> None:
        """Draw again when the theme has changed."""
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        style = self.visual_style
        if index >= self.row_count:
            return self._beyond(y, width)
        if index == self.cursor:
            style = self.get_visual_style("row-list--cursor")
        elif index == self.hovered:
            style = self.get_visual_style("row-list--hover")
        shift = self.shift
        row = Content.assemble(" ", self.draw_row(index, width - 2 + shift))
        strips = Visual.to_strips(self, row, width + shift, 1, style)
        if not strips:
            return Strip.blank(width, style.rich_style)
        return strips[0].adjust_cell_length(width + shift, style.rich_style).crop(shift)

    @property
    def _most_shift(self) -> int:
        """How many cells the widest row in view is too wide."""
        first, last = self.visible_rows
        rows = range(first, min(last + 1, self.row_count))
        widest = max((_width(self.draw_row(index, _ENDLESS)) for index in rows), default=0)
        return max(widest - (self.scrollable_content_region.width - 2), 0)

    def action_scroll_sideways(self, direction: int) -> None:
        """Show what is cut off at the right, or the left again."""
        step = max(self.scrollable_content_region.width // 2, 1)
        self.shift = max(0, min(self.shift + direction * step, self._most_shift))

    def on_mouse_scroll_right(self) -> None:
        """Show what is cut off at the right."""
        self.action_scroll_sideways(1)

    def on_mouse_scroll_left(self) -> None:
        """Show the left again."""
        self.action_scroll_sideways(-1)

    def _beyond(self, y: int, width: int) -> Strip:
        """Draw a line where there is no row: the words of an empty list, or nothing."""
        style = self.visual_style
        blank = Strip.blank(width, style.rich_style)
        words = Content("") if self.row_count else self.empty_text()
        if not words or width < 6:
            return blank
        lines = Visual.to_strips(self, words, width - 4, None, style)
        place = y - max(0, min((self._height - len(lines)) // 3, 3))
        if not 0 <= place < len(lines):
            return blank
        return Strip.join([Strip.blank(2, style.rich_style), lines[place]]).adjust_cell_length(width, style.rich_style)

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.cursor += rows

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self.cursor += pages * max(1, self._height - 1)

    def action_move_to_first(self) -> None:
        """Move the cursor to the first row."""
        self.cursor = 0

    def action_move_to_last(self) -> None:
        """Move the cursor to the last row."""
        self.cursor = self.row_count - 1

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Light up the row under the mouse."""
        offset = event.get_content_offset(self)
        self.hovered = -1 if offset is None else offset.y + self.scroll_offset.y

    def on_leave(self) -> None:
        """Light up no row."""
        self.hovered = -1

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row that was clicked; a double click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None or (row := offset.y + self.scroll_offset.y) >= self.row_count:
            return
        self.cursor = row
        if event.chain == 2:
            self.cursor_chosen()
