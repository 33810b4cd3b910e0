"""The question before a place that only a group has named is used."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from tui.kit.reader import Lines, Reader


class Approval(Enum):
    """What the user says to a place; the value is the id of its button."""

    NO = "stay"
    ONCE = "once"
    ALWAYS = "go-on"


class ApprovalDialog(ModalScreen[Approval]):
    """Asks whether a place may be used: not now, in this session, or on this machine from now on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "refuse", "Not now", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    def __init__(self, lines: Lines) -> None:
        super().__init__(classes="dialog")
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The facts, and three buttons."""
        with Vertical(classes="box") as box:
            box.border_title = "Do you know this place?"
            yield Reader(self._lines, can_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Not now", id=Approval.NO.value, compact=True)
                yield Button("Only this time", id=Approval.ONCE.value, compact=True)
                yield Button("Use it from now on", id=Approval.ALWAYS.value, variant="error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one(f"#{Approval.NO.value}").focus()

    def action_refuse(self) -> None:
        """Close without an approval."""
        self.dismiss(Approval.NO)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(Approval(event.button.id))
