"""Looking around: the tree, keys, values."""

from __future__ import annotations

from catalog import Catalog
from tui.browse.tree import CatalogTree
from tui.command import Place

from .conftest import Drive
from .shelf import HOSTILE_KEY, Shelf, day


async def test_the_tree_shows_groups_and_how_databases_stand(stocked: Shelf, drive: Drive) -> None:
    """Each database has its state in words and symbols; a group without databases says so."""
    async with drive(stocked.catalog) as driver:
        tree = [" ".join(row.split()) for row in driver.tree]

    assert tree == [
        "▾ earth 3 ↑3",
        "│ messages !1 ↑1 ↓1",
        "│ quakes ↓2",
        "╰ weather ↑3",
        "▾ lab 3 ↑3",
        "│ co2 ✓",
        "│ far ○ not here",
        "╰ pictures ✓",
        "▾ empty 0",
        "╰ no databases yet",
    ]


async def test_an_empty_catalog_says_what_to_do(shelf: Shelf, drive: Drive) -> None:
    """Without groups the tree names the commands that make some."""
    async with drive(shelf.catalog) as driver:
        text = driver.text_of("#catalog-tree")

    assert "No databases yet" in text
    assert "catalog demo" in text


async def test_the_cursor_opens_what_is_on_this_machine(stocked: Shelf, drive: Drive) -> None:
    """Resting on a database shows its keys and the value of the first."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")

        assert day(1) in driver.keys[0]
        assert '"high_c": 11.5' in driver.value


async def test_a_database_that_is_not_here_waits_for_enter(shelf: Shelf, drive: Drive) -> None:
    """Only Enter makes a copy of a database on this machine."""
    shelf.add_group("lab")
    entry = shelf.publish("lab", "far", "orjson", {"only": [1, 2, 3]})
    async with drive(shelf.catalog) as driver:
        await driver.select("far")
        assert "Not on this machine yet" in driver.text_of("#key-list")
        assert not shelf.catalog.file_of(entry).exists()

        await driver.press("enter")

        assert "only" in driver.keys[0]
        assert "[1, 2, 3]" in driver.value
        assert driver.screen.place is Place.KEYS
        assert driver.screen.status is not None
        assert driver.screen.status.file_exists


async def test_moving_through_keys_shows_their_values(stocked: Shelf, drive: Drive) -> None:
    """Arrows, vim keys and jumps move the cursor; the value follows."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "j", "down", "k")
        assert '"date": "2012-01-02"' in driver.value

        await driver.press("G")
        assert '"date": "2012-01-30"' in driver.value

        await driver.press("g")
        assert '"date": "2012-01-01"' in driver.value


async def test_keys_show_what_was_done_to_them(stocked: Shelf, drive: Drive) -> None:
    """Added, modified and deleted keys have their symbols, others say that they are here."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        symbols = {line.split()[1]: line.split()[0] for line in driver.keys}

    assert (symbols[day(1)], symbols[day(3)], symbols[day(5)], symbols[day(30)]) == ("●", "~", "−", "+")


async def test_a_deleted_key_has_no_value(stocked: Shelf, drive: Drive) -> None:
    """The value pane of a key that was deleted here says so."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "j", "j", "j", "j")

        assert "deleted here" in driver.value


async def test_the_filter_shows_keys_with_a_prefix(stocked: Shelf, drive: Drive) -> None:
    """Typing after / shows what begins with it; Enter goes to the keys; Escape shows all again."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "slash", *"seattle/2012-01-2")
        await driver.until(lambda: driver.screen.keys_pane.list.row_count == 9, "the filtered list")
        await driver.press("enter")
        assert driver.screen.place is Place.KEYS
        assert day(20) in driver.keys[0]

        await driver.press("escape")
        assert driver.screen.keys_pane.list.row_count == 29


async def test_a_filter_without_hits_says_so(stocked: Shelf, drive: Drive) -> None:
    """An empty result names the prefix and the way back."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "slash", "x", "y")
        await driver.until(lambda: "No key begins with “xy”" in driver.text_of("#key-list"), "the words")


async def test_hostile_keys_and_values_are_shown_harmlessly(stocked: Shelf, drive: Drive) -> None:
    """A key with control characters is escaped everywhere it appears, and its value can be read."""
    async with drive(stocked.catalog) as driver:
        await driver.select("pictures")
        await driver.press("2", "G")
        shown = [driver.text_of(selector) for selector in ("#key-list", "#value-view", "#top-bar")]
        title = driver.screen.query_one("#value-view").border_title or ""

    assert "evil\\x1b[31m\\u202ekey" in shown[0]
    assert "\\x1b" in title
    assert not any(char in "".join(shown) + title for char in HOSTILE_KEY if not char.isprintable())


async def test_a_hostile_pickle_is_explained_and_never_run(stocked: Shelf, drive: Drive) -> None:
    """A pickle that names a function of the system is not opened: the pane says why and shows its bytes."""
    async with drive(stocked.catalog) as driver:
        await driver.select("co2")
        await driver.press("2", "G")

        assert "not opened" in driver.value
        assert "system" in driver.value
        assert "00000000  80 0" in driver.value


