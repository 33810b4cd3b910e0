"""Keys come one at a time: each when what the one before has set off is done.

Textual hands a key on at once, to whatever has the focus then; of keys that are typed quickly, or that come together over a
slow line, many would reach what was there before.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.css.query import NoMatches
from textual.message_pump import MessagePump
from textual.screen import ModalScreen

Typed = events.Key | events.Paste
_ROUNDS = 3
"""How often everyone between the focus and the program is heard: an act may lead to another."""
_LONGEST = 2.0
"""Seconds that a key waits for one that does not come to an end."""
_LOOK_EVERY = 0.002


class KeyGate:
    """Hands keys to a program, one by one."""

    def __init__(self, app: App[Any], hand_on: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Typed] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._is_held = False
        self.acted = 0.0
        """When the key was typed, or the mouse pressed, that is being acted upon."""

    @property
    def is_quiet(self) -> bool:
        """Whether no key waits, and none is being acted upon."""
        return self._task is None

    def take(self, event: Typed) -> None:
        """Take what was typed; it is handed on when its turn comes."""
        if self._is_closed:
            return
        self._waiting.append(event)
        self._begin()

    def hold(self) -> None:
        """Keep what is typed for later: there is nothing yet that could take it."""
        self._is_held = True

    def release(self) -> None:
        """Hand on what was kept, and what comes."""
        self._is_held = False
        self._begin()

    def _begin(self) -> None:
        if self._waiting and self._task is None and not self._is_held:
            self._task = asyncio.create_task(self._work(), name="key gate")

    def close(self) -> None:
        """Hand on nothing any more: the program ends."""
        self._is_closed = True
        self._waiting.clear()

    async def _work(self) -> None:
        try:
            while self._waiting and self._app.is_running and self._app.screen_stack:
                event = self._waiting.popleft()
                self.acted = event.time
                await self._hand_on(event)
                await self._settled()
        except Exception as error:  # noqa: BLE001 - nobody awaits this task; a fault ends the program as any other does
            self._app._handle_exception(error)  # noqa: SLF001
        finally:
            self._task = None

    async def _settled(self) -> None:
        """Wait until what a key has set off is done, and a dialog that opens can be typed into."""
        end = time.monotonic() + _LONGEST
        for _ in range(_ROUNDS):
            for pump in self._concerned():
                await _heard(pump, end - time.monotonic())
        while not self._is_closed and not self._can_type() and time.monotonic() < end:
            await asyncio.sleep(_LOOK_EVERY)

    def _concerned(self) -> list[MessagePump]:
        """From what has the focus up to the program."""
        if self._is_closed or not self._app.screen_stack:
            return []
        screen = self._app.screen
        return [*screen.focused.ancestors_with_self] if screen.focused else [screen, self._app]

    def _can_type(self) -> bool:
        if not self._app.screen_stack:
            return True
        screen = self._app.screen
        if not screen.is_mounted:
            return False
        if not getattr(screen, "takes_keys", True):
            return False
        return not isinstance(screen, ModalScreen) or screen.focused is not None or not _focusable(screen)


def _focusable(screen: ModalScreen[Any]) -> bool:
    try:
        return bool(screen.focus_chain)
    except NoMatches:
        return False


async def _heard(pump: MessagePump, seconds: float) -> None:
    """Wait until everything that was said to someone up to now was heard."""
    heard = asyncio.Event()
    if seconds > 0 and pump.is_running and pump.call_later(heard.set):
        try:
            await asyncio.wait_for(heard.wait(), seconds)
        except TimeoutError:
            return
