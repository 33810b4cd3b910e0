"""What the features may ask of the main screen. They know nothing else of it, and nothing of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from catalog import Catalog, Entry, Progress, Status

from .command import Place, Situation
from .drafts import Drafts
from .jobs import Done, Jobs
from .kit.dialog import Dialog
from .listing import GroupListing
from .opened import Opened
from .trust import Vouching

Severity = Literal["information", "warning", "error"]
D = TypeVar("D", bound=Done)
T = TypeVar("T")
W = TypeVar("W", bound=Dialog[Any])


@dataclass(frozen=True)
class Happening:
    """One line of the session's log."""

    time: str
    severity: Severity
    text: str
    details: str = ""


@dataclass(frozen=True)
class Write:
    """A write to be made: what it is about, what it is called there and in the words of its failure, and ``entry`` if of one."""

    subject: str
    verb: str
    name: str
    entry: Entry | None = None

    @classmethod
    def of(cls, entry: Entry, verb: str) -> Write:
        """A write of a database."""
        return cls(entry.key, verb, entry.name, entry)


class Host(Protocol):
    """The main screen as a feature sees it."""

    @property
    def catalog(self) -> Catalog:
        """The catalog."""

    @property
    def jobs(self) -> Jobs:
        """The calls of the library."""

    @property
    def situation(self) -> Situation:
        """All that decides which commands can be used."""

    @property
    def group(self) -> str:
        """The group that is selected, or that of the database."""

    @property
    def entry(self) -> Entry | None:
        """The database that is selected."""

    @property
    def status(self) -> Status | None:
        """How it stands, as far as is known."""

    @property
    def opened(self) -> Opened | None:
        """The database that is open, in its newest state."""

    @property
    def shown(self) -> Opened | None:
        """The one whose keys are shown: the open one, or an earlier version of it."""

    @property
    def listings(self) -> Sequence[GroupListing] | None:
        """The groups and what is in them; None until they were read."""

    @property
    def drafts(self) -> Drafts:
        """What was typed and not used yet."""

    def vouching(self, entry: Entry) -> Vouching:
        """Which group an entry is from, and whether the user has vouched for its place."""

    def tell(self, text: str, severity: Severity = "information", details: str = "") -> None:
        """Show a message for a while and keep it in the log."""

    def copy(self, text: str) -> None:
        """Put a text on the clipboard."""

    def open(self, dialog: W) -> W:
        """Put a dialog over the screen, at once."""

    def go_to(self, place: Place) -> None:
        """Put the focus at a place."""

    def go_to_database(self, key: str, group: str = "") -> None:
        """Put the cursor of the tree on a database."""

    def list_again(self, wanted: tuple[str, str] | None = None) -> None:
        """Read which groups and databases there are, and go to the one that is wanted there."""

    def ask_again(self) -> None:
        """Ask all remotes again how they stand, and look again at what is open."""

    def look_again(self) -> None:
        """Look again at what is open."""

    async def ask_open(self, slot: str, what: str, call: Callable[[Opened], T]) -> T:
        """Read something of the open database in a slot of the jobs; once more where it was opened anew meanwhile.

        Raises what `Jobs.latest` does.
        """

    async def ask_now(self, entry: Entry) -> Status:
        """How a database stands, from its remote, unless that was heard this very moment; raises ReadError."""

    async def run(self, name: str) -> None:
        """Run a command or an action by its id, or say why it cannot be run now."""

    def show_version(self, opened: Opened | None) -> None:
        """Show the keys of an earlier version in place of those of now; with None those of now again."""

    async def write(self, write: Write, work: Callable[[Progress], D]) -> D | None:
        """Make a write, and say what came of it; None when it did not happen, which was said too."""
