"""The question with which side all conflicts are to end."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from tui.kit.reader import Lines, Reader

from .conflicts import Choice


class BothSides(ModalScreen[Choice | None]):
    """Asks for a side; None for neither, which is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, lines: Lines) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The question, three buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Reader(self._lines, can_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Neither", id="stay", compact=True)
                yield Button("Keep yours", id="mine", compact=True)
                yield Button("Take theirs", id="theirs", variant="error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one("#stay").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss("mine" if event.button.id == "mine" else "theirs" if event.button.id == "theirs" else None)
