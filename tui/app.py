"""The Textual application: themes, the one screen, and how the program ends."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any, ClassVar

from textual import constants, events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider

from catalog import Catalog

from .collector import RestingCollector, patient_collector
from .jobs import Jobs
from .palette import CommandProvider
from .requests import RequestLog
from .screens.browse import BrowseScreen
from .settings import Found, read_settings
from .themes import DARK, LIGHT, own_colours

_LOOK_EVERY = 5.0


class CatalogApp(App[None]):
    """The program over one catalog."""

    TITLE = "catalog"
    CSS_PATH: ClassVar[list[str]] = ["app.tcss", "screens/browse.tcss"]  # type: ignore[assignment]
    COMMANDS: ClassVar[set[type[Provider]]] = {CommandProvider}  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (84, "-medium"), (132, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]

    def __init__(self, catalog: Catalog, *, is_read_only: bool = False, found: Found | None = None) -> None:
        # Textual's log of events, where TEXTUAL_LOG asks for it, quotes every key that is pressed and all that is pasted.
        constants.LOG_FILE = None  # type: ignore[misc]
        super().__init__()
        self.jobs = Jobs()
        self.requests = RequestLog()
        catalog.observer = self.requests.note
        self.found = found or Found()
        settings = self.found.settings
        self._browse = BrowseScreen(catalog, self.jobs, settings, is_read_only=is_read_only or settings.read_only)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = settings.theme_name
        self.set_keymap(dict(settings.keys))

    def on_mount(self) -> None:
        """Say what is wrong with the settings."""
        if problems := self.found.problems:
            words = problems[0] if len(problems) == 1 else f"The settings have {len(problems)} mistakes, which are left out."
            self._browse.tell(words, "warning", "\n".join((*problems[:3], f"{self.found.path}: the rest of it holds.")))

    def get_default_screen(self) -> BrowseScreen:
        """The program has one screen, with dialogs over it."""
        return self._browse

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The program's own colours where a theme does not define them."""
        return own_colours(self.current_theme)

    def switch_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    async def action_quit(self) -> None:
        """Leave, after a question when something is running."""
        if self.screen is self._browse or not self.jobs.transfers:
            self._browse.action_command("quit")

    def on_unmount(self) -> None:
        """End the jobs, and close what is open."""
        self.jobs.close()
        if self._browse.opened:
            self._browse.opened.database.close()

    def _log(self, *_: Any, **__: Any) -> None:
        """Tell nothing to Textual's developer console, for the same reason."""

    def _fatal_error(self) -> None:
        """End with where the program failed, and nothing of what it was holding."""
        self.bell()
        self._exit_renderables.append(crash_report(sys.exc_info()[1]))
        self._close_messages_no_wait()


class Program(CatalogApp):
    """The application where it has the process to itself, and says when garbage is collected."""

    _collector = RestingCollector()

    def on_ready(self) -> None:
        """Collect when there is time for it."""
        self.set_interval(_LOOK_EVERY, self._collector.look)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there."""
        if isinstance(event, events.InputEvent):
            self._collector.touched()
        await super().on_event(event)


def crash_report(error: BaseException | None) -> str:
    """Say where the program failed: the kind of error and the lines passed, without values and without the error's own text.

    Either may quote what the program was holding, and that may be a secret.
    """
    lines = ["catalog stopped because of a fault in the program. Changes that were saved are kept; nothing half-done was pushed."]
    if error is not None:
        lines.append(f"{type(error).__module__}.{type(error).__qualname__} at")
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    lines.append("Please report this, with the lines above.")
    return "\n".join(lines)


def run(catalog: Catalog, *, read_only: bool = False, settings_file: Path | None = None) -> int:
    """Run the program until the user leaves it; gives the exit code. Settings that are wrong are told, and left out."""
    found = read_settings(settings_file) if settings_file else None
    app = Program(catalog, is_read_only=read_only, found=found)
    with patient_collector():
        app.run()
    return app.return_code or 0
