"""A Chromium without a window, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PATIENCE = 60.0


def find_chromium() -> str:
    """The browser of this machine."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    assert found, "These tests need a Chromium: `apt-get install chromium-headless-shell`, as .ci/run does."
    return found


class Page:
    """One page of a browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.problems: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser for something, and wait for its answer; what the page complains of meanwhile is kept."""
        number = next(self._numbers)
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self._socket.receive_str(timeout=_PATIENCE))
            if answer.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.problems.append(json.dumps(answer["params"]))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self.send("Log.enable")
        await self.send("Page.enable")
        await self.send("Page.navigate", url=address)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page."""
        return (await self.send("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + _PATIENCE
        while not await self.evaluate(expression):
            assert time.monotonic() < deadline, (expression, await self.evaluate("document.body.outerHTML"), self.problems)
            await asyncio.sleep(0.05)

    async def press(self, key: str) -> None:
        """Type a character."""
        code = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper())}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=key, **code)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **code)


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """A browser with one empty page, gone afterwards with all that it kept."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            find_chromium(),
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--window-size=1200,800", "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    target = next(each for each in await answer.json(content_type=None) if each["type"] == "page")
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            process.kill()
            await process.wait()


async def _port(file: Path) -> int:
    deadline = time.monotonic() + _PATIENCE
    while not (file.exists() and (text := file.read_text())):
        assert time.monotonic() < deadline, "Chromium did not start."
        await asyncio.sleep(0.05)
    return int(text.splitlines()[0])
