"""Pictures of the screen: how one is taken, at which sizes, and what is pressed before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from catalog import Catalog
from tui.app import CatalogApp
from tui.kit.themes import LIGHT

from .driving import Driver
from .frozen import FrozenCatalog
from .shelf import Shelf

WIDE, MEDIUM, NARROW = (140, 40), (100, 30), (60, 20)
LOOKS = [(WIDE, False), (MEDIUM, True), (NARROW, False)]
LOOK_NAMES = ["dark", "light", "narrow"]
Snap = Callable[..., bool]
Act = Callable[[Driver], Awaitable[None]]


def after(name: str, *keys: str) -> Act:
    """Select a database, then press keys."""

    async def act(driver: Driver) -> None:
        await driver.select(name)
        await driver.press(*keys)

    return act


def comparing(snap_compare: Snap, stocked: Shelf) -> Snap:
    """Compares the screen after some acts with the picture of it that was approved."""

    def compare(act: Act, size: tuple[int, int] = WIDE, *, light: bool = False, catalog: Catalog | None = None) -> bool:
        app = CatalogApp(catalog or FrozenCatalog(stocked.folder / "catalog"))
        app.animation_level = "none"
        if light:
            app.theme = LIGHT.name

        async def before(pilot: Pilot[Any]) -> None:
            driver = Driver(app, pilot)
            await driver.settle()
            await act(driver)
            await driver.settle()

        return snap_compare(app, terminal_size=size, run_before=before)

    return compare
