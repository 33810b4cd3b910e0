"""A terminal of one's own: what is written to it, as cells with their looks."""

from __future__ import annotations

from typing import Any

import pyte


class Emulator:
    """A terminal of a size."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = pyte.Screen(width, height)
        self._screen.reset_mode(7, private=True)
        self._stream = pyte.Stream(self._screen)

    def write(self, text: str) -> None:
        """Take what a program writes."""
        self._stream.feed(text)

    def resize(self, width: int, height: int) -> None:
        """Have another size; what stands there stays, as far as there is room."""
        if (width, height) != (self._screen.columns, self._screen.lines):
            self._screen.resize(height, width)
            self._screen.reset_mode(7, private=True)

    @property
    def cells(self) -> list[list[Any]]:
        """Every cell: its character, its colours, and whether it is bold, italic, underlined, struck, reversed."""
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return [[_without_idle_colour(self._screen.buffer[row][column]) for column in columns] for row in rows]


def _without_idle_colour(cell: Any) -> Any:
    """Leave out the colour of a character that cannot be seen."""
    is_blank = cell.data == " " and not (cell.underscore or cell.strikethrough or cell.reverse)
    return cell._replace(fg="default", bold=False, italics=False) if is_blank else cell
