"""Choosing what a push sends."""

from __future__ import annotations

import pytest

from catalog import Direction
from tui.changes.dialogs import PushDialog
from tui.command import Place

from .asking import ask, dialog_text, push_button
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day, weather
from .snapping import LOOK_NAMES, LOOKS, Snap, after


def _rows(driver: Driver) -> list[str]:
    changes = driver.screen.changes_pane.list
    return [" ".join(changes.draw_row(row, 60).plain.split()[:3]) for row in range(changes.row_count)]


async def test_only_what_was_chosen_is_pushed(ahead: Shelf, drive: Drive) -> None:
    """Space marks a key and goes on; the dialog counts the chosen ones and what they take; the rest waits, and none is marked."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "space")
        changes = driver.screen.changes_pane.list
        assert _rows(driver) == ["Outgoing a push", f"✓ ~ {day(2)}", f"↑ + {day(9)}"]
        assert changes.change is not None
        assert changes.change.key == day(9)
        assert "1 of 2 chosen" in str(changes.border_subtitle)

        await ask(driver, "P", PushDialog)
        await driver.until(lambda: "request" in dialog_text(driver), "the estimate")
        assert "1 chosen key," in dialog_text(driver)
        assert " B in " in dialog_text(driver) or " kB in " in dialog_text(driver)
        await driver.pilot.press(*"sun", "enter")
        await driver.wait_told("Pushed 1 key of weather as commit 2.")
        await driver.settle()
        assert _rows(driver) == ["Outgoing a push", f"↑ + {day(9)}"]
        assert changes.border_subtitle == "1"

    with ahead.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == "sun"
        assert day(9) not in database
        assert database.commit is not None
        assert database.commit.message == "sun"


async def test_a_chooses_all_and_none(torn: Shelf, drive: Drive) -> None:
    """All are one's own changes without conflicts; space on others says why not, and takes a choice back."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "space")
        assert driver.log == ["A conflict has to be settled before it can be pushed."]
        changes = driver.screen.changes_pane.list
        await driver.press("a")
        assert sorted(changes.chosen or ()) == [day(9)]

        await driver.press("j", "space")
        assert not changes.chosen
        await driver.press("space")
        assert driver.log[-1] == "Only changes of yours can be chosen for a push."
        await driver.press("a", "r")
        assert sorted(changes.chosen or ()) == [day(9)]
        await driver.press("a")
        assert not changes.chosen


async def test_a_push_leaves_known_conflicts_for_later(torn: Shelf, drive: Drive) -> None:
    """The dialog says what waits and offers to look at it; pushing sends the rest and keeps the conflict."""
    async with drive(torn.catalog) as driver:
        await driver.select("weather")
        await ask(driver, "P", PushDialog)
        await driver.until(lambda: "request" in dialog_text(driver), "the estimate")
        assert "1 key," in dialog_text(driver)
        assert f"1 more changed key was also changed by someone else: {day(2)}. It waits" in dialog_text(driver)
        await push_button(driver, "#conflicts")
        await driver.until(lambda: driver.app.screen is driver.screen, "the screen")
        change = driver.screen.changes_pane.list.change
        assert change is not None
        assert (driver.screen.place, change.direction) == (Place.CHANGES, Direction.CONFLICT)

        await ask(driver, "P", PushDialog)
        await driver.pilot.press("enter")
        await driver.wait_told("Pushed 1 key of weather as commit 3.")
        await driver.settle()
        assert driver.screen.status is not None
        assert (driver.screen.status.ahead, driver.screen.status.conflicts) == (0, 1)

        await ask(driver, "P", PushDialog)
        assert "Every key that you changed is in conflict: settle one, then push it." in dialog_text(driver)
        assert not driver.app.screen.query_one("#go-on").display


async def test_a_conflict_that_arrives_meanwhile_is_found_by_the_estimate(ahead: Shelf, drive: Drive) -> None:
    """What the catalog had not heard of yet is noticed before the push, and the count goes down."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        ahead.push_as_colleague("weather", {day(9): {**weather(9), "sky": "fog"}})
        await ask(driver, "P", PushDialog)
        await driver.until(lambda: "was also changed" in dialog_text(driver), "the conflict")
        assert "1 key," in dialog_text(driver)
        assert day(9) in dialog_text(driver)
        assert driver.app.screen.query_one("#conflicts").display


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
def test_how_a_choice_looks(snap: Snap, size: tuple[int, int], light: bool) -> None:
    """Two of three changes are chosen."""
    assert snap(after("weather", "3", "space", "space"), size, light=light)
