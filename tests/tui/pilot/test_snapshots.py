"""How the program looks: every screen and dialog in dark, light and narrow."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import keyring.core
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from catalog import Catalog, credentials
from catalog.connection import AccessKeys
from catalog.credentials import Profile
from tui.changes.dialogs import PushDialog
from tui.credentials.dialogs import ApprovalDialog
from tui.kit.confirm import Confirm, Explanation

from .driving import Driver
from .snapping import LOOK_NAMES, LOOKS, MEDIUM, NARROW, Snap, after


@pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
class TestWide:
    """A big terminal, dark and light."""

    def test_browse(self, snap: Snap, light: bool) -> None:
        """The tree with its states, the keys of a database that is ahead, and a JSON value."""
        assert snap(after("weather"), light=light)

    def test_series(self, snap: Snap, light: bool) -> None:
        """A numpy array with its facts and its picture, the value pane having the focus."""
        assert snap(after("co2", "2", "j", "l"), light=light)

    def test_conflict(self, snap: Snap, light: bool) -> None:
        """A conflict in a text, side by side."""
        assert snap(after("messages", "3"), light=light)

    def test_push(self, snap: Snap, light: bool) -> None:
        """The question before a push."""

        async def act(driver: Driver) -> None:
            await after("weather", "P")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, PushDialog))

        assert snap(act, light=light)


@pytest.mark.parametrize("size", [MEDIUM, NARROW], ids=["medium", "narrow"])
class TestSmaller:
    """Terminals of middling and of the least size."""

    def test_tree(self, snap: Snap, size: tuple[int, int]) -> None:
        """The tree."""
        assert snap(after("weather"), size)

    def test_keys(self, snap: Snap, size: tuple[int, int]) -> None:
        """The keys."""
        assert snap(after("weather", "2", "j"), size)

    def test_value(self, snap: Snap, size: tuple[int, int]) -> None:
        """The value."""
        assert snap(after("co2", "2", "l"), size)

    def test_changes(self, snap: Snap, size: tuple[int, int]) -> None:
        """The changes."""
        assert snap(after("messages", "3"), size)

    def test_comparison(self, snap: Snap, size: tuple[int, int]) -> None:
        """Old and new."""
        assert snap(after("weather", "3", "l"), size)

    def test_details(self, snap: Snap, size: tuple[int, int]) -> None:
        """The details."""
        assert snap(after("weather", "4"), size)

    def test_help(self, snap: Snap, size: tuple[int, int]) -> None:
        """The help."""
        assert snap(after("weather", "3", "question_mark"), size)

    def test_push(self, snap: Snap, size: tuple[int, int]) -> None:
        """The question before a push that will meet a conflict."""

        async def act(driver: Driver) -> None:
            await after("messages", "P")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, PushDialog))

        assert snap(act, size)


class TestMoments:
    """Single moments worth a picture."""

    def test_filter(self, snap: Snap) -> None:
        """The filter open, with what it has found."""

        async def act(driver: Driver) -> None:
            await after("weather", "2", "slash", *"seattle/2012-01-1")(driver)
            await driver.until(lambda: driver.screen.keys_pane.list.row_count == 10)

        assert snap(act, MEDIUM)

    def test_hostile_pickle(self, snap: Snap) -> None:
        """A value that is not opened, explained, with its bytes."""
        assert snap(after("co2", "2", "G"), MEDIUM)

    def test_bytes(self, snap: Snap) -> None:
        """Bytes as a dump, beside a key with control characters."""
        assert snap(after("pictures", "2", "l"))

    def test_not_here(self, snap: Snap) -> None:
        """A database that was never opened on this machine."""
        assert snap(after("far"), MEDIUM)

    def test_incoming(self, snap: Snap) -> None:
        """What a pull would bring, and the question before it."""

        async def act(driver: Driver) -> None:
            await after("quakes", "3", "p")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, Confirm))

        assert snap(act)

    def test_discard(self, snap: Snap) -> None:
        """The question before a discard."""

        async def act(driver: Driver) -> None:
            await after("weather", "3", "d")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, Confirm))

        assert snap(act, MEDIUM)

    def test_explanation(self, snap: Snap) -> None:
        """A conflict that stopped a push, explained."""

        async def act(driver: Driver) -> None:
            driver.screen.notify = lambda *_, **__: None  # type: ignore[method-assign]
            await after("messages", "P")(driver)
            await driver.until(lambda: isinstance(driver.app.screen, PushDialog))
            await driver.pilot.press("enter")
            await driver.until(lambda: isinstance(driver.app.screen, Explanation))

        assert snap(act, MEDIUM)

    def test_refusal_and_log(self, snap: Snap) -> None:
        """The log after two refused commands, under the toasts that said so."""
        assert snap(after("co2", "b", "x", "L"), MEDIUM)

    def test_palette(self, snap: Snap) -> None:
        """The command palette."""
        assert snap(after("weather", "ctrl+p"), MEDIUM)

    def test_empty_catalog(self, snap: Snap, tmp_path: Path) -> None:
        """A catalog without groups."""

        async def act(_: Driver) -> None:
            return

        assert snap(act, MEDIUM, catalog=Catalog(tmp_path))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three profiles in the keyring and one in this session, all of the same day."""

    class Day(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 3, 2, 9, 30, tzinfo=tz)

    monkeypatch.setattr("catalog.credentials.keyring_store.datetime", Day)
    keys = AccessKeys("AKIAEXAMPLE7K2Q", "a secret")
    for endpoint, name in (("https://s3.example.org", "lab"), ("https://minio.harbour.example:9000", "harbour"), (None, None)):
        credentials.save(Profile.at(endpoint, name), keys)
    credentials.this_session.save(Profile.at("https://s3.example.org", "guest"), keys)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestCredentials:
    """Keys: which there are, and how they are entered."""

    def test_screen(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The profiles, and which source the selected database would use."""
        assert snap(after("weather", "K", "j"), size, light=light)

    def test_form(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The form with all that is typed, the secret as bullets."""
        assert snap(after("weather", "e", *"AKIAEXAMPLE", "tab", *"secret"), size, light=light)

    def test_no_keyring(self, snap: Snap, size: tuple[int, int], light: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """The form where there is no keyring."""
        monkeypatch.setattr(keyring.core, "_keyring_backend", NoKeyring())  # type: ignore[no-untyped-call]
        assert snap(after("weather", "e"), size, light=light)

    def test_approval(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """The question before a place that a group has named is used."""

        async def act(driver: Driver) -> None:
            await after("weather")(driver)
            assert driver.screen.entry
            driver.screen.open(ApprovalDialog("earth", driver.screen.entry))

        assert snap(act, size, light=light)
