"""The question before a push."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.widgets.reader import Lines, Reader


class PushDialog(ModalScreen[str | None]):
    """Says what would be sent and asks for a message; None when the user does not push."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, lines: Lines, go_on: str) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._lines = lines
        self._go_on = go_on

    def compose(self) -> ComposeResult:
        """What would be sent, a line for a message, two buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Reader(self._lines, can_focus=False)
            yield Static(Content.styled("Message for your colleagues", "$quiet"), classes="label")
            yield Input(placeholder="what changed, and why (may stay empty)", id="message", max_length=500)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button(Content(self._go_on), id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the message."""
        self.query_one("#message").focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.dismiss(self.query_one("#message", Input).value.strip())

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(self.query_one("#message", Input).value.strip() if event.button.id == "go-on" else None)
