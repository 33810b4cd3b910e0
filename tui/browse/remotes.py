"""How databases and groups stand to their remotes: asked when they are listed, now and then, and when something was done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from textual.screen import Screen

from catalog import Catalog, CatalogError, Entry, Status
from tui.jobs import Jobs
from tui.listing import GroupListing
from tui.trust import Vouching
from tui.work import ReadFailed, begin

from .gathering import Gathering
from .library import Stand, read_group_status, read_status

_ASKING = "Asking a remote"
Call = Callable[[], Stand]


class Known(Protocol):
    """What is known of the databases that are listed, as the main screen shows it."""

    listings: tuple[GroupListing, ...] | None
    statuses: Mapping[str, Status]
    group_statuses: Mapping[str, Status]
    asking: int


class Remotes:
    """Asks, and notes what is answered in what is ``known``; also how many it is still asking.

    ``changed`` is told the keys of the databases of which there is news.
    """

    def __init__(
        self,
        screen: Screen[None],
        known: Known,
        catalog: Catalog,
        jobs: Jobs,
        vouching: Callable[[Entry], Vouching],
        changed: Callable[[Collection[str]], None],
    ) -> None:
        self._screen = screen
        self._known = known
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._changed = changed
        self._gathering = Gathering(screen, self._spread)

    def ask_all(self) -> None:
        """Ask about all that is listed; of what was not known yet, first what is known on this machine."""
        listings = self._known.listings or ()
        entries = [entry for listing in listings for entry in listing.entries]
        calls = [self._call(entry, ask_remote=False) for entry in entries if entry.key not in self._known.statuses]
        calls += [self._call(entry) for entry in entries]
        calls += [partial(read_group_status, self._catalog, listing.name) for listing in listings]
        self._ask(calls, len(entries) + len(listings))

    def ask_again(self) -> None:
        """Ask about all that is listed, unless that is being done."""
        if not self._known.asking:
            self.ask_all()

    def ask(self, entry: Entry) -> None:
        """Ask about one database."""
        self._ask([self._call(entry)], 1)

    def _call(self, entry: Entry, *, ask_remote: bool = True) -> Call:
        return partial(read_status, self._catalog, entry, self._vouching(entry), ask_remote)

    def _ask(self, calls: list[Call], remotes: int) -> None:
        self._known.asking += remotes
        begin(self._screen, self._take_all(calls))

    async def _take_all(self, calls: list[Call]) -> None:
        async for found in self._jobs.each("statuses", calls):
            self.take(found)

    def take(self, found: Stand | CatalogError) -> None:
        """Take what was answered, or why nothing was."""
        if isinstance(found, CatalogError):
            self._answered(1)
            self._screen.post_message(ReadFailed(_ASKING, found))
        elif found.entry is not None:
            total = sum(len(listing.entries) for listing in self._known.listings or ())
            self._gathering.take(found.entry, found, self._known.statuses, total)
        else:
            self._answered(1)
            self._known.group_statuses = {**self._known.group_statuses, found.group: found.status}

    def _spread(self, news: Mapping[str, Status], answered: int) -> None:
        self._answered(answered)
        self._known.statuses = {**self._known.statuses, **news}
        self._changed(news.keys())

    def _answered(self, remotes: int) -> None:
        self._known.asking = max(0, self._known.asking - remotes)
