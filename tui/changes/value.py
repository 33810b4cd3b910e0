"""The form for a value that takes the place of both sides of a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static, TextArea

from tui.kit.plain import key_name, plain

from .conflicts import TypedSidesRead, Typing, typed_value


@dataclass(frozen=True)
class Typed:
    """A value that was typed."""

    value: Any


class ValueDialog(ModalScreen[Typed | None]):
    """Asks for a value, beginning with one side; None when none is wanted. What is no JSON is explained and stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("ctrl+s", "use", "Use it", show=False, priority=True),
    ]

    def __init__(self, sides: TypedSidesRead) -> None:
        super().__init__(classes="dialog")
        self._sides = sides

    def compose(self) -> ComposeResult:
        """The text, a line for what is wrong with it, and the buttons."""
        sides = self._sides
        with Vertical(classes="box wide") as box:
            box.border_title = Content(f"A value for {key_name(sides.change.key)}")
            box.border_subtitle = "ctrl+s uses it, esc leaves the conflict as it is"
            yield TextArea(sides.mine if sides.mine is not None else sides.theirs or "", id="typed", compact=True)
            yield Static(Content(""), id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("From yours", id="mine", compact=True, disabled=sides.mine is None)
                yield Button("From theirs", id="theirs", compact=True, disabled=sides.theirs is None)
                yield Button("Use it", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the text."""
        self.query_one(TextArea).focus()
        self._say(f"This database stores {self._sides.typing.value}.", "$quiet")

    def _say(self, words: str, style: str) -> None:
        self.query_one("#wrong", Static).update(Content.styled(plain(words), style))

    def _start_from(self, text: str | None) -> None:
        self.query_one(TextArea).text = text or ""
        self.query_one(TextArea).focus()

    def action_use(self) -> None:
        """Give the value, if it is one."""
        try:
            self.dismiss(Typed(typed_value(self.query_one(TextArea).text, self._sides.typing)))
        except ValueError as error:
            self._say(f"This is no {Typing.JSON.value} yet: {error}", "$state-trouble")
            self.query_one(TextArea).focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._say(f"This database stores {self._sides.typing.value}.", "$quiet")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            self.action_use()
        elif event.button.id == "stay":
            self.dismiss(None)
        else:
            self._start_from(self._sides.mine if event.button.id == "mine" else self._sides.theirs)
