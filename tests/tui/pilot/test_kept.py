"""What was typed is never lost, and the screen is as it was left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from textual.widgets import Button, Input, TextArea

from catalog import Database
from tui.app import CatalogApp
from tui.changes.dialogs import PushDialog
from tui.groups.form import FormDialog
from tui.kit.confirm import Explanation
from tui.kit.splitter import Splitter

from .asking import dialog_text, push_button
from .driving import Driver
from .shelf import Shelf, day


def _run(shelf: Shelf, keeps: Path | None = None, size: tuple[int, int] = (140, 40)) -> Any:
    return CatalogApp(shelf.catalog, keeps=keeps).run_test(size=size, notifications=True)


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


async def test_the_screen_is_as_it_was_left(stocked: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theme, database, order of keys, zoom and where panes end: all as before, and the order only once one goes to the keys."""
    async with _run(stocked, tmp_path) as pilot:
        driver = Driver(pilot.app, pilot)
        await driver.select("co2")
        await driver.press("2", "o", "t", ">", ">")
        share = driver.screen.query_one("#split-keys", Splitter).share
        theme = driver.app.theme
        await driver.press("z")
    asked = list[str]()
    sorted_keys = Database.sorted_keys

    def noted(database: Database, order: Literal["size", "time"], prefix: str = "") -> Any:
        asked.append(order)
        return sorted_keys(database, order, prefix)

    monkeypatch.setattr(Database, "sorted_keys", noted)
    async with _run(stocked, tmp_path) as pilot:
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        assert driver.screen.entry is not None
        assert (driver.screen.entry.name, driver.app.theme, driver.screen.has_class("-zoomed")) == ("co2", theme, True)
        assert asked == []
        await driver.press("2", "z")
        assert driver.screen.keys_pane.arrangement.order == "size"
        assert abs(driver.screen.query_one("#split-keys", Splitter).share - share) <= 1
        assert share > 45


async def test_gaps_are_dragged(stocked: Shelf) -> None:
    """The mouse takes a gap along; neither pane can be lost by that. Where one pane is shown, there is no gap to move."""
    async with _run(stocked, size=(120, 30)) as pilot:
        driver = Driver(pilot.app, pilot)
        await driver.select("weather")
        gap = driver.screen.query_one("#split-keys", Splitter)
        place = gap.region
        await pilot.mouse_down(offset=(place.x, place.y + 3))
        await pilot.hover(offset=(place.x + 12, place.y + 3))
        await pilot.mouse_up(offset=(place.x + 12, place.y + 3))
        assert abs(gap.region.x - (place.x + 12)) <= 1
        for _ in range(20):
            await driver.press("<")
        tree, workspace = driver.screen.catalog_tree, driver.screen.query_one("#workspace")
        assert 10 < tree.size.width < workspace.size.width
        await driver.press("4", "z", "2", ">")
        assert driver.log == ["There is one pane here, which has all the room."]


async def test_list_and_value_are_side_by_side_from_eighty_columns(stocked: Shelf) -> None:
    """At 80 by 24 the keys and a value, the changes and old and new, share the width; the catalog is one key away."""
    async with _run(stocked, size=(80, 24)) as pilot:
        driver = Driver(pilot.app, pilot)
        await driver.select("weather")
        assert driver.screen.catalog_tree.region
        for key, first, second in (("2", "#key-list", "#value-view"), ("3", "#change-list", "#diff-view")):
            await driver.press(key)
            left, right = driver.screen.query_one(first).region, driver.screen.query_one(second).region
            assert left.y == right.y
            assert left.right <= right.x
            assert min(left.width, right.width) >= 30
            assert not driver.screen.catalog_tree.region
        await driver.press("1")
        assert driver.screen.catalog_tree.region


async def test_what_is_cut_off_is_reached_sideways(shelf: Shelf) -> None:
    """The end of a long key and the last column of a wide table come into view with ], the beginning again with [."""
    shelf.add_group("lab")
    names = [f"column{number:02}" for number in range(40)]
    table = "\n".join(",".join(row) for row in (names, [str(number) for number in range(40)], names))
    shelf.publish("lab", "wide", "str", {f"{'k' * 150}/{'x' * 90}-end.csv": table})
    shelf.take("wide")
    async with _run(shelf, size=(100, 30)) as pilot:
        driver = Driver(pilot.app, pilot)
        await driver.select("wide")
        await driver.press("2")
        row = driver.screen.keys_pane.list.render_line(0).text
        await driver.press(*"]" * 20)
        assert "B  20" in driver.screen.keys_pane.list.render_line(0).text
        await driver.press(*"[" * 20)
        assert driver.screen.keys_pane.list.render_line(0).text == row

        await driver.press("enter")
        value = driver.screen.keys_pane.value_view
        shown = [value.render_line(y).text for y in range(value.size.height)]
        assert not any("column39" in line for line in shown)
        await driver.press(*"]" * 20)
        assert any("column39" in value.render_line(y).text for y in range(value.size.height))
        await driver.press(*"[" * 20)
        assert [value.render_line(y).text for y in range(value.size.height)] == shown
