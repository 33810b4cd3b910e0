"""What is done about conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog import Change
from tui.changes.resolving import Resolving
from tui.messages import Opened

if TYPE_CHECKING:
    from tui.browse.screen import BrowseScreen


class ResolvingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, resolving: Resolving) -> None:
        self._screen = screen
        self._resolving = resolving

    @property
    def _selected(self) -> tuple[Opened, Change]:
        opened, change = self._screen.opened, self._screen.changes_pane.list.change
        assert opened is not None
        assert change is not None
        return opened, change

    def versions(self) -> None:
        """Compare other sides."""
        self._screen.changes_pane.next_sides()

    def keep_mine(self) -> None:
        """End a conflict with the value of this copy."""
        opened, change = self._selected
        self._resolving.keep_mine(opened.entry, change)

    def take_theirs(self) -> None:
        """Ask about ending a conflict with their value."""
        opened, change = self._selected
        self._resolving.ask_theirs(opened.entry, change)

    def write_value(self) -> None:
        """Ask for another value."""
        self._resolving.read_sides(*self._selected)

    def settle_all(self) -> None:
        """Ask about ending all conflicts."""
        if self._screen.opened:
            self._resolving.ask_all(self._screen.opened.entry, len(self._screen.changes_pane.list.conflicts))

    def next_conflict(self) -> None:
        """Go to the next conflict."""
        self._screen.changes_pane.list.go_to_conflict(1)

    def previous_conflict(self) -> None:
        """Go to the conflict before."""
        self._screen.changes_pane.list.go_to_conflict(-1)
