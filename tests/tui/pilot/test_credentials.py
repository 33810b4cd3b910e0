"""Keys: listed, entered, tried and forgotten, in words for whatever goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import keyring.core
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked
from textual.widgets import Button, Input

from catalog import S3Connection, State, credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
from catalog.testing.seaweed import Seaweed
from tui.credentials.dialogs import KeysDialog
from tui.credentials.list import ProfileList
from tui.credentials.screen import CredentialsScreen
from tui.credentials.secret_input import SecretInput
from tui.kit.confirm import Confirm
from tui.kit.reader import Reader

from .conftest import Drive
from .driving import Driver
from .keyrings import MemoryKeyring
from .shelf import Shelf

ENDPOINT = "http://127.0.0.1:9"
PROFILE = Profile.at(ENDPOINT)
KEYS = AccessKeys("AKIAEXAMPLE1234", "a-secret")


@asynccontextmanager
async def _at_rain(shelf: Shelf, drive: Drive, endpoint: str = ENDPOINT) -> AsyncIterator[Driver]:
    """The program with the cursor on a database of a server, which the user has approved."""
    shelf.add_group("earth")
    shelf.publish("earth", "rain", "orjson", {"mon": {"mm": 1}})
    where = S3Connection(db_key="rain", bucket="elsewhere", endpoint_url=endpoint)
    shelf.list_at("earth", "rain", where)
    credentials.approve(where, "earth")
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        yield driver


async def _type(driver: Driver, *fields: str) -> None:
    """Type into the field that has the focus, and into those after it."""
    for text in fields:
        await driver.pilot.press(*text)
        if text is not fields[-1]:
            await driver.pilot.press("tab")


async def _open_form(driver: Driver) -> KeysDialog:
    await driver.press("e")
    dialog = driver.app.screen
    assert isinstance(dialog, KeysDialog)
    return dialog


def _words(driver: Driver, selector: str = "Reader") -> str:
    """What a text of the dialog says."""
    return " ".join(" ".join(row.plain for row in driver.app.screen.query_one(selector, Reader)._rows).split())


async def _until_said(driver: Driver, words: str, selector: str = "Reader") -> None:
    await driver.until(lambda: words in _words(driver, selector), f"{words!r} in {_words(driver, selector)!r}")


async def test_without_keys_a_database_says_how_to_enter_some(shelf: Shelf, drive: Drive) -> None:
    """A database without keys names the keys to press, and its form begins with its own endpoint and profile."""
    async with _at_rain(shelf, drive) as driver:
        assert driver.screen.status
        assert driver.screen.status.state is State.NO_KEYS
        assert "e enters keys" in " ".join(driver.text_of("#key-list").replace("│", " ").split())

        dialog = await _open_form(driver)

        assert dialog.query_one("#endpoint", Input).value == ENDPOINT
        assert dialog.query_one("#profile", Input).value == "default"
        assert dialog.focused is dialog.query_one("#key-id")


async def test_entered_keys_are_kept_in_the_keyring(shelf: Shelf, drive: Drive) -> None:
    """Enter in the last field keeps the pair, closes the form, says so, and asks the remote again with these keys."""
    async with _at_rain(shelf, drive) as driver:
        await _open_form(driver)
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        await driver.pilot.press("enter")
        await driver.wait_told(f"Kept the keys of {PROFILE} in the keyring.")
        await driver.until(
            lambda: driver.screen.status and driver.screen.status.state is State.UNREACHABLE, "an attempt with the keys"
        )

    assert credentials.load(PROFILE).secret_access_key == KEYS.secret_access_key


async def test_keys_may_be_for_this_session_only(shelf: Shelf, drive: Drive, memory: MemoryKeyring) -> None:
    """The other button keeps the pair in memory; the keyring gets nothing."""
    async with _at_rain(shelf, drive) as driver:
        await _open_form(driver)
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        await driver.pilot.press("tab", "tab", "enter")
        await driver.wait_told(f"Kept the keys of {PROFILE} for this session.")

    assert credentials.this_session.load(PROFILE) is not None
    assert memory.entries == {}


@pytest.mark.parametrize(
    ("backend", "reason"), [(NoKeyring, "There is no keyring here."), (NullKeyring, "throws away what it is given")]
)
async def test_without_a_usable_keyring_only_the_session_is_offered(
    shelf: Shelf, drive: Drive, monkeypatch: pytest.MonkeyPatch, backend: type[NoKeyring], reason: str
) -> None:
    """Where there is no keyring, or one that is refused, the form says why, and Enter keeps the keys for this session."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend())
    async with _at_rain(shelf, drive) as driver:
        dialog = await _open_form(driver)
        await _until_said(driver, reason)
        assert not dialog.query_one("#keyring", Button).display
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        await driver.pilot.press("enter")
        await driver.wait_told("for this session.")

    assert credentials.this_session.load(PROFILE) is not None


