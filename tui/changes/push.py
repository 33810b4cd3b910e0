"""The question before a push."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from catalog import Entry, Progress
from tui.jobs import Jobs
from tui.kit.amounts import quantity, size
from tui.kit.columns import Fact, beside
from tui.kit.plain import key_name, plain
from tui.kit.reader import Reader
from tui.kit.text_view import continued
from tui.kit.whereabouts import place_facts
from tui.messages import JobFailed

from .pushing import PushEstimated, PushOrder, PushPlan

_NAME_WIDTH = 9
_MOST_NAMED = 3


@dataclass(frozen=True)
class Conflicts:
    """The user wants to look at the conflicts instead."""


PushAnswer = PushOrder | Conflicts | None


class PushDialog(ModalScreen[PushAnswer]):
    """Says what would be sent and what that takes, and asks for a message; None when the user does not push.

    What it takes is found out by a job meanwhile; nobody has to wait for it. Keys that are in conflict are never sent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, jobs: Jobs, entry: Entry, plan: PushPlan, estimate: Callable[[Progress], PushEstimated]) -> None:
        super().__init__(classes="dialog")
        self._jobs = jobs
        self._entry = entry
        self._plan = plan
        self._estimate = estimate
        self._progress = Progress()
        self._takes = Content.styled("counting…", "$quiet")
        self._keys = plan.keys_up
        self._conflicts = plan.conflicts
        self._named: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """What would be sent, a line for a message, two buttons; a third where there are conflicts to look at."""
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Push {plain(self._entry.name)}")
            yield Reader(self._lines, can_focus=False)
            yield Static(Content.styled("Message for your colleagues", "$quiet"), classes="label")
            yield Input(placeholder="what changed, and why (may stay empty)", id="message", max_length=500)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("Show conflicts", id="conflicts", compact=True)
                yield Button("Push", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the message, and count."""
        self.query_one("#message").focus()
        self._show()
        estimate, progress = self._estimate, self._progress
        self._jobs.read_latest("estimate", "Counting what a push takes", lambda: estimate(progress), self)

    def on_unmount(self) -> None:
        """Stop counting."""
        self._progress.cancel()

    def _show(self) -> None:
        self.query_one("#conflicts").display = bool(self._conflicts)
        go_on = self.query_one("#go-on", Button)
        go_on.label = Content(f"Push {quantity(self._keys, 'key')}")
        go_on.display = bool(self._keys)
        self.query_one(Reader).show(self._lines)

    def _lines(self, width: int) -> list[Content]:
        chosen = "chosen key" if self._plan.chosen is not None else "key"
        amount = Content.assemble((quantity(self._keys, chosen), "bold"), f", {size(self._plan.bytes_up)}")
        facts: list[Fact] = [
            ("send", amount),
            ("takes", self._takes),
            ("from", Content(plain(self._entry.name))),
            *place_facts("to", self._entry.connection),
        ]
        rows = beside(facts, width, _NAME_WIDTH, indent=0)
        if note := self._note():
            rows += [Content(""), *continued(Content.styled(note, "$quiet"), width)]
        return rows

    def _note(self) -> str:
        if self._conflicts:
            what = quantity(self._conflicts, "more changed key")
            names = ", ".join(key_name(name) for name in self._named[:_MOST_NAMED])
            named = f": {names}{', …' if len(self._named) > _MOST_NAMED else ''}" if names else ""
            verb, wait = ("was", "It waits until you settle it")
            if self._conflicts > 1:
                verb, wait = ("were", "They wait until you settle them")
            return f"{what} {verb} also changed by someone else{named}. {wait}; nothing is overwritten."
        if self._plan.incoming:
            others = quantity(self._plan.incoming, "other key")
            return f"Your colleagues changed {others} meanwhile, which stay as they are."
        return ""

    @on(PushEstimated)
    def _take_estimate(self, message: PushEstimated) -> None:
        result = message.result
        self._takes = Content(f"about {size(result.bytes_up)} in {quantity(result.requests, 'request')}")
        if message.conflicts:
            self._keys = max(self._plan.keys_up + self._plan.conflicts - len(message.conflicts), 0)
            self._conflicts, self._named = len(message.conflicts), message.conflicts
        self._show()

    @on(JobFailed)
    def _explain(self, message: JobFailed) -> None:
        """Say that it could not be counted, which is no reason not to try."""
        message.stop()
        self._takes = Content.styled(f"not known: {plain(message.error.message)}", "$state-trouble")
        self._show()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._push()

    def _push(self) -> None:
        if self._keys:
            text = self.query_one("#message", Input).value.strip()
            self.dismiss(PushOrder(text, self._plan.chosen, skip_conflicts=bool(self._conflicts)))

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            self._push()
        else:
            self.dismiss(Conflicts() if event.button.id == "conflicts" else None)
