"""The Textual application: themes, the one screen, how the program starts and how it ends.

What is imported here is loaded before anything is drawn; the library and the main screen come behind a curtain.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import signal
import sys
import threading
import tomllib
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual import constants, events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.screen import Screen

from tui.kit.amounts import quantity
from tui.kit.themes import DARK, LIGHT, own_colours

from .collector import RestingCollector, patient_collector
from .curtain import Curtain
from .frame import Frame, FrameUpdate
from .gate import KeyGate
from .private_file import LEFT, read_json

if TYPE_CHECKING:
    from catalog import Catalog
    from tui.browse.screen import BrowseScreen
    from tui.session.request_log import RequestLog

    from .jobs import Jobs
    from .options import Found

_LOOK_EVERY = 5.0
_ENDING = [getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM") if hasattr(signal, name)]
"""What asks a program to end: a closed terminal, `kill`, `docker stop`."""


def _commands() -> type[Provider]:
    from .palette import CommandProvider  # noqa: PLC0415 - it brings the main screen

    return CommandProvider


class CatalogApp(App[None]):
    """The program over one catalog."""

    TITLE = "catalog"
    # Textual 8.2.8 fails when the mouse goes down on something that was removed and is still in the picture.
    ALLOW_SELECT = False
    CSS_PATH: ClassVar[list[str]] = ["app.tcss", "browse/browse.tcss"]  # type: ignore[assignment]
    COMMANDS: ClassVar[set[Callable[[], type[Provider]]]] = {_commands}  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-medium"), (116, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+l", "redraw", "Draw again", show=False),
    ]

    def __init__(
        self, catalog: Catalog, *, is_read_only: bool = False, found: Found | None = None, keeps: Path | None = None
    ) -> None:
        self._prepare()
        self._set_up(catalog, found, keeps, is_read_only=is_read_only)

    def _prepare(self) -> None:
        """Be ready to draw."""
        # Textual's log of events, where TEXTUAL_LOG asks for it, quotes every key that is pressed and all that is pasted.
        constants.LOG_FILE = None  # type: ignore[misc]
        super().__init__()
        self.animation_level = "none"
        self._frame = Frame()
        self.gate = KeyGate(self, super().on_event)
        self._is_leaving = False
        self.register_theme(DARK)
        self.register_theme(LIGHT)

    def _set_up(self, catalog: Catalog, found: Found | None, keeps: Path | None, *, is_read_only: bool) -> None:
        """Make the main screen over a catalog; what is typed, and how it is left, is kept in the folder ``keeps``, if any."""
        from tui.browse.screen import BrowseScreen  # noqa: PLC0415
        from tui.session.request_log import RequestLog  # noqa: PLC0415

        from .jobs import Jobs  # noqa: PLC0415 - loaded behind the curtain
        from .keepsakes import Keepsakes  # noqa: PLC0415
        from .options import Found as NoFile  # noqa: PLC0415

        self.jobs: Jobs = Jobs()
        self.requests: RequestLog = RequestLog()
        catalog.observer = self.requests.note
        self.found: Found = found or NoFile()
        settings = self.found.settings
        is_read_only = is_read_only or settings.read_only
        self.kept: Keepsakes = Keepsakes.in_folder(keeps)
        self._browse: BrowseScreen = BrowseScreen(
            catalog, self.jobs, self.found, self.requests, self.switch_theme, self.kept, is_read_only=is_read_only
        )
        left = self.kept.remembered.left
        is_chosen = left.settings_theme == settings.theme and left.theme in self.available_themes
        self.theme = left.theme if is_chosen else settings.theme_name
        self.set_keymap(dict(settings.keys))

    def on_mount(self) -> None:
        """Begin."""
        self._begin()

    @property
    def is_up(self) -> bool:
        """Whether the main screen is there."""
        return True

    def _begin(self) -> None:
        """Say what is wrong with the settings."""
        first, *others = (*self.found.problems, "")
        if others:
            more = f" Settings show {quantity(len(others) - 1, 'more mistake')}." if len(others) > 1 else ""
            self._browse.tell(first, "warning", f"{self.found.path}: the rest of it holds.{more}")

    def get_default_screen(self) -> Screen[Any]:
        """The program has one screen, with dialogs over it."""
        return self._browse

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The program's own colours where a theme does not define them."""
        return own_colours(self.current_theme)

    def switch_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name
        self.kept.remembered.note(theme=self.theme, settings_theme=self.found.settings.theme)

    def action_help_quit(self) -> None:
        """Say how to leave to who presses what interrupts elsewhere."""
        self._browse.tell("ctrl+q leaves the program, and so does q where nothing is typed.")

    async def action_quit(self) -> None:
        """Leave, after a question when something is running."""
        if self.screen is self._browse or not self.jobs.transfers:
            await self._browse.action_command("quit")

    def on_unmount(self) -> None:
        """End."""
        self.gate.close()
        self._end()

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait for their turn."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.gate.take(event)
            return
        if isinstance(event, events.MouseDown):
            self.gate.acted = event.time
        await super().on_event(event)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; what is typed after that is for nobody."""
        self._is_leaving = True
        self.gate.close()
        super().exit(result, return_code, message)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write what has changed of what is drawn."""
        shown: Any = renderable
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            shown = FrameUpdate(self._frame, renderable, self.size)
        super()._display(screen, shown)

    def on_resize(self) -> None:
        """Draw all of it, also after the program was stopped or something else had the terminal meanwhile."""
        self.action_redraw()

    def on_app_focus(self) -> None:
        """Somebody has come back."""
        if self.is_up:
            self._browse.came_back()

    def action_redraw(self) -> None:
        """Draw everything again: another program may have written to the terminal."""
        self._frame.forget()
        self.refresh()

    def _end(self) -> None:
        """End the jobs, write what is to be kept, and close what is open."""
        self.jobs.close()
        self.kept.save()
        if self._browse.opened:
            self._browse.opened.database.close()

    def _log(self, *_: Any, **__: Any) -> None:
        """Tell nothing to Textual's developer console, for the same reason."""

    def _handle_exception(self, error: Exception) -> None:
        """Take a part that is not there for a fault, but not once all of them go: one may just be arriving then."""
        is_going = self._is_leaving or not self._running
        if not (is_going and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End with where the program failed, and nothing of what it was holding."""
        self.bell()
        self._exit_renderables.append(crash_report(sys.exc_info()[1]))
        self._close_messages_no_wait()


class Program(CatalogApp):
    """The application where it has the process to itself.

    It draws its frame, then loads all the rest, and says when garbage is collected.
    """

    _collector = RestingCollector()

    def __init__(
        self,
        bring: Callable[[], tuple[Catalog, Found | None]],
        *,
        is_read_only: bool = False,
        theme: str = DARK.name,
        keeps: Path | None = None,
    ) -> None:
        self._prepare()
        self.gate.hold()
        self._bring = bring
        self._read_only_asked = is_read_only
        self._keeps = keeps
        self._curtain = Curtain()
        self._is_up = False
        self.failure: Exception | None = None
        self.theme = theme if theme in self.available_themes else DARK.name

    def get_default_screen(self) -> Screen[Any]:
        """An empty frame."""
        return self._curtain

    def _begin(self) -> None:
        """Load the rest once the frame is drawn."""
        self._curtain.call_after_refresh(threading.Thread(target=self._load, name="catalog-start", daemon=True).start)

    def _load(self) -> None:
        """Import what is slow, in a thread, so that the frame stays alive."""
        # Nothing that is loaded now becomes garbage.
        gc.disable()
        try:
            catalog, found = self._bring()
            importlib.import_module("tui.browse.screen")
        except Exception as error:  # noqa: BLE001 - whatever it is, `run` raises it again outside of the screen
            self.failure = error
            self.call_later(self.exit, return_code=1)
        else:
            self.call_later(self._open, catalog, found)
        finally:
            gc.enable()

    async def _open(self, catalog: Catalog, found: Found | None) -> None:
        """Put the main screen over the frame, with the keys that were pressed meanwhile."""
        self._set_up(catalog, found, self._keeps, is_read_only=self._read_only_asked)
        self._is_up = True
        await self.push_screen(self._browse)
        super()._begin()
        # What was loaded stays: nobody needs to look through it for garbage.
        gc.freeze()
        self.gate.release()

    @property
    def is_up(self) -> bool:
        """Whether the main screen is there."""
        return self._is_up

    def get_driver_class(self) -> type[Driver]:
        """The terminal, on Unix one that may go away."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from .terminal import TerminalDriver  # noqa: PLC0415 - of Unix only

        return TerminalDriver

    def on_load(self) -> None:
        """End well also when somebody asks for it from outside."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.exit, None, 128 + number)

    def _end(self) -> None:
        """End the jobs, and close what is open."""
        if self._is_up:
            super()._end()

    def on_ready(self) -> None:
        """Collect when there is time for it."""
        self.set_interval(_LOOK_EVERY, self._collector.look)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there, who may leave before there is anything else to be done."""
        if isinstance(event, events.InputEvent):
            self._collector.touched()
        if isinstance(event, events.Key) and event.key == "ctrl+q" and not self._is_up:
            self.exit()
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


def _first_theme(settings_file: Path | None, keeps: Path | None = None) -> str:
    """The theme that was chosen last, or that a file of settings names, looked up before there is time to check the files."""
    try:
        name = str(tomllib.loads(settings_file.read_text()).get("theme", "dark")) if settings_file else "dark"
    except (OSError, ValueError):
        name = "dark"
    left = read_json(keeps / LEFT) if keeps else None
    if isinstance(left, dict) and left.get("settings_theme") == name and left.get("theme"):
        return str(left["theme"])
    return {"light": LIGHT.name, "dark": DARK.name}.get(name, name)


def run(
    bring: Callable[[], Catalog], *, read_only: bool = False, settings_file: Path | None = None, keeps: Path | None = None
) -> int:
    """Run the program until the user leaves it; gives the exit code. Settings that are wrong are told, and left out.

    ``bring`` makes the catalog, after the first frame is drawn; what it raises is raised here. In the folder ``keeps`` it keeps
    what was typed and not used, and how it was left.
    """

    def bring_all() -> tuple[Catalog, Found | None]:
        from .settings import read_settings  # noqa: PLC0415

        return bring(), read_settings(settings_file) if settings_file else None

    app = Program(bring_all, is_read_only=read_only, theme=_first_theme(settings_file, keeps), keeps=keeps)
    with patient_collector():
        app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def is_busy() -> bool:
    """Whether a thread of the program still runs: it asks somebody for something, or loads a library."""
    return any(thread.name in {"catalog-job", "catalog-start"} for thread in threading.enumerate())
