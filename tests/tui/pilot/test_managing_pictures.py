"""How managing looks: menus, forms, questions, search and metadata, in dark, light and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input

from catalog import Database, ImportPlan, InputOptions
from catalog import FileFormat as Format
from tui.groups.form import FormDialog
from tui.groups.library import FilePlan
from tui.groups.metadata import MetadataDialog
from tui.groups.questions import import_question
from tui.groups.search import MatchList
from tui.kit.confirm import Confirm, TypedConfirm
from tui.kit.menu import MenuDialog

from .driving import Driver
from .frozen import HOME
from .snapping import LOOK_NAMES, LOOKS, MEDIUM, NARROW, WIDE, Act, Snap

Size = tuple[int, int]


def at(action: str, dialog: type[Screen[Any]], *keys: str) -> Act:
    """Run an action on the weather, then press keys."""

    async def act(driver: Driver) -> None:
        await driver.select("weather")
        await driver.screen.action_command(action)
        await driver.until(lambda: isinstance(driver.app.screen, dialog) and driver.app.screen.focused, dialog.__name__)
        await driver.pilot.press(*keys)

    return act


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestManaging:
    """What is asked and said."""

    def test_menu(self, snap: Snap, size: Size, light: bool) -> None:
        """What can be edited."""

        async def act(driver: Driver) -> None:
            await driver.select("weather")
            await driver.pilot.press("E")
            await driver.until(lambda: isinstance(driver.app.screen, MenuDialog))

        assert snap(act, size, light=light)

    def test_form(self, snap: Snap, size: Size, light: bool) -> None:
        """A form with a mistake in it, explained."""

        async def act(driver: Driver) -> None:
            await at("add-database", FormDialog)(driver)
            driver.app.screen.query_one("#endpoint", Input).value = "https://s3.example.org"
            await driver.pilot.press("ctrl+s")

        assert snap(act, size, light=light)

    def test_question(self, snap: Snap, size: Size, light: bool) -> None:
        """What an import would do."""
        counts = ImportPlan(Format.CSV, 3_650, 28, 812_345, ("seattle/2012-01-01", "seattle/2012-01-02", "seattle/2012-01-03"))

        async def act(driver: Driver) -> None:
            await driver.select("weather")
            assert driver.screen.entry
            plan = FilePlan(HOME / "weather.csv", InputOptions(), counts)
            lines = import_question(driver.screen.entry, plan)
            driver.screen.open(Confirm("Import into weather", lines, "Import 3,650 keys"))

        assert snap(act, size, light=light)

    def test_deletion(self, snap: Snap, size: Size, light: bool) -> None:
        """What a deletion of a remote takes, with its name half typed."""
        assert snap(at("delete-remote", TypedConfirm, *"weat"), size, light=light)

    def test_search(self, snap: Snap, size: Size, light: bool) -> None:
        """What was found, and where."""

        async def act(driver: Driver) -> None:
            await driver.select("weather")
            await driver.pilot.press("ctrl+f", *"test of")
            await driver.until(lambda: [found.row_count for found in driver.app.screen.query(MatchList)] == [2])

        assert snap(act, size, light=light)

    def test_metadata(self, snap: Snap, size: Size, light: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """Metadata that is no JSON yet."""
        data = {"title": "Daily weather", "units": {"high_c": "°C"}, "years": [2012, 2015], "checked": True, "by": None}
        monkeypatch.setattr(Database, "get_metadata", lambda _: data)

        assert snap(at("edit-metadata", MetadataDialog, "down", "end", "x", "ctrl+s"), size, light=light)


@pytest.mark.parametrize("size", [WIDE, MEDIUM, NARROW], ids=["wide", "medium", "narrow"])
def test_new_database(snap: Snap, size: Size) -> None:
    """The longest form."""

    async def act(driver: Driver) -> None:
        await at("new-database", FormDialog)(driver)
        driver.app.screen.query_one("#endpoint", Input).value = "https://s3.example.org"

    assert snap(act, size)
