"""A remote that went back: the screen says so, offers the ways out, shows what each does, and takes the one that is chosen."""

from __future__ import annotations

import shutil

import pytest

from catalog import State
from tui.kit.confirm import Confirm
from tui.kit.menu import MenuDialog

from .asking import ask, dialog_text
from .conftest import Drive
from .shelf import Shelf, day


@pytest.mark.parametrize(
    ("letter", "told", "there"), [("t", "What was here is commit 2", "mine"), ("f", "follows its remote", "rain")]
)
async def test_what_went_back_is_settled(ahead: Shelf, drive: Drive, letter: str, told: str, there: str) -> None:
    """Pull asks what is to become of it; after a yes what is here is on top, or the remote is followed."""
    remotes = ahead.folder / "remotes"
    shutil.copytree(remotes, ahead.folder / "backup")
    with ahead.catalog.open(ahead.entry("weather"), "w", lock="commit") as database:
        database[day(2)] = {"sky": "mine"}
        database.changes().push()
    shutil.rmtree(remotes)
    shutil.copytree(ahead.folder / "backup", remotes)
    async with drive(ahead.catalog) as driver:
        await driver.select("weather")
        await driver.settle()
        assert driver.screen.status is not None
        assert driver.screen.status.state is State.PARTED
        await ask(driver, "p", MenuDialog)
        await driver.press(letter)
        await driver.until(lambda: isinstance(driver.app.screen, Confirm), "the question")
        assert "comes before" in " ".join(dialog_text(driver).split())
        await driver.press("tab", "enter")
        await driver.wait_told(told)

    with ahead.colleague("weather") as database:
        database.changes().pull()
        assert database[day(2)]["sky"] == there
