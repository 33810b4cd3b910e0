"""The reads of the program: each calls the library, in a job's thread, and gives the message that says what it found."""

from __future__ import annotations

from itertools import chain
from typing import Literal

import orjson

from catalog import Catalog, CatalogError, Change, Direction, Entry, State, Status
from tui.keys.library import document
from tui.kit.comparison import MOST_LINES, compare

from .messages import (
    CatalogListed,
    ChangeSides,
    ChangesRead,
    ComparisonRead,
    DatabaseOpened,
    GroupListing,
    Opened,
    OpeningFailed,
    SettlingPlanned,
    StatusRead,
)
from .trust import Vouching
from .values import Document, describe

MOST_CHANGES = 5_000
METADATA_KEY = ""
"""The key under which a change of the metadata is listed; its values are JSON."""
_COMPARED_WIDTH = 44
"""Lines are made short before they are compared, so that a small change is a short line."""
Side = Literal["base", "local", "remote"]


def list_catalog(catalog: Catalog) -> CatalogListed:
    """List the groups of this machine and what is in them; a group that cannot be read says why."""
    listings = []
    for group in catalog.groups():
        try:
            listings.append(GroupListing(group.name, tuple(catalog.entries(group.name)), connection=group.connection))
        except CatalogError as error:
            listings.append(GroupListing(group.name, (), str(error), group.connection))
    return CatalogListed(tuple(listings))


def read_status(catalog: Catalog, entry: Entry, vouching: Vouching, ask_remote: bool) -> StatusRead:
    """Ask how a database stands to its remote; what cannot be read at all is broken."""
    try:
        status = catalog.status(entry, refresh=ask_remote, **vouching)
    except CatalogError as error:
        status = Status(State.BROKEN, problem=str(error))
    return StatusRead(entry, status, ask_remote)


def open_database(catalog: Catalog, entry: Entry, vouching: Vouching) -> DatabaseOpened | OpeningFailed:
    """Open a database for reading as it is: without pulling, and without its remote where that does not answer."""
    try:
        database = catalog.open(entry, "r", pull=False, offline="auto", **vouching)
    except CatalogError as error:
        return OpeningFailed(entry, error)
    return DatabaseOpened(Opened(entry, database, len(database)))


def read_changes(opened: Opened) -> ChangesRead:
    """Read the differences of a database: conflicts first, then yours, then theirs."""
    shown: dict[Direction, list[Change]] = {Direction.CONFLICT: [], Direction.OUTGOING: [], Direction.INCOMING: []}
    counts = dict.fromkeys(Direction, 0)
    for change in opened.database.changes().all():
        counts[change.direction] += 1
        if len(shown[change.direction]) < MOST_CHANGES:
            shown[change.direction].append(change)
    return ChangesRead(opened, counts, tuple(chain.from_iterable(shown.values())))


def sides_of(change: Change) -> list[ChangeSides]:
    """Which comparisons a change offers, the most useful first."""
    if change.direction is Direction.OUTGOING:
        return [ChangeSides("base", "local")]
    if change.direction is Direction.INCOMING:
        return [ChangeSides("base", "remote")]
    return [ChangeSides("remote", "local"), ChangeSides("base", "local"), ChangeSides("base", "remote")]


def side_document(opened: Opened, change: Change, side: str) -> Document | None:
    """Read and describe one side of a change, as far as it is compared; None where the key is not there."""
    raw = opened.database.changes().value(change, _side(side))
    if raw is None:
        return None
    if change.key == METADATA_KEY:
        return describe(orjson.loads(raw), json=True)
    return document(opened, raw, MOST_LINES + 1, change.key)


def _side(name: str) -> Side:
    return "base" if name == "base" else "local" if name == "local" else "remote"


def read_comparison(opened: Opened, change: Change, sides: ChangeSides) -> ComparisonRead:
    """Compare two sides of a change, line by line."""
    try:
        documents = [side_document(opened, change, sides.old), side_document(opened, change, sides.new)]
    except CatalogError as error:
        return ComparisonRead(opened, change, sides, compare((), ()), str(error))
    old, new = [document.body.fit(_COMPARED_WIDTH) if document else () for document in documents]
    there = [document for document in documents if document]
    part = there[0].compared if there else str
    warning = next((document.warning for document in there if document.warning), "")
    return ComparisonRead(opened, change, sides, compare(old, new, part), warning)


def plan_settling(opened: Opened, verb: str) -> SettlingPlanned:
    """Count what a push or a pull would move."""
    return SettlingPlanned(opened, verb, opened.database.changes().summary())
