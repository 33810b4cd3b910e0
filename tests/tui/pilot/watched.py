"""The program with a terminal of its own: what it writes there, beside what it means to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from emulator import Emulator
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._context import visible_screen_stack
from textual.geometry import Size
from textual.pilot import Pilot
from textual.screen import Screen

import tui
from tui.app import CatalogApp


@dataclass(frozen=True)
class Written:
    """Something that was written to the terminal, which had this size."""

    size: Size
    text: str


@dataclass(frozen=True)
class Meant:
    """All that the program means to show now, line by line."""

    size: Size
    lines: tuple[str, ...]


class WatchedApp(CatalogApp):
    """Notes what it writes to its terminal."""

    # Textual looks for styles beside the module of the class.
    CSS_PATH: ClassVar[list[str]] = [str(Path(tui.__file__).parent / path) for path in CatalogApp.CSS_PATH]
    noted: list[Written | Meant]

    def _prepare(self) -> None:
        super()._prepare()
        self.noted = []

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and self._running and not self._batch_count:
            self.noted.append(Written(self.size, self._frame.advance(renderable, self.size, ColorSystem.TRUECOLOR)))

    async def note_meant(self, pilot: Pilot[Any]) -> None:
        """Note what should stand on the terminal, once all is drawn."""
        for _ in range(200):
            await pilot.pause()
            if not any(_is_dirty(screen) for screen in self.screen_stack):
                break
        visible_screen_stack.set(self._background_screens)
        console = Console(color_system="truecolor", force_terminal=True)
        self.noted.append(Meant(self.size, tuple(strip.render(console) for strip in self.screen._compositor.render_strips())))

    def check_cells(self) -> int:
        """See that every cell was as it was meant to be, whenever that was noted; gives how many bytes were written."""
        terminal, size = Emulator(1, 1), 0
        for note in self.noted:
            if isinstance(note, Written):
                terminal.resize(*note.size)
                terminal.write(note.text)
                size += len(note.text.encode())
            else:
                _compare(terminal, note)
        return size


def _compare(terminal: Emulator, meant: Meant) -> None:
    wanted = Emulator(*meant.size)
    for y, line in enumerate(meant.lines):
        wanted.write(f"\x1b[{y + 1};1H{line}")
    for y, (cells, others) in enumerate(zip(terminal.cells, wanted.cells, strict=True)):
        for x, (cell, other) in enumerate(zip(cells, others, strict=True)):
            assert cell == other, f"{cell} is not {other}, column {x} of line {y}: {''.join(one.data for one in others)!r}"


def _is_dirty(screen: Screen[Any]) -> bool:
    drawn = screen._compositor
    return bool(screen._dirty_widgets or drawn._dirty_regions or screen._layout_required or screen._repaint_required)
