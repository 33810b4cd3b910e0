"""What concerns the whole program."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.content import Content

from tui.changes.settling import outcome
from tui.commands import COMMANDS
from tui.groups.messages import Managed
from tui.help import HelpDialog
from tui.jobs import Jobs
from tui.kit.confirm import Confirm
from tui.kit.plain import plain
from tui.kit.reader import paragraphs
from tui.messages import Answer, Discarded, Done, Pulled, Pushed
from tui.session.log import LogDialog
from tui.session.requests import RequestsDialog
from tui.session.settings import SettingsDialog
from tui.session.transfers import TransfersDialog

if TYPE_CHECKING:
    from tui.app import CatalogApp
    from tui.browse.screen import BrowseScreen


def words_of(message: Answer) -> tuple[str, str]:
    """What a write has done, and its details; empty for one that nobody has words for."""
    if isinstance(message, Managed):
        return message.text, message.details
    return outcome(message) if isinstance(message, Pushed | Pulled | Discarded | Done) else ("", "")


class ProgramActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, jobs: Jobs) -> None:
        self._screen = screen
        self._jobs = jobs

    @property
    def _app(self) -> CatalogApp:
        return cast("CatalogApp", self._screen.app)

    def zoom(self) -> None:
        """Give the whole screen to one pane."""
        self._screen.toggle_class("-zoomed")

    def theme(self) -> None:
        """Change between dark and light."""
        self._app.switch_theme()

    def transfers(self) -> None:
        """Show the transfers."""
        self._screen.app.push_screen(TransfersDialog(self._jobs, words_of))

    def requests(self) -> None:
        """Show what was asked of the servers."""
        self._screen.app.push_screen(RequestsDialog(self._app.requests))

    def settings(self) -> None:
        """Show the settings."""
        self._screen.app.push_screen(SettingsDialog(self._app.found))

    def log(self) -> None:
        """Show the log."""
        self._screen.app.push_screen(LogDialog(tuple(self._screen.happenings)))

    def help(self) -> None:
        """Show the help."""
        bound = [active.binding for active in self._screen.active_bindings.values()]
        here = {binding.id for binding in bound}
        elsewhere = [command.binding() for command in COMMANDS if command.id not in here]
        keys: dict[str, list[str]] = defaultdict(list)
        for binding in [*bound, *Binding.make_bindings(elsewhere)]:
            keys[binding.id or ""].append(self._screen.app.get_key_display(binding))
        shown = {name: " ".join(displays) for name, displays in keys.items()}
        self._screen.app.push_screen(HelpDialog(self._screen.situation, shown))

    def quit(self) -> None:
        """Leave, after a question when something is running."""
        running = self._jobs.transfers
        if not running:
            self._screen.app.exit()
            return
        lines = [Content(f"{transfer.verb} of {plain(transfer.name)}") for transfer in running]
        body = Content.assemble(
            "Still running:\n\n  ",
            Content("\n  ").join(lines),
            ("\n\nLeaving stops it. Nothing half-done is visible to anyone, and your changes are kept.", "$quiet"),
        )

        def leave(yes: bool | None) -> None:
            if yes:
                self._screen.app.exit()

        self._screen.app.push_screen(Confirm("Leave?", paragraphs(body), "Stop it and leave", stay="Stay"), leave)
