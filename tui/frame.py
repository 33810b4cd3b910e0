"""What stands on the terminal, cell by cell, so that only what has changed is written.

Textual writes every region again that may have changed, most of which has not; over a slow line that is what one waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

_MOST_KEPT = 2_000
"""Cells of one look that are kept to be used again."""
_NEAR = 4
"""Cells that are written again rather than jumped over: a jump is not shorter."""


class Look(NamedTuple):
    """How a cell is drawn: the codes of its attributes, of its colour, and of what is behind it."""

    attributes: tuple[str, ...] = ()
    colour: tuple[str, ...] = ()
    background: tuple[str, ...] = ()


class Cell(NamedTuple):
    """A character, or several that take one place; empty for the second half of a wide one."""

    text: str
    look: Look


class Cells(dict[str, Cell]):
    """The cells of one look, each made once: what is drawn again is not made again."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look

    def __missing__(self, text: str) -> Cell:
        """Make a cell."""
        if len(self) >= _MOST_KEPT:
            self.clear()
        made = self[text] = Cell(text, self.look)
        return made


Row = list[Cell | None]
"""The cells of a line; None where nobody knows what stands there."""
_PLAIN = Look()
_PLAIN_CELLS = Cells(_PLAIN)
_RESET = "\x1b[0m"


class Frame:
    """The cells that were written last."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._doubtful: set[int] = set()

    def forget(self) -> None:
        """Take nothing for granted: somebody else may have written to the terminal, or its size has changed."""
        self._rows = []
        self._doubtful.clear()

    def advance(self, update: LayoutUpdate | ChopsUpdate, size: Size, colours: ColorSystem) -> str:
        """What to write so that the terminal shows ``update`` too."""
        if len(self._rows) != size.height or len(self._rows[0]) != size.width:
            self._doubtful.clear()
            self._rows = [[None] * size.width for _ in range(size.height)]
        after: dict[int, Row] = {}
        doubtful = set(self._doubtful)
        for y, x, strip in _strips(update):
            if 0 <= y < size.height and not _put(after.setdefault(y, [*self._rows[y]]), x, strip, colours):
                doubtful.add(y)
        pen, written = _Pen(), list[str]()
        for y in sorted(after):
            before, row = self._rows[y], after[y]
            if row == before:
                continue
            written += pen.draw(y, [None] * size.width if y in doubtful else before, row)
            self._rows[y] = row
            (self._doubtful.add if y in doubtful and _is_doubtful(row) else self._doubtful.discard)(y)
        return "".join([*written, pen.leave()])


class FrameUpdate(CompositorUpdate):
    """An update of Textual's, of which only the difference is written."""

    def __init__(self, frame: Frame, update: LayoutUpdate | ChopsUpdate, size: Size) -> None:
        self._frame = frame
        self._update = update
        self._size = size

    def render_segments(self, console: Console) -> str:
        """Give what to write."""
        return self._frame.advance(self._update, self._size, console._color_system or ColorSystem.TRUECOLOR)  # noqa: SLF001


