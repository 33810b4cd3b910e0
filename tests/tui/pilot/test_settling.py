"""Push, pull, discard and conflicts, with questions before and words after."""

from __future__ import annotations

import shutil
import threading

import pytest
from textual.widgets import Input

from catalog import Direction, Entry, Progress, State
from tui.browse.bars import TransferBar
from tui.changes import library
from tui.changes.dialogs import PushDialog
from tui.command import Place
from tui.jobs import Done
from tui.kit.confirm import Confirm, Explanation

from .asking import ask, dialog_text
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather


async def test_a_push_asks_first_and_then_sends(ahead: Shelf, drive: Drive) -> None:
    """The question says how many keys, how much and where to; after it the remote has the changes and the message."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "P", PushDialog)
        question = dialog_text(driver)
        assert "2 keys" in question
        assert " B" in question
        assert str(ahead.connection("weather")) in question.replace(" ", "")

        await driver.pilot.press(*"two", "enter")
        await driver.wait_told("Pushed 2 keys of weather as commit 2.")
        await driver.settle()
        assert driver.screen.status is not None
        assert driver.screen.status.state is State.IN_STEP

    with ahead.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == "sun"
        assert database.commit is not None
        assert database.commit.message == "two"


@pytest.mark.parametrize("keys", [("escape",), ("tab", "enter")], ids=["escape", "the button"])
async def test_a_refused_question_sends_nothing(ahead: Shelf, drive: Drive, keys: tuple[str, ...]) -> None:
    """Escape and the Cancel button both leave the remote as it was."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "P", PushDialog)
        await driver.press(*keys)

        assert driver.app.screen is driver.screen
        assert driver.log == []

    with ahead.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == "rain"


async def test_a_pull_asks_first_and_then_brings(behind: Shelf, drive: Drive) -> None:
    """After the question the keys, the value and the state are the new ones."""
    async with drive(behind.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "p", Confirm)
        assert "2 changed keys" in dialog_text(driver)

        await driver.pilot.press("enter")
        await driver.wait_told("Pulled 2 keys into weather.")
        await driver.settle()
        assert driver.screen.status is not None
        assert driver.screen.status.state is State.IN_STEP
        await driver.press("2", "j")
        assert '"sky": "fog"' in driver.value
        assert not [line for line in driver.keys if day(3) in line]


async def test_changes_show_old_and_new(torn: Shelf, drive: Drive) -> None:
    """Conflicts, outgoing and incoming changes stand under their headings, each with both sides."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        changes = driver.screen.changes_pane.list
        rows = [" ".join(changes.draw_row(row, 60).plain.split()) for row in range(changes.row_count)]
        assert [row.split()[:3] for row in rows] == [
            ["Conflicts", "changed", "on"],
            ["!", "~", day(2)],
            ["Outgoing", "a", "push"],
            ["↑", "+", day(9)],
            ["Incoming", "a", "pull"],
            ["↓", "~", day(4)],
        ]
        assert "theirs" in driver.difference
        assert "yours" in driver.difference
        sky = next(line for line in driver.difference.splitlines() if "sky" in line)
        assert '−   "sky": "fog",' in sky
        assert '+   "sky": "sun",' in sky


async def test_the_sides_of_a_conflict_take_turns(torn: Shelf, drive: Drive) -> None:
    """v compares theirs with yours, then what was last pulled with yours, then with theirs."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        seen = []
        for _ in range(4):
            heading = driver.difference.splitlines()[2]
            seen.append([words for words in ("last pulled", "theirs", "yours") if words in heading])
            await driver.press("v")

    assert seen == [["theirs", "yours"], ["last pulled", "yours"], ["last pulled", "theirs"], ["theirs", "yours"]]


async def test_a_conflict_stops_a_push_and_leads_to_itself(ahead: Shelf, drive: Drive) -> None:
    """What someone pushes at the last moment is not overwritten: it is explained, and a button goes to the conflict."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "P", PushDialog)
        ahead.push_as_colleague("weather", {day(2): {**weather(2), "sky": "fog"}})
        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "the explanation")
        assert day(2) in dialog_text(driver)

        await driver.press("enter")
        assert driver.screen.place is Place.CHANGES
        change = driver.screen.changes_pane.list.change
        assert change is not None
        assert (change.key, change.direction) == (day(2), Direction.CONFLICT)

    with ahead.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == "fog"


async def test_keeping_yours_ends_a_conflict(torn: Shelf, drive: Drive) -> None:
    """After y the push puts your value over theirs."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "p", Confirm)
        await driver.pilot.press("enter")
        await driver.wait_told("Pulled")
        await driver.settle()
        await driver.press("3", "y")
        await driver.wait_told(f"Kept your value of {day(2)}.")
        await driver.settle()
        await ask(driver, "P", PushDialog)
        await driver.pilot.press("enter")
        await driver.wait_told("Pushed 2 keys of weather")

    with torn.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == "sun"


async def test_discarding_takes_a_change_back_after_a_question(ahead: Shelf, drive: Drive) -> None:
    """The question has its focus on keeping; only going on gives the change up."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        await ask(driver, "d", Confirm)
        assert day(2) in dialog_text(driver)
        await driver.press("enter")
        assert driver.screen.situation.status is not None
        assert driver.screen.situation.status.ahead == 2

        await ask(driver, "d", Confirm)
        await driver.pilot.press("right", "enter")
        await driver.wait_told("Discarded 1 change of weather.")
        await driver.settle()
        assert driver.screen.situation.status.ahead == 1
        change = driver.screen.changes_pane.list.change
        assert change is not None
        assert change.key == day(9)


async def test_discarding_everything_counts_first(ahead: Shelf, drive: Drive) -> None:
    """D says how many changes would be lost, and then loses them."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        await ask(driver, "D", Confirm)
        assert "all of your 2 unpushed changes" in dialog_text(driver)
        await driver.pilot.press("tab", "enter")
        await driver.wait_told("Discarded 2 changes of weather.")
        await driver.settle()
        assert "No differences" in driver.text_of("#change-list")


