"""Looking at keys and values in many ways: folders, orders, jumps, folds; and taking values out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.widgets import Input

from catalog import Database, KeyInfo
from tui.kit.line import LineDialog

from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day


@pytest.fixture
def deep(shelf: Shelf) -> Shelf:
    """A database with folders in its keys."""
    shelf.add_group("lab")
    values: dict[str, Any] = {
        f"{region}/{station}/{number}": {"mm": number} for region in "ab" for station in "xyz" for number in range(9)
    }
    shelf.publish("lab", "rain", "orjson", {**values, "about": {"text": "rain " * 9}, "c:1": 1, "c:2": 22_222})
    shelf.take("rain")
    return shelf


def _place(driver: Driver) -> str:
    return driver.screen.place.value


async def _answer(driver: Driver, text: str) -> None:
    """Type into the dialog that asks for a line."""
    await driver.until(lambda: isinstance(driver.app.screen, LineDialog), "the dialog")
    driver.app.screen.query_one("#line", Input).value = text
    await driver.press("enter")


async def test_folders_are_not_none_while_they_are_counted(shelf: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until they are known the list says that they are read; G goes to the last of all; a deleted key is counted apart."""
    shelf.add_group("lab")
    shelf.publish("lab", "rain", "orjson", {f"{number:03}/x": number for number in range(497)})
    shelf.take("rain")
    shelf.edit("rain", {"000/x": None})
    counting, folder = threading.Event(), Database.folder

    def slowly(*given: Any) -> Any:
        counting.wait(20)
        return folder(*given)

    monkeypatch.setattr(Database, "folder", slowly)
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        keys = driver.screen.keys_pane.list
        assert keys.border_subtitle == "496, 1 deleted here"
        await driver.press("2")
        await driver.pilot.press("f")
        assert (keys.row_count, keys.empty_text().plain) == (0, "Reading…")
        counting.set()
        await driver.settle()
        assert keys.border_subtitle == "200+ of 496 keys"
        await driver.press("G")
        assert "496/" in driver.keys[-1]
        assert keys.border_subtitle == "497 rows, 496 keys"


async def test_keys_as_folders(deep: Shelf, drive: Drive) -> None:
    """f shows folders with their numbers, Enter goes in, h comes back, a filter works inside, and f shows all again."""
    async with drive(deep.catalog) as driver:
        await driver.select("rain")
        await driver.press("2", "f")
        assert [row.split()[1] for row in driver.keys] == ["a/", "about", "b/", "c:1", "c:2"]
        assert driver.keys[0].endswith("27 keys")
        assert "27 keys begin with this" in driver.value

        await driver.press("enter", "j", "l")
        assert driver.screen.keys_pane.arrangement.folder == "a/y/"
        assert _place(driver) == "Keys"
        assert driver.keys[3].split()[:2] == ["●", "3"]
        assert "a/y/" in str(driver.screen.keys_pane.list.border_title)
        await driver.until(lambda: '"mm": 0' in driver.value, "the value")

        await driver.press("slash", "7")
        await driver.until(lambda: driver.screen.keys_pane.list.row_count == 1, "one key")
        await driver.press("enter", "enter")
        assert _place(driver) == "Value"
        await driver.press("h", "h", "h")
        assert driver.screen.keys_pane.arrangement.folder == "a/"
        assert driver.screen.keys_pane.list.cursor == 1
        await driver.press("h")
        assert _place(driver) == "Keys"
        await driver.press("h")
        assert _place(driver) == "Databases"

        await driver.press("2", "f")
        assert driver.screen.keys_pane.list.row_count == 57


async def test_another_separator(deep: Shelf, drive: Drive) -> None:
    """F asks what separates folders, and takes no empty answer."""
    async with drive(deep.catalog) as driver:
        await driver.select("rain")
        await driver.press("2", "F")
        await _answer(driver, "")
        assert isinstance(driver.app.screen, LineDialog)
        await _answer(driver, ":")
        await driver.settle()
        await driver.press("G")
        assert driver.keys[-1].split()[:2] == ["▸", "c:"]


async def test_keys_in_other_orders(deep: Shelf, drive: Drive) -> None:
    """o sorts by size, then by time, then by key, and says so; the states and values stay with their keys."""
    deep.edit("rain", {"b/z/3": {"mm": 33}})
    async with drive(deep.catalog) as driver:
        await driver.select("rain")
        await driver.press("2", "o")
        assert driver.keys[0].split()[1] == "about"
        assert "largest first" in str(driver.screen.keys_pane.list.border_title)
        assert '"rain rain' in driver.value
        await driver.press("o")
        assert driver.keys[0].split()[:2] == ["~", "b/z/3"]
        assert '"mm": 33' in driver.value
        await driver.press("G")
        assert driver.screen.keys_pane.list.cursor == 56
        await driver.press("o")
        assert driver.keys[0].split()[1] == "a/x/0"
        assert str(driver.screen.keys_pane.list.border_title) == "Keys"


async def test_jumping_to_a_key(deep: Shelf, drive: Drive) -> None:
    """: goes to a key or to the first after what was typed, out of a folder too; Escape leaves all as it is."""
    async with drive(deep.catalog) as driver:
        await driver.select("rain")
        await driver.press("2", "colon")
        await _answer(driver, "b/y/4")
        await driver.until(lambda: (info := driver.screen.keys_pane.list.info) and info.key == "b/y/4", "the key")
        await driver.press("f", "enter", "colon")
        await _answer(driver, "b/zz")
        await driver.until(lambda: (info := driver.screen.keys_pane.list.info) and info.key == "c:1", "the key after it")
        await driver.press("colon", "escape")
        assert driver.screen.keys_pane.list.info == driver.screen.keys_pane.list.row


