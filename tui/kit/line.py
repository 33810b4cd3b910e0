"""One line of text that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from .dialog import Dialog

Check = Callable[[str], str]
"""Says what is wrong with a text; nothing when it can be used."""


class LineDialog(Dialog[str]):
    """Asks for one line; None when the user thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, question: Content, go_on: str, *, text: str = "", check: Check = lambda _: "") -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._go_on = go_on
        self._text = text
        self._check = check

    def compose(self) -> ComposeResult:
        """The question, the line, what is wrong with it, two buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Label(self._question)
            yield Input(self._text, id="line")
            yield Static(id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button(Content(self._go_on), id="go-on", variant="primary", compact=True)

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#wrong", Static).update("")

    @on(Input.Submitted)
    @on(Button.Pressed, "#go-on")
    def _take(self) -> None:
        text = self.query_one("#line", Input).value
        if wrong := self._check(text):
            self.query_one("#wrong", Static).update(Content.styled(wrong, "$state-trouble"))
            return
        self.dismiss(text)

    @on(Button.Pressed, "#stay")
    def _leave(self) -> None:
        self.dismiss(None)
