"""Every size from 60 by 20 up: nothing breaks, and what is needed can be seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input

from tui.app import CatalogApp
from tui.browse.places import WIDGETS
from tui.command import Place
from tui.features import ACTIONS, COMMANDS

from .driving import Driver
from .shelf import Shelf, stock

SIZES = [(250, 80), (60, 20), (84, 24), (132, 20)]
PATIENCE = 3.0
"""Seconds until a new size must have been drawn."""
_LEAVES = {"quit"}


def _cut_off(screen: ModalScreen[object]) -> list[str]:
    """What of a dialog cannot be seen and not be scrolled to: a part of the box, of its title, a button, a line to type in."""
    problems = []
    whole = screen.size.region
    for box in screen.query(".box").results(Widget):
        if not whole.contains_region(box.region):
            problems.append(f"the box {box.region}")
        if isinstance(box, Vertical) and box.border_title and len(box.border_title) > box.size.width:
            problems.append(f"the title {box.border_title!r}")
    for part in [*screen.query(Button), *screen.query(Input)]:
        scrolls = any(isinstance(parent, Widget) and parent.show_vertical_scrollbar for parent in part.ancestors)
        if part.display and not scrolls and not whole.contains_region(part.region):
            problems.append(f"{part!r} at {part.region}")
        if part.display and part.is_attached and not scrolls:
            place = screen.find_widget(part)
            if not place.clip.contains_region(place.region):
                problems.append(f"{part!r} is clipped: {place.region} in {place.clip}")
        if isinstance(part, Button) and part.display and part.size.width < len(str(part.label)):
            problems.append(f"the words of {part.label!r}")
    return problems


async def _problems_left(driver: Driver, find: Callable[[], list[str]]) -> list[str]:
    """What is still wrong when there was time enough to draw."""
    deadline = time.monotonic() + PATIENCE
    while (problems := find()) and time.monotonic() < deadline:
        await driver.pilot.pause()
    return problems


async def _walk_sizes(driver: Driver, what: str, find: Callable[[], list[str]]) -> list[str]:
    found = []
    for size in SIZES:
        await driver.pilot.resize_terminal(*size)
        found += [f"{what} at {size}: {problem}" for problem in await _problems_left(driver, find)]
    return found


async def test_every_dialog_fits_every_size(shelf: Shelf) -> None:
    """Each dialog that a command or a menu opens stays whole while the terminal changes its size, also when it shrinks."""
    stock(shelf)
    app = CatalogApp(shelf.catalog)
    found, seen = list[str](), set[str]()
    async with app.run_test(size=(140, 40), notifications=False) as pilot:
        driver = Driver(app, pilot)
        await driver.select("messages")
        places = {command.id: next(iter(command.places), Place.DATABASES) for command in COMMANDS}
        runs = {
            command.id: partial(driver.screen.action_command, command.id) for command in COMMANDS if command.id not in _LEAVES
        }
        runs |= {action: partial(driver.screen.action_command, action) for action in ACTIONS}
        for what, run in runs.items():
            place = places.get(what, Place.DATABASES)
            if place in WIDGETS:
                driver.screen.go_to(place)
                await driver.settle()
            await run()
            await driver.settle()
            while len(app.screen_stack) > 1:
                if type(app.screen).__name__ not in seen:
                    seen.add(type(app.screen).__name__)
                    dialog = app.screen
                    assert isinstance(dialog, ModalScreen)
                    found += await _walk_sizes(driver, f"{what}, {type(dialog).__name__}", partial(_cut_off, dialog))
                app.screen.dismiss(None)
                await driver.settle()

    assert found == []
    assert len(seen) > 8, seen


def _missing(driver: Driver, place: Place) -> list[str]:
    """What of the main screen cannot be seen, or has no room."""
    pane, screen = driver.screen.query_one(WIDGETS[place], Widget), driver.screen
    wanted = {
        "the size": screen.size == driver.app.size,
        "the name of the database": "messages" in driver.text_of("#top-bar"),
        "the way to the help": "? Help" in driver.text_of("#key-bar"),
        f"the pane, which is at {pane.region}": pane.is_on_screen and screen.size.region.contains_region(pane.region),
        f"room for the pane, which has {pane.content_size}": pane.content_size.width >= 24 and pane.content_size.height >= 3,
    }
    return [what for what, is_there in wanted.items() if not is_there]


async def test_the_screen_is_whole_at_every_size(stocked: Shelf) -> None:
    """At every size and place the database is named, the place is in view and has room, and the way to the help is shown."""
    app = CatalogApp(stocked.catalog)
    been, found = set(), list[str]()
    async with app.run_test(size=(140, 40), notifications=False) as pilot:
        driver = Driver(app, pilot)
        await driver.select("messages")
        driver.screen.go_to(Place.HISTORY)
        await driver.settle()
        for place in WIDGETS:
            driver.screen.go_to(place)
            await driver.settle()
            if driver.screen.place is place:
                been.add(place)
                found += await _walk_sizes(driver, place.name, partial(_missing, driver, place))
    assert found == []
    assert been >= set(WIDGETS) - {Place.CONFLICT, Place.COMPARISON}
