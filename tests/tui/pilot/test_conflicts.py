"""Conflicts: all three sides in view, one key for each way to end one."""

from __future__ import annotations

import pytest
from textual.widgets import Static, TextArea

from catalog import Direction
from tui.changes.dialogs import BothSides, ValueDialog
from tui.command import Place
from tui.kit.confirm import Confirm

from .asking import ask, dialog_text, push_button
from .conftest import Drive
from .driving import Driver
from .shelf import COLLEAGUE, Shelf, day, weather
from .snapping import LOOK_NAMES, LOOKS, Snap, after


@pytest.fixture
def three(shelf: Shelf) -> Shelf:
    """A database with three conflicts, one of them a deletion against an edit, one about the metadata, and another change."""
    shelf.add_group("earth")
    shelf.publish("earth", "weather", "orjson", {day(number): weather(number) for number in range(1, 6)})
    shelf.take("weather")
    shelf.edit("weather", {day(2): {**weather(2), "sky": "sun"}, day(3): None, day(9): weather(9)})
    with shelf.ours("weather") as database:
        database.set_metadata({"title": "Ours"})
    changed = {day(2): {**weather(2), "sky": "fog", "high_c": 1}, day(3): {**weather(3), "sky": "fog"}}
    with shelf.colleague("weather") as database:
        database.update(changed)
        database.set_metadata({"title": "Theirs"})
        database.changes().push(message="Foggy days")
    return shelf


def _conflict(driver: Driver) -> str:
    return driver.text_of("#conflict-view")


def _place(driver: Driver) -> Place:
    return driver.screen.place


def _key(driver: Driver) -> str | None:
    change = driver.screen.changes_pane.list.change
    return change.key if change is not None and change.direction is Direction.CONFLICT else None


def _theirs(shelf: Shelf) -> dict[str, object]:
    with shelf.colleague("weather") as database:
        database.changes().pull()
        return {**dict(database.items()), "": database.get_metadata()}


async def test_a_conflict_shows_three_sides_and_who_made_theirs(three: Shelf, drive: Drive) -> None:
    """Enter on a conflict shows base, mine and theirs beside each other with author and commit; escape goes back."""
    async with drive(three.catalog, (160, 40)) as driver:
        await driver.select("weather")
        await driver.press("3", "j", "enter")
        assert _place(driver) is Place.CONFLICT
        await driver.until(lambda: f"commit 2 by {COLLEAGUE}" in _conflict(driver), "the author")
        shown = _conflict(driver)
        assert "“Foggy days”" in shown
        heading = next(line for line in shown.splitlines() if "last pulled" in line)
        assert heading.index("last pulled") < heading.index("yours") < heading.index("theirs")
        sky = next(line for line in shown.splitlines() if "sky" in line)
        assert [word for word in ("rain", "sun", "fog") if f'"{word}"' in sky] == ["rain", "sun", "fog"]
        assert "places changed: 1 only by them, 1 by both" in " ".join(shown.split())

        await driver.press("escape")
        assert _place(driver) is Place.CHANGES


async def test_on_a_narrow_screen_the_sides_follow_each_other(three: Shelf, drive: Drive) -> None:
    """Each changed place shows the lines of the three sides with a sign each."""
    async with drive(three.catalog, (60, 20)) as driver:
        await driver.select("weather")
        await driver.press("3", "j", "enter")
        sky = [line.strip() for line in _conflict(driver).splitlines() if "sky" in line]

    assert sky == ['=   "sky": "rain",', '<   "sky": "sun",', '>   "sky": "fog",']


async def test_n_goes_round_and_each_way_ends_one(three: Shelf, drive: Drive) -> None:
    """n and N go round all conflicts; y keeps mine, T takes theirs after a question, w puts a typed value in the place of both.

    After each the next conflict is shown, and after the last one the changes are.
    """
    async with drive(three.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "enter")
        seen = [_key(driver)]
        for key in ("n", "n", "n", "N"):
            await driver.press(key)
            seen.append(_key(driver))
        assert seen == ["", day(2), day(3), "", day(3)]
        assert "deleted" in _conflict(driver)

        await ask(driver, "T", Confirm)
        assert f"your deletion of {day(3)}" in dialog_text(driver)
        await driver.press("enter")
        assert _key(driver) == day(3)
        await ask(driver, "T", Confirm)
        await driver.pilot.press("right", "enter")
        await driver.wait_told(f"Took their value of {day(3)}.")
        await driver.settle()
        assert (driver.screen.place, _key(driver)) == (Place.CONFLICT, "")

        await driver.press("y")
        await driver.wait_told("Kept your value of (metadata).")
        await driver.settle()
        assert _key(driver) == day(2)

        await ask(driver, "w", ValueDialog)
        text = driver.app.screen.query_one(TextArea)
        assert '"sky": "sun"' in text.text
        text.text = "{"
        await driver.pilot.press("ctrl+s")
        await driver.until(lambda: "no JSON yet" in str(driver.app.screen.query_one("#wrong", Static).render()), "the reason")
        await push_button(driver, "#theirs")
        await driver.until(lambda: '"high_c": 1,' in text.text, "their text")
        text.text = text.text.replace("fog", "sun and fog")
        await driver.pilot.press("ctrl+s")
        await driver.wait_told(f"Put another value in the place of both of {day(2)}.")
        await driver.settle()
        assert driver.screen.place is Place.CHANGES
        assert driver.log[-1] == "No conflicts are left."

        with three.ours("weather") as database:
            database.changes().push()
    assert _theirs(three) == {
        "": {"title": "Ours"},
        day(1): weather(1),
        day(2): {**weather(2), "sky": "sun and fog", "high_c": 1},
        day(3): {**weather(3), "sky": "fog"},
        day(4): weather(4),
        day(5): weather(5),
        day(9): weather(9),
    }


@pytest.mark.parametrize(("button", "title", "sky"), [("mine", "Ours", "sun"), ("theirs", "Theirs", "fog")])
async def test_all_conflicts_can_end_alike(three: Shelf, drive: Drive, button: str, title: str, sky: str) -> None:
    """The question says how many; its focus is on neither side."""
    async with drive(three.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "enter")
        await ask(driver, "a", BothSides)
        assert "all of 3 conflicts" in dialog_text(driver)
        await driver.press("enter")
        assert driver.screen.changes_pane.list.conflicts

        await ask(driver, "a", BothSides)
        await push_button(driver, f"#{button}")
        await driver.wait_told("value of 3 keys.")
        await driver.settle()
        assert driver.screen.place is Place.CHANGES
        assert driver.screen.changes_pane.list.conflicts == []

    with three.ours("weather") as database:
        assert database.get_metadata() == {"title": title}
        assert database[day(2)]["sky"] == sky
        assert (day(3) in database) is (button == "theirs")


async def test_what_cannot_be_done_says_why(ahead: Shelf, drive: Drive) -> None:
    """Without a conflict none of the ways to end one does anything."""
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "T", "w", "n")

        assert driver.log == ["Only a conflict has two sides to choose from."] * 2 + ["There are no conflicts."]


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestLooks:
    """A conflict in dark, light and narrow."""

    def test_conflict(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """All three sides and who made theirs."""

        async def act(driver: Driver) -> None:
            await after("messages", "3", "enter")(driver)
            await driver.until(lambda: "commit 2" in _conflict(driver), "the author")

        assert snap(act, size, light=light)

    def test_value(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The form for a value in the place of both."""

        async def act(driver: Driver) -> None:
            await after("messages", "3", "enter", "w")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, ValueDialog))
            await driver.until(lambda: driver.app.screen.focused is not None, "the focus")

        assert snap(act, size, light=light)
