"""What is done with earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog import Commit
from tui.commands import Place
from tui.messages import Opened
from tui.screens.history import History

if TYPE_CHECKING:
    from tui.screens.browse import BrowseScreen


class HistoryActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, history: History) -> None:
        self._screen = screen
        self._history = history

    @property
    def _selected(self) -> tuple[Opened, Commit]:
        opened, commit = self._screen.opened, self._screen.history_pane.list.commit
        assert opened is not None
        assert commit is not None
        return opened, commit

    def history(self) -> None:
        """Go to the commits."""
        self._screen.go_to(Place.HISTORY)

    def mark_commit(self) -> None:
        """Mark a commit, or take the mark away."""
        self._screen.history_pane.list.mark()

    def open_at(self) -> None:
        """Look at the keys of this commit."""
        self._history.open_at(*self._selected)

    def undo(self) -> None:
        """Ask about taking the last push back."""
        if self._screen.opened:
            self._history.plan(self._screen.opened, None)

    def revert(self) -> None:
        """Ask about going back to this commit."""
        self._history.plan(*self._selected)

    def tag(self) -> None:
        """Ask for a name."""
        opened, commit = self._selected
        commits = self._screen.history_pane.list
        self._history.ask_tag(opened.entry, commit, commits.newest, commits.tags)

    def untag(self) -> None:
        """Ask which name goes."""
        opened, commit = self._selected
        commits = self._screen.history_pane.list
        self._history.ask_untag(opened.entry, commit, commits.newest, commits.tags_here)

    def leave_past(self) -> None:
        """Look at the newest state again."""
        self._screen.opening.leave_past()
