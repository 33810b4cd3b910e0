"""What is asked before a push, and about conflicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static, TextArea

from catalog import CatalogError, Change, Direction, Entry, Summary
from tui.drafts import Draft
from tui.kit.amounts import quantity, size
from tui.kit.columns import Fact, beside
from tui.kit.confirm import STEPS, Question
from tui.kit.dialog import Dialog, drafted
from tui.kit.plain import key_name, plain
from tui.kit.reader import Lines, Reader, question
from tui.kit.text_view import continued
from tui.kit.trouble import said, trouble
from tui.kit.whereabouts import place_facts

from .library import Choice, PushEstimate, PushOrder, PushPlan, TypedSides, Typing, typed_value

_NAME_WIDTH = 9
_MOST_NAMED = 3
_COUNTING = Content.styled("counting…", "$quiet")


@dataclass(frozen=True)
class Conflicts:
    """The user wants to look at the conflicts instead."""


class PushDialog(Dialog[PushOrder | Conflicts]):
    """Says what would be sent and what that takes, and asks for a message; None when the user does not push.

    What is sent, and then what it takes, is found out meanwhile. Keys that are in conflict are never sent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, entry: Entry, draft: Draft) -> None:
        super().__init__()
        self._entry = entry
        self._draft = draft
        self._kept = draft.kept
        self._plan: PushPlan | None = None
        self._takes = _COUNTING
        self._keys = 0
        self._conflicts = 0
        self._named: tuple[str, ...] = ()
        self._problem: CatalogError | None = None

    def compose(self) -> ComposeResult:
        """What would be sent, a line for a message, two buttons; a third where there are conflicts to look at."""
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Push {plain(self._entry.name)}")
            yield Reader(self._lines, can_focus=False)
            words = f"Message for your colleagues{', as you began it' if self._kept else ''}"
            yield Static(Content.styled(words, "$accent" if self._kept else "$quiet"), classes="label")
            text = self._kept.values.get("message", "") if self._kept else ""
            yield Input(text, placeholder="what changed, and why (may stay empty)", id="message", max_length=500)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("Show conflicts", id="conflicts", compact=True)
                yield Button("Push", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the message."""
        self.query_one("#message").focus()
        self._show()

    def fill(self, plan: PushPlan) -> None:
        """Say what would be sent."""
        self._plan, self._keys, self._conflicts = plan, plan.keys_up, plan.conflicts
        self.once_there(self._show)

    def explain(self, error: CatalogError) -> None:
        """Say why that could not be found out."""
        self._problem = error
        self.once_there(self._show)

    def take_estimate(self, estimate: PushEstimate) -> None:
        """Say what it takes."""
        if self._plan is None:
            return
        result = estimate.result
        self._takes = Content(f"about {size(result.bytes_up)} in {quantity(result.requests, 'request')}")
        if estimate.conflicts:
            self._keys = max(self._plan.keys_up + self._plan.conflicts - len(estimate.conflicts), 0)
            self._conflicts, self._named = len(estimate.conflicts), estimate.conflicts
        self.once_there(self._show)

    def leave_uncounted(self, error: CatalogError) -> None:
        """Say that what it takes could not be counted, which is no reason not to try."""
        self._takes = Content.styled(f"not known: {plain(error.message)}", "$state-trouble")
        self.once_there(self._show)

    @property
    def _is_needless(self) -> bool:
        return self._problem is not None or (self._plan is not None and not self._keys)

    def _show(self) -> None:
        self.query_one("#conflicts").display = bool(self._conflicts)
        go_on = self.query_one("#go-on", Button)
        go_on.label = Content(f"Push {quantity(self._keys, 'key')}" if self._plan else "Push")
        go_on.display = not self._is_needless
        self.query_one(Reader).show(self._lines)
        self.changed()

    def _lines(self, width: int) -> list[Content]:
        if self._problem is not None:
            words = trouble(self._problem)
            return [row for line in words.split(allow_blank=True) for row in continued(line, width)]
        if self._is_needless:
            return continued(Content(self._nothing), width)
        facts: list[Fact] = [
            ("send", self._amount),
            ("takes", self._takes),
            ("from", Content(plain(self._entry.name))),
            *place_facts("to", self._entry.connection),
        ]
        rows = beside(facts, width, _NAME_WIDTH, indent=0)
        if note := self._note():
            rows += [Content(""), *continued(Content.styled(note, "$quiet"), width)]
        return rows

    @property
    def _nothing(self) -> str:
        if self._conflicts:
            return "Every key that you changed is in conflict: settle one, then push it."
        return "There is nothing to push: no key was changed here."

    @property
    def _amount(self) -> Content:
        if self._plan is None:
            return _COUNTING
        chosen = "chosen key" if self._plan.chosen is not None else "key"
        return Content.assemble((quantity(self._keys, chosen), "bold"), f", {size(self._plan.bytes_up)}")

    def _note(self) -> str:
        if self._conflicts:
            what = quantity(self._conflicts, "more changed key")
            names = ", ".join(key_name(name) for name in self._named[:_MOST_NAMED])
            named = f": {names}{', …' if len(self._named) > _MOST_NAMED else ''}" if names else ""
            verb, wait = ("was", "It waits until you settle it")
            if self._conflicts > 1:
                verb, wait = ("were", "They wait until you settle them")
            return f"{what} {verb} also changed by someone else{named}. {wait}; nothing is overwritten."
        if self._plan and self._plan.incoming:
            others = quantity(self._plan.incoming, "other key")
            stay = "stays as it is" if self._plan.incoming == 1 else "stay as they are"
            return f"Your colleagues changed {others} meanwhile, which {stay}."
        return ""

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._push()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._draft.keep({"message": event.value})

    def _push(self) -> None:
        if self._plan is not None and self._keys and self.was_seen():
            text = self.query_one("#message", Input).value.strip()
            self.dismiss(PushOrder(text, self._plan.chosen, skip_conflicts=bool(self._conflicts)))

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            self._push()
        else:
            self.dismiss(Conflicts() if event.button.id == "conflicts" else None)


class BothSides(Question[Choice]):
    """Asks for a side; None for neither, which is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Cancel", show=False), *STEPS]

    def buttons(self) -> ComposeResult:
        """Neither, and each of the sides."""
        yield Button("Neither", id="stay", compact=True)
        yield Button("Keep yours", id="mine", compact=True)
        yield Button("Take theirs", id="theirs", variant="error", compact=True)

    def on_mount(self) -> None:
        """Focus the answer that does no harm."""
        self.query_one("#stay").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        if event.button.id == "stay":
            self.dismiss(None)
        elif self.may_agree():
            self.dismiss("mine" if event.button.id == "mine" else "theirs")


@dataclass(frozen=True)
class Typed:
    """A value that was typed."""

    value: Any


class ValueDialog(Dialog[Typed]):
    """Asks for a value, beginning with one side; None when none is wanted. What is no JSON is explained and stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("ctrl+s", "use", "Use it", show=False, priority=True),
    ]

    def __init__(self, key: str, typing: Typing, draft: Draft) -> None:
        super().__init__()
        self._key = key
        self._draft = draft
        self._typing = typing
        self._sides: TypedSides | None = None
        self._is_waiting = True

    @property
    def takes_keys(self) -> bool:
        """Only once there is a text to change."""
        return not self._is_waiting or not self.is_open

    def compose(self) -> ComposeResult:
        """The text, a line for what is wrong with it, and the buttons."""
        with Vertical(classes="box wide") as box:
            box.border_title = Content(f"A value for {key_name(self._key)}")
            box.border_subtitle = "ctrl+s uses it, esc leaves the conflict as it is"
            yield TextArea("", id="typed", compact=True, read_only=True)
            yield Static(Content(""), id="wrong")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="stay", compact=True)
                yield Button("From yours", id="mine", compact=True, disabled=True)
                yield Button("From theirs", id="theirs", compact=True, disabled=True)
                yield Button("Use it", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the text."""
        self.query_one(TextArea).focus()
        self._say("Reading both sides…", "$quiet")

    def fill(self, sides: TypedSides) -> None:
        """Begin with yours, or theirs where you have none."""
        self.once_there(lambda: self._fill(sides))

    def _fill(self, sides: TypedSides) -> None:
        self._sides, self._is_waiting = sides, False
        area = self.query_one(TextArea)
        area.read_only = False
        self.query_one("#mine").disabled = sides.mine is None
        self.query_one("#theirs").disabled = sides.theirs is None
        kept = self._draft.kept
        self._start_from(kept.values.get("text") if kept else sides.mine if sides.mine is not None else sides.theirs)
        if kept:
            self.query_one("#wrong", Static).update(drafted(kept))
        else:
            self._explain_kind()
        self.changed()

    def explain(self, error: CatalogError) -> None:
        """Say why there is nothing to begin with."""
        self._is_waiting = False
        self.once_there(lambda: self._say(said(error), "$state-trouble"))

    def _explain_kind(self) -> None:
        self._say(f"This database stores {self._typing.value}.", "$quiet")

    def _say(self, words: str, style: str) -> None:
        self.query_one("#wrong", Static).update(Content.styled(plain(words), style))

    def _start_from(self, text: str | None) -> None:
        self.query_one(TextArea).text = text or ""
        self.query_one(TextArea).focus()

    def action_use(self) -> None:
        """Give the value, if it is one."""
        if self._sides is None:
            return
        try:
            self.dismiss(Typed(typed_value(self.query_one(TextArea).text, self._typing)))
        except ValueError as error:
            self._say(f"This is no {Typing.JSON.value} yet: {error}", "$state-trouble")
            self.query_one(TextArea).focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        text = self.query_one(TextArea).text
        if self._sides is None:
            return
        kept = self._draft.kept
        if kept is not None and kept.values.get("text") == text:
            return
        if text not in (self._sides.mine, self._sides.theirs):
            self._draft.keep({"text": text})
        self._explain_kind()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "go-on":
            self.action_use()
        elif event.button.id == "stay":
            self.dismiss(None)
        elif self._sides is not None:
            self._start_from(self._sides.mine if event.button.id == "mine" else self._sides.theirs)


def pull_question(entry: Entry, summary: Summary) -> Lines:
    """Say what a pull would bring, and where from."""
    keys = quantity(summary.incoming + summary.conflicts, "changed key")
    facts: list[Fact] = [
        ("fetch", Content.assemble((keys, "bold"), f", {size(summary.bytes_down)}")),
        *place_facts("from", entry.connection),
        ("into", Content(plain(entry.name))),
    ]
    kept = ""
    if summary.outgoing:
        stay = "stays as it is" if summary.outgoing == 1 else "stay as they are"
        kept = f"Your {quantity(summary.outgoing, 'unpushed change')} {stay}."
    if summary.conflicts:
        both = quantity(summary.conflicts, "key")
        keep = (
            "keeps your value and stays marked as a conflict"
            if summary.conflicts == 1
            else ("keep your value and stay marked as conflicts")
        )
        kept = f"{kept} {both} changed on both sides {keep}.".strip()
    return question(facts, kept)


def discard_question(entry: Entry, change: Change | None, count: int) -> Lines:
    """Say what a discard of one change, or of so many, would give up."""
    if change is not None:
        after = {
            Direction.CONFLICT: "The key then has the value of your colleagues.",
            Direction.OUTGOING: "The key then is as it was at the last pull.",
            Direction.INCOMING: "",
        }[change.direction]
        facts: list[Fact] = [("give up", Content.styled(f"your change of {key_name(change.key)}", "bold"))]
    else:
        after = "Every key then is as it was at the last pull; keys in conflict have the value of your colleagues."
        facts = [("give up", Content.styled(f"all of your {quantity(count, 'unpushed change')}", "bold"))]
    facts.append(("of", Content(plain(entry.name))))
    return question(facts, f"{after} This cannot be undone.")


def theirs_question(entry: Entry, change: Change) -> Lines:
    """Say what taking their value gives up."""
    after = "The key is deleted then." if change.remote is None else "The key then has the value of your colleagues."
    mine = "your deletion of" if change.local is None else "your value of"
    facts: list[Fact] = [
        ("give up", Content.styled(f"{mine} {key_name(change.key)}", "bold")),
        ("of", Content(plain(entry.name))),
    ]
    return question(facts, f"{after} Yours cannot be brought back.")


def both_sides_question(entry: Entry, count: int) -> Lines:
    """Say what ending all conflicts alike means."""
    facts: list[Fact] = [
        ("end", Content.styled(f"all of {quantity(count, 'conflict')}", "bold")),
        ("of", Content(plain(entry.name))),
    ]
    note = (
        "Keeping yours puts your values over theirs with the next push; theirs stay in the history. "
        "Taking theirs gives your values up, which cannot be undone."
    )
    return question(facts, note)
