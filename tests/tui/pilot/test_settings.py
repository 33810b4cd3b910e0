"""Settings in effect: themes, keys, read-only, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from an_entry import ENTRY
from rich.color_triplet import ColorTriplet
from rich.segment import Segment

from catalog import Change, Direction, Kind, State, Status
from tui.app import CatalogApp
from tui.command import Situation
from tui.features import ACTIONS, COMMANDS
from tui.kit.reader import Reader
from tui.options import Found
from tui.session.settings import SettingsDialog
from tui.settings import read_settings

from .driving import Driver
from .shelf import Shelf


def _found(folder: Path, text: str) -> Found:
    file = folder / "tui.toml"
    file.write_text(text)
    return read_settings(file)


def _shown(driver: Driver) -> str:
    return " ".join(" ".join(row.plain for row in driver.app.screen.query_one(Reader)._rows).split())


async def test_keys_of_the_user_run_their_commands(stocked: Shelf, tmp_path: Path) -> None:
    """The new key works, is in the footer and in the help; the old one does nothing any more."""
    app = CatalogApp(stocked.catalog, found=_found(tmp_path, '[keys]\nlog = "f6,ctrl+l"\nchanges = "f7"\n'))
    async with app.run_test(size=(140, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.select("weather")
        await driver.press("3")
        assert driver.screen.tab == "keys"
        await driver.press("f7")
        assert driver.screen.tab == "changes"
        assert "f7 Changes" in driver.text_of("#key-bar")
        await driver.press("question_mark")
        assert "f6 ^l Show the messages" in _shown(driver)
        await driver.press("escape", "L")
        assert len(app.screen_stack) == 1
        await driver.press("ctrl+l")
        assert len(app.screen_stack) == 2


async def test_settings_are_in_effect_and_shown(stocked: Shelf, tmp_path: Path) -> None:
    """The view names the file, every setting, which of them are the user's, and the keys."""
    found = _found(tmp_path, 'theme = "gruvbox"\nask_every = 0\nread_only = true\n[keys]\nlog = "f6"\n')
    app = CatalogApp(stocked.catalog, found=found)
    async with app.run_test(size=(140, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.select("weather")
        assert app.theme == "gruvbox"
        assert "read-only" in driver.text_of("#top-bar")
        assert driver.log == []
        await driver.press("comma")
        assert isinstance(app.screen, SettingsDialog)
        text = _shown(driver)
        assert str(tmp_path) in text.replace(" ", "")
        for part in (
            "theme gruvbox set in the file",
            "ask_every 0 set in the file",
            "separator / What parts",
            "f6 Show the messages",
        ):
            assert part in text
        await driver.press("c")
        assert app.clipboard == str(tmp_path / "tui.toml")


async def test_mistakes_are_told_and_stop_nothing(stocked: Shelf, tmp_path: Path) -> None:
    """The program starts with what is right, says how many mistakes there are, and the view lists them."""
    found = _found(tmp_path, 'theme = "lihgt"\nwrong = 1\nask_every = 1\nread_only = 3\n[keys]\npush = "j"\n')
    app = CatalogApp(stocked.catalog, found=found)
    async with app.run_test(size=(140, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.settle()
        assert driver.log == [found.problems[0]]
        assert "Settings show 4 more mistakes." in driver.screen.happenings[0].details
        await driver.press("comma")
        assert all(" ".join(problem.split()) in _shown(driver) for problem in found.problems)


@pytest.mark.parametrize("theme", ["nord", "ansi-light", "textual-light", "rose-pine-dawn"])
async def test_any_theme_can_be_drawn(stocked: Shelf, tmp_path: Path, theme: str) -> None:
    """Themes that know nothing of this program's colours get them from it (its own are in the pictures)."""
    app = CatalogApp(stocked.catalog, found=_found(tmp_path, f'theme = "{theme}"'))
    async with app.run_test(size=(140, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.select("messages")
        await driver.press("3", "question_mark", "escape", "W")
        assert app.is_running


async def test_without_colours_symbols_remain(stocked: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR everything is grey, and every state still has its symbol."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = CatalogApp(stocked.catalog)
    async with app.run_test(size=(140, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.select("messages")
        await driver.press("3")
        tree = "\n".join(driver.tree)
        assert all(symbol in tree for symbol in "↑↓!✓○")
        assert app.no_color
        strips = [
            strip.apply_filter(app._filters[0], app.background_colors[1]) for strip in app.screen._compositor.render_strips()
        ]
        shades = {triplet for strip in strips for segment in strip for triplet in _triplets(segment)}
        assert shades
        assert all(len(set(shade)) == 1 for shade in shades)


def _triplets(segment: Segment) -> list[ColorTriplet]:
    style = segment.style
    colours = (style.color, style.bgcolor) if style else ()
    return [colour.triplet for colour in colours if colour and colour.triplet]


def test_read_only_is_refused_by_every_writing_command() -> None:
    """Whatever changes a remote, a database or the catalog says that this session only looks."""
    now = Situation(
        entry=ENTRY,
        group="earth",
        groups=2,
        is_open=True,
        is_read_only=True,
        status=Status(State.CONFLICT, ahead=1, behind=1, conflicts=1, file_exists=True),
        change=Change("rain", Direction.CONFLICT, Kind.MODIFIED, None, None, None),
        conflicts=1,
    )
    said = {command.id: command.refusal(now) for command in COMMANDS}
    for action in ACTIONS.values():
        said[action.id] = action.refusal(now)
    silent = {name: words for name, words in said.items() if "read-only" not in words and name not in HARMLESS}

    assert silent == {}


HARMLESS = {
    *("go-in", "go-out", "databases", "keys", "changes", "details", "history", "zoom", "refresh", "search", "filter", "jump"),
    *("sort", "tree", "separator", "fold", "fold-all", "unfold-all", "more", "copy-key", "copy-value", "save-value", "export"),
    *("export-files", "versions", "next-conflict", "previous-conflict", "mark-commit", "open-at", "leave-past", "cancel"),
    *("transfers", "requests", "settings", "log", "help", "theme", "quit", "enter-keys", "credentials", "narrower", "wider"),
}
"""What changes nothing but what is shown, files that the user names, or the keys of this user."""
