"""A random walk: whatever is pressed and clicked, nothing breaks, nothing freezes, and no remote changes unasked.

``CATALOG_WALK=large`` walks further and with more seeds.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.geometry import Offset
from textual.pilot import OutOfBounds, Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

import catalog
from catalog import Database
from catalog.connection import S3Connection
from catalog.store.access import connect_store
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from tui.app import CatalogApp
from tui.features import COMMANDS
from tui.values.folding import Folding

from .blocking import watched_blocking
from .driving import Driver
from .shelf import Shelf, stock
from .watched import WatchedApp

IS_LARGE = os.environ.get("CATALOG_WALK") == "large"
SEEDS = range(1, 13) if IS_LARGE else (1, 2)
STEPS = 600 if IS_LARGE else 150
MOST_BLOCKED = 0.1 if IS_LARGE else 0.5
"""Seconds: half a second holds a person up; how close a busy machine comes to a tenth is for the large walk."""
SIZES = [(60, 20), (80, 24), (100, 30), (140, 40), (220, 60)]
_MOVES = [
    *("up", "down", "left", "right", "j", "k", "h", "l", "g", "G", "tab", "shift+tab", "enter", "escape"),
    *("pageup", "pagedown", "ctrl+d", "ctrl+u", "space", "home", "end", "backspace", "ctrl+p"),
]
_ANSWERS = [("enter",), ("right", "enter"), ("tab", "enter"), ("shift+tab", "enter"), ("escape",)]
_TYPED = ["a", "e", "/", "2", "0", "1", "-", "x"]
_KEYS = [key for command in COMMANDS for key in command.keys.split(",")] + ["P", "p"] * 4
_FAULTS = [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY, FaultKind.TRUNCATE, FaultKind.FLIP_BIT]
UNEXPECTED = "Something unexpected happened"


class Walker:
    """Presses and clicks at random; ``is_timid`` answers no to every question, whatever was pressed there."""

    def __init__(self, seed: int, faults: FaultPlan, *, is_timid: bool) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.is_timid = is_timid
        self.taken: list[str] = []
        self.answers: Counter[str] = Counter()

    def answer(self, screen: Screen[Any], result: Any) -> Any:
        """Note a dialog that was answered with yes, or turn the yes into a no."""
        if not isinstance(screen, ModalScreen) or isinstance(screen, CommandPalette) or result in (None, False):
            return result
        if self.is_timid:
            return None
        self.answers[type(screen).__name__] += 1
        return result

    async def step(self, pilot: Pilot[Any], app: CatalogApp) -> None:
        """Do one thing; in a dialog often one that answers it."""
        chance = self.random.random()
        if isinstance(app.screen, ModalScreen) and self.random.random() < 0.4:
            for key in self.random.choice(_ANSWERS):
                await self._press(pilot, key)
            return
        if chance < 0.04:
            self._plan_fault()
        if chance < 0.62:
            await self._press(pilot, self.random.choice(_KEYS))
        elif chance < 0.80:
            await self._press(pilot, self.random.choice(_MOVES))
        elif chance < 0.86:
            await self._press(pilot, self.random.choice(_TYPED))
        elif chance < 0.98:
            await self._click(pilot, app)
        else:
            size = self.random.choice(SIZES)
            self.taken.append(f"resize {size}")
            await pilot.resize_terminal(*size)

    async def _press(self, pilot: Pilot[Any], key: str) -> None:
        self.taken.append(key)
        await pilot.press(key)

    async def _click(self, pilot: Pilot[Any], app: CatalogApp) -> None:
        place = (self.random.randrange(app.size.width), self.random.randrange(app.size.height))
        times = self.random.choice([1, 1, 2])
        self.taken.append(f"click {place} x{times}")
        try:
            await pilot.click(offset=place, times=times)
        except OutOfBounds:
            self.taken.append("(outside)")

    def _plan_fault(self) -> None:
        fault = Fault(self.random.choice(_FAULTS), number=self.random.randint(1, 4))
        self.taken.append(f"fault {fault.kind.name}")
        self.faults.add(fault)


@pytest.fixture
def ground(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, faults: FaultPlan, tmp_path: Path) -> Iterator[Shelf]:
    """Databases in every state; whatever writes a file outside of them writes into an empty folder."""
    stock(shelf)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(elsewhere))

    def connect(connection: S3Connection, **more: Any) -> FaultyStore:
        return FaultyStore(connect_store(connection, **more), faults)

    monkeypatch.setattr("catalog.groups.status.connect_store", connect)
    yield shelf
    faults.clear()


def _remotes(shelf: Shelf) -> dict[str, str]:
    """All objects of all remotes, without what a folder keeps for itself."""
    return {
        str(path.relative_to(shelf.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((shelf.folder / "remotes").rglob("*"))
        if path.is_file() and "unfinished" not in path.parts and not path.name.endswith(".lock")
    }


def _commits(shelf: Shelf) -> dict[str, int]:
    """How many commits the remotes have."""
    found = {}
    for name in ("weather", "quakes", "messages", "co2", "pictures", "far"):
        with catalog.open(shelf.connection(name), shelf.folder / "count" / f"{name}.blt", "r") as database:
            assert isinstance(database, Database)
            assert database.remote_commit is not None
            found[name] = database.remote_commit.number
    return found


@pytest.mark.usefixtures("drawn")
@pytest.mark.timeout(1200 if IS_LARGE else 120)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_random_walk_breaks_nothing(ground: Shelf, faults: FaultPlan, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """No crash, no step of the event loop longer than 100 ms, no commit that nobody has agreed to, and no cell that is wrong.

    The walkers of odd seeds never agree to anything, and leave every remote as it was, byte for byte.
    """
    is_timid = seed % 2 == 1
    (ground.folder / "count").mkdir()
    walker = Walker(seed, faults, is_timid=is_timid)
    dismiss, remotes, commits = Screen.dismiss, _remotes(ground), _commits(ground)
    monkeypatch.setattr(Screen, "dismiss", lambda screen, result=None: dismiss(screen, walker.answer(screen, result)))
    app = WatchedApp(ground.catalog)
    try:
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            await Driver(app, pilot).select("weather")
            await app.note_meant(pilot)
            with monkeypatch.context() as meanwhile, watched_blocking() as found:
                meanwhile.setattr(CatalogApp, "exit", lambda *_, **__: None)
                for number in range(STEPS):
                    await walker.step(pilot, app)
                    if number % 50 == 49:
                        await app.note_meant(pilot)
            said = [f"{happening.text} {happening.details}" for happening in app._browse.happenings]
    except BaseException:
        print(f"seed {seed}, after:", " ".join(walker.taken[-60:]))
        raise
    faults.clear()
    app.jobs.idle.wait(20)

    print(f"seed {seed}: longest step {found.longest * 1000:.0f} ms of {found.steps:,}; agreed to {dict(walker.answers)}")
    for seconds, where in found.long_steps:
        print(f"  {seconds * 1000:.0f} ms at\n{where}")
    app.check_cells()
    assert [line for line in said if UNEXPECTED in line] == []
    assert found.longest < MOST_BLOCKED, found.where
    if is_timid:
        assert _remotes(ground) == remotes
    else:
        made = sum(_commits(ground).values()) - sum(commits.values())
        print(f"  {made} commits were made")
        assert made <= walker.answers.total()


async def test_what_was_removed_may_be_clicked(stocked: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by walking: the mouse goes down on something that is removed already, and still in the picture."""
    app = CatalogApp(stocked.catalog)
    async with app.run_test(size=(100, 30)) as pilot:
        await Driver(app, pilot).settle()
        gone = Static("gone")
        monkeypatch.setattr(app.screen, "get_widget_and_offset_at", lambda *_: (gone, Offset(0, 0)))
        await pilot.click(offset=(50, 20))
        assert app.is_running


def test_a_value_without_lines_folds_nothing() -> None:
    """Found by walking: going into a value that has no blocks."""
    assert Folding(()).toggle(0) is None
