"""What was typed is never lost, and the screen is as it was left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.widgets import Button, Input, TextArea

from tui.app import CatalogApp
from tui.changes.dialogs import PushDialog
from tui.groups.form import FormDialog
from tui.kit.confirm import Explanation

from .asking import dialog_text, push_button
from .driving import Driver
from .shelf import Shelf, day


def _run(shelf: Shelf, keeps: Path) -> Any:
    return CatalogApp(shelf.catalog, keeps=keeps).run_test(size=(140, 40), notifications=True)


async def _select(pilot: Any) -> Driver:
    driver = Driver(pilot.app, pilot)
    await driver.select("weather")
    return driver


def _typed(driver: Driver) -> dict[str, str]:
    return {field.id or "": field.value for field in driver.app.screen.query(Input)}


async def test_a_message_survives_all_but_its_push(ahead: Shelf, tmp_path: Path) -> None:
    """Cancelled, met by a broken remote, and left with the program: it is there again. The push that takes it ends it."""
    async with _run(ahead, tmp_path) as pilot:
        driver = await _select(pilot)
        await driver.press("P", *"two")
        await push_button(driver, "#stay")
        await driver.press("P")
        assert _typed(driver) == {"message": "two"}
        assert isinstance(driver.app.screen, PushDialog)

        head = ahead.folder / "remotes" / "weather"
        good = head.read_bytes()
        ahead.damage_head("weather")
        await driver.pilot.press("end", *" more", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "why it did not happen")
        head.write_bytes(good)
    async with _run(ahead, tmp_path) as pilot:
        driver = await _select(pilot)
        await driver.press("P")
        assert _typed(driver) == {"message": "two more"}
        await driver.press("enter")
        await driver.wait_told("Pushed 2 keys")
        ahead.edit("weather", {day(1): None})
        await driver.press("r", "P")
        assert _typed(driver) == {"message": ""}


async def test_a_form_is_as_it_was_left(ahead: Shelf, tmp_path: Path) -> None:
    """What was typed into one is filled in again and said to be; one can begin anew, and what was done is not asked again."""
    async with _run(ahead, tmp_path) as pilot:
        driver = await _select(pilot)
        await driver.press("A", "g", *"people", "enter", *"http://ada:hunter2@example.org", "escape")
        await driver.press("A", "g")
        form = driver.app.screen
        assert isinstance(form, FormDialog)
        assert (_typed(driver)["name"], _typed(driver)["endpoint"]) == ("people", "")
        assert "did not use" in dialog_text(driver)
        await push_button(driver, "#anew")
        assert _typed(driver)["name"] == ""
        await driver.press(*"lab", "ctrl+s")
        await driver.wait_told("Added the group lab.")
        await driver.press("A", "g")
        assert _typed(driver)["name"] == ""
        assert not form.app.screen.query("#anew")
    assert "hunter2" not in (tmp_path / "drafts.json").read_text()


async def test_metadata_that_were_edited_are_kept(ahead: Shelf, tmp_path: Path) -> None:
    """Escape leaves them as a draft; beginning anew goes back to what is stored; saving ends the draft."""
    async with _run(ahead, tmp_path) as pilot:
        driver = await _select(pilot)
        await driver.press("E", "m")
        driver.app.screen.query_one(TextArea).text = '{"a":1}'
        await driver.press("escape", "E", "m")
        area = driver.app.screen.query_one(TextArea)
        assert area.text == '{"a":1}'
        await push_button(driver, "#anew")
        assert area.text == "{\n  \n}"
        assert not driver.app.screen.query_one("#anew", Button).display
        area.text = '{"b":2}'
        await driver.press("ctrl+s")
        await driver.wait_told("Changed the metadata of weather.")
        await driver.press("E", "m")
        assert '"b": 2' in driver.app.screen.query_one(TextArea).text
        assert not driver.app.screen.query_one("#anew", Button).display
