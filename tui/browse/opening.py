"""Which database is open: the one on which the cursor rests, or what stands in the way of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.timer import Timer

from catalog import Catalog, CatalogError, Entry, NotApprovedError, State, Status
from tui.commands import Place
from tui.credentials.approving import Approving
from tui.history.library import VersionOpened
from tui.jobs import Jobs
from tui.kit.trouble import told, trouble
from tui.messages import DatabaseOpened, OpeningFailed
from tui.reading import open_database
from tui.trust import Vouching

from .remotes import Remotes

if TYPE_CHECKING:
    from .screen import BrowseScreen

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
        return told(status.problem, ways_out, "$state-trouble")
    return Content.assemble(
        ("Not on this machine yet", "bold"),
        ("\n\nPress Enter to open it. Its index is fetched now, values when you look at them.", "$quiet"),
    )


class Opening:
    """Opens what is selected, and gives the screen what is ``opened``, or the ``words`` that stand in its place.

    Its database is closed when another is selected. What is not on this machine is opened only when it is chosen.
    """

    def __init__(
        self,
        screen: BrowseScreen,
        catalog: Catalog,
        jobs: Jobs,
        vouching: Callable[[Entry], Vouching],
        remotes: Remotes,
        approving: Approving,
    ) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._remotes = remotes
        self._approving = approving
        self._resting: Timer | None = None
        self._failure: CatalogError | None = None

    def end(self) -> None:
        """Close what is open, and open nothing."""
        if self._resting:
            self._resting.stop()
        self._jobs.forget("open")
        self._failure = None
        self._screen.opened = None

    def begin(self) -> None:
        """Open the database that is selected now, once the cursor has rested on it."""
        self.explain_closed()
        if self._screen.entry:
            self._rest()

    def _rest(self) -> None:
        self._resting = self._screen.set_timer(_RESTING, self._open_if_here)

    def _open_if_here(self) -> None:
        screen = self._screen
        if screen.entry and screen.opened is None and screen.status and screen.status.file_exists:
            self.open(screen.entry)
        elif screen.entry and screen.status is None:
            # Its state is still being asked for; look again when the cursor has rested as long again.
            self._rest()

    def explain_closed(self) -> None:
        """Say why nothing is open."""
        if self._screen.opened is None:
            is_empty = self._screen.entry is None and not self._screen.listings
            self._screen.words = Content("") if is_empty else why_closed(self._screen.entry, self._screen.status, self._failure)

    def choose(self, entry: Entry) -> None:
        """Open a database, also one that is not on this machine yet."""
        if self._screen.opened is None:
            self._screen.words = _OPENING
            self.open(entry)

    def open(self, entry: Entry) -> None:
        """Open a database, or open it anew."""
        self._failure = None
        vouching = self._vouching(entry)
        self._jobs.read_latest("open", "Opening a database", lambda: open_database(self._catalog, entry, vouching), self._screen)

    def take(self, message: DatabaseOpened) -> None:
        """Show what was opened, unless another database was selected since."""
        screen, opened = self._screen, message.opened
        if screen.entry is None or opened.entry.key != screen.entry.key:
            message.drop()
            return
        if screen.opened is not None:
            screen.keys_pane.keep_place()
        is_new_here = screen.opened is None and screen.status is not None and not screen.status.file_exists
        screen.opened = opened
        if is_new_here:
            self._remotes.ask(opened.entry)

    def explain(self, message: OpeningFailed) -> None:
        """Say why a database could not be opened; a place that nobody has vouched for is asked about."""
        entry, error = message.entry, message.error
        if self._screen.entry is None or entry.key != self._screen.entry.key:
            return
        self._failure = error
        self._screen.words = trouble(error)
        if isinstance(error, NotApprovedError):
            self._approving.ask(entry)
        else:
            self._screen.tell(f"{entry.name} could not be opened.", "error", str(error))

    def take_past(self, message: VersionOpened) -> None:
        """Show the keys of an earlier version in place of those of now, unless another database was selected since."""
        screen = self._screen
        if screen.entry is None or screen.opened is None or message.opened.entry.key != screen.entry.key:
            message.drop()
            return
        screen.keys_pane.keep_place()
        screen.past = message.opened
        screen.go_to(Place.KEYS)

    def leave_past(self) -> None:
        """Look at the newest state again."""
        self._jobs.forget("past-open")
        self._screen.keys_pane.keep_place()
        self._screen.past = None
        self._screen.go_to(Place.HISTORY)
