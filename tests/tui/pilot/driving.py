"""Drives the program as a user would, and waits for what jobs bring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from tui.app import CatalogApp
from tui.browse.screen import BrowseScreen
from tui.browse.tree import CatalogTree
from tui.keys.list import KeyList
from tui.kit.dialog import Dialog
from tui.kit.diff_view import DiffView
from tui.kit.text_view import TextView

PATIENCE = 20.0
MOST_ROWS = 2_500


class Driver:
    """A running program with shortcuts to its parts."""

    def __init__(self, app: CatalogApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> BrowseScreen:
        """The main screen, also while a dialog is over it."""
        return self.app._browse

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what or condition}"
            await self.pilot.pause()

    async def settle(self) -> None:
        """Wait until no job runs, every answer was taken, and the selected database is open if it can be."""
        await self.until(lambda: self.screen.listings is not None, "the catalog")
        await self.until(self._is_settled, "quiet")
        await self.pilot.pause()
        # what came last may have led to more
        while not self._is_settled():
            await self.until(self._is_settled, "quiet")
            await self.pilot.pause()

    def _is_settled(self) -> bool:
        screen = self.screen
        waits_for_opening = (
            screen.entry is not None
            and screen.opened is None
            and (screen.status is None or screen.status.file_exists)
            and screen.words.plain == "Opening…"
        )
        is_growing = screen.keys_pane.value_view.is_growing
        is_quiet = self.app.gate.is_quiet and self.app.jobs.idle.is_set()
        top = self.app.screen
        is_drawn = not isinstance(top, Dialog) or top.is_painted
        return is_quiet and is_drawn and not screen.asking and not waits_for_opening and not is_growing

    async def press(self, *keys: str) -> None:
        """Press keys, each after what the one before has brought."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def select(self, name: str) -> None:
        """Put the cursor on a database and wait until it is open."""
        await self.settle()
        entry = next(entry for listing in self.screen.listings or () for entry in listing.entries if entry.name == name)
        self.screen.query_one(CatalogTree).show(entry.key)
        await self.until(lambda: self.screen.entry is not None and self.screen.entry.name == name, name)
        await self.settle()

    def text_of(self, selector: str) -> str:
        """What a widget shows, line by line."""
        widget = self.screen.query_one(selector, Widget)
        if isinstance(widget, TextView):
            return "\n".join(row.plain for row in islice(widget._rows, MOST_ROWS))
        return "\n".join("".join(segment.text for segment in strip) for strip in widget.render_lines(widget.size.region))

    @property
    def value(self) -> str:
        """What the value pane shows."""
        return self.text_of("#value-view")

    @property
    def difference(self) -> str:
        """What the comparison shows."""
        return "\n".join(row.plain for row in self.screen.query_one(DiffView)._rows)

    @property
    def keys(self) -> list[str]:
        """The keys in view, as they are written."""
        keys = self.screen.query_one(KeyList)
        first, last = keys.visible_rows
        return [keys.draw_row(row, 50).plain for row in range(first, last + 1)]

    @property
    def tree(self) -> list[str]:
        """The rows of the tree, as they are written."""
        tree = self.screen.query_one(CatalogTree)
        return [tree.draw_row(index, 34).plain for index in range(tree.row_count)]

    @property
    def log(self) -> list[str]:
        """What the user was told so far."""
        return [happening.text for happening in self.screen.happenings]

    async def wait_told(self, text: str) -> None:
        """Wait until the user was told something."""
        await self.until(lambda: any(text in line for line in self.log), f"{text!r} in {self.log}")


async def wait_in_thread(wait: Callable[[], object]) -> None:
    """Wait for something of another thread without holding up the program."""
    await asyncio.to_thread(wait)