async def test_an_array_is_drawn(stocked: Shelf, drive: Drive) -> None:
    """A numeric series shows its facts and a picture."""
    async with drive(stocked.catalog) as driver:
        await driver.select("co2")

        assert "float64" in driver.value
        assert "█" in driver.value


async def test_a_long_value_comes_by_piece(shelf: Shelf, drive: Drive) -> None:
    """The first lines are shown; m shows more of them until all are there."""
    shelf.add_group("lab")
    shelf.publish("lab", "long", "str", {"text": "\n".join(str(number) for number in range(5_000))})
    shelf.take("long")
    async with drive(shelf.catalog) as driver:
        await driver.select("long")
        assert "3,000 more lines" in driver.value

        await driver.press("2", "m")
        assert "more lines" not in driver.value
        await driver.press("m")
        assert driver.log == ["All of this value is shown."]


async def test_a_big_remote_value_is_fetched_only_when_asked_for(shelf: Shelf, drive: Drive) -> None:
    """Resting on a value of megabytes that is not here fetches nothing; m does."""
    shelf.add_group("lab")
    shelf.publish("lab", "big", None, {"blob": bytes(2_000_000)})
    async with drive(shelf.catalog) as driver:
        await driver.select("big")
        await driver.press("enter")
        assert "This value is big: 2.0 MB, in the remote." in driver.value

        await driver.press("m")
        assert "00000000  00 00" in driver.value


async def test_groups_open_and_close(stocked: Shelf, drive: Drive) -> None:
    """Enter on a group closes it and opens it again; h on a database goes to its group."""
    async with drive(stocked.catalog) as driver:
        await driver.select("quakes")
        await driver.press("h")
        rows = driver.screen.query_one(CatalogTree).row_count
        await driver.press("enter")
        assert driver.screen.query_one(CatalogTree).row_count == rows - 3
        await driver.press("l")
        assert driver.screen.query_one(CatalogTree).row_count == rows


async def test_a_group_without_databases_can_be_selected(stocked: Shelf, drive: Drive) -> None:
    """The last rows of the tree, an empty group and its words, show no database and break nothing."""
    async with drive(stocked.catalog) as driver:
        await driver.press("G", "enter", "2", "3", "4", "P")

        assert driver.screen.entry is None
        assert "Choose a database first." in driver.log


async def test_the_mouse_moves_and_chooses(stocked: Shelf, drive: Drive) -> None:
    """A click puts the cursor on a row, a double click goes in, a click on a tab shows it."""
    async with drive(stocked.catalog) as driver:
        await driver.pilot.click("#catalog-tree", offset=(5, 4))
        await driver.settle()
        assert driver.screen.entry is not None
        assert driver.screen.entry.name == "weather"

        await driver.pilot.click("#catalog-tree", offset=(5, 4), times=2)
        await driver.settle()
        places = [driver.screen.place]

        await driver.pilot.click("#tab-bar", offset=(14, 0))
        await driver.settle()
        places.append(driver.screen.place)

    assert places == [Place.KEYS, Place.CHANGES]


async def test_what_is_no_longer_shown_is_closed(stocked: Shelf, drive: Drive) -> None:
    """Leaving a database closes it; one is open at a time, and none after the program."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        first = driver.screen.opened
        await driver.select("quakes")
        second = driver.screen.opened
        assert first is not None
        assert second is not None
        assert first.database._closed
        assert not second.database._closed

    assert second.database._closed


async def test_a_narrow_screen_shows_one_pane(stocked: Shelf, drive: Drive) -> None:
    """At 60 by 20 each step in shows the next pane alone, and each step back the one before."""
    async with drive(stocked.catalog, (60, 20)) as driver:
        await driver.select("weather")
        panes = ("#catalog-tree", "#key-list", "#value-view")

        async def shown() -> list[str]:
            await driver.pilot.pause()
            return [pane for pane in panes if driver.screen.query_one(pane).region.area]

        assert await shown() == ["#catalog-tree"]
        await driver.press("l")
        assert await shown() == ["#key-list"]
        await driver.press("l")
        assert await shown() == ["#value-view"]
        await driver.press("h", "h")
        assert await shown() == ["#catalog-tree"]


async def test_a_million_keys_scroll(shelf: Shelf, drive: Drive) -> None:
    """Of many keys few are in memory, the first appear at once, and the last are found."""
    shelf.add_group("lab")
    shelf.publish("lab", "many", "bytes", {f"k{number:06}": b"" for number in range(12_000)})
    shelf.take("many")
    async with drive(Catalog(shelf.folder / "catalog")) as driver:
        await driver.select("many")
        assert driver.screen.keys_pane.list.row_count == 12_000
        await driver.press("2", "G")
        await driver.until(lambda: (info := driver.screen.keys_pane.list.info) and info.key == "k011999", "the last key")
        held = sum(driver.screen.keys_pane.list._pages.row(row) is not None for row in range(12_000))

    assert held <= 8_000
