"""Shows a document: long lines are continued, and only the rows in view are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

SCROLL_BINDINGS: list[BindingType] = [
    Binding("down,j", "scroll_down", "Scroll down", show=False),
    Binding("up,k", "scroll_up", "Scroll up", show=False),
    Binding("pagedown,ctrl+d,space", "page_down", "Page down", show=False),
    Binding("pageup,ctrl+b,ctrl+u", "page_up", "Page up", show=False),
    Binding("g,home", "scroll_home", "First line", show=False),
    Binding("G,end", "scroll_end", "Last line", show=False),
]


class TextView(ScrollView, can_focus=True):
    """Lines of styled text in a scrolling window."""

    ALLOW_SELECT = False
    auto_links = False
    BINDINGS: ClassVar[list[BindingType]] = SCROLL_BINDINGS

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Content] = ()
        self._width = 0

    @property
    def text_width(self) -> int:
        """How many cells a row has: all but a margin on each side. A scroll bar takes the place of the right one."""
        return max(self.content_region.width - 2, 1)

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the rows for a width; a subclass says what is shown."""
        raise NotImplementedError

    def lay_out(self, *, keep_place: bool = False) -> None:
        """Make the rows again, for another width or other contents."""
        self._width = self.content_region.width
        self._rows = self.rows_for(self.text_width) if self._width else ()
        self.virtual_size = Size(self._width, len(self._rows))
        if not keep_place:
            self.scroll_to(y=0, animate=False)
        self.refresh()

    def on_resize(self) -> None:
        """Lay out for another width."""
        if self.content_region.width != self._width:
            self.lay_out(keep_place=True)

    def notify_style_update(self) -> None:
        """Draw again when the theme has changed."""
        super().notify_style_update()
        self.refresh()

    def row_style(self, index: int) -> Style:  # noqa: ARG002
        """The style of a row; a subclass may mark some."""
        return self.visual_style

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        style = self.row_style(index)
        if index >= len(self._rows):
            return Strip.blank(width, style.rich_style)
        row, shift = Content.assemble(" ", self._rows[index]), self.shift_of(index)
        strips = Visual.to_strips(self, row, width + shift, 1, style)
        if not strips:
            return Strip.blank(width, style.rich_style)
        return strips[0].adjust_cell_length(width + shift, style.rich_style).crop(shift)

    def shift_of(self, index: int) -> int:  # noqa: ARG002
        """How many cells of a row are left of what is in view; a subclass may have rows that are wider."""
        return 0


def continued(line: Content, width: int) -> list[Content]:
    """Break a line that is wider than ``width`` into rows; those that follow keep its indentation, and a little more."""
    text = line.plain
    if cell_len(text) <= width:
        return [line]
    indent = len(text) - len(text.lstrip(" "))
    if not indent:
        return line.wrap(width) or [line]
    first = line.wrap(width)[0]
    rest = line[len(first) + len(text[len(first) :]) - len(text[len(first) :].lstrip(" ")) :]
    hanging = min(indent + 4, width // 2)
    return [first, *(Content(" " * hanging) + row for row in rest.wrap(width - hanging))]
