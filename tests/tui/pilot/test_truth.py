"""While another process works on the same copies, the screen never asserts for long what the library denies.

``CATALOG_TRUTH=large`` goes on for longer, with more seeds.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import Direction, Status
from tui import watch
from tui.browse import screen
from tui.changes.dialogs import PushDialog

from .asking import dialog_text
from .conftest import Drive
from .driving import Driver
from .other_process import VERBS
from .shelf import Shelf, day, weather

IS_LARGE = os.environ.get("CATALOG_TRUTH") == "large"
SEEDS = range(1, 9) if IS_LARGE else (1,)
ORDERS = 120 if IS_LARGE else 10
PATIENCE = 20.0
"""Seconds: a busy machine may need more than the one that a person should wait."""


class Notebook:
    """The other process."""

    def __init__(self, folder: Path) -> None:
        tests = Path(__file__).parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pilot.other_process", str(folder)],
            cwd=tests,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, verb: str, number: int) -> str:
        """Have something done, and wait for it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([verb, number]) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        """End it."""
        self._process.communicate(timeout=20)


@pytest.fixture
def notebook(shelf: Shelf) -> Iterator[Notebook]:
    """Another process, on a shelf of one database, and one beside it that is not listed yet."""
    shelf.add_group("earth")
    with shelf.colleague("snow", "n", "orjson") as database:
        database["a"] = 1
        database.changes().push()
    shelf.publish("earth", "weather", "orjson", {day(number): weather(number) for number in range(1, 6)})
    shelf.take("weather")
    other = Notebook(shelf.folder)
    yield other
    other.end()


def _said(driver: Driver) -> dict[str, Any]:
    """What each place of the screen says of the database, and what the tree lists."""
    shown, status = driver.screen, driver.screen.status
    assert status is not None
    row = next(row for row in driver.tree if "weather" in row)
    counts = shown.changes_pane._counts or {}
    listed = tuple(counts.get(one, 0) for one in (Direction.OUTGOING, Direction.INCOMING, Direction.CONFLICT))
    return {
        "state": status.state,
        "numbers": (status.ahead, status.behind, status.conflicts),
        "tree": row.split("weather")[1].split(),
        "heading": _marks(driver.text_of("#heading")),
        "tab": _marks(driver.text_of("#tab-bar")),
        "listed": listed,
        "keys": shown.opened.keys if shown.opened else None,
        "databases": sorted(entry.name for listing in shown.listings or () for entry in listing.entries),
    }


def _marks(text: str) -> list[str]:
    return [word for word in text.split() if word[0] in "↑↓!" and word[1:].replace(",", "").isdecimal()]


def _true(status: Status, databases: list[str]) -> dict[str, Any]:
    """What each of them has to say."""
    numbers = status.ahead, status.behind, status.conflicts
    marks = [f"{mark}{number}" for mark, number in zip("!↑↓", (numbers[2], *numbers[:2]), strict=True) if number]
    return {
        "state": status.state,
        "numbers": numbers,
        "tree": marks or ["✓"],
        "heading": marks,
        "tab": marks,
        "listed": numbers,
        "keys": status.keys,
        "databases": databases,
    }


async def _comes_true(driver: Driver, shelf: Shelf) -> dict[str, Any]:
    """Wait until the screen says what the library says; both may move meanwhile, so the library is asked again and again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status = await asyncio.to_thread(shelf.catalog.status, shelf.entry("weather"))
        wanted = _true(status, sorted(entry.name for entry in shelf.catalog.entries("earth")))
        for _ in range(20):
            if (said := _said(driver)) == wanted:
                return said
            await driver.pilot.pause(0.02)
        assert time.monotonic() < deadline, f"{said} is not {wanted}"


@pytest.mark.timeout(1200 if IS_LARGE else 120)
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_screen_never_says_for_long_what_is_not_so(
    shelf: Shelf, notebook: Notebook, drive: Drive, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Tree, heading, tab, list and refusals follow a process that edits, deletes, discards, pushes, pulls, adds and removes."""
    monkeypatch.setattr(watch, "_EVERY", 0.05)
    monkeypatch.setattr(screen, "_LATELY", 1.1)
    chance = random.Random(seed)
    taken = list[str]()
    async with drive(shelf.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        for number in range(ORDERS):
            verb = chance.choice(VERBS)
            done = await asyncio.to_thread(notebook.order, verb, chance.randrange(1000))
            taken.append(f"{verb} {done}")
            try:
                if number % 4 == 3:
                    await _push_says_what_is_so(driver, shelf)
                await _comes_true(driver, shelf)
            except AssertionError:
                print(f"seed {seed}, after:", ", ".join(taken))
                raise


async def _push_says_what_is_so(driver: Driver, shelf: Shelf) -> None:
    """P at any moment: the dialog never says that there is nothing where there is something."""
    await driver.press("P")
    assert isinstance(driver.app.screen, PushDialog)
    text = dialog_text(driver)
    with shelf.catalog.open(shelf.entry("weather"), "r", pull=False, offline=True) as database:
        summary = database.changes().summary()
    if not summary.outgoing:
        assert "nothing to push" in text or "Every key that you changed is in conflict" in text
    else:
        assert "nothing to push" not in text
    await driver.press("escape")
