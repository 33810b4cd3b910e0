"""A form: lines to type into, what is wrong with them, and buttons."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.suggester import Suggester, SuggestFromList
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, Label

from catalog import Progress
from tui.drafts import Draft
from tui.jobs import Jobs
from tui.kit.amounts import size
from tui.kit.columns import beside
from tui.kit.dialog import Dialog, drafted
from tui.kit.plain import plain
from tui.kit.reader import Reader, paragraphs
from tui.kit.trouble import way_on
from tui.work import ReadFailed, begin

from .forms import Field, Form, FormError, Values, Work, in_words_of_the_form
from .library import Tested

_EVERY = 0.3
_NAME_WIDTH = 9


class PathSuggester(Suggester):
    """Completes the name of a file or folder that is there."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first name that begins as what was typed."""
        return await asyncio.to_thread(_complete, value)


def _complete(text: str) -> str | None:
    folder, slash, begin = text.rpartition(os.sep)
    if not text or begin in {".", ".."}:
        return None
    try:
        with os.scandir(Path(folder + slash).expanduser() if slash else ".") as entries:
            names = sorted(entry.name + (os.sep if entry.is_dir() else "") for entry in entries if entry.name.startswith(begin))
    except (OSError, ValueError):
        return None
    visible = [name for name in names if begin.startswith(".") or not name.startswith(".")]
    return f"{folder}{slash}{visible[0]}" if begin and visible else None


class FormDialog(Dialog[Any]):
    """Asks, lets a job check or do what was typed, and gives its answer; None when the user does not want to.

    What fails is explained here, with everything that was typed still in its place.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("ctrl+s", "submit", "Go on", show=False, priority=True),
    ]

    def __init__(self, jobs: Jobs, form: Form, draft: Draft) -> None:
        super().__init__()
        self._jobs = jobs
        self._form = form
        self._draft = draft
        self._kept = draft.kept
        self._checking: Progress | None = None
        self._was_at: Widget | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The fields, a note, the buttons."""
        form = self._form
        with Vertical(classes="box form") as box:
            box.border_title = Content(plain(form.title) + (" · draft" if self._kept else ""))
            box.border_subtitle = "enter next field · ctrl+s go on · esc cancel"
            with Vertical(id="fields"):
                for field in form.fields:
                    with Horizontal(classes="field"):
                        yield Label(field.label)
                        yield _input(field, self._first_values[field.id])
            yield Reader(paragraphs(self._note), can_focus=False, id="said")
            with Horizontal(classes="buttons"):
                if self._kept:
                    yield Button("Begin anew", id="anew", compact=True)
                yield Button("Cancel", id="stay", compact=True)
                if form.test:
                    yield Button("Test", id="test", compact=True)
                if form.anyway:
                    yield Button(f"{form.go_on} anyway", id="anyway", compact=True)
                yield Button(form.go_on, id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the first field that is empty and should not be."""
        self._timer = self.set_interval(_EVERY, self._tell_progress, pause=True)
        values = self._first_values
        first = min(self._form.fields, key=lambda field: bool(values[field.id]) or field.is_spare)
        self.query_one(f"#{first.id}").focus()
        for button in self.query("#anyway"):
            button.display = False

    @property
    def _first_values(self) -> Values:
        """What the fields begin with: what was typed into them before and not used, if anything was."""
        kept = self._kept.values if self._kept else {}
        return {field.id: kept.get(field.id, field.value) for field in self._form.fields}

    @property
    def _note(self) -> Content:
        note = Content.styled(self._form.note, "$quiet")
        return Content.assemble(drafted(self._kept), "\n", note) if self._kept else note

    @on(Input.Changed)
    def _typed(self) -> None:
        values = self._values
        if any(values[field.id] != field.value for field in self._form.fields):
            self._draft.keep(values)
        elif not self._kept:
            self._draft.forget()

    def _begin_anew(self) -> None:
        """Forget the draft, and let every field be as it is without one."""
        self._kept = None
        for field in self._form.fields:
            self.query_one(f"#{field.id}", Input).value = field.value
        self._draft.forget()
        self.query_one("#anew").display = False
        self.query_one(".box").border_title = Content(plain(self._form.title))
        self._show(self._note)
        self.query_one(Input).focus()

    @property
    def _values(self) -> Values:
        return {field.id: self.query_one(f"#{field.id}", Input).value for field in self._form.fields}

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        if event.input.id == self._form.fields[-1].id:
            self.action_submit()
        else:
            self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "anew":
            self._begin_anew()
            return
        work = {"go-on": self._form.submit, "test": self._form.test, "anyway": self._form.anyway}.get(event.button.id or "")
        if work is None:
            self.action_cancel()
        else:
            self._start(work)

    def action_submit(self) -> None:
        """Check what was typed, and go on."""
        self._start(self._form.submit)

    def _start(self, make: Callable[[Values], Work]) -> None:
        if self._checking:
            return
        try:
            work = make(self._values)
        except FormError as error:
            self._tell(error.message, error.hint)
            self.query_one(f"#{error.field}").focus()
            return
        progress = self._checking = Progress()
        self._was_at = self.focused
        self._show_checking()
        begin(self, self._take(work, progress))

    async def _take(self, work: Work, progress: Progress) -> None:
        found = await self._jobs.latest("form", self._form.title, lambda: work(progress))
        if isinstance(found, Tested):
            self._stop_checking()
            self.query_one("#said", Reader).show(lambda width: beside(found.facts, width, _NAME_WIDTH, "$state-good", indent=0))
            self.query_one("#go-on").focus()
        else:
            self.dismiss(found)

    def _show_checking(self) -> None:
        """Let nothing be changed while it is checked."""
        is_checking = self._checking is not None
        self.query_one("#fields").disabled = is_checking
        for button in self.query(Button):
            button.disabled = is_checking and button.id != "stay"
        if self._timer:
            (self._timer.resume if is_checking else self._timer.pause)()
        if is_checking:
            self.query_one("#stay").focus()
            self._tell_progress()

    def _tell_progress(self) -> None:
        if self._checking is None:
            return
        report = self._checking.report
        words = "Stopping…" if self._checking.cancelled else f"{report.phase.capitalize() or 'Asking'}…"
        amount = f" {size(report.done_bytes)} of {size(report.total_bytes)}" if report.total_bytes else ""
        self._show(Content.assemble((words + amount, "$accent"), ("\nEscape stops it.", "$quiet")))

    def _tell(self, message: str, hint: str) -> None:
        self._show(Content.assemble((plain(message), "$state-trouble"), (f"\n{plain(hint)}" if hint else "", "$quiet")))

    def _show(self, words: Content) -> None:
        self.query_one("#said", Reader).show(paragraphs(words))

    def _stop_checking(self) -> None:
        self._checking = None
        self._show_checking()

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        """Say what went wrong; everything that was typed stays, and one can go on typing."""
        self._stop_checking()
        self._tell(message.error.message, way_on(message.error, in_words_of_the_form))
        for button in self.query("#anyway"):
            button.display = True
        (self._was_at or self.query_one("#go-on")).focus()

    def action_cancel(self) -> None:
        """Stop what runs; close when nothing does, or at the second time."""
        if self._checking and not self._checking.cancelled:
            self._checking.cancel()
            self._tell_progress()
        else:
            self.dismiss(None)


def _input(field: Field, text: str) -> Input:
    suggester = PathSuggester() if field.is_path else SuggestFromList(field.choices) if field.choices else None
    return Input(text, placeholder=field.placeholder, id=field.id, compact=True, suggester=suggester)
