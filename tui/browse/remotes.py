"""How databases and groups stand to their remotes: asked when they are listed, now and then, and when something was done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from catalog import Catalog, Entry, Status
from tui.groups.library import read_group_status
from tui.groups.messages import GroupStatusRead
from tui.jobs import Jobs, Work
from tui.messages import JobFailed, StatusRead
from tui.reading import read_status
from tui.trust import Vouching

from .gathering import Gathering

if TYPE_CHECKING:
    from .screen import BrowseScreen

_ASKING = "Asking a remote"


class Remotes:
    """Asks, and gives the screen what is answered: ``statuses``, ``group_statuses``, and how many it is still ``asking``.

    ``changed`` is told the keys of the databases of which there is news.
    """

    def __init__(
        self,
        screen: BrowseScreen,
        catalog: Catalog,
        jobs: Jobs,
        vouching: Callable[[Entry], Vouching],
        changed: Callable[[Collection[str]], None],
    ) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._changed = changed
        self._gathering = Gathering(screen, self._spread)

    def ask_all(self) -> None:
        """Ask about all that is listed; of what was not known yet, first what is known on this machine."""
        listings = self._screen.listings or ()
        entries = [entry for listing in listings for entry in listing.entries]
        works = [self._work(entry, ask_remote=False) for entry in entries if entry.key not in self._screen.statuses]
        works += [self._work(entry) for entry in entries]
        works += [partial(read_group_status, self._catalog, listing.name) for listing in listings]
        self._ask(works, len(entries) + len(listings))

    def ask_again(self) -> None:
        """Ask about all that is listed, unless that is being done."""
        if not self._screen.asking:
            self.ask_all()

    def ask(self, entry: Entry) -> None:
        """Ask about one database."""
        self._ask([self._work(entry)], 1)

    def _work(self, entry: Entry, *, ask_remote: bool = True) -> Work:
        return partial(read_status, self._catalog, entry, self._vouching(entry), ask_remote)

    def _ask(self, works: list[Work], remotes: int) -> None:
        self._screen.asking += remotes
        self._jobs.read_all("statuses", _ASKING, works, self._screen)

    def take(self, message: StatusRead) -> None:
        """Take what is known of a database."""
        self._gathering.take(message, self._screen.statuses, sum(len(listing.entries) for listing in self._screen.listings or ()))

    def _spread(self, news: Mapping[str, Status], answered: int) -> None:
        self._answered(answered)
        self._screen.statuses = {**self._screen.statuses, **news}
        self._changed(news.keys())

    def take_group(self, message: GroupStatusRead) -> None:
        """Take what is known of a group."""
        self._answered(1)
        self._screen.group_statuses = {**self._screen.group_statuses, message.group: message.status}

    def note_failure(self, message: JobFailed) -> None:
        """Wait no longer for an answer that a failed job will not bring."""
        if message.what == _ASKING:
            self._answered(1)

    def _answered(self, remotes: int) -> None:
        self._screen.asking = max(0, self._screen.asking - remotes)