async def test_folding_a_value(shelf: Shelf, drive: Drive) -> None:
    """In the value, arrows move a cursor, Enter folds and unfolds, minus folds all and plus shows all."""
    shelf.add_group("lab")
    value = {"first": {str(number): "x" * 30 for number in range(5)}, "second": {str(number): "y" * 30 for number in range(5)}}
    shelf.publish("lab", "deep", "orjson", {"k": value, "l": 1})
    shelf.take("deep")
    async with drive(shelf.catalog) as driver:
        await driver.select("deep")
        await driver.press("2", "enter", "down", "enter")
        assert '"first": { ⋯ 5 lines },' in driver.value
        assert '"second": {\n' in driver.value.replace("  ", "")
        await driver.press("enter", "minus")
        assert driver.value.count("⋯ 5 lines") == 2
        await driver.press("j", "j", "k", "plus", "G", "g", "pagedown")
        assert "⋯" not in driver.value
        await driver.pilot.click("#value-view", offset=(8, 5), times=2)
        assert driver.value.count("⋯") == 1
        await driver.press("h", "j")
        assert "⋯" not in driver.value


async def test_values_are_copied_as_text(deep: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """C copies the value as it is shown; what is no text, too long or not there says why it was not copied."""
    deep.publish("lab", "blobs", None, {"a": b"\x00\xff", "b": b"x" * 80_000, "c": "né".encode()})
    deep.take("blobs")
    async with drive(deep.catalog) as driver:
        copied: list[str] = []
        monkeypatch.setattr(driver.app, "copy_to_clipboard", copied.append)
        await driver.select("rain")
        await driver.press("2", "C")
        await driver.wait_told("Copied the value.")
        await driver.select("blobs")
        await driver.press("2", "C")
        await driver.wait_told("not text")
        await driver.press("j", "C")
        await driver.wait_told("too long for the clipboard (80,000 characters)")
        await driver.press("j", "C")
        await driver.until(lambda: len(copied) == 2, "the second copy")

    assert copied == ['{\n  "mm": 0\n}', "né"]


async def test_values_are_saved_and_nothing_is_overwritten(
    stocked: Shelf, drive: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s offers a path, refuses one that exists, writes the value, and says what went wrong where it could not."""
    monkeypatch.chdir(tmp_path)
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "s")
        await driver.until(lambda: isinstance(driver.app.screen, LineDialog), "the dialog")
        assert driver.app.screen.query_one("#line", Input).value == str(tmp_path / "2012-01-01")
        (tmp_path / "there").write_text("mine")
        await _answer(driver, str(tmp_path / "there"))
        assert isinstance(driver.app.screen, LineDialog)
        await _answer(driver, str(tmp_path / "w.json"))
        await driver.wait_told("Saved the value")
        assert b'"high_c": 11.5' in (tmp_path / "w.json").read_bytes()

        await driver.press("j", "j", "j", "j", "s")
        assert driver.screen.keys_pane.list.info is not None
        assert driver.screen.keys_pane.list.info.key == day(5)
        await _answer(driver, str(tmp_path / "gone"))
        await driver.wait_told("The value was not saved.")
        assert not (tmp_path / "gone").exists()

        await driver.select("co2")
        await driver.press("2", "s")
        await _answer(driver, str(tmp_path / "a.npy"))
        await driver.until(lambda: len([line for line in driver.log if "Saved" in line]) == 2, "the array")
    assert (tmp_path / "there").read_text() == "mine"
    assert np.load(tmp_path / "a.npy", allow_pickle=False).shape == (52,)


async def test_a_list_shows_other_keys_while_it_is_long(shelf: Shelf, drive: Drive) -> None:
    """In a list of thousands, G shows the last at once, pages back show what is before, and edits are counted."""
    shelf.add_group("lab")
    shelf.publish("lab", "many", "bytes", {f"k{number:06}": b"" for number in range(9_000)})
    with shelf.ours("many") as database:
        database["k000000a"] = b"new"
        del database["k000500"]
    async with drive(shelf.catalog) as driver:
        await driver.select("many")
        keys = driver.screen.keys_pane.list
        await driver.press("2", "G")
        assert keys.row_count == 9_001
        assert isinstance(keys.row, KeyInfo)
        assert keys.row.key == "k008999"
        await driver.press("ctrl+u", "ctrl+u")
        assert (info := keys.info) is not None
        assert int(info.key[1:]) == keys.cursor - 1
        assert sum(keys._pages.row(row) is not None for row in range(keys.row_count)) <= 1_000


async def test_a_long_value_is_laid_out_in_steps(shelf: Shelf, drive: Drive) -> None:
    """The first rows of a long value are there at once, and G goes to the last although it is still to be made."""
    shelf.add_group("lab")
    shelf.publish("lab", "long", "str", {"text": "\n".join(f"line {number} " + "of many " * 20 for number in range(1_900))})
    shelf.take("long")
    async with drive(shelf.catalog) as driver:
        view = driver.screen.keys_pane.value_view
        await driver.select("long")
        assert len(view._rows) > 3_000
        view.lay_out()
        assert view.is_growing
        assert 200 <= len(view._rows) < 400
        view.action_scroll_end()
        await driver.until(lambda: not view.is_growing, "all rows")
        await driver.settle()
        assert "line 1899" in "".join(row.plain for row in view._rows[-12:])
        assert view.scroll_offset.y == view.max_scroll_y > 3_000
