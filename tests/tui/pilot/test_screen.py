"""What works everywhere: help, palette, log, themes, panes, sizes."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.widgets import OptionList

from catalog import Catalog
from tui.command import Place
from tui.features import COMMANDS
from tui.help import HelpDialog
from tui.kit.reader import Reader
from tui.kit.themes import DARK, LIGHT
from tui.palette import CommandProvider
from tui.session.log import LogDialog

from .asking import dialog_text
from .conftest import Drive
from .driving import Driver
from .shelf import Shelf, day


def _read(driver: Driver) -> str:
    return "\n".join(row.plain for row in driver.app.screen.query_one(Reader)._rows)


async def test_help_names_every_command_and_symbol(stocked: Shelf, drive: Drive) -> None:
    """Help begins with the keys of the place, then those that work everywhere, then the symbols, and says what is not now."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("3", "question_mark")
        assert isinstance(driver.app.screen, HelpDialog)
        text = " ".join(_read(driver).split())

        assert text.startswith("In Changes")
        assert all(" ".join(command.help.split()) in text for command in COMMANDS)
        assert "unreachable: no answer from its server" in text
        assert "Not now: nothing is running." in text
        await driver.press("escape")
        assert len(driver.app.screen_stack) == 1


async def test_the_palette_offers_commands_and_databases(stocked: Shelf, drive: Drive) -> None:
    """Everything that can be done, and every database, is found by its name; what cannot be done now says why."""
    async with drive(stocked.catalog) as driver:
        offers = {words: help_text for words, help_text, _ in CommandProvider(driver.screen)._offers()}
        assert {command.words for command in COMMANDS} < set(offers)
        assert offers["Cancel"] == "Not now: Nothing is running."
        assert {f"Go to {name}" for name in ("weather", "co2", "far")} < set(offers)

        await driver.pilot.press("ctrl+p", *"go to co2")
        await driver.until(
            lambda: isinstance(driver.app.screen, CommandPalette) and driver.app.screen.query_one(OptionList).option_count == 1,
            "the hit",
        )
        await driver.pilot.press("down", "enter")
        await driver.until(lambda: driver.screen.entry and driver.screen.entry.name == "co2", "the database")


async def test_the_log_keeps_what_was_said(stocked: Shelf, drive: Drive) -> None:
    """Messages are in the log with their time, also after they have left the screen."""
    async with drive(stocked.catalog) as driver:
        await driver.press("L")
        assert "Nothing has happened yet." in _read(driver)
        await driver.press("escape", "x", "L")

        assert isinstance(driver.app.screen, LogDialog)
        assert "12:00:00" in _read(driver)
        assert "Nothing is running." in _read(driver)


async def test_a_refused_command_says_why(stocked: Shelf, drive: Drive) -> None:
    """A key whose command cannot be used now is answered with the reason."""
    async with drive(stocked.catalog) as driver:
        await driver.select("co2")
        await driver.press("x", "b")

    assert driver.log == ["Nothing is running.", "You look at the newest state already."]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("P", "There is nothing to push: no key was changed here."),
        ("p", "There is nothing to pull: the remote has nothing new."),
    ],
)
async def test_that_there_is_nothing_to_do_is_said_where_it_would_be_done(
    stocked: Shelf, drive: Drive, key: str, words: str
) -> None:
    """The dialog opens before it is known, says so, and offers nothing to agree to."""
    async with drive(stocked.catalog) as driver:
        await driver.select("co2")
        await driver.press(key)

        assert words in dialog_text(driver)
        assert not driver.app.screen.query_one("#go-on").display
        await driver.press("escape")
        assert driver.app.screen is driver.screen


async def test_what_interrupts_elsewhere_says_how_to_leave(stocked: Shelf, drive: Drive) -> None:
    """ctrl+c neither ends the program nor goes unanswered."""
    async with drive(stocked.catalog) as driver:
        await driver.press("ctrl+c")

    assert driver.log == ["ctrl+q leaves the program, and so does q where nothing is typed."]


