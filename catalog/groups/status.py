"""How a working copy and its remote stand to each other, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from catalog.changes.change import Direction
from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    CredentialsError,
    GoneError,
    NotApprovedError,
    UnreachableError,
)
from catalog.format.head import Commit
from catalog.groups.entry import Entry
from catalog.groups.group import ConnectionGroup
from catalog.remote.place import Place
from catalog.remote.remote import look_first
from catalog.store.access import connect_store
from catalog.store.connect import name_of
from catalog.store.observed import Observer, observed


class State(StrEnum):
    """How a working copy and its remote stand to each other."""

    IN_STEP = "in step"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    CONFLICT = "conflict"
    NOT_HERE = "not here"
    EMPTY = "empty"
    UNREACHABLE = "unreachable"
    NO_KEYS = "no keys"
    NOT_APPROVED = "not approved"
    DENIED = "denied"
    STALE = "stale entry"
    PARTED = "parted"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Status:
    """How one database stands: numbers of keys that are ahead, behind and in conflict, its size, and what is wrong."""

    state: State
    ahead: int = 0
    behind: int = 0
    conflicts: int = 0
    keys: int = 0
    value_bytes: int = 0
    commit: Commit | None = None
    remote_commit: Commit | None = None
    problem: str = ""
    file_exists: bool = False

    @property
    def size(self) -> int | None:
        """How many bytes all values take; None where nobody knows (see `Commit.size`)."""
        made = self.commit or self.remote_commit
        return None if made is not None and made.size is None and not self.value_bytes else self.value_bytes


@dataclass(frozen=True, slots=True)
class RemoteSummary:
    """What a remote says of itself: whether it is a database or a group, its uuid in hex, its size and newest commit."""

    type: str
    uuid: str
    keys: int
    value_bytes: int
    commit: Commit


def read_remote(connection: S3Connection, observer: Observer | None = None) -> RemoteSummary | None:
    """Ask a place what is there, in one small request; None when there is nothing yet.

    Raises what its store raises: CredentialsError, AccessDeniedError, BucketMissingError, UnreachableError.
    """
    store = observed(connect_store(connection, writing=False), observer)
    try:
        stored = look_first(Place.at(store, name_of(connection))).head
    finally:
        store.close()
    if stored is None:
        return None
    head = stored.head
    return RemoteSummary(head.type, head.uuid.hex(), head.keys, head.value_bytes, stored.commit)


def remote_status(connection: S3Connection, observer: Observer | None = None) -> Status:
    """How a remote stands of which nothing is on this machine."""
    found = read_remote(connection, observer)
    if found is None:
        return Status(State.EMPTY)
    return Status(State.NOT_HERE, keys=found.keys, value_bytes=found.value_bytes, remote_commit=found.commit)


def unless_stale(status: Status, entry: Entry) -> Status:
    """An entry is made of a database that was there: when there is none any more, the entry is stale."""
    if status.state is State.EMPTY and entry.commit_number:
        problem = "There is no database at this place any more. Remove the entry, or add the database where it lives now."
        return replace(status, state=State.STALE, problem=problem)
    return status


def status_of(database: Database | ConnectionGroup) -> Status:
    """How an open database stands, from what is known locally."""
    counts = dict.fromkeys(Direction, 0)
    try:
        changes = database.changes().all()
    except GoneError:
        if database.remote_commit is not None:
            raise
        problem = "The remote was deleted, and with it the list of keys that this copy builds on."
        return Status(State.EMPTY, commit=database.commit, problem=problem, file_exists=True)
    for change in changes:
        counts[change.direction] += 1
    ahead, behind, conflicts = (counts[direction] for direction in (Direction.OUTGOING, Direction.INCOMING, Direction.CONFLICT))
    if conflicts:
        state = State.CONFLICT
    elif ahead and behind:
        state = State.DIVERGED
    elif ahead:
        state = State.AHEAD
    else:
        state = State.BEHIND if behind else State.IN_STEP
    problem = ""
    if database.parted is not None:
        state, problem = State.PARTED, database.parted.message
    gone = database.remote_commit is None
    if gone:
        state = State.EMPTY if not ahead else State.AHEAD
    return Status(
        state,
        ahead,
        behind,
        conflicts,
        len(database),
        database.value_bytes,
        database.commit,
        database.remote_commit,
        "The remote was deleted." if gone and database.commit is not None else problem,
        file_exists=True,
    )


def with_problem(error: CatalogError, known: Status | None, exists: bool) -> Status:
    """A state that says why no better one is known; ``known`` is what can be said without the remote."""
    if isinstance(error, UnreachableError):
        state = State.UNREACHABLE
    elif isinstance(error, NotApprovedError):
        state = State.NOT_APPROVED
    elif isinstance(error, CredentialsError):
        state = State.NO_KEYS
    elif isinstance(error, AccessDeniedError | BucketMissingError):
        state = State.DENIED
    else:
        state = State.BROKEN
    known = known or Status(state)
    return Status(
        state,
        known.ahead,
        known.behind,
        known.conflicts,
        known.keys,
        known.value_bytes,
        known.commit,
        known.remote_commit,
        str(error),
        exists,
    )
