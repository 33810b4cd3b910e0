"""An error in full: what happened, to what, and what to do next."""

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


class Explanation(ModalScreen[bool]):
    """Explains an error; True when the user follows the way out that it offers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(False)", "Close", show=False),
        Binding("left,h", "app.focus_previous", show=False),
        Binding("right,l", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, lines: Lines, way_out: str = "") -> None:
        super().__init__(classes="dialog trouble")
        self._title = title
        self._lines = lines
        self._way_out = way_out

    def compose(self) -> ComposeResult:
        """The explanation, and a button or two."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Reader(self._lines, can_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Close", id="stay", compact=True)
                if self._way_out:
                    yield Button(Content(self._way_out), id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Focus the way out."""
        self.query_one("#go-on" if self._way_out else "#stay").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "go-on")
