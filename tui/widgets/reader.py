"""A text to read, as tall as it needs to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size

from .text_view import TextView

Lines = Callable[[int], Sequence[Content]]
"""Makes the lines of a text for a width in cells."""


class Reader(TextView):
    """Shows lines that are made for the width there is."""

    def __init__(self, lines: Lines, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines = lines

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the lines."""
        return self._lines(width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many rows as there are lines."""
        return len(self._lines(max(width - 2, 1)))
