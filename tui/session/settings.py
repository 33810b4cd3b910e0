"""The settings in effect, where they come from, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tui.command import Command
from tui.kit.columns import Fact, beside
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.reader import Reader
from tui.options import Found, Settings

_NAME_WIDTH = 13


class SettingsDialog(Dialog[None]):
    """Shows the settings; they are changed in their file, and read when the program starts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,comma,enter", "dismiss", "Close", show=False),
        Binding("c", "copy_path", "Copy the path", show=False),
    ]

    def __init__(self, found: Found, commands: Mapping[str, Command]) -> None:
        super().__init__()
        self._found = found
        self._commands = commands

    def compose(self) -> ComposeResult:
        """One text to scroll."""
        with Vertical(classes="box wide") as box:
            box.border_title = "Settings"
            box.border_subtitle = "c copies the path · esc closes" if self._found.path else "esc closes"
            yield Reader(self._lines)

    def _lines(self, width: int) -> list[Content]:
        lines = beside([("file", self._where())], width, _NAME_WIDTH, indent=0)
        for problem in self._found.problems:
            lines += beside([("", Content.styled(f"✗ {plain(problem)}", "$state-trouble"))], width, _NAME_WIDTH, indent=0)
        lines.append(Content(""))
        lines += beside([self._fact(name) for name in Settings.model_fields if name != "keys"], width, _NAME_WIDTH, indent=0)
        lines.append(Content(""))
        keys = self._found.settings.keys
        if keys:
            lines.append(Content.styled("Keys of your own", "bold $primary"))
            facts: list[Fact] = [(keys[name], Content(self._commands[name].help)) for name in keys]
            lines += beside(facts, width, _NAME_WIDTH, "$accent", indent=0)
            lines.append(Content(""))
        note = "`catalog settings` prints a file with every setting and every command, to begin with. It is read at the start."
        lines += beside([("", Content.styled(note, "$quiet"))], width, 0, indent=0)
        return lines

    def _where(self) -> Content:
        found = self._found
        if found.path is None:
            return Content.styled("none: these are the defaults", "$quiet")
        there = "" if found.exists else "  does not exist yet: these are the defaults"
        return Content.assemble((plain(str(found.path)), "bold"), (there, "$quiet"))

    def _fact(self, name: str) -> Fact:
        value = getattr(self._found.settings, name)
        words = str(value).lower() if isinstance(value, bool) else plain(f"{value:g}" if isinstance(value, float) else str(value))
        own = "  set in the file" if self._found.is_own(name) else ""
        return name, Content.assemble(
            (words, "bold"), (own, "$state-good"), (f"  {Settings.model_fields[name].description}", "$quiet")
        )

    def action_copy_path(self) -> None:
        """Copy the path of the file, to open it in an editor."""
        if self._found.path:
            self.app.copy_to_clipboard(str(self._found.path))
            self.notify("Copied the path.", markup=False)