async def test_a_push_that_fails_half_way_is_explained(ahead: Shelf, drive: Drive) -> None:
    """When the store breaks during a push, a dialog says so, the changes are kept, and nothing crashed."""
    unfinished = next((ahead.folder / "remotes").rglob("unfinished"))
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        shutil.rmtree(unfinished)
        unfinished.write_bytes(b"")
        await ask(driver, "P", PushDialog)
        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Explanation), "the explanation")
        await driver.press("enter")

        assert driver.log[-1] == "The push of weather did not happen."
        assert driver.screen.status is not None
        assert driver.screen.status.ahead == 2


class SlowPush:
    """A push to a remote that takes as long as the test wants."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.progress: Progress | None = None

    def __call__(self, catalog: object, entry: Entry, vouching: object, progress: Progress, order: object) -> Done:
        """Report a third, then wait until let go or cancelled."""
        self.progress = progress
        progress.begin("uploading", 3_000, 3)
        progress.advance(1_000, 1)
        while not self.go_on.is_set():
            progress.wait(0.01)
        return Done("Pushed 3 keys of weather.")


@pytest.fixture
def slow_push(monkeypatch: pytest.MonkeyPatch) -> SlowPush:
    """Make every push slow."""
    slow = SlowPush()
    monkeypatch.setattr(library, "push", slow)
    return slow


async def _start_push(driver: Driver) -> None:
    await driver.select("weather")
    await ask(driver, "P", PushDialog)
    await driver.pilot.press("enter")
    await driver.until(lambda: driver.app.jobs.transfers and driver.app.screen is driver.screen, "the push")


async def test_progress_is_shown_while_one_goes_on_looking(ahead: Shelf, drive: Drive, slow_push: SlowPush) -> None:
    """A running push has a line with its share; keys still move; its end is told and the line goes away."""
    async with drive(ahead.catalog) as driver:
        await _start_push(driver)
        bar = driver.screen.query_one(TransferBar)
        await driver.until(lambda: "33%  1.0 kB of 3.0 kB" in driver.text_of("#transfer-bar"), "the share")
        await driver.pilot.press("2", "j")
        await driver.until(lambda: day(2) in driver.value or '"2012-01-02"' in driver.value, "the second value")

        slow_push.go_on.set()
        await driver.wait_told("Pushed 3 keys of weather.")
        await driver.until(lambda: not bar.display, "the end of the line")


async def test_a_running_push_can_be_cancelled(ahead: Shelf, drive: Drive, slow_push: SlowPush) -> None:
    """x stops the push, which is told and needs no answer."""
    async with drive(ahead.catalog) as driver:
        await _start_push(driver)
        await driver.pilot.press("x")
        await driver.wait_told("The push of weather was cancelled.")

        assert driver.app.screen is driver.screen
        assert slow_push.progress is not None
        assert slow_push.progress.cancelled


async def test_a_second_write_of_the_same_database_is_refused(ahead: Shelf, drive: Drive, slow_push: SlowPush) -> None:
    """While a push runs, another push, pull or discard of that database says why it has to wait."""
    async with drive(ahead.catalog) as driver:
        await _start_push(driver)
        await driver.pilot.press("P")
        await driver.wait_told("still being written")

        assert len(driver.app.jobs.transfers) == 1
        slow_push.go_on.set()


async def test_quitting_while_something_runs_asks(ahead: Shelf, drive: Drive, slow_push: SlowPush) -> None:
    """Staying leaves the push alone; leaving stops it."""
    async with drive(ahead.catalog) as driver:
        await _start_push(driver)
        await driver.pilot.press("q")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the question")
        assert "push of weather" in dialog_text(driver)
        await driver.pilot.press("enter")
        await driver.until(lambda: driver.app.screen is driver.screen, "the screen")
        assert driver.app.jobs.transfers

        await driver.pilot.press("ctrl+q")
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the question")
        await driver.pilot.press("tab", "enter")
        await driver.until(lambda: not driver.app.is_running, "the end")

    assert slow_push.progress is not None
    assert slow_push.progress.cancelled


async def test_read_only_refuses_every_write(torn: Shelf, drive: Drive) -> None:
    """A read-only session shows everything and changes nothing."""
    async with drive(torn.catalog, is_read_only=True) as driver:
        await driver.select("weather")
        await driver.press("3", "P", "p", "d", "D", "y")

        assert driver.log == ["This session is read-only: nothing can be changed."] * 5
        assert "read-only" in driver.text_of("#top-bar")


async def test_a_message_may_hold_anything(ahead: Shelf, drive: Drive) -> None:
    """Markup and quotes in a commit message are plain text on the screen."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "P", PushDialog)
        driver.app.screen.query_one(Input).value = "[red]not[/] \\[ markup"
        await driver.pilot.press("enter")
        await driver.wait_told("Pushed")
        await driver.settle()
        await driver.press("4")

        assert "“[red]not[/] \\[ markup”" in driver.text_of("#details")
