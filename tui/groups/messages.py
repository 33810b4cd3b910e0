"""What jobs that manage a catalog tell the screen or a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog import CatalogError, Entry, GroupRecord, SearchIndex, SearchResults, Status, Summary
from tui.kit.columns import Fact
from tui.messages import Answer, Opened


@dataclass(frozen=True)
class RemovedDatabase:
    """An entry that was removed from a group, as it was stored there."""

    group: str
    entry: Entry
    stored: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it was called."""
        return self.entry.name


@dataclass(frozen=True)
class RemovedGroup:
    """A group that was removed from this machine's catalog."""

    record: GroupRecord

    @property
    def name(self) -> str:
        """What it was called."""
        return self.record.name


Removed = RemovedDatabase | RemovedGroup


@dataclass
class Managed(Answer):
    """Something was done: said in words, with the group and database to go to, the one that changed, and what can be put back."""

    text: str
    details: str = ""
    select: tuple[str, str] | None = None
    changed: Entry | None = None
    removed: Removed | None = None
    is_listed_anew: bool = True
    puts_back: bool = False


@dataclass
class ManagingFailed(Answer):
    """Something that takes longer was not done."""

    verb: str
    name: str
    error: CatalogError


@dataclass
class Tested(Answer):
    """A place that was typed into a form answers; what is there."""

    facts: tuple[Fact, ...]


@dataclass
class Checked(Answer):
    """What was typed into a form can be done; ``plan`` is what to ask about next."""

    plan: Any


@dataclass
class GroupStatusRead(Answer):
    """The state of a group's own file is known."""

    group: str
    status: Status


@dataclass
class SharePlanned(Answer):
    """What a push of a group would send was counted."""

    group: str
    summary: Summary


@dataclass
class MetadataRead(Answer):
    """The metadata of a database was read, as JSON text."""

    opened: Opened
    text: str


@dataclass
class DetailsRead(Answer):
    """What is asked about a database when its details are looked at: whose lock it is, whose keys are used, its metadata."""

    entry: Entry
    facts: tuple[Fact, ...]
    metadata: str


@dataclass
class IndexMade(Answer):
    """The catalog can be searched."""

    index: SearchIndex


@dataclass
class SearchDone(Answer):
    """What was found of a text."""

    text: str
    results: SearchResults
