"""One page and the program behind it, a process of its own, which ends with the page."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from . import driver

SMALLEST, LARGEST = (20, 5), (600, 200)
"""Columns and rows that a page may ask for; what is beyond would take minutes to be drawn."""
_ENDS_IN = 4.0
"""Seconds that a program has to end by itself: one that writes stops at the next step."""


def fitting(width: object, height: object) -> tuple[int, int]:
    """The size that is nearest to what a page asks for."""
    asked = (_number(width, 80), _number(height, 24))
    columns, rows = (max(least, min(one, most)) for one, least, most in zip(asked, SMALLEST, LARGEST, strict=True))
    return columns, rows


def _number(given: object, instead: int) -> int:
    try:
        return int(given) if isinstance(given, str | int) else instead
    except ValueError:
        return instead


class Session(AppService):
    """The program behind one page."""

    def __init__(self, program: Sequence[str], page: web.WebSocketResponse) -> None:
        super().__init__(
            "",
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=self._close_page,
            download_manager=DownloadManager(),
        )
        self._program = program
        self._page = page

    async def _close_page(self) -> None:
        await self._page.close()

    async def serve(self, width: object, height: object) -> None:
        """Run the program until it or its page ends."""
        await self.start(*fitting(width, height))
        try:
            async for message in self._page:
                if message.type is WSMsgType.TEXT:
                    with suppress(ValueError, LookupError, TypeError, AttributeError):
                        await self._take(message.json())
        finally:
            await self.stop()

    async def _take(self, said: Any) -> None:
        match said:
            case ["stdin", str(text)]:
                await self.send_bytes(text.encode())
            case ["resize", {"width": width, "height": height}]:
                await self.set_terminal_size(*fitting(width, height))
            case ["ping", data]:
                await self._page.send_json(["pong", data])
            case ["blur", *_]:
                await self.blur()
            case ["focus", *_]:
                await self.focus()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the program with a group of its own, so that nothing of it is left in the end."""
        environment = self._build_environment(width, height)
        environment["TEXTUAL_DRIVER"] = f"{driver.__name__}:{driver.ServedWebDriver.__name__}"
        self._process = await asyncio.create_subprocess_exec(
            *self._program, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        self._stdin = self._process.stdin
        return self._process

    async def stop(self) -> None:
        """Have the program end, and end it when it does not."""
        process, task = self._process, self._task
        if process is None or task is None:
            return
        self._task = None
        try:
            await asyncio.wait_for(self._asked_to_end(process), _ENDS_IN)
        except TimeoutError:
            _kill(process)
            await process.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _asked_to_end(self, process: Process) -> None:
        await self.send_meta({"type": "quit"})
        await process.wait()

    def kill(self) -> None:
        """End the program at once."""
        if self._process is not None:
            _kill(self._process)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