@pytest.mark.parametrize(
    ("endpoint", "profile", "key_id", "secret", "reason"),
    [
        (ENDPOINT, "default", "", "a-secret", "A key pair is a key id and a secret."),
        (ENDPOINT, "default", "AKIA", "", "A key pair is a key id and a secret."),
        (ENDPOINT, "default", "AKIA", " a-secret", "begins or ends with white space"),
        (ENDPOINT, "default", "AKIA", "x" * 1300, "1,280"),
        (ENDPOINT, "two words", "AKIA", "a-secret", "This profile name cannot be used."),
        ("https://me:pw@example.org", "default", "AKIA", "a-secret", "cannot be bound to this endpoint"),
    ],
    ids=["no key id", "no secret", "white space", "too long", "profile", "endpoint"],
)
async def test_what_cannot_be_kept_is_explained_and_stays(
    shelf: Shelf,
    drive: Drive,
    memory: MemoryKeyring,
    endpoint: str,
    profile: str,
    key_id: str,
    secret: str,
    reason: str,
) -> None:
    """Bad input is explained in the form, which keeps what was typed; nothing is stored, and no value is repeated."""
    async with _at_rain(shelf, drive) as driver:
        dialog = await _open_form(driver)
        typed = {"endpoint": endpoint, "profile": profile, "key-id": key_id, "secret": secret}
        for name, text in typed.items():
            dialog.query_one(f"#{name}", Input).value = text
        dialog.query_one(SecretInput).focus()
        await driver.press("enter")
        await _until_said(driver, reason)

        assert {name: dialog.query_one(f"#{name}", Input).value for name in typed} == typed
        assert "pw@" not in _words(driver)
    assert memory.entries == {}


async def test_a_locked_keyring_is_explained_and_can_be_tried_again(shelf: Shelf, drive: Drive, memory: MemoryKeyring) -> None:
    """A locked keyring is no reason to close the form: once it is unlocked, Enter keeps the keys."""
    async with _at_rain(shelf, drive) as driver:
        dialog = await _open_form(driver)
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        memory.failure = KeyringLocked
        await driver.press("enter")
        await _until_said(driver, "The keyring is locked")
        assert driver.app.screen is dialog

        memory.failure = None
        await driver.pilot.press("enter")
        await driver.wait_told("in the keyring.")

    assert credentials.load(PROFILE).secret_access_key == KEYS.secret_access_key


