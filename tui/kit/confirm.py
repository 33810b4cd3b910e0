"""A question before something is done."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from .reader import Lines, Reader


class Confirm(ModalScreen[bool]):
    """Asks whether to go on; True when the user says so.

    ``is_safe`` puts the focus on going on; otherwise it is on not doing it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(False)", "Cancel", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, lines: Lines, go_on: str, *, stay: str = "Cancel", is_safe: bool = False) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._lines = lines
        self._go_on = go_on
        self._stay = stay
        self._is_safe = is_safe

    def compose(self) -> ComposeResult:
        """Title, body, two buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Reader(self._lines, can_focus=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._stay), id="stay", compact=True)
                yield Button(Content(self._go_on), id="go-on", variant="primary" if self._is_safe else "error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one("#go-on" if self._is_safe else "#stay").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "go-on")
