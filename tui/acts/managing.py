"""What is done about groups and databases as a whole, and about the keys they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog import Catalog
from tui.credentials.keys import KeysDialog
from tui.credentials.screen import CredentialsScreen, prefilled, saved_words
from tui.groups.managing import Managing
from tui.jobs import Jobs
from tui.messages import KeysSaved

if TYPE_CHECKING:
    from tui.browse.screen import BrowseScreen


class ManagingActs:
    """One method for each command of its kind, with the command's id for a name. Whether it can be used was asked before."""

    def __init__(self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs, managing: Managing) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._managing = managing

    def search(self) -> None:
        """Search the catalog."""
        self._managing.search()

    def add(self) -> None:
        """Offer what can be added."""
        self._managing.offer("add")

    def edit(self) -> None:
        """Offer what can be edited."""
        self._managing.offer("edit")

    def bring_in(self) -> None:
        """Offer what files can be brought into."""
        self._managing.offer("import")

    def export(self) -> None:
        """Offer where to the database can go."""
        self._managing.offer("export")

    def remove(self) -> None:
        """Offer what can be removed."""
        self._managing.offer("remove")

    def put_back(self) -> None:
        """Undo the last removal."""
        self._managing.put_back()

    def share_group(self) -> None:
        """Push the group."""
        self._managing.share()

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
