"""The forms for the names of a commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.kit.columns import shorten
from tui.kit.plain import plain
from tui.kit.reader import Reader, paragraphs

from .library import name_problem

_MOST_BUTTONS = 8
_LONGEST = 60


class TagDialog(ModalScreen[str | None]):
    """Asks for a tag, and says as one types why a name cannot be one; None when none is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, commit: Content, taken: Mapping[int, tuple[str, ...]]) -> None:
        super().__init__(classes="dialog")
        self._commit = commit
        self._taken = taken

    def compose(self) -> ComposeResult:
        """Which commit, a line for the name, what is wrong with it, two buttons."""
        note = "A tagged commit opens by its name, and is kept when garbage is collected."
        with Vertical(classes="box") as box:
            box.border_title = "Tag"
            yield Reader(paragraphs(Content.assemble(self._commit, "\n\n", (note, "$quiet"))), can_focus=False)
            yield Input(placeholder="published-2026", id="name", max_length=100)
            yield Static(Content(""), id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("Tag it", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one(Input).focus()

    @property
    def _entered(self) -> str:
        return self.query_one(Input).value.strip()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._say(name_problem(self._entered, self._taken) if self._entered else "")

    def _say(self, problem: str) -> None:
        self.query_one("#wrong", Static).update(Content.styled(problem, "$state-trouble"))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        problem = name_problem(self._entered, self._taken)
        if problem:
            self._say(problem)
        else:
            self.dismiss(self._entered)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            self._submitted()
        else:
            self.dismiss(None)


class UntagDialog(ModalScreen[str | None]):
    """Asks which name goes; None for none, which is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel", show=False),
        Binding("left,h,up,k", "app.focus_previous", show=False),
        Binding("right,l,down,j", "app.focus_next", show=False),
    ]

    def __init__(self, commit: Content, names: tuple[str, ...]) -> None:
        super().__init__(classes="dialog")
        self._commit = commit
        self._names = names

    def compose(self) -> ComposeResult:
        """Which commit, a button for each name, and one for none."""
        note = "Without a tag the version stays until garbage is collected."
        with Vertical(classes="box") as box:
            box.border_title = "Remove a tag"
            yield Reader(paragraphs(Content.assemble(self._commit, "\n\n", (note, "$quiet"))), can_focus=False)
            for number, name in enumerate(self._names[:_MOST_BUTTONS]):
                with Horizontal(classes="buttons"):
                    label = Content(f"Remove {shorten(plain(name), _LONGEST)}")
                    yield Button(label, id=f"name-{number}", variant="error", compact=True)
            with Horizontal(classes="buttons"):
                yield Button("Keep" if len(self._names) == 1 else "Keep all", id="stay", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one("#stay").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id or ""
        self.dismiss(self._names[int(name.removeprefix("name-"))] if name.startswith("name-") else None)
