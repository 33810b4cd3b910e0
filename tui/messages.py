"""What jobs and widgets tell the screen; each is a fact, and only its handler changes what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from textual.message import Message

from catalog import (
    CatalogError,
    Change,
    Commit,
    Database,
    Direction,
    Entry,
    PullResult,
    PushResult,
    S3Connection,
    Status,
    Summary,
)
from catalog.credentials import Profile, SourceReport
from tui.kit.comparison import Comparison

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True)
class GroupListing:
    """One group with its entries, or why they could not be read."""

    name: str
    entries: tuple[Entry, ...]
    problem: str = ""
    connection: S3Connection | None = None


@dataclass(frozen=True, eq=False)
class Opened:
    """A database that is open for reading, and what was learnt when it was opened; ``at`` a commit when it is not the newest."""

    entry: Entry
    database: Database
    keys: int
    at: Commit | None = None


@dataclass(frozen=True)
class ChangeSides:
    """Which two sides of a change are compared: 'base', 'local' or 'remote'."""

    old: str
    new: str


class Answer(Message):
    """What a job found."""

    def drop(self) -> None:
        """Let go of what nobody wants any more."""


@dataclass
class CatalogListed(Answer):
    """The groups and their entries were read."""

    groups: tuple[GroupListing, ...]


@dataclass
class StatusRead(Answer):
    """The state of one database is known; ``asked_remote`` when its remote had a say."""

    entry: Entry
    status: Status
    asked_remote: bool


@dataclass
class DatabaseOpened(Answer):
    """A database was opened for reading."""

    opened: Opened

    def drop(self) -> None:
        """Close it again."""
        self.opened.database.close()


@dataclass
class OpeningFailed(Answer):
    """A database could not be opened."""

    entry: Entry
    error: CatalogError


@dataclass
class ChangesRead(Answer):
    """The differences of a database are known; ``changes`` holds the first of each direction."""

    opened: Opened
    counts: Mapping[Direction, int]
    changes: tuple[Change, ...]


@dataclass
class ComparisonRead(Answer):
    """Two sides of one change were compared; ``problem`` when a side could not be read or shown."""

    opened: Opened
    change: Change
    sides: ChangeSides
    comparison: Comparison
    problem: str = ""


@dataclass
class SettlingPlanned(Answer):
    """What a push or a pull would move was counted."""

    opened: Opened
    verb: str
    summary: Summary


@dataclass
class Pushed(Answer):
    """A push ended well."""

    entry: Entry
    result: PushResult


@dataclass
class Pulled(Answer):
    """A pull ended well."""

    entry: Entry
    result: PullResult


@dataclass
class Discarded(Answer):
    """Unpushed changes were given up."""

    entry: Entry
    keys: int


@dataclass
class Done(Answer):
    """A write ended well; what it has done, in words."""

    entry: Entry
    text: str
    details: str = ""


@dataclass
class WriteFailed(Answer):
    """A push, pull or discard did not happen."""

    entry: Entry
    verb: str
    error: CatalogError


@dataclass
class JobFailed(Answer):
    """A read did not succeed; what it was for stays as it was."""

    what: str
    error: CatalogError


@dataclass(frozen=True)
class ProfileRow:
    """A profile that has keys: in the keyring since ``created``, or in this session only (None)."""

    profile: Profile
    key_id_ending: str = ""
    created: datetime | None = None


@dataclass
class ProfilesListed(Answer):
    """The profiles that have keys."""

    rows: tuple[ProfileRow, ...]


@dataclass
class SourceExplained(Answer):
    """What each source says about the keys of a database."""

    entry: Entry
    reports: tuple[SourceReport, ...]


@dataclass
class KeyringChecked(Answer):
    """Why there is no keyring to use (empty when there is), and how many seconds one is waited for."""

    problem: str
    seconds: float


@dataclass
class KeysSaved(Answer):
    """A key pair is kept."""

    profile: Profile
    in_keyring: bool


@dataclass
class KeysForgotten(Answer):
    """The keys of a profile are gone."""

    profile: Profile


@dataclass
class KeysTried(Answer):
    """A server was asked with the keys of a profile."""

    profile: Profile
    entry: Entry
    status: Status


@dataclass
class Approved(Answer):
    """The place of a database may be used from now on."""

    entry: Entry


@dataclass(frozen=True)
class Happening:
    """One line of the session's log."""

    time: str
    severity: Severity
    text: str
    details: str = ""
