"""A question about what cannot be undone: one must type a name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from .plain import plain
from .reader import Lines, Reader


class TypedConfirm(ModalScreen[bool]):
    """True when the user has typed the name and said yes; nothing else goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel", show=False)]

    def __init__(self, title: str, lines: Lines, name: str, go_on: str) -> None:
        super().__init__(classes="dialog trouble")
        self._title = title
        self._lines = lines
        self._wanted = name
        self._go_on = go_on

    def compose(self) -> ComposeResult:
        """What would be done, a line for the name, two buttons."""
        with Vertical(classes="box form") as box:
            box.border_title = Content(plain(self._title))
            yield Reader(self._lines, can_focus=False)
            words = Content.assemble(("To go on, type its name: ", "$quiet"), (plain(self._wanted), "bold"))
            yield Static(words, classes="label")
            yield Input(placeholder=f"type {plain(self._wanted)} to go on", id="typed-name", compact=True)
            with Horizontal(classes="buttons"):
                yield Button("Keep it", id="stay", compact=True)
                yield Button(Content(self._go_on), id="go-on", variant="error", compact=True, disabled=True)

    def on_mount(self) -> None:
        """Begin with the line."""
        self.query_one(Input).focus()

    @property
    def _is_typed(self) -> bool:
        return self.query_one(Input).value in {self._wanted, plain(self._wanted)}

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#go-on").disabled = not self._is_typed

    @on(Input.Submitted)
    def _to_buttons(self) -> None:
        self.query_one("#go-on" if self._is_typed else "#typed-name").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "go-on" and self._is_typed)
