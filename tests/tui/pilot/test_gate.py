"""Keys that are typed ahead reach what they are meant for, and agree to nothing that was not on the screen yet."""

from __future__ import annotations

import threading

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from catalog import Catalog
from tui.changes import library
from tui.changes.dialogs import PushDialog
from tui.changes.library import PushPlan
from tui.groups.form import FormDialog
from tui.kit.confirm import Confirm
from tui.opened import Opened

from .asking import dialog_text
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day

_NAMES = {" ": "space", "\r": "enter", "\x1b": "escape", "\x06": "ctrl+f", "\x13": "ctrl+s", "\x15": "ctrl+u"}
_NAMES |= {character: _character_to_key(character) for character in "/:.,-+<>[]"}


async def burst(driver: Driver, typed: str) -> None:
    """Type everything at once, as it comes over a slow line."""
    for character in typed:
        event = events.Key(_NAMES.get(character, character), character if character.isprintable() else None)
        event.set_sender(driver.app)
        driver.app.post_message(event)
    await driver.pilot.pause()
    await driver.until(lambda: driver.app.gate.is_quiet, "the keys")


class SlowPlan:
    """Counting what a push would send, at a remote that takes as long as the test wants."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, opened: Opened, chosen: frozenset[str] | None) -> PushPlan:
        """Wait, then count."""
        self.go_on.wait(20)
        return _plan_push(opened, chosen)


_plan_push = library.plan_push


async def test_a_push_that_is_typed_ahead_waits_to_be_seen(ahead: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """P opens its dialog at once: what is typed is the message, no command; Enter sends nothing that was not counted yet."""
    slow = SlowPlan()
    monkeypatch.setattr(library, "plan_push", slow)
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await burst(driver, "Pdrop dD\r")
        dialog = driver.app.screen
        assert isinstance(dialog, PushDialog)
        assert dialog.query_one(Input).value == "drop dD"
        assert "counting" in dialog_text(driver)

        slow.go_on.set()
        await driver.settle()
        assert isinstance(driver.app.screen, PushDialog)
        assert "2 keys" in dialog_text(driver)
        assert driver.log == []
        await driver.press("enter")
        await driver.wait_told("Pushed 2 keys of weather as commit 2.")


async def test_what_was_counted_meanwhile_must_be_seen_too(behind: Shelf, drive: Drive) -> None:
    """p and Enter in one burst ask, and bring nothing; Enter once more, when the question is there, does."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        await burst(driver, "p\r")
        await driver.settle()
        assert isinstance(driver.app.screen, Confirm)
        assert driver.log == []
        await driver.press("enter")
        await driver.wait_told("Pulled 2 keys into weather.")


async def test_a_form_is_filled_in_one_burst(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every field gets what was typed for it: the menu, the form and each of its fields take the keys in turn."""
    mine = Catalog(tmp_path_factory.mktemp("mine"))
    async with drive(mine) as driver:
        await burst(driver, "Agpeople\rhttp://127.0.0.1:49603\rpriv\rdemo/people\rwork\r")
        form = driver.app.screen
        assert isinstance(form, FormDialog)
        typed = {field.id: field.value for field in form.query(Input)}

    assert typed == {
        "name": "people",
        "endpoint": "http://127.0.0.1:49603",
        "bucket": "priv",
        "key": "demo/people",
        "profile": "work",
        "url": "",
    }


async def test_a_group_is_added_in_one_burst(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one has typed oneself needs no second look."""
    mine = Catalog(tmp_path_factory.mktemp("mine"))
    async with drive(mine) as driver:
        await burst(driver, "Agpeople\x13")
        await driver.wait_told("Added the group people.")


async def test_going_somewhere_and_acting_there_in_one_burst(ahead: Shelf, drive: Drive) -> None:
    """Each key acts where the one before has led to."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await burst(driver, "3jd")
        await driver.settle()
        assert f"your change of {day(9)}" in dialog_text(driver)
        await burst(driver, "\x1b2/seattle/2012\r")
        await driver.settle()

        assert driver.screen.keys_pane.arrangement.typed == "seattle/2012"


async def test_what_is_typed_after_leaving_is_for_nobody(ahead: Shelf, drive: Drive) -> None:
    """q ends the program; what follows it opens nothing and is no fault."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        for key in ("q", "A", "P"):
            driver.app.post_message(events.Key(key, key))
        await driver.until(lambda: not driver.app.is_running, "the end")

    assert driver.app.return_code == 0
    assert driver.app._exception is None


async def test_a_lost_picture_is_drawn_again(ahead: Shelf, drive: Drive) -> None:
    """ctrl+l takes nothing on the terminal for granted."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        driver.app._frame._rows = [[None]]
        await driver.press("ctrl+l")

        assert driver.app._frame._rows == []
