"""What other processes do to a working copy meanwhile is seen without a key, and said alike everywhere."""

from __future__ import annotations

import pytest
from textual import events

from tui import watch
from tui.browse import screen

from .asking import dialog_text
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_EVERY", 0.05)


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


async def test_nothing_is_refused_because_of_what_was_known(behind: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """P looks again before it says that there is nothing to push: the very moment before may have changed that."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        monkeypatch.setattr(driver.screen._watch, "look", dict)
        behind.edit("weather", {day(9): weather(9)})
        await driver.press("P")

        assert "1 key," in dialog_text(driver)


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
