"""What is done about databases as a whole, and about the keys they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog import Catalog
from tui.dialogs.keys import KeysDialog
from tui.jobs import Jobs
from tui.messages import KeysSaved
from tui.screens.credentials import CredentialsScreen, prefilled, saved_words

if TYPE_CHECKING:
    from tui.screens.browse import BrowseScreen


class ManagingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs

    def enter_keys(self) -> None:
        """Ask for the keys of the selected database."""

        def entered(saved: KeysSaved | None) -> None:
            if saved:
                self._screen.tell(saved_words(saved))
                self._screen.keys_changed()

        self._screen.app.push_screen(KeysDialog(self._jobs, *prefilled(self._screen.entry)), entered)

    def credentials(self) -> None:
        """Show which keys there are."""
        screen = self._screen
        screen.app.push_screen(CredentialsScreen(self._catalog, self._jobs, screen.entry, screen.places, screen.keys_changed))
