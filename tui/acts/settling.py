"""What is done about differences from the remote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.changes.settling import Settling
from tui.jobs import Jobs

if TYPE_CHECKING:
    from tui.browse.screen import BrowseScreen


class SettlingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, jobs: Jobs, settling: Settling) -> None:
        self._screen = screen
        self._jobs = jobs
        self._settling = settling

    def choose(self) -> None:
        """Choose a change for the next push, or no longer."""
        self._screen.changes_pane.list.choose()

    def choose_all(self) -> None:
        """Choose all of one's own changes, or none."""
        self._screen.changes_pane.list.choose_all()

    def discard(self) -> None:
        """Ask about giving up one change."""
        change = self._screen.changes_pane.list.change
        if self._screen.opened and change:
            self._settling.ask_discard(self._screen.opened.entry, change)

    def discard_all(self) -> None:
        """Ask about giving up all changes."""
        self._plan("discard")

    def push(self) -> None:
        """Ask about a push of what was chosen, or of all."""
        if self._screen.opened:
            self._settling.plan_push(self._screen.opened, self._screen.changes_pane.list.chosen)

    def pull(self) -> None:
        """Ask about a pull."""
        self._plan("pull")

    def _plan(self, verb: str) -> None:
        if self._screen.opened:
            self._settling.plan(self._screen.opened, verb)

    def refresh(self) -> None:
        """Read the catalog again, and ask all remotes."""
        self._screen.read_catalog()
        self._screen.reopen()

    def cancel(self) -> None:
        """Stop what is running, the newest first."""
        self._jobs.transfers[-1].progress.cancel()
