"""Looking at keys and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screens.browse import BrowseScreen


class ViewingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen) -> None:
        self._screen = screen

    def filter(self) -> None:
        """Type a prefix."""
        self._screen.keys_pane.open_filter()

    def more(self) -> None:
        """Show more of the value."""
        self._screen.keys_pane.show_more()

    def copy_key(self) -> None:
        """Copy the key of the cursor."""
        row = self._screen.changes_pane.list.change if self._screen.tab == "changes" else self._screen.keys_pane.list.info
        if row:
            self._screen.app.copy_to_clipboard(row.key)
            self._screen.tell("Copied the key.", details=row.key)
