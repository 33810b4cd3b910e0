"""How databases and groups stand to their remotes: asked when they are listed, now and then, and when something was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from textual.screen import Screen

from catalog import Catalog, CatalogError, Entry, Status
from tui.facts import Facts
from tui.jobs import Jobs
from tui.listing import GroupListing
from tui.trust import Vouching
from tui.work import ReadFailed, begin

from .gathering import Gathering
from .library import Stand, read_group_status, read_status

_ASKING = "Asking a remote"
Call = Callable[[], Stand]


class Remotes:
    """Asks, and notes in the store of facts what is answered, and who was asked."""

    def __init__(
        self,
        screen: Screen[None],
        facts: Facts,
        listings: Callable[[], Sequence[GroupListing]],
        catalog: Catalog,
        jobs: Jobs,
        vouching: Callable[[Entry], Vouching],
    ) -> None:
        self._screen = screen
        self._facts = facts
        self._listings = listings
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._gathering = Gathering(screen, self._spread)

    def ask_all(self) -> None:
        """Ask about all that is listed; of what was not known yet, first what is known on this machine."""
        listings = self._listings()
        entries = [entry for listing in listings for entry in listing.entries]
        known = self._facts.statuses
        calls = [self._call(entry, ask_remote=False) for entry in entries if entry.key not in known]
        calls += [self._call(entry) for entry in entries]
        calls += [partial(read_group_status, self._catalog, listing.name) for listing in listings]
        self._ask(calls, [*(entry.key for entry in entries), *(listing.name for listing in listings)])

    def ask_again(self) -> None:
        """Ask about all that is listed, unless that is being done."""
        if not self._facts.asking:
            self.ask_all()

    def ask(self, entry: Entry) -> None:
        """Ask about one database."""
        self._ask([self._call(entry)], [entry.key])

    async def look(self, entry: Entry, *, is_silent: bool = False) -> Status:
        """Ask about one database, and wait for the answer.

        Raises:
            ReadError: when it cannot be asked.
        """
        self._facts.ask([entry.key], is_silent=is_silent)
        try:
            found = await self._jobs.call(_ASKING, self._call(entry))
        finally:
            self._facts.answer([entry.key], is_silent=is_silent)
        self._facts.take({entry.key: found.status})
        return found.status

    async def look_at_group(self, name: str) -> None:
        """Ask in silence about the own file of a group."""
        self._facts.ask([name], is_silent=True)
        try:
            found = await self._jobs.call(_ASKING, partial(read_group_status, self._catalog, name))
        finally:
            self._facts.answer([name], is_silent=True)
        self._facts.take_group(name, found.status)

    def _call(self, entry: Entry, *, ask_remote: bool = True) -> Call:
        return partial(read_status, self._catalog, entry, self._vouching(entry), ask_remote)

    def _ask(self, calls: list[Call], names: list[str]) -> None:
        self._facts.ask(names)
        begin(self._screen, self._take_all(calls, names))

    async def _take_all(self, calls: list[Call], names: list[str]) -> None:
        """Take every answer; who has not been heard of in the end has failed, which was told."""
        silent = [*names]
        async for found in self._jobs.each("statuses", calls):
            if isinstance(found, Stand) and found.name in silent and found.asked_remote:
                silent.remove(found.name)
            self.take(found)
        self._facts.answer(silent)

    def take(self, found: Stand | CatalogError) -> None:
        """Take what was answered, or why nothing was."""
        if isinstance(found, CatalogError):
            self._screen.post_message(ReadFailed(_ASKING, found))
        elif found.entry is not None:
            total = sum(len(listing.entries) for listing in self._listings())
            self._gathering.take(found.entry, found, self._facts.statuses, total)
        else:
            self._facts.answer([found.group])
            self._facts.take_group(found.group, found.status)

    def _spread(self, news: Mapping[str, Status], answered: Sequence[str]) -> None:
        self._facts.answer(answered)
        self._facts.take(news, heard=frozenset(answered))
