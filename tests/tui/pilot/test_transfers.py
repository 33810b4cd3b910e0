"""The transfers: how far, how fast, paused, cancelled, ended; and the log of requests."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.widgets import Static

from catalog import Entry, Progress
from tui.changes.dialogs import PushDialog
from tui.host import Write
from tui.jobs import Done
from tui.kit.confirm import Confirm
from tui.session.requests import RequestList, RequestsDialog
from tui.session.transfers import TransferList, TransfersDialog
from tui.work import begin

from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather


class SteadyWork:
    """A transfer of 1,000 parts of 1 kB, each made when the test says so; a library call in all that matters."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.progress = Progress()
        self.steps = threading.Semaphore(0)
        self.made = 0
        self.begun = False

    def __call__(self, progress: Progress) -> Done:
        """Work until all parts are made, or until cancelled."""
        self.progress, self.begun = progress, True
        self.progress.begin("uploading", 1_000_000, 1_000)
        while self.made < 1_000:
            while not self.steps.acquire(timeout=0.01):
                self.progress.check()
            self.progress.advance(1_000, 1)
            self.made += 1
        return Done("Discarded 1,000 changes of weather.")

    async def start(self, driver: Driver) -> None:
        """Run it as the screen would."""
        begin(driver.screen, self._work(driver))
        await driver.until(lambda: self.begun, "the work")

    async def _work(self, driver: Driver) -> None:
        await driver.screen.write(Write.of(self.entry, "push"), self)


@asynccontextmanager
async def working(driver: Driver, name: str = "weather") -> AsyncIterator[SteadyWork]:
    """A transfer of a database that runs until the block ends."""
    entry = next(entry for listing in driver.screen.listings or () for entry in listing.entries if entry.name == name)
    work = SteadyWork(entry)
    await work.start(driver)
    try:
        yield work
    finally:
        work.progress.cancel()


def _rows(driver: Driver, width: int = 90) -> list[str]:
    rows = driver.app.screen.query_one(TransferList)
    return [" ".join(rows.draw_row(index, width).plain.split()) for index in range(rows.row_count)]


def _details(driver: Driver) -> str:
    return str(driver.app.screen.query_one("#transfer", Static).render())


async def _made(driver: Driver, work: SteadyWork, parts: int) -> None:
    work.steps.release(parts)
    await driver.until(lambda: work.made == parts, f"{parts} parts")


async def test_a_transfer_shows_how_far_it_is(stocked: Shelf, drive: Drive) -> None:
    """Share, amounts and phase are shown, at any width, and on the main screen too."""
    async with drive(stocked.catalog) as driver, working(driver) as work:
        await _made(driver, work, 250)
        await driver.pilot.press("6")
        await driver.until(lambda: isinstance(driver.app.screen, TransfersDialog))
        await driver.until(lambda: any("25%" in row for row in _rows(driver)), "25%")
        assert all("Pushing weather" in row and "25%" in row for width in (44, 60, 90) for row in _rows(driver, width))
        assert "uploading" in _details(driver)
        assert "250 kB of 1.0 MB, 250 of 1,000 items" in _details(driver)
        await driver.until(lambda: "25%" in driver.text_of("#transfer-bar"), "25% on the main screen")
        assert "250 kB of 1.0 MB" in driver.text_of("#transfer-bar")


async def test_a_paused_transfer_waits_and_goes_on(stocked: Shelf, drive: Drive) -> None:
    """Space holds the work where it is, says so everywhere, and lets it go on."""
    async with drive(stocked.catalog) as driver, working(driver) as work:
        await driver.pilot.press("J")
        await driver.until(lambda: isinstance(driver.app.screen, TransfersDialog))
        await _made(driver, work, 100)
        await driver.pilot.press("space")
        assert work.progress.paused
        assert "paused" in _rows(driver)[0]
        assert "it goes on with space" in _details(driver)
        await driver.until(lambda: "paused" in driver.text_of("#transfer-bar"), "the bar")
        work.steps.release(50)
        before = work.made
        assert before <= 101

        await driver.pilot.press("space")
        await driver.until(lambda: work.made == 150, "the rest")
        assert "paused" not in _rows(driver)[0]


