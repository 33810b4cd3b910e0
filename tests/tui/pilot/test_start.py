"""How the program starts: a frame at once, then all the rest."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from catalog import Catalog, InvalidInputError
from tui import app as app_module
from tui.app import Program
from tui.curtain import Curtain
from tui.kit.themes import DARK, LIGHT

from .driving import Driver
from .shelf import Shelf


async def test_keys_that_are_pressed_while_it_loads_are_kept(stocked: Shelf) -> None:
    """The frame is there before the catalog; what is typed meanwhile is done when the main screen has come."""
    loads = threading.Event()

    def bring() -> tuple[Catalog, None]:
        loads.wait()
        return stocked.catalog, None

    program = Program(bring)
    async with program.run_test(size=(140, 40)) as pilot:
        assert isinstance(program.screen, Curtain)
        await pilot.press("z", "question_mark")
        assert isinstance(program.screen, Curtain)
        loads.set()
        driver = Driver(program, pilot)
        await driver.until(lambda: program._is_up and len(program.screen_stack) == 3, "the help over the main screen")
        assert driver.screen.has_class("-zoomed")
        await pilot.press("escape")
        await driver.settle()
        assert driver.screen.listings


async def test_a_catalog_that_cannot_be_brought_ends_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error that stands in the way reaches whoever started the program, after the terminal is given back."""

    def bring() -> Catalog:
        raise InvalidInputError("There is no such folder.")

    monkeypatch.setattr(Program, "run", lambda program: program._load())
    monkeypatch.setattr(Program, "call_later", lambda *_, **__: True)
    with pytest.raises(InvalidInputError, match="no such folder"):
        app_module.run(bring, settings_file=tmp_path / "none.toml")


async def test_leaving_before_it_is_loaded(stocked: Shelf) -> None:
    """ctrl+q works from the first moment."""
    loads = threading.Event()

    def bring() -> tuple[Catalog, None]:
        loads.wait()
        return stocked.catalog, None

    program = Program(bring)
    async with program.run_test(size=(60, 20)) as pilot:
        await pilot.press("ctrl+q")
        await Driver(program, pilot).until(lambda: program.return_code == 0, "the end")
        loads.set()


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ('theme = "light"', LIGHT.name),
        ('theme = "nord"', "nord"),
        ('theme = "none of them"', DARK.name),
        ("theme = 3", DARK.name),
        ("[broken", DARK.name),
        ("", DARK.name),
    ],
)
def test_the_first_frame_has_the_theme_of_the_settings(tmp_path: Path, stocked: Shelf, text: str, theme: str) -> None:
    """The frame does not flash in other colours; whatever is wrong with the file is not its business."""
    file = tmp_path / "tui.toml"
    file.write_text(text)

    assert Program(lambda: (stocked.catalog, None), theme=app_module._first_theme(file)).theme == theme
    assert app_module._first_theme(tmp_path) == DARK.name
