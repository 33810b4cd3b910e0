"""How the dialogs of the whole program look: transfers, requests, settings."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from catalog import CancelledError, CatalogError, Progress, Request
from tui.features import BY_ID
from tui.jobs import Done, Ended, Transfer
from tui.options import Found
from tui.session.request_log import Noted, RequestLog
from tui.session.requests import RequestsDialog
from tui.session.settings import SettingsDialog
from tui.session.transfers import TransferList, TransfersDialog
from tui.settings import read_settings

from .driving import Driver
from .snapping import LOOK_NAMES, LOOKS, Snap, after

FILE = """
theme = "lihgt"
separator = "::"
ask_every = 0
[keys]
push = "ctrl+s,f9"
log = "j"
"""


def _transfer(name: str, verb: str, *, done: int, is_paused: bool = False) -> Transfer:
    progress = Progress()
    progress.begin("uploading", 12_000_000, 4_000)
    progress.advance(done, done // 3_000)
    if is_paused:
        progress.pause()
    return Transfer(name, verb, name, progress)


@pytest.mark.parametrize(("size", "light"), LOOKS, ids=LOOK_NAMES)
class TestProgramDialogs:
    """Dark, light and narrow."""

    def test_transfers(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """One that runs, one that is paused, and three that have ended: well, badly, cancelled."""

        async def act(driver: Driver) -> None:
            await after("weather")(driver)
            assert driver.screen.entry
            jobs = driver.app.jobs
            running = _transfer("weather", "push", done=4_200_000), _transfer("quakes", "pull", done=900_000, is_paused=True)
            pulled = _transfer("weather", "pull", done=0)
            jobs._transfers = {transfer.name: transfer for transfer in running}
            refused = CatalogError("The server refused.", hint="Ask its owner.")
            pushed = Done("Pushed 12 keys of weather as commit 4.", "31 kB sent in 6 requests.")
            jobs._ended += [
                Ended(pulled, CancelledError("Downloading"), "12:00:00", 3),
                Ended(running[0], refused, "12:00:00", 70),
                Ended(running[0], pushed, "12:00:00", 9),
            ]
            await driver.pilot.press("6")
            await driver.until(lambda: isinstance(driver.app.screen, TransfersDialog))
            await driver.pilot.pause()
            # What is shown stays; nothing runs when the session ends.
            driver.app.screen.query_one(TransferList).show = lambda *_: None  # type: ignore[method-assign]
            jobs._transfers = {}

        assert snap(act, size, light=light)

    def test_requests(self, snap: Snap, size: tuple[int, int], light: bool) -> None:
        """Requests of every outcome, with the whole of one."""

        async def act(driver: Driver) -> None:
            await after("weather")(driver)
            await driver.press("W")
            asked = [
                Request("GET", "https://s3.example.org/lab", "earth/weather", "ok", 0, 812, 0.0412),
                Request("GET", "https://s3.example.org/lab", "earth/quakes", "unchanged", 0, 0, 0.0187),
                Request("GET", "https://s3.example.org/lab", "earth/storms", "missing", 0, 0, 0.0204),
                Request("LIST", "https://s3.example.org/lab", "earth/* (41 found)", "ok", 0, 0, 0.09),
                Request("PUT", "https://s3.example.org/lab", "earth/weather", "refused", 790, 0, 0.0301),
                Request("GET", "https://minio.example:9000/bay", "tides", "no answer", 0, 0, 5.01),
                Request("DELETE", "https://s3.example.org/lab", "12 objects", "ok", 0, 0, 0.0777),
                Request("PUT", "https://s3.example.org/lab", f"earth/weather/packs/{'3f' * 16}", "ok", 31_457_280, 0, 12.4),
            ]
            log = RequestLog()
            for each in asked:
                log.note(each)
            log._kept = deque(Noted("12:00:00", each) for each in asked)
            dialog = driver.app.screen
            assert isinstance(dialog, RequestsDialog)
            dialog._log = log
            dialog._look()

        assert snap(act, size, light=light)

    def test_settings(self, snap: Snap, size: tuple[int, int], light: bool, tmp_path: Path) -> None:
        """Settings of the user, two mistakes among them."""
        file = tmp_path / "tui.toml"
        file.write_text(FILE)

        async def act(driver: Driver) -> None:
            found = read_settings(file)
            path = Path("/home/ada/.config/booklet-catalog/tui.toml")
            await after("weather")(driver)
            driver.screen.open(SettingsDialog(Found(found.settings, path, found.problems, exists=True), BY_ID))

        assert snap(act, size, light=light)
