"""Where one goes: into things, back, and between the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.browse.places import IN, OUT
from tui.browse.tree import CatalogTree
from tui.commands import Place

if TYPE_CHECKING:
    from tui.browse.screen import BrowseScreen


class MovingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen

    def go_in(self) -> None:
        """Go into what the cursor is on."""
        if self._screen.place is Place.DATABASES:
            self._screen.query_one(CatalogTree).go_in()
        elif self._screen.place is Place.CHANGES and self._screen.changes_pane.is_at_conflict:
            self._screen.go_to(Place.CONFLICT)
        elif self._screen.place is Place.KEYS and self._screen.keys_pane.step_in():
            self._screen.keys_pane.list.focus()
        elif self._screen.place in IN:
            self._screen.go_to(IN[self._screen.place])

    def go_out(self) -> None:
        """Go back."""
        if self._screen.place in {Place.KEYS, Place.FILTER} and self._screen.keys_pane.step_out():
            self._screen.keys_pane.list.focus()
        elif self._screen.place is Place.KEYS and self._screen.past is not None:
            self._screen.opening.leave_past()
        elif self._screen.place is Place.DATABASES:
            self._screen.query_one(CatalogTree).go_out()
        else:
            self._screen.go_to(OUT[self._screen.place])

    def databases(self) -> None:
        """Go to the tree."""
        self._screen.go_to(Place.DATABASES)

    def keys(self) -> None:
        """Go to the keys."""
        self._screen.go_to(Place.KEYS)

    def changes(self) -> None:
        """Go to the changes."""
        self._screen.go_to(Place.CHANGES)

    def details(self) -> None:
        """Go to the details."""
        self._screen.go_to(Place.DETAILS)