async def test_the_key_is_copied_as_it_is(stocked: Shelf, drive: Drive) -> None:
    """c puts the key, not its escaped form, on the clipboard."""
    async with drive(stocked.catalog) as driver:
        await driver.select("pictures")
        await driver.press("2", "j", "j", "c")

    assert driver.app.clipboard == "evil\x1b[31m\u202ekey"


async def test_dark_and_light_change_places(stocked: Shelf, drive: Drive) -> None:
    """t changes the look, and changes it back."""
    async with drive(stocked.catalog) as driver:
        themes = []
        for _ in range(3):
            themes.append(driver.app.theme)
            await driver.press("t")

    assert themes == [DARK.name, LIGHT.name, DARK.name]


@pytest.mark.parametrize("theme", ["textual-dark", "nord", "solarized-light", "ansi-dark"])
async def test_other_themes_work_too(stocked: Shelf, drive: Drive, theme: str) -> None:
    """The program's own colours have values in every theme of Textual."""
    async with drive(stocked.catalog) as driver:
        driver.app.theme = theme
        await driver.select("weather")
        await driver.press("3")

        assert "yours" in driver.difference


async def test_zoom_gives_a_pane_the_whole_screen(stocked: Shelf, drive: Drive) -> None:
    """z shows only the pane with the focus, and z again shows all."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("2", "l", "z")
        await driver.pilot.pause()
        assert driver.screen.query_one("#value-view").region.width >= 138
        await driver.press("z")
        await driver.pilot.pause()
        assert driver.screen.query_one("#key-list").region.width > 0


async def test_numbers_and_tab_go_to_panes(stocked: Shelf, drive: Drive) -> None:
    """1 to 4 go to the panes by name, tab to the next one that is shown."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        places = []
        for key in ("2", "tab", "3", "tab", "4", "1"):
            await driver.press(key)
            places.append(driver.screen.place)

    assert places == [Place.KEYS, Place.VALUE, Place.CHANGES, Place.COMPARISON, Place.DETAILS, Place.DATABASES]


@pytest.mark.parametrize("size", [(40, 10), (20, 5)])
async def test_smaller_than_it_is_made_for(stocked: Shelf, drive: Drive, size: tuple[int, int]) -> None:
    """Below 60 by 20, too, every pane and dialog can be shown, also when the size changes meanwhile (others: test_sizes.py)."""
    async with drive(stocked.catalog, size) as driver:
        await driver.select("messages")
        await driver.press("2", "l", "3", "4", "question_mark")
        await driver.pilot.resize_terminal(100, 30)
        await driver.press("escape", "3")
        await driver.pilot.resize_terminal(*size)
        await driver.press("1")

        assert driver.app.is_running


async def test_details_say_what_is_known(stocked: Shelf, drive: Drive) -> None:
    """Name, description, identity, place, amount, state, and the last commit are all there."""
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("4")
        text = driver.text_of("#details")

    entry = stocked.entry("weather")
    for fact in (
        "Daily weather of Seattle",
        entry.key,
        "bo@harbour",
        "28 keys",
        "JSON",
        "↑3",
        "“Publish weather”",
        "remotes",
        str(stocked.catalog.file_of(entry).parent),
    ):
        assert fact in text


async def test_without_colour_all_is_said_in_symbols(stocked: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR every cell is grey, and states can still be told apart."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with drive(stocked.catalog) as driver:
        await driver.select("weather")
        await driver.press("3")
        strips = driver.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours = {colour.triplet for style in styles for colour in (style.color, style.bgcolor) if colour}

    assert len(colours) > 2
    assert [colour for colour in colours if colour and not colour.red == colour.green == colour.blue] == []


async def test_refreshing_finds_what_was_added(shelf: Shelf, drive: Drive) -> None:
    """r reads the catalog again: a group and a database that were added meanwhile appear."""
    shelf.add_group("earth")
    async with drive(Catalog(shelf.folder / "catalog")) as driver:
        assert len(driver.tree) == 2
        shelf.publish("earth", "rain", "orjson", {day(1): 1})
        await driver.press("r")
        await driver.until(lambda: any("rain" in row for row in driver.tree), "the new database")
