"""Every task of docs/tui.md, typed at once: each key acts where the one before has led to, and nothing unseen is agreed to."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tui.changes.dialogs import ValueDialog
from tui.command import Place
from tui.credentials.dialogs import KeysDialog
from tui.credentials.screen import CredentialsScreen
from tui.groups.form import FormDialog
from tui.kit.confirm import Confirm, TypedConfirm
from tui.session.log import LogDialog
from tui.session.requests import RequestsDialog
from tui.session.settings import SettingsDialog
from tui.session.transfers import TransfersDialog

from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather
from .test_gate import burst

SEARCH = "\x06"
SUBMIT = "\x13"
BACK = "\x1b"


async def _type(driver: Driver, typed: str) -> None:
    await burst(driver, typed)
    await driver.settle()


async def test_looking_around(stocked: Shelf, drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog, keys and values, history, what was asked and said: each task in one burst, one after another."""
    monkeypatch.chdir(tmp_path)
    async with drive(stocked.catalog) as driver:
        pane, screen = driver.screen.keys_pane, driver.screen
        await _type(driver, f"{SEARCH}seattle")
        await driver.press("enter")
        assert screen.entry is not None
        assert screen.entry.name == "weather"

        await _type(driver, "2/seattle/2012-01-0\rjj")
        assert (pane.arrangement.typed, pane.list.cursor) == ("seattle/2012-01-0", 2)
        await _type(driver, f"{BACK}:seattle/2012-01-20\r")
        assert pane.list.info
        assert pane.list.info.key == day(20)
        await _type(driver, "oogj")
        assert (pane.arrangement.order, pane.list.cursor) == ("time", 1)
        await _type(driver, "of\r")
        assert pane.arrangement.folder == "seattle/"
        await _type(driver, "fg\r-+")
        assert (screen.place, pane.arrangement.is_tree) == (Place.VALUE, False)
        await _type(driver, "c")
        assert driver.app.clipboard == day(1)
        await _type(driver, "C")
        assert '"high_c": 11.5' in driver.app.clipboard
        await _type(driver, "s\x15" + str(tmp_path / "value.json") + "\r")
        await driver.wait_told("Saved the value")

        await _type(driver, "5v")
        assert screen.past is not None
        await _type(driver, "jb3j")
        assert screen.place is Place.CHANGES
        await _type(driver, "3 j ")
        assert screen.changes_pane.list.chosen is not None
        for key, dialog in (("6", TransfersDialog), ("W", RequestsDialog), (",", SettingsDialog), ("L", LogDialog)):
            await _type(driver, key)
            assert isinstance(driver.app.screen, dialog)
            await _type(driver, f"{BACK}K")
            assert isinstance(driver.app.screen, CredentialsScreen)
            await _type(driver, f"a{BACK}{BACK}")
            assert len(driver.app.screen_stack) == 1
        await _type(driver, "Kasecret")
        assert isinstance(driver.app.screen, KeysDialog)
        assert driver.app.screen.query_one("#key-id", Input).value == "secret"
        theme = driver.app.theme
        await _type(driver, f"{BACK}{BACK}tz1z")
        assert driver.app.theme != theme


async def test_settling_differences(torn: Shelf, drive: Drive) -> None:
    """A conflict, a discard, a pull, a push with its message, a tag and an undo; each waits for a look before it is done."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await _type(driver, "3y")
        await driver.wait_told(f"Kept your value of {day(2)}.")
        await driver.settle()
        torn.push_as_colleague("weather", {day(5): weather(7)})
        torn.edit("weather", {day(1): None})
        await driver.press("r")
        await _type(driver, "p\r")
        assert isinstance(driver.app.screen, Confirm)
        await driver.press("enter")
        await driver.wait_told("Pulled 1 key into weather.")
        await driver.settle()
        await _type(driver, "3gjd")
        assert isinstance(driver.app.screen, Confirm)
        await driver.press("tab", "enter")
        await driver.wait_told("Discarded 1 change of weather.")
        await driver.settle()

        await _type(driver, "PLook again: dDxq\r")
        assert driver.app.screen.query_one("#message", Input).value == "Look again: dDxq"
        await driver.press("enter")
        await driver.wait_told("Pushed")
        await driver.settle()
        await _type(driver, "5Tchecked\r")
        await driver.wait_told("is called checked now")
        await driver.settle()
        await _type(driver, "u")
        assert isinstance(driver.app.screen, Confirm)
        await driver.press("tab", "enter")
        await driver.wait_told("again, by commit")


async def test_writing_a_value_into_a_conflict(torn: Shelf, drive: Drive) -> None:
    """What is typed after w goes into the editor, once there is a text to change; T asks first."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await _type(driver, f"3w {SUBMIT}")
        await driver.wait_told("Put another value in the place of both")
        await driver.settle()
        torn.push_as_colleague("weather", {day(9): weather(8)})
        await driver.press("r")
        await _type(driver, "3T\r")
        assert not isinstance(driver.app.screen, ValueDialog)


async def test_managing_the_catalog(ahead: Shelf, drive: Drive, tmp_path: Path) -> None:
    """Groups and databases are added, described, filled, written out, removed and put back, each in one burst."""
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"key": "x", "mm": 9}\n')
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await _type(driver, f"Aglab{SUBMIT}")
        await driver.wait_told("Added the group lab.")
        await driver.settle()
        await driver.select("weather")
        await _type(driver, f"EdRain and sun\rdaily{SUBMIT}")
        await driver.wait_told("Changed what earth says of weather.")
        await driver.settle()
        assert driver.screen.entry
        assert (driver.screen.entry.description, driver.screen.entry.tags[-1:]) == ("Rain and sun", ("daily",))
        await _type(driver, f"ii{lines}{SUBMIT}")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the question")
        await driver.press("enter")
        await driver.wait_told("Imported 1 key into weather.")
        await driver.settle()
        await _type(driver, f"Oe{tmp_path / 'out.jsonl'}{SUBMIT}")
        await driver.wait_told("Exported")
        await driver.settle()
        await _type(driver, "XD")
        await driver.until(lambda: isinstance(driver.app.screen, TypedConfirm), "the question")
        await _type(driver, f"weathe{BACK}Xr")
        assert isinstance(driver.app.screen, Confirm)
        await driver.press("tab", "enter")
        await driver.wait_told("Removed weather from earth.")
        await driver.settle()
        await _type(driver, "Z")
        await driver.wait_told("Put weather back into earth.")
        await driver.settle()
        await _type(driver, "AnX")
        assert isinstance(driver.app.screen, FormDialog)
