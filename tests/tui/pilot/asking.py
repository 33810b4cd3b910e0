"""Questions of the program: how they are brought up, and what they say."""

from __future__ import annotations

from typing import Any

from textual.widgets import Button

from tui.kit.reader import Reader

from .driving import Driver


def dialog_text(driver: Driver) -> str:
    """What the dialog says, in one line."""
    return " ".join(" ".join(row.plain for row in driver.app.screen.query_one(Reader)._rows).split())


async def ask(driver: Driver, key: str, dialog: type[Any]) -> None:
    """Press a key and wait for its question."""
    await driver.press(key)
    await driver.until(lambda: isinstance(driver.app.screen, dialog), dialog.__name__)


async def push_button(driver: Driver, selector: str) -> None:
    """Press a button of the dialog with the keyboard, as one does who has read it."""
    await driver.settle()
    driver.app.screen.query_one(selector, Button).focus()
    await driver.pilot.press("enter")
