"""What the program asks of the library about what there is and how it stands; all of it is called in a job's thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog import Catalog, CatalogError, Entry, State, Status
from tui.kit.trouble import said
from tui.listing import GroupListing
from tui.opened import Opened
from tui.trust import Vouching


@dataclass(frozen=True)
class Stand:
    """How a database, or a group without one, stands; ``asked_remote`` when its remote had a say."""

    entry: Entry | None
    status: Status
    asked_remote: bool = True
    group: str = ""

    @property
    def name(self) -> str:
        """Whom it is about: the key of the database, or the name of the group."""
        return self.entry.key if self.entry else self.group


def group_files(catalog: Catalog) -> dict[str, Path]:
    """Where the own file of each group is."""
    return {group.name: group.file_path for group in catalog.groups()}


def list_catalog(catalog: Catalog) -> tuple[GroupListing, ...]:
    """List the groups of this machine and what is in them; a group that cannot be read says why."""
    listings = []
    for group in catalog.groups():
        try:
            listings.append(GroupListing(group.name, tuple(catalog.entries(group.name)), connection=group.connection))
        except CatalogError as error:
            listings.append(GroupListing(group.name, (), said(error), group.connection))
    return tuple(listings)


def read_status(catalog: Catalog, entry: Entry, vouching: Vouching, ask_remote: bool) -> Stand:
    """Ask how a database stands to its remote; what cannot be read at all is broken."""
    try:
        status = catalog.status(entry, refresh=ask_remote, **vouching)
    except CatalogError as error:
        status = Status(State.BROKEN, problem=said(error))
    return Stand(entry, status, ask_remote)


def read_group_status(catalog: Catalog, group: str) -> Stand:
    """Ask how a group's own file stands."""
    return Stand(None, catalog.group_status(group), group=group)


def open_database(catalog: Catalog, entry: Entry, vouching: Vouching) -> Opened:
    """Open a database for reading as it is: without pulling, and without its remote where that does not answer."""
    database = catalog.open(entry, "r", pull=False, offline="auto", **vouching)
    return Opened(entry, database, len(database), commit=database.commit)
