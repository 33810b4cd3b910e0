"""What other processes do to a working copy meanwhile is seen without a key, and said alike everywhere."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from textual import events

from tui import watch
from tui.browse import screen
from tui.kit.confirm import TypedConfirm
from tui.kit.menu import MenuList

from .asking import dialog_text
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 0.05)


def grow_old(driver: Driver) -> None:
    """Let everything that is known have been heard long ago."""
    known = driver.screen.facts._databases
    known.update({key: replace(fact, at=-math.inf) for key, fact in known.items()})


def _said(driver: Driver) -> tuple[bool, bool, bool]:
    """Whether tree, header and list of changes say that there is something to push."""
    status = driver.screen.status
    assert status is not None
    row = next(row for row in driver.tree if "weather" in row)
    return "↑" in row, "↑" in driver.text_of("#heading"), "Outgoing" in driver.text_of("#change-list")


async def test_what_a_notebook_sets_is_seen(behind: Shelf, drive: Drive) -> None:
    """A key that another process sets is listed, and counted by tree, header and changes, though nothing was pressed."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        assert _said(driver) == (False, False, False)
        behind.edit("weather", {day(9): weather(9)})
        await driver.until(lambda: _said(driver) == (True, True, True), "the edit of another process")
        await driver.press("2")
        assert any(day(9) in row for row in driver.keys)


async def test_a_deletion_and_a_discard_are_seen(ahead: Shelf, drive: Drive) -> None:
    """So is what another process takes back: nothing is said to be unpushed that is not."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        with ahead.ours("weather") as database:
            database.changes().discard()
        await driver.until(lambda: _said(driver) == (False, False, False), "the discard of another process")
        ahead.edit("weather", {day(3): None})
        await driver.until(lambda: _said(driver) == (True, True, True), "the deletion of another process")


async def test_nothing_is_refused_because_of_what_was_known(shelf: Shelf, drive: Drive) -> None:
    """P and p look again before they say that there is nothing: here, and at the remote. So does every command of a menu."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(1): weather(1)})
    shelf.take("weather")
    async with drive(shelf.catalog) as driver:
        await driver.select("weather")
        driver.screen._watch.end()
        shelf.edit("weather", {day(9): weather(9)})
        await driver.press("P")
        assert "1 key," in dialog_text(driver)

        await driver.press("escape")
        shelf.push_as_colleague("weather", {day(1): {**weather(1), "sky": "fog"}})
        grow_old(driver)
        await driver.press("p")
        assert "1 changed key" in dialog_text(driver)

        await driver.press("escape", "1", "X")
        menu = driver.app.screen.query_one(MenuList)
        assert "Pull first" in menu.draw_row(2, 90).plain
        with shelf.ours("weather") as database:
            database.changes().pull()
        grow_old(driver)
        await driver.press("D")
        assert isinstance(driver.app.screen, TypedConfirm)


async def test_what_the_remote_holds_is_said_only_when_it_has_said_so(shelf: Shelf, drive: Drive) -> None:
    """Where the remote does not answer, neither the list of changes nor p says that all is the same."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(1): weather(1)})
    shelf.take("weather")
    async with drive(shelf.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        said = driver.screen.changes_pane.list.empty_text
        assert "hold the same values" in said().plain

        shelf.damage_head("weather")
        await driver.press("r")
        assert "What the remote holds now is not known" in said().plain
        assert "hold the same" not in said().plain
        await driver.press("p")
        assert "Whether there is something to pull is not known" in dialog_text(driver)


async def test_a_database_that_is_added_elsewhere_is_listed(behind: Shelf, drive: Drive) -> None:
    """Another process adds a database and takes it away, adds a group: the tree shows it, the cursor stays where it is."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        added = behind.publish("earth", "snow", "orjson", {"a": 1})
        await driver.until(lambda: any("snow" in row for row in driver.tree), "what was added")
        behind.catalog.remove("earth", added.key)
        await driver.until(lambda: not any("snow" in row for row in driver.tree), "the removal")
        behind.catalog.add_group("lab")
        await driver.until(lambda: any("lab" in row for row in driver.tree), "the group")

        assert driver.screen.entry is not None
        assert driver.screen.entry.name == "weather"


async def test_what_is_shown_is_asked_again_in_silence(behind: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remote of what is shown is asked now and then, which is no news; without the focus of the terminal nobody is asked."""
    monkeypatch.setattr(screen, "_LATELY", 1.05)
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        behind.push_as_colleague("weather", {day(5): {**weather(5), "sky": "fog"}})
        told = list[int]()
        driver.screen.watch(driver.screen, "asking", told.append, init=False)
        await driver.until(lambda: driver.screen.status and driver.screen.status.behind == 3, "what was pushed meanwhile")
        assert told == []

        driver.app.app_focus = False
        await driver.settle()
        asked = driver.app.requests.totals.requests
        grow_old(driver)
        driver.screen._ask_shown()
        await driver.settle()
        assert driver.app.requests.totals.requests == asked


async def test_looking_disturbs_nobody(behind: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program itself reads and asks is no news: while nobody changes anything, no remote is asked again."""
    looks = 0
    look = watch.Watch.look

    def counted(watching: watch.Watch) -> dict[str, bool]:
        nonlocal looks
        looks += 1
        return look(watching)

    monkeypatch.setattr(watch.Watch, "look", counted)
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "j", "j", "3", "j", "5", "2")
        await driver.settle()
        asked, before = driver.app.requests.totals.requests, looks
        await driver.until(lambda: looks > before + 20, "some looks")
        await driver.settle()

        assert driver.app.requests.totals.requests == asked


async def test_coming_back_looks_again(behind: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the terminal gets the focus, the remote of what is shown is asked, but not a moment after it was."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        asked = driver.app.requests.totals.requests
        driver.app.post_message(events.AppFocus())
        await driver.settle()
        assert driver.app.requests.totals.requests == asked
        monkeypatch.setattr(screen, "_LATELY", -1.0)
        behind.push_as_colleague("weather", {day(5): {**weather(5), "sky": "fog"}})
        driver.app.post_message(events.AppFocus())
        await driver.until(lambda: driver.screen.status and driver.screen.status.behind == 3, "what was pushed meanwhile")
