"""The program on real databases."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import keyring.core
import pytest
from rich.console import RenderableType
from textual import _wait
from textual._compositor import Compositor
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from catalog import Catalog
from catalog.credentials import this_session
from tui import watch
from tui.app import CatalogApp
from tui.browse import opening
from tui.browse import screen as browse
from tui.kit.dialog import Dialog

from .driving import Driver
from .frozen import freeze
from .keyrings import MemoryKeyring
from .shelf import Shelf, day, stock, weather
from .snapping import Snap, comparing

_draw = Compositor.render_update


def _only_whole(compositor: Compositor, full: bool = False, **how: Any) -> RenderableType | None:
    """Draw what is asked for whole, as a picture; frames of a program without a terminal go nowhere, at a third of its time."""
    if full:
        return _draw(compositor, full, **how)
    compositor._dirty_regions.clear()
    return None


Drive = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def drawn() -> None:
    """Every frame is drawn, as on a terminal."""


@pytest.fixture(autouse=True)
def _steady(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Make what is shown the same at every hour and place, and let the cursor open databases at once."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    time.tzset()
    monkeypatch.setattr(opening, "_RESTING", 0.001)
    # Other processes are looked for in the tests of that alone.
    monkeypatch.setattr(watch, "_EVERY", 3600.0)
    monkeypatch.setattr(browse, "clock", lambda: "12:00:00")
    monkeypatch.setattr(Input, "cursor_blink", False)
    monkeypatch.setattr(TextArea, "cursor_blink", False)
    # Textual's pilot looks every 20 ms whether the program has gone quiet, several times for each key.
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.004)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", 0.001)
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(Compositor, "render_update", _only_whole)
    press = Pilot.press

    async def press_and_wait(pilot: Pilot[Any], *keys: str) -> None:
        for key in keys:
            while isinstance(pilot.app.screen, Dialog) and not pilot.app.screen.is_painted and pilot.app.is_running:
                await pilot.pause()
            await press(pilot, key)
            while isinstance(pilot.app, CatalogApp) and not pilot.app.gate.is_quiet and pilot.app.is_running:
                await pilot.pause()

    monkeypatch.setattr(Pilot, "press", press_and_wait)
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch, _steady: None) -> MemoryKeyring:
    """A keyring that works, and no keys anywhere else."""
    for name in [*os.environ]:
        if name.startswith(("CATALOG_", "AWS_")):
            monkeypatch.delenv(name)
    for profile in this_session.list():
        this_session.forget(profile)
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A shelf that tests look at and do not change."""
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    stock(shelf)
    return shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf for one test."""
    return Shelf(tmp_path)


@pytest.fixture
def ahead(shelf: Shelf) -> Shelf:
    """A shelf with one database that has two unpushed changes."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(number): weather(number) for number in range(1, 6)})
    shelf.take("weather")
    shelf.edit("weather", {day(2): {**weather(2), "sky": "sun"}, day(9): weather(9)})
    return shelf


@pytest.fixture
def behind(shelf: Shelf) -> Shelf:
    """A shelf with one database that a colleague has changed."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(number): weather(number) for number in range(1, 6)})
    shelf.take("weather")
    shelf.push_as_colleague("weather", {day(2): {**weather(2), "sky": "fog"}, day(3): None})
    return shelf


@pytest.fixture
def torn(ahead: Shelf) -> Shelf:
    """A shelf with one database that both sides have changed, in one key the same."""
    ahead.push_as_colleague("weather", {day(2): {**weather(2), "sky": "fog"}, day(4): {**weather(4), "sky": "fog"}})
    return ahead


@pytest.fixture
def drive() -> Drive:
    """Runs the program on a catalog; wide unless asked otherwise."""

    @asynccontextmanager
    async def run(catalog: Catalog, size: tuple[int, int] = (140, 40), *, is_read_only: bool = False) -> AsyncIterator[Driver]:
        app = CatalogApp(catalog, is_read_only=is_read_only)
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.settle()
            yield driver

    return run


@pytest.fixture
def snap(snap_compare: Snap, stocked: Shelf, monkeypatch: pytest.MonkeyPatch) -> Snap:
    """Compares the screen after some acts with the picture of it that was approved."""
    freeze(monkeypatch)
    return comparing(snap_compare, stocked)