async def test_a_cancelled_transfer_says_so_also_when_paused(stocked: Shelf, drive: Drive) -> None:
    """x ends the one under the cursor, and its row stays with what became of it."""
    async with drive(stocked.catalog) as driver, working(driver, "weather") as one, working(driver, "quakes") as other:
        await driver.pilot.press("6")
        await driver.until(lambda: isinstance(driver.app.screen, TransfersDialog))
        assert len(_rows(driver)) == 2
        await driver.pilot.press("j", "space", "x")
        await driver.until(lambda: any("cancelled" in row for row in _rows(driver)), "the end")
        assert (one.progress.cancelled, other.progress.cancelled) == (False, True)
        assert [row.split()[0] for row in _rows(driver)] == ["↑", "–"]
        assert "Push of quakes: cancelled" in _rows(driver)[1]
        await driver.until(lambda: "Push of quakes: cancelled" in _details(driver), "the details")
        await driver.pilot.press("x", "space")
        assert not one.progress.cancelled


async def test_transfers_go_on_when_the_view_is_closed(stocked: Shelf, drive: Drive) -> None:
    """Closing the view and going elsewhere stops nothing; opened again, the view shows how it went."""
    async with drive(stocked.catalog) as driver, working(driver) as work:
        await driver.pilot.press("6", "escape", "3", "4", "2")
        await _made(driver, work, 1_000)
        await driver.wait_told("Discarded 1,000 changes of weather.")
        await driver.settle()
        await driver.pilot.press("6")
        await driver.until(lambda: isinstance(driver.app.screen, TransfersDialog))
        [row] = _rows(driver)
        assert row.startswith("✓ Discarded 1,000 changes of weather.")


async def test_a_real_push_is_kept_with_its_result(shelf: Shelf, drive: Drive) -> None:
    """What was pushed stands in the view in the words that were told."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(1): weather(1)})
    shelf.take("weather")
    shelf.edit("weather", {day(1): {**weather(1), "sky": "sun"}})
    async with drive(shelf.catalog) as driver:
        await driver.select("weather")
        await driver.pilot.press("P")
        await driver.until(lambda: isinstance(driver.app.screen, PushDialog))
        await driver.pilot.press("enter")
        await driver.wait_told("Pushed 1 key of weather as commit 2.")
        await driver.settle()
        await driver.press("6")
        [row] = _rows(driver)
        assert row.startswith("✓ Pushed 1 key of weather as commit 2.")
        await driver.until(lambda: "sent in" in _details(driver), "the details")


async def test_without_transfers_the_view_says_so(stocked: Shelf, drive: Drive) -> None:
    """An empty view is no riddle, and its keys say why they do nothing."""
    async with drive(stocked.catalog) as driver:
        await driver.press("6", "space", "x")
        assert isinstance(driver.app.screen, TransfersDialog)
        assert "Nothing was pushed" in driver.app.screen.query_one(TransferList).empty_text().plain
        assert {note.message for note in driver.app._notifications} == {"Nothing is running."}


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_with_work_running_asks(stocked: Shelf, drive: Drive, key: str) -> None:
    """The question names what runs, also when it is paused; staying leaves it as it is."""
    async with drive(stocked.catalog) as driver, working(driver) as work:
        work.progress.pause()
        await driver.pilot.press(key)
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the question")
        await driver.pilot.press("enter")
        assert driver.app.screen is driver.screen
        assert driver.app.is_running
        assert not work.progress.cancelled


async def test_what_was_asked_of_servers_is_listed(stocked: Shelf, drive: Drive) -> None:
    """W shows each request with its object, outcome, bytes and time; the whole of one is below, and it grows meanwhile."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("W")
        assert isinstance(driver.app.screen, RequestsDialog)
        rows = driver.app.screen.query_one(RequestList)
        shown = [" ".join(rows.draw_row(index, 90).plain.split()) for index in range(rows.row_count)]
        assert any(line.endswith("ms") and " GET ✓ ok earth.group " in line for line in shown) or any(
            " GET ✓ unchanged " in line for line in shown
        )
        assert rows.cursor == rows.row_count - 1
        await driver.until(lambda: str(driver.app.screen.query_one("#request", Static).render()), "the details")
        assert str(stocked.folder) in str(driver.app.screen.query_one("#request", Static).render())

        count = rows.row_count
        driver.screen.ask_again()
        await driver.until(lambda: rows.row_count > count, "more")
        assert rows.cursor == rows.row_count - 1
        total = f"{driver.app.requests.totals.requests} requests"
        await driver.until(lambda: total in str(driver.app.screen.query_one(".box").border_subtitle), total)
        await driver.press("escape")
        assert len(driver.app.screen_stack) == 1
