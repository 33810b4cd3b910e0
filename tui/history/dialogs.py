"""What is asked before one goes back to a commit, and about its names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from catalog import Change, Commit, Entry, Kind
from tui.kit.amounts import moment, quantity
from tui.kit.badges import KIND_BADGES
from tui.kit.columns import Fact, beside, shorten
from tui.kit.dialog import Dialog
from tui.kit.plain import key_name, plain, plain_lines
from tui.kit.reader import Lines, Reader, paragraphs
from tui.kit.text_view import continued

from .library import Rewind, name_problem

_NAME_WIDTH = 11
_MOST_NAMED = 8
_FATES = {Kind.ADDED: "comes back", Kind.MODIFIED: "has its earlier value again", Kind.DELETED: "goes away"}
_FATES_OF_MANY = {Kind.ADDED: "come back", Kind.MODIFIED: "have their earlier value again", Kind.DELETED: "go away"}
_MOST_BUTTONS = 8
_LONGEST = 60


class TagDialog(Dialog[str]):
    """Asks for a tag, and says as one types why a name cannot be one; None when none is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, commit: Content, taken: Mapping[int, tuple[str, ...]]) -> None:
        super().__init__()
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


class UntagDialog(Dialog[str]):
    """Asks which name goes; None for none, which is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel", show=False),
        Binding("left,h,up,k", "app.focus_previous", show=False),
        Binding("right,l,down,j", "app.focus_next", show=False),
    ]

    def __init__(self, commit: Content, names: tuple[str, ...]) -> None:
        super().__init__()
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
        if name.startswith("name-") and not self.was_seen():
            return
        self.dismiss(self._names[int(name.removeprefix("name-"))] if name.startswith("name-") else None)


def commit_words(commit: Commit) -> Content:
    """Say which commit it is: number, author, time and message."""
    message = " ".join(plain_lines(commit.message))
    return Content.assemble(
        (f"commit {commit.number}", "bold"),
        (f" by {plain(commit.author)}, {moment(commit.time)}", "$quiet"),
        (f"  “{message}”" if message else "", "italic"),
    )


def rewind_question(entry: Entry, plan: Rewind) -> Lines:
    """Say exactly what going back would do to which keys."""
    facts: list[Fact] = [("of", Content(plain(entry.name)))]
    if plan.verb == "undo":
        facts.append(("take back", commit_words(plan.taken_back)))
    facts.append(("go back to", commit_words(plan.to)))
    kinds = [kind for kind in _FATES if plan.kinds.get(kind)]
    fates = [f"{plan.kinds[kind]:,} {(_FATES if plan.kinds[kind] == 1 else _FATES_OF_MANY)[kind]}" for kind in kinds]
    facts.append(("changes", Content.assemble((quantity(plan.keys, "key"), "bold"), f": {', '.join(fates)}")))
    note = "It is a new commit for everybody: the history keeps what is there now, and this can be undone too."
    if plan.met:
        stay = "which stays and becomes a conflict" if plan.met == 1 else "which stay and become conflicts"
        note += f" It meets {quantity(plan.met, 'unpushed change')} of yours, {stay}."

    def lines(width: int) -> list[Content]:
        rows = [*beside(facts, width, _NAME_WIDTH, indent=0), Content("")]
        rows += [_fate(change, width) for change in plan.first[:_MOST_NAMED]]
        if plan.keys > _MOST_NAMED:
            rows.append(Content.styled(f"  … and {quantity(plan.keys - _MOST_NAMED, 'more key')}", "$quiet"))
        return [*rows, Content(""), *continued(Content.styled(note, "$quiet"), width)]

    return lines


def _fate(change: Change, width: int) -> Content:
    badge, fate = KIND_BADGES[change.kind], _FATES[change.kind]
    name = shorten(key_name(change.key), max(width - len(fate) - 6, 8))
    return Content.assemble("  ", badge.content(), f" {name}  ", (fate, "$quiet")).truncate(width, ellipsis=True)
