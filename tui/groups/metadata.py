"""The metadata of a database as JSON, to be looked at and edited."""

from __future__ import annotations

from typing import ClassVar

import orjson
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from catalog import CatalogError, InvalidJsonError, read_json
from tui.drafts import Draft
from tui.kit.dialog import KEPT, Dialog, drafted
from tui.kit.json_area import JsonArea
from tui.kit.plain import plain
from tui.kit.trouble import said

_MOST_BYTES = 4 << 20
_MOST_EDITED = 300_000
"""Characters; an editor of more would keep the screen waiting."""
_NOTE = "Anything that is JSON. Saving makes a change of yours; a push sends it."


class MetadataDialog(Dialog[str]):
    """Gives the JSON text to be saved; None when nothing is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
        Binding("ctrl+s", "save", "Save", show=False, priority=True),
    ]

    def __init__(self, name: str, draft: Draft) -> None:
        super().__init__()
        self._database = name
        self._draft = draft
        self._before: str | None = None
        self._is_waiting = True

    @property
    def takes_keys(self) -> bool:
        """Only once there is a text to change."""
        return not self._is_waiting or not self.is_open

    def compose(self) -> ComposeResult:
        """The text, a line for what is wrong with it, and the buttons."""
        with Vertical(classes="box wide metadata") as box:
            box.border_title = Content(f"Metadata of {plain(self._database)}")
            box.border_subtitle = "ctrl+s save · esc leaves it as a draft"
            yield JsonArea("", read_only=True, show_line_numbers=True, tab_behavior="indent", id="metadata")
            yield Static(Content(""), id="said")
            with Horizontal(classes="buttons"):
                yield Button("Begin anew", id="anew", compact=True)
                yield Button("Cancel", id="stay", compact=True)
                yield Button("Tidy", id="tidy", compact=True)
                yield Button("Save", id="go-on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the text."""
        self.query_one(TextArea).focus()
        self.query_one("#anew").display = False
        self._say("Reading the metadata…", "$quiet")

    def fill(self, text: str) -> None:
        """Begin with the text as it is."""
        self.once_there(lambda: self._fill(text))

    def _fill(self, text: str) -> None:
        self._is_waiting = False
        if len(text) > _MOST_EDITED:
            words = f"The metadata of {self._database} is too long to be edited here. It can be set from Python."
            self._say(words, "$state-ahead")
            return
        self._before = text
        kept = self._draft.kept
        area = self.query_one(TextArea)
        area.text, area.read_only = kept.values.get("text", text) if kept else text, False
        self.query_one("#anew").display = kept is not None
        self.query_one("#said", Static).update(drafted(kept) if kept else Content.styled(_NOTE, "$quiet"))
        self.changed()

    def explain(self, error: CatalogError) -> None:
        """Say why there is nothing to begin with."""
        self._is_waiting = False
        self.once_there(lambda: self._say(said(error), "$state-trouble"))

    def _say(self, words: str, style: str) -> None:
        self.query_one("#said", Static).update(Content.styled(plain(words), style))

    def _value(self) -> object:
        """What was typed.

        Raises:
            ValueError: when it is no JSON; the cursor is then where it stops being it.
        """
        area = self.query_one(TextArea)
        try:
            value = read_json(area.text)
        except InvalidJsonError as error:
            area.move_cursor((error.line - 1, error.column - 1))
            words = error.what.removeprefix("it is no JSON: ")
            raise ValueError(f"This is no JSON yet: {words}, in line {error.line}, column {error.column}.") from None
        if len(orjson.dumps(value)) > _MOST_BYTES:
            raise ValueError("This takes more than 4 MiB; metadata is meant to be read. Make it shorter.")
        return value

    @on(TextArea.Changed)
    def _typed(self) -> None:
        text = self.query_one(TextArea).text
        if self._before is None:
            return
        if text != self._before:
            self._draft.keep({"text": text})
        kept = self._draft.kept
        if kept is None or kept.values.get("text") != text or not self.query_one("#anew").display:
            self._say(_NOTE, "$quiet")

    def action_save(self) -> None:
        """Give the text, if it is JSON."""
        if self._before is None:
            return
        try:
            self._value()
        except ValueError as error:
            self._say(str(error), "$state-trouble")
            self.query_one(TextArea).focus()
        else:
            self.dismiss(self.query_one(TextArea).text)

    def _tidy(self) -> None:
        if self._before is None:
            return
        try:
            value = self._value()
        except ValueError as error:
            self._say(str(error), "$state-trouble")
        else:
            self.query_one(TextArea).text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        self.query_one(TextArea).focus()

    def action_cancel(self) -> None:
        """Close; what was typed is kept as a draft."""
        if self._before is not None and self.query_one(TextArea).text != self._before:
            self.notify(KEPT, markup=False)
        self.dismiss(None)

    def _begin_anew(self) -> None:
        self._draft.forget()
        area = self.query_one(TextArea)
        area.text = self._before or ""
        area.focus()
        self.query_one("#anew").display = False
        self._say(_NOTE, "$quiet")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "go-on":
                self.action_save()
            case "anew":
                self._begin_anew()
            case "tidy":
                self._tidy()
            case _:
                self.action_cancel()
