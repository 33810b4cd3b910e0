"""Which database is open: the one on which the cursor rests, or what stands in the way of that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer

from catalog import Catalog, CatalogError, Entry, NotApprovedError, State, Status
from tui.jobs import Jobs, ReadError
from tui.kit.trouble import in_words, told, trouble
from tui.listing import GroupListing
from tui.opened import Opened
from tui.trust import Vouching
from tui.work import begin

from .library import open_database
from .remotes import Remotes

_RESTING = 0.15
"""Seconds the cursor rests on a database before it is opened."""
_OPENING = Content.styled("Opening…", "$quiet")
_UNREADABLE = {State.NO_KEYS, State.NOT_APPROVED, State.DENIED, State.STALE, State.BROKEN, State.UNREACHABLE}


def why_closed(entry: Entry | None, status: Status | None, failure: CatalogError | None = None) -> Content:
    """Say what stands in the way of showing the keys of a database.

    ``status`` is None where it is not known yet; ``failure`` is why it could not be opened when that was tried.
    """
    if entry is None:
        return Content.styled("Choose a database on the left.", "$quiet")
    if status is None or status.file_exists:
        return trouble(failure) if failure else _OPENING
    if status.state in _UNREADABLE:
        ways_out = "r asks again, Enter tries to open it."
        if status.state in {State.NO_KEYS, State.DENIED}:
            ways_out = f"e enters keys, K shows which there are, {ways_out}"
        return told(in_words(status.problem), ways_out, "$state-trouble")
    return Content.assemble(
        ("Not on this machine yet", "bold"),
        ("\n\nPress Enter to open it. Its index is fetched now, values when you look at them.", "$quiet"),
    )


class Selection(Protocol):
    """What is selected, and what is open of it, as the main screen shows it; ``words`` stand where nothing is open."""

    listings: tuple[GroupListing, ...] | None
    entry: Entry | None
    status: Status | None
    opened: Opened | None
    words: Content

    def keep_place(self) -> None:
        """Keep the place in the keys when the same database is shown again."""

    def tell_failure(self, entry: Entry, error: CatalogError) -> None:
        """Say that a database could not be opened."""


class Opening:
    """Opens what is selected, and shows what is ``opened``, or the ``words`` that stand in its place.

    Its database is closed when another is selected. What is not on this machine is opened only when it is chosen.
    """

    def __init__(
        self,
        screen: Screen[None],
        selection: Selection,
        catalog: Catalog,
        jobs: Jobs,
        vouching: Callable[[Entry], Vouching],
        remotes: Remotes,
        approve: Callable[[Entry], Awaitable[bool]],
    ) -> None:
        self._screen = screen
        self._selection = selection
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._remotes = remotes
        self._approve = approve
        self._resting: Timer | None = None
        self._failure: CatalogError | None = None

    def end(self) -> None:
        """Close what is open, and open nothing."""
        if self._resting:
            self._resting.stop()
        self._jobs.forget("open")
        self._failure = None
        self._selection.opened = None

    def begin(self) -> None:
        """Open the database that is selected now, once the cursor has rested on it."""
        self.explain_closed()
        if self._selection.entry:
            self._rest()

    def _rest(self) -> None:
        self._resting = self._screen.set_timer(_RESTING, self._open_if_here)

    def _open_if_here(self) -> None:
        now = self._selection
        if now.entry and now.opened is None and now.status and now.status.file_exists:
            self.open(now.entry)
        elif now.entry and now.status is None:
            # Its state is still being asked for; look again when the cursor has rested as long again.
            self._rest()

    def explain_closed(self) -> None:
        """Say why nothing is open."""
        now = self._selection
        if now.opened is None:
            is_empty = now.entry is None and not now.listings
            now.words = Content("") if is_empty else why_closed(now.entry, now.status, self._failure)

    def choose(self, entry: Entry) -> None:
        """Open a database, also one that is not on this machine yet."""
        if self._selection.opened is None:
            self._selection.words = _OPENING
            self.open(entry)

    def open(self, entry: Entry) -> None:
        """Open a database, or open it anew."""
        self._failure = None
        begin(self._screen, self._open(entry))

    async def _open(self, entry: Entry) -> None:
        vouching = self._vouching(entry)
        try:
            opened = await self._jobs.latest(
                "open", "Opening a database", lambda: open_database(self._catalog, entry, vouching), Opened.close
            )
        except ReadError as failure:
            await self._explain(entry, failure.error)
        else:
            self._show(opened)

    def _show(self, opened: Opened) -> None:
        """Show what was opened, unless another database was selected since."""
        now = self._selection
        if now.entry is None or opened.entry.key != now.entry.key:
            self._jobs.run(opened.close)
            return
        if now.opened is not None:
            now.keep_place()
        is_new_here = now.opened is None and now.status is not None and not now.status.file_exists
        now.opened = opened
        if is_new_here:
            self._remotes.ask(opened.entry)

    async def _explain(self, entry: Entry, error: CatalogError) -> None:
        """Say why a database could not be opened; a place that nobody has vouched for is asked about."""
        now = self._selection
        if now.entry is None or entry.key != now.entry.key:
            return
        self._failure = error
        now.words = trouble(error)
        if not isinstance(error, NotApprovedError):
            now.tell_failure(entry, error)
        elif await self._approve(entry):
            self._remotes.ask(entry)
            self.open(entry)
