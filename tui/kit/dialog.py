"""What is over the screen until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from textual import events
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from tui.drafts import Kept

from .amounts import moment

A = TypeVar("A")
_NOT_SEEN = "This was not on the screen yet when you typed that: look, and say it again."


class Dialog(ModalScreen[A], Generic[A]):
    """Asks something; whoever has opened it awaits its ``answer``, which is None when the user does not want to.

    It opens before anything is looked up for it, so that what is typed next is typed here, and is filled in then.
    """

    def __init__(self, classes: str = "dialog") -> None:
        super().__init__(classes=classes)
        self._given: asyncio.Future[A | None] | None = None
        self._painted: float | None = None
        self._is_there = False
        self._waiting: list[Callable[[], None]] = []

    @property
    def answer(self) -> asyncio.Future[A | None]:
        """What the user answers."""
        if self._given is None:
            self._given = asyncio.get_running_loop().create_future()
        return self._given

    def take_answer(self, answer: A | None) -> None:
        """Give the answer to whoever awaits it."""
        if not self.answer.done():
            self.answer.set_result(answer)

    @property
    def is_open(self) -> bool:
        """Whether it was not answered yet."""
        return not self.answer.done() and (self.is_attached or not self._is_there)

    def once_there(self, act: Callable[[], None]) -> None:
        """Do something as soon as it is on the screen; nothing when it is not any more."""
        if not self._is_there:
            self._waiting.append(act)
        elif self.is_open:
            act()

    @property
    def takes_keys(self) -> bool:
        """Whether what is typed now is typed into what it is meant for."""
        return True

    def on_mount(self) -> None:
        """Do what has waited for it, and note when it is drawn."""
        self._is_there = True
        for button in self.query(Button):
            # While it shows that it was pressed, a button takes no key.
            button.active_effect_duration = 0
        for act in self._waiting:
            self.once_there(act)
        self.changed()

    def changed(self) -> None:
        """What is asked is other than it was: no answer counts that was typed before it is drawn."""
        self._painted = None
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        # By the clock that says when something was typed.
        self._painted = events.Event().time

    @property
    def is_painted(self) -> bool:
        """Whether all of it was drawn."""
        return self._painted is not None

    def was_seen(self) -> bool:
        """Whether what is being acted upon was typed after all of this was drawn; who types ahead has not seen it."""
        acted = _acted(self.app)
        is_seen = self._painted is not None and (acted is None or acted >= self._painted)
        if not is_seen:
            self.notify(_NOT_SEEN, severity="warning", markup=False)
        return is_seen


KEPT = "What you typed is kept as a draft: it is there when you come back."


def drafted(kept: Kept) -> Content:
    """Say that what is filled in was typed before and not used."""
    return Content.styled(f"Filled in is what you typed on {moment(round(kept.at * 1_000_000))} and did not use.", "$accent")


def _acted(app: Any) -> float | None:
    """When the key was typed that is being acted upon; None where nobody notes it."""
    gate = getattr(app, "gate", None)
    return None if gate is None else float(gate.acted)
