"""A text to read, as tall as it needs to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size

from .columns import Fact, beside
from .text_view import TextView, continued

_NAME_WIDTH = 9

Lines = Callable[[int], Sequence[Content]]
"""Makes the lines of a text for a width in cells."""


def paragraphs(text: Content) -> Lines:
    """Make the lines of a text out of its own, each continued where it is too wide."""
    return lambda width: [row for line in text.split(allow_blank=True) for row in continued(line, width)]


def question(facts: Sequence[Fact], note: str) -> Lines:
    """Put facts above a note."""

    def lines(width: int) -> list[Content]:
        rows = beside(facts, width, _NAME_WIDTH, indent=0)
        if note:
            rows += [Content(""), *continued(Content.styled(note, "$quiet"), width)]
        return rows

    return lines


class Reader(TextView):
    """Shows lines that are made for the width there is."""

    def __init__(self, lines: Lines, *, can_focus: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = can_focus
        self._lines = lines

    def show(self, lines: Lines) -> None:
        """Show other lines."""
        self._lines = lines
        self.refresh(layout=True)
        self.lay_out()

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the lines."""
        return self._lines(width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many rows as there are lines."""
        return len(self._lines(max(width - 2, 1)))
