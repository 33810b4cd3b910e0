"""The catalog of one person on one machine: which groups there are, and where the working copies lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Unpack

from pydantic import BaseModel, ConfigDict, Field

from catalog.access import connect_store
from catalog.changes.change import Direction
from catalog.connection import S3Connection
from catalog.credentials import require_approval
from catalog.database import Database
from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    CredentialsError,
    EntryMissingError,
    InvalidInputError,
    RemoteMissingError,
    UnreachableError,
)
from catalog.groups.entry import Entry
from catalog.groups.group import ConnectionGroup
from catalog.json_file import JsonFile
from catalog.locations import data_folder
from catalog.objectstore.connect import name_of
from catalog.opening import Flag, More
from catalog.opening import open as open_database
from catalog.progress import Progress
from catalog.remote.commit import read_head
from catalog.remote.head import Commit
from catalog.remote.object_names import ObjectNames

_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,100}")


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
    DENIED = "denied"
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


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group of the catalog: its name, its local file and where its remote is."""

    name: str
    file_path: Path
    connection: S3Connection


class _StoredGroup(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    name: str
    file: str
    connection: S3Connection


class _StoredCatalog(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    version: int = 1
    groups: tuple[_StoredGroup, ...] = Field(default=())


class Catalog:
    """The groups of this machine, kept in ``folder`` (default: the user's data folder) together with their working copies."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (Path(folder) if folder is not None else data_folder()).expanduser().absolute()
        self._file = JsonFile(self.folder / "catalog.json", _StoredCatalog, _StoredCatalog())

    def __repr__(self) -> str:
        return f"<Catalog in {str(self.folder)!r}>"

    def groups(self) -> list[GroupRecord]:
        """All groups, in the order in which they were added."""
        return [self._record(stored) for stored in self._file.read().groups]

    def group(self, name: str) -> GroupRecord:
        """One group; EntryMissingError when there is none of this name."""
        for record in self.groups():
            if record.name == name:
                return record
        known = ", ".join(repr(record.name) for record in self.groups()) or "none yet"
        raise EntryMissingError(f"There is no group {name!r} in this catalog.", hint=f"There are: {known}.")

    def _record(self, stored: _StoredGroup) -> GroupRecord:
        return GroupRecord(stored.name, self.folder / "groups" / Path(stored.file).name, stored.connection)

    def add_group(self, name: str, connection: S3Connection | None = None) -> GroupRecord:
        """Add a group that lives at ``connection``, or only on this machine; its remote is made with its first push."""
        if not _NAME.fullmatch(name) or name.strip() != name:
            raise InvalidInputError(f"{name!a} is no name for a group.", hint="Use up to 100 letters, digits and spaces.")
        slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "group"
        place = connection or S3Connection(db_key=f"{slug}.group", endpoint_url=(self.folder / "local").as_uri())
        added: list[_StoredGroup] = []

        def change(stored: _StoredCatalog) -> _StoredCatalog:
            if any(group.name == name for group in stored.groups):
                raise InvalidInputError(f"There is a group {name!r} already.", hint="Choose another name.")
            taken = {group.file for group in stored.groups}
            file = next(candidate for candidate in _candidates(slug) if candidate not in taken)
            added.append(_StoredGroup(name=name, file=file, connection=place))
            return stored.model_copy(update={"groups": (*stored.groups, added[0])})

        self._file.change(change)
        return self._record(added[0])

    def remove_group(self, name: str) -> None:
        """Forget a group on this machine; its remote and its local file stay."""
        self.group(name)

        def change(stored: _StoredCatalog) -> _StoredCatalog:
            return stored.model_copy(update={"groups": tuple(group for group in stored.groups if group.name != name)})

        self._file.change(change)

    def open_group(self, name: str, flag: Flag = "r", **more: Unpack[More]) -> ConnectionGroup:
        """Open a group; ``more`` is passed to `catalog.open`."""
        record = self.group(name)
        return open_database(record.connection, record.file_path, flag, remote_conn_group=True, **more)

    def entries(self, group_name: str) -> list[Entry]:
        """The databases of a group, sorted by name; none when the group was never written to."""
        record = self.group(group_name)
        offline: bool | Literal["auto"] = "auto" if record.file_path.exists() else False
        try:
            with self.open_group(group_name, offline=offline) as group:
                return group.entries()
        except RemoteMissingError:
            return []

    def file_of(self, entry: Entry) -> Path:
        """Where the working copy of a database lies; it may not exist yet."""
        return self.folder / "databases" / f"{_file_name(entry.key)}.blt"

    def require_approval(self, entry: Entry, *, origin: str | None, trust: bool = False) -> None:
        """Raise NotApprovedError when the group ``origin`` suggests a place that was not yet approved on this machine.

        That is a place where requests would be signed, or a folder that the group itself does not lie in.
        """
        lives = next((record.connection for record in self.groups() if record.name == origin), None)
        require_approval(entry.connection, origin=origin, group=lives, trust=trust)

    def open(
        self, entry: Entry, flag: Flag = "r", *, origin: str | None = None, trust_connection: bool = False, **more: Any
    ) -> Database:
        """Open a database of a group; ``more`` is passed to `catalog.open`.

        ``origin`` names the group that suggested the connection: before the first use of a new place NotApprovedError is
        raised (see `require_approval`), unless ``trust_connection``.
        """
        self.require_approval(entry, origin=origin, trust=trust_connection)
        opened: Database = open_database(entry.connection, self.file_of(entry), flag, **more)
        return opened

    def status(
        self,
        entry: Entry,
        *,
        refresh: bool = True,
        progress: Progress | None = None,
        origin: str | None = None,
        trust_connection: bool = False,
    ) -> Status:
        """How a database stands. With ``refresh`` its remote is asked, in one small request; problems are part of the answer."""
        exists = self.file_of(entry).exists()
        try:
            if not exists:
                return self._status_of_remote(entry, refresh, origin, trust_connection)
            offline: bool | Literal["auto"] = not refresh
            with self.open(
                entry, pull=False, offline=offline, progress=progress, origin=origin, trust_connection=trust_connection
            ) as database:
                return status_of(database)
        except CatalogError as error:
            known = self._known(entry) if exists and not isinstance(error, CredentialsError) else None
            return _with_problem(error, known, exists)

    def _known(self, entry: Entry) -> Status | None:
        """What can be said of a database without its remote."""
        try:
            with self.open(entry, pull=False, offline=True) as database:
                return status_of(database)
        except CatalogError:
            return None

    def _status_of_remote(self, entry: Entry, refresh: bool, origin: str | None, trust: bool) -> Status:
        if not refresh:
            return Status(State.NOT_HERE, keys=entry.keys, value_bytes=entry.value_bytes)
        self.require_approval(entry, origin=origin, trust=trust)
        store = connect_store(entry.connection, writing=False)
        try:
            head = read_head(store, ObjectNames(name_of(entry.connection)))
        finally:
            store.close()
        if head is None:
            return Status(State.EMPTY)
        return Status(State.NOT_HERE, keys=head.head.keys, value_bytes=head.head.value_bytes, remote_commit=head.commit)


def status_of(database: Database) -> Status:
    """How an open database stands, from what is known locally."""
    counts = dict.fromkeys(Direction, 0)
    for change in database.changes().all():
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
        "The remote was deleted." if gone and database.commit is not None else "",
        file_exists=True,
    )


def _with_problem(error: CatalogError, known: Status | None, exists: bool) -> Status:
    if isinstance(error, UnreachableError):
        state = State.UNREACHABLE
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


def _candidates(slug: str) -> Any:
    yield f"{slug}.blt"
    for number in range(2, 100_000):
        yield f"{slug}-{number}.blt"


def _file_name(key: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:100]
    return plain if plain == key else f"{plain}-{blake2b(key.encode(), digest_size=8).hexdigest()}"