def _strips(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The pieces of an update, each with its line and its first cell."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, first, last in update.spans:
        for end, (x, piece) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if piece is not None and x <= last and end > first:
                yield y, x, piece if end <= last else piece.crop(0, last - x)


def _put(row: Row, x: int, segments: Iterable[Segment], colours: ColorSystem) -> bool:
    """Put text into a line, from a cell on; False when terminals disagree about how wide it is.

    A wide character of which one half is covered is gone.
    """
    is_certain = True
    if _is_half(row, x):
        row[x - 1] = _PLAIN_CELLS[" "]
    for text, style, control in segments:
        if control:
            continue
        cells = cells_of(style, colours) if style is not None else _PLAIN_CELLS
        if text.isascii():
            room = max(len(row) - x, 0)
            row[x : x + len(text)] = [cells[one] for one in text[:room]]
            x += len(text)
        else:
            for one, width in _graphemes(text):
                if 0 < width <= len(row) - x:
                    row[x : x + width] = [cells[one], *[cells[""]] * (width - 1)]
                    is_certain = is_certain and len(one) == 1
                x += width
    if _is_half(row, x):
        row[x] = _PLAIN_CELLS[" "]
    return is_certain


def _is_half(row: Row, x: int) -> bool:
    """Whether a cell is the second half of a wide character."""
    return 0 < x < len(row) and (cell := row[x]) is not None and not cell.text


def _graphemes(text: str) -> Iterator[tuple[str, int]]:
    """The characters of a text with what belongs to each, and how many cells they take."""
    for start, end, width in split_graphemes(text)[0]:
        yield text[start:end], width


@lru_cache(4096)
def cells_of(style: Style, colours: ColorSystem) -> Cells:
    """The cells of a style."""
    codes = Strip.render_ansi(style.without_color, colours)
    look = Look(
        tuple(codes.split(";")) if codes else (),
        tuple(style.color.downgrade(colours).get_ansi_codes()) if style.color else (),
        tuple(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False)) if style.bgcolor else (),
    )
    return _cells_of_look(look)


@lru_cache(1024)
def _cells_of_look(look: Look) -> Cells:
    return Cells(look)


class _Pen:
    """Where the cursor of the terminal is, and how it draws; None where that is not known."""

    def __init__(self) -> None:
        self._look: Look | None = None
        self._at: tuple[int, int] | None = None

    def leave(self) -> str:
        """What makes the terminal draw as it does at first."""
        return _RESET if self._look not in (None, _PLAIN) else ""

    def draw(self, y: int, before: Row, after: Row) -> Iterator[str]:
        """What changes a line: run by run of cells that look alike."""
        x = 0
        while x < len(after):
            cell = after[x]
            if cell is None or not cell.text or cell == before[x]:
                x += 1
                continue
            yield from self._move(y, x, after)
            yield self._switched(cell.look)
            end = _end_of_run(before, after, x)
            yield "".join([one.text for one in after[x:end] if one is not None])
            # What one terminal takes for one cell is two to another; and at the end of a line the cursor may be anywhere.
            self._at = (y, end) if end < len(after) and len(cell.text) == 1 else None
            x = end

    def _move(self, y: int, x: int, row: Row) -> Iterator[str]:
        """Go to a cell: over those between, written again, where that is as good as a jump."""
        if self._at == (y, x):
            return
        if self._at is not None and self._at[0] == y and 0 < x - self._at[1] <= _NEAR:
            between = row[self._at[1] : x]
            if all(cell is not None and cell.look == self._look and len(cell.text) == 1 for cell in between):
                yield "".join(cell.text for cell in between if cell is not None)
                return
        yield f"\x1b[{y + 1};{x + 1}H"

    def _switched(self, look: Look) -> str:
        """What changes how the terminal draws."""
        before, self._look = self._look, look
        return "" if look == before else switch(before, look)


def _end_of_run(before: Row, after: Row, start: int) -> int:
    """Where the cells end that are to be written, from one on, and look like it; one that is measured in two ways is alone."""
    first = after[start]
    assert first is not None
    end, look, is_single = start + 1, first.look, len(first.text) == 1
    while end < len(after) and (cell := after[end]) is not None:
        is_half = not cell.text
        if not is_half and not (is_single and len(cell.text) == 1 and cell.look is look and cell != before[end]):
            break
        end += 1
    return end


@lru_cache(4096)
def switch(before: Look | None, after: Look) -> str:
    """The shortest codes from one look to another."""
    if before is None or (before.attributes and before.attributes != after.attributes):
        codes: tuple[str, ...] = ("0", *after.attributes, *after.colour, *after.background)
    else:
        codes = after.attributes if after.attributes != before.attributes else ()
        if after.colour != before.colour:
            codes += after.colour or ("39",)
        if after.background != before.background:
            codes += after.background or ("49",)
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _is_doubtful(row: Row) -> bool:
    """Whether a line holds what terminals disagree about."""
    return any(cell is not None and len(cell.text) > 1 for cell in row)
