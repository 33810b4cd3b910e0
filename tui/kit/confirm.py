"""Questions before something is done, and explanations of what was not."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from catalog import CatalogError

from .dialog import Dialog
from .plain import plain
from .reader import Lines, Reader, paragraphs
from .trouble import trouble

A = TypeVar("A")
STEPS: list[BindingType] = [
    Binding("left,h", "app.focus_previous", show=False),
    Binding("right,l", "app.focus_next", show=False),
]
"""From button to button."""
COUNTING = paragraphs(Content.styled("Looking…", "$quiet"))


class Question(Dialog[A]):
    """A text, and buttons below it. The text may come later; until then there is nothing to agree to."""

    def __init__(self, title: str, lines: Lines | None, classes: str = "dialog") -> None:
        super().__init__(classes)
        self._title = title
        self._lines = lines or COUNTING
        self._is_filled = lines is not None

    def compose(self) -> ComposeResult:
        """Title, text, buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Reader(self._lines, can_focus=False)
            with Horizontal(classes="buttons"):
                yield from self.buttons()

    def buttons(self) -> ComposeResult:
        """The buttons; a subclass says which."""
        yield from ()

    def show(self, lines: Lines) -> None:
        """Show what is asked."""
        self._lines, self._is_filled = lines, True
        self.query_one(Reader).show(lines)
        self.changed()

    def may_agree(self) -> bool:
        """Whether the user knows what would be agreed to."""
        return self._is_filled and self.was_seen()


class Confirm(Question[bool]):
    """Asks whether to go on; True when the user says so.

    ``is_safe`` puts the focus on going on; otherwise it is on not doing it. Without ``lines`` it is `fill`ed later.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(False)", "Cancel", show=False), *STEPS]

    def __init__(self, title: str, lines: Lines | None, go_on: str, *, stay: str = "Cancel", is_safe: bool = False) -> None:
        super().__init__(title, lines)
        self._go_on = go_on
        self._stay = stay
        self._is_safe = is_safe
        self._is_refused = False

    def buttons(self) -> ComposeResult:
        """Not to go on, and to go on."""
        yield Button(Content(self._stay), id="stay", compact=True)
        yield Button(Content(self._go_on), id="go-on", variant="primary" if self._is_safe else "error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one("#go-on" if self._is_safe else "#stay").focus()

    def fill(self, lines: Lines, go_on: str) -> None:
        """Say what would be done."""

        def fill() -> None:
            self.query_one("#go-on", Button).label = Content(go_on)
            self.show(lines)

        self.once_there(fill)

    def refuse(self, words: Content) -> None:
        """Say that there is nothing to be done, or why it cannot be."""
        self._is_refused = True

        def refuse() -> None:
            self.query_one("#go-on").display = False
            self.query_one("#stay", Button).label = "Close"
            self.query_one("#stay").focus()
            self.show(paragraphs(words))

        self.once_there(refuse)

    def explain(self, error: CatalogError) -> None:
        """Say why it could not be found out."""
        self.refuse(trouble(error))

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            if self.may_agree():
                self.dismiss(True)
        elif not self._is_refused or self.was_seen():
            self.dismiss(False)


class Explanation(Question[bool]):
    """Explains an error; True when the user follows the way out that it offers."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(False)", "Close", show=False), *STEPS]

    def __init__(self, title: str, lines: Lines, way_out: str = "") -> None:
        super().__init__(title, lines, "dialog trouble")
        self._way_out = way_out

    def buttons(self) -> ComposeResult:
        """To close it, and the way out if there is one."""
        yield Button("Close", id="stay", compact=True)
        if self._way_out:
            yield Button(Content(self._way_out), id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Focus the way out."""
        self.query_one("#go-on" if self._way_out else "#stay").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        if self.may_agree():
            self.dismiss(event.button.id == "go-on")


class TypedConfirm(Dialog[bool]):
    """True when the user has typed the name and said yes; nothing else goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel", show=False)]

    def __init__(self, title: str, lines: Lines, name: str, go_on: str) -> None:
        super().__init__("dialog trouble")
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
        if event.button.id != "go-on":
            self.dismiss(False)
        elif self._is_typed and self.was_seen():
            self.dismiss(True)
