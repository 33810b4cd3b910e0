"""A secret that is typed or pasted reaches the keyring, and nothing else."""

from __future__ import annotations

import io
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console
from textual import constants, events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from catalog import S3Connection, credentials
from catalog.credentials import Profile
from tui.app import CatalogApp
from tui.credentials.dialogs import KeysDialog
from tui.credentials.secret_input import SecretInput

from .conftest import Drive
from .driving import Driver
from .shelf import Shelf

ENDPOINT = "http://127.0.0.1:9"
COPYING = ("ctrl+a", "ctrl+c", "ctrl+x", "ctrl+shift+c", "super+c", "shift+home", "ctrl+insert")


@pytest.fixture
def secret() -> str:
    """A secret that no other text can hold by chance."""
    return f"s3{secrets.token_hex(16)}"


@pytest.fixture
def rain(shelf: Shelf) -> Shelf:
    """A shelf with a database of a server, which the user has approved."""
    shelf.add_group("earth")
    shelf.publish("earth", "rain", "orjson", {"mon": {"mm": 1}})
    where = S3Connection(db_key="rain", bucket="elsewhere", endpoint_url=ENDPOINT)
    shelf.list_at("earth", "rain", where)
    credentials.approve(where, "earth")
    return shelf


@asynccontextmanager
async def _at_secret(drive: Drive, shelf: Shelf) -> AsyncIterator[Driver]:
    """The form with the focus on its secret."""
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.press("e")
        assert isinstance(driver.app.screen, KeysDialog)
        await driver.pilot.press(*"AKIAEXAMPLE", "tab")
        yield driver


async def _type(driver: Driver, secret: str) -> None:
    await driver.pilot.press(*secret)


async def _paste(driver: Driver, secret: str) -> None:
    driver.app.post_message(events.Paste(secret))
    await driver.until(lambda: driver.app.screen.query_one(SecretInput).value == secret, "the pasted text")


async def _enter(driver: Driver, way: str, secret: str) -> None:
    await (_type if way == "typed" else _paste)(driver, secret)
    assert driver.app.screen.query_one(SecretInput).value == secret


@pytest.mark.parametrize("way", ["typed", "pasted"])
async def test_no_message_log_screenshot_or_clipboard_has_it(
    rain: Shelf, drive: Drive, secret: str, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the first letter to the saved keys, the secret is in no message, log, picture, file or clipboard."""
    log = tmp_path / "textual.log"
    monkeypatch.setattr(constants, "LOG_FILE", str(log))
    seen: list[Message] = []
    told: list[str] = []
    post = MessagePump.post_message

    def record(pump: MessagePump, message: Message) -> bool:
        seen.append(message)
        if not isinstance(message, events.Paste):  # the terminal's own message; it is emptied when it was taken
            told.append(repr(message))
        return post(pump, message)

    monkeypatch.setattr(MessagePump, "post_message", record)
    async with _at_secret(drive, rain) as driver:
        await _enter(driver, way, secret)
        await driver.pilot.press(*COPYING)
        pictures = [driver.app.export_screenshot()]
        assert driver.app.screen.query_one(SecretInput).value == secret
        await driver.pilot.press("enter")
        await driver.wait_told("in the keyring.")
        pictures.append(driver.app.export_screenshot())
        happenings = repr(driver.screen.happenings)
        clipboard = driver.app.clipboard

    assert credentials.load(Profile.at(ENDPOINT)).secret_access_key == secret
    assert len(told) > 50
    for text in (*told, *map(repr, seen), *pictures, happenings, clipboard):
        assert secret not in text
    assert not log.exists()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


async def test_a_picture_does_not_tell_how_long_it_is(rain: Shelf, drive: Drive) -> None:
    """One letter and a hundred look the same, and nothing makes the field show them."""
    async with _at_secret(drive, rain) as driver:
        field = driver.app.screen.query_one(SecretInput)
        field.value = "x"
        await driver.pilot.pause()
        short = field.render_line(0).text
        field.value = "x" * 100
        await driver.pilot.pause()
        long = field.render_line(0).text
        field.password = False
        await driver.pilot.pause()

        assert short == long == field.render_line(0).text
        assert set(long.strip()) == {"•"}


async def test_the_field_is_edited_at_its_end(rain: Shelf, drive: Drive) -> None:
    """Letters go to the end wherever one clicks, backspace takes the last, and ctrl+u all of them."""
    async with _at_secret(drive, rain) as driver:
        field = driver.app.screen.query_one(SecretInput)
        await driver.pilot.press(*"abc", "left", "home", "d")
        await driver.pilot.click(SecretInput, offset=(2, 0))
        await driver.pilot.press("e", "backspace")
        assert field.value == "abcd"
        await driver.pilot.press("ctrl+u")
        assert field.value == ""


@pytest.mark.parametrize("way", ["typed", "pasted"])
async def test_a_crash_with_the_form_open_does_not_tell_it(
    rain: Shelf, drive: Drive, secret: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the program fails while the secret is in the form, what it leaves on the terminal has nothing of it."""
    said = io.StringIO()

    def fail(dialog: KeysDialog) -> None:
        held = dialog._secret.value
        raise RuntimeError(f"could not save {held}")

    monkeypatch.setattr(KeysDialog, "action_cancel", fail)

    async def crash() -> None:
        async with _at_secret(drive, rain) as driver:
            driver.app.error_console = Console(file=said, width=200)
            await _enter(driver, way, secret)
            await driver.pilot.press("escape")
            await driver.pilot.pause()

    with pytest.raises(RuntimeError):
        await crash()

    assert "RuntimeError" in said.getvalue()
    assert secret not in said.getvalue() + "".join(capsys.readouterr())


async def test_textual_itself_would_log_what_is_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf: Shelf) -> None:
    """The log that this program turns off is one that has every key in it."""
    log = tmp_path / "textual.log"
    monkeypatch.setattr(constants, "LOG_FILE", str(log))
    async with App[None]().run_test() as pilot:
        await pilot.press("s")
    assert "character='s'" in log.read_text(encoding="utf-8")

    CatalogApp(shelf.catalog)
    assert constants.LOG_FILE is None