async def test_a_keyring_that_does_not_answer_can_be_given_up(
    shelf: Shelf, drive: Drive, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the keyring is silent the form says so; Escape stops waiting, the time limit does too, and nothing typed is lost."""
    async with _at_rain(shelf, drive) as driver:
        dialog = await _open_form(driver)
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        memory.answering.clear()
        try:
            await driver.pilot.press("enter")
            await _until_said(driver, "Waiting for the keyring, 0 s of at most 30 s")
            assert dialog.query_one("#fields").disabled
            await driver.pilot.press("escape")
            await _until_said(driver, "cancelled")

            monkeypatch.setenv("CATALOG_KEYRING_TIMEOUT", "0.05")
            await driver.pilot.press("enter")
            await _until_said(driver, "did not answer within 0.05 s")
            assert dialog.query_one(SecretInput).value == KEYS.secret_access_key
            assert driver.app.screen is dialog
        finally:
            memory.answering.set()


async def test_the_field_is_empty_once_the_form_is_closed(shelf: Shelf, drive: Drive) -> None:
    """Escape closes the form, keeps nothing, and clears the secret out of the field."""
    async with _at_rain(shelf, drive) as driver:
        field = (await _open_form(driver)).query_one(SecretInput)
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        assert field.value == KEYS.secret_access_key
        await driver.press("escape")

        assert field.value == ""
        assert credentials.list() == ()


async def test_the_screen_lists_profiles_and_the_source_of_the_database(shelf: Shelf, drive: Drive) -> None:
    """K lists every profile with its endpoint and the end of its key id, and says which source the database would use."""
    credentials.save(PROFILE, KEYS)
    credentials.this_session.save(Profile.at(None, "guest"), KEYS)
    async with _at_rain(shelf, drive) as driver:
        await driver.press("K")
        profiles = driver.app.screen.query_one(ProfileList)
        await driver.until(lambda: profiles.row_count == 2, "the profiles")
        rows = [profiles.draw_row(row, 90).plain for row in range(2)]
        await _until_said(driver, "✓ keyring the key that ends in 1234", "#sources")

        assert [words for words in ("guest", "https://s3.amazonaws.com", "this session") if words not in rows[0]] == []
        assert [words for words in (ENDPOINT, "…1234") if words not in rows[1]] == []
        await driver.press("escape")
        assert driver.app.screen is driver.screen


async def test_keys_are_forgotten_after_a_question(shelf: Shelf, drive: Drive, memory: MemoryKeyring) -> None:
    """f asks, with the focus on keeping; a no keeps the keys, a yes deletes them."""
    credentials.save(PROFILE, KEYS)
    async with _at_rain(shelf, drive) as driver:
        await driver.press("K")
        await driver.press("f")
        assert isinstance(driver.app.screen, Confirm)
        await driver.press("enter")
        assert credentials.list()

        await driver.press("f", "right", "enter")
        await _until_said(driver, "Forgot the keys", "#result")
        await driver.until(lambda: driver.app.screen.query_one(ProfileList).rows == (), "an empty list")
    assert memory.entries == {}


async def test_keys_can_be_added_from_the_screen(shelf: Shelf, drive: Drive) -> None:
    """a opens the form, and what was kept is in the list afterwards."""
    async with _at_rain(shelf, drive) as driver:
        await driver.press("K", "a")
        await _type(driver, KEYS.access_key_id, KEYS.secret_access_key)
        await driver.pilot.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, CredentialsScreen), "the screen again")
        await _until_said(driver, "Kept the keys", "#result")
        await driver.until(lambda: driver.app.screen.query_one(ProfileList).row_count == 1, "the profile")


async def test_trying_keys_tells_good_from_bad(shelf: Shelf, drive: Drive, seaweed: Seaweed) -> None:
    """t asks the server of a database with the stored keys: accepted, refused, or nothing to try them on."""
    right = seaweed.connection("data/rain.blt")
    assert right.access_keys is not None
    profile = Profile.at(right.endpoint_url)
    credentials.save(profile, right.access_keys)
    where = S3Connection(db_key="data/rain.blt", bucket=right.bucket, endpoint_url=right.endpoint_url)
    credentials.approve(where, "earth")
    shelf.add_group("earth")
    shelf.publish("earth", "rain", "orjson", {"mon": {"mm": 1}})
    shelf.list_at("earth", "rain", where)
    async with drive(shelf.catalog) as driver:
        await driver.select("rain")
        await driver.press("K", "t")
        await _until_said(driver, "The keys work", "#result")

        credentials.save(profile, AccessKeys(right.access_keys.access_key_id, "wrong"))
        await driver.press("t")
        await _until_said(driver, "denied: the server refuses these credentials", "#result")

        credentials.forget(profile)
        credentials.save(Profile.at("https://s3.example.org"), KEYS)
        await driver.press("escape", "K", "t")
        await _until_said(driver, "nothing to try it on", "#result")
