"""The catalog of one person on one machine: which groups there are, and where the working copies lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Unpack

from pydantic import BaseModel, ConfigDict, Field

from catalog.connection import S3Connection
from catalog.credentials import approve, require_approval
from catalog.database.database import Database
from catalog.database.open import note_place, place_of
from catalog.database.options import Flag, More
from catalog.errors import (
    CatalogError,
    CredentialsError,
    EntryMissingError,
    InvalidInputError,
    NotApprovedError,
    RemoteMissingError,
)
from catalog.groups.entry import Entry
from catalog.groups.group import ConnectionGroup
from catalog.groups.open import open as open_database
from catalog.groups.status import State, Status, read_remote, remote_status, status_of, unless_stale, with_problem
from catalog.json_file import JsonFile
from catalog.locations import data_folder
from catalog.progress import Progress
from catalog.store.observed import Observer

_UUID = re.compile("[0-9a-f]{32}")
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,100}")


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
    """The groups of this machine, kept in ``folder`` (default: the user's data folder) together with their working copies.

    ``observer`` is told of each request that is made of any of their stores.
    """

    def __init__(self, folder: Path | None = None, *, observer: Observer | None = None) -> None:
        self.observer = observer
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
            # What is like an address may hold a secret, and is not repeated.
            shown = "This" if ":" in name or "@" in name else ascii(name)
            raise InvalidInputError(f"{shown} is no name for a group.", hint="Use up to 100 letters, digits and spaces.")
        slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "group"
        place = connection or S3Connection(db_key=f"{slug}.group", endpoint_url=(self.folder / "local").as_uri())
        added: list[_StoredGroup] = []

        def change(stored: _StoredCatalog) -> _StoredCatalog:
            if any(group.name == name for group in stored.groups):
                raise InvalidInputError(f"There is a group {name!r} already.", hint="Choose another name.")
            taken = {group.file for group in stored.groups}
            # The file of a group that was removed stays, and is of another group than this one.
            folder = self.folder / "groups"
            file = next(name for name in _candidates(slug) if name not in taken and not (folder / name).exists())
            added.append(_StoredGroup(name=name, file=file, connection=place))
            return stored.model_copy(update={"groups": (*stored.groups, added[0])})

        self._file.change(change)
        return self._record(added[0])

    def remove_group(self, name: str) -> None:
        """Forget a group on this machine; its remote and its local file stay, and `put_back_group` undoes it."""
        self.group(name)

        def change(stored: _StoredCatalog) -> _StoredCatalog:
            return stored.model_copy(update={"groups": tuple(group for group in stored.groups if group.name != name)})

        self._file.change(change)

    def put_back_group(self, record: GroupRecord) -> None:
        """Undo a `remove_group`, with what `group` said before; InvalidInputError when the name was taken meanwhile."""

        def change(stored: _StoredCatalog) -> _StoredCatalog:
            if any(group.name == record.name for group in stored.groups):
                raise InvalidInputError(f"There is a group {record.name!r} already.", hint="Remove that one first.")
            again = _StoredGroup(name=record.name, file=record.file_path.name, connection=record.connection)
            return stored.model_copy(update={"groups": (*stored.groups, again)})

        self._file.change(change)

    def open_group(self, name: str, flag: Flag = "r", **more: Unpack[More]) -> ConnectionGroup:
        """Open a group; ``more`` is passed to `catalog.open`."""
        record = self.group(name)
        more.setdefault("observer", self.observer)
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

    def group_status(self, name: str, *, refresh: bool = True, progress: Progress | None = None) -> Status:
        """How a group's own file stands to its remote: entries that were added or changed here and not pushed are ahead."""
        record = self.group(name)
        exists = record.file_path.exists()
        try:
            if not exists:
                return remote_status(record.connection, self.observer) if refresh else Status(State.NOT_HERE)
            with self.open_group(name, pull=False, offline=not refresh, progress=progress) as group:
                return status_of(group)
        except CatalogError as error:
            return with_problem(error, None, exists)

    def add(
        self,
        group_name: str,
        connection: S3Connection,
        *,
        name: str = "",
        description: str = "",
        tags: Iterable[str] = (),
        user_meta: Any = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> Entry:
        """Add a database to a group, or bring its entry up to date; its place is approved, for the user has named it here.

        ``key`` is the key of its entry, by default its uuid. Raises EntryExistsError for a copy of a database that the group has
        unless ``key`` says which entry is meant, RemoteMissingError when there is no database at the connection,
        InvalidInputError when another one of the group has this name, and what its store raises.
        """
        with self._changing(group_name, progress) as group:
            added = group.add(connection, key, user_meta, name=name, description=description, tags=tags, alone=True)
            entry = group.entry(added)
        try:
            self.require_approval(entry, origin=group_name)
        except NotApprovedError:
            approve(connection, group_name)
        return entry

    def edit(
        self,
        group_name: str,
        key: str,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        owner: str | None = None,
    ) -> Entry:
        """Change what a group says of a database, and leave what is None.

        Raises EntryMissingError when it has no such entry, InvalidInputError when another one has the new name.
        """
        with self._changing(group_name) as group:
            _check_there(group, group_name, key)
            if name is not None:
                group.check_name(name, key)
            return group.edit(key, name=name, description=description, tags=tags, owner=owner)

    def refresh(self, group_name: str, entry: Entry, *, trust_connection: bool = False) -> Entry:
        """Ask the remote of a database again for what its entry says of it: size, commit, metadata. What people said stays.

        Raises NotApprovedError before anything is sent, InvalidInputError when another database lives there by now.
        """
        self.require_approval(entry, origin=group_name, trust=trust_connection)
        found = read_remote(entry.connection, self.observer)
        if found is not None and _UUID.fullmatch(entry.key) and found.uuid != entry.key:
            raise InvalidInputError(
                f"Another database than {entry.name!a} lives at {entry.connection} by now.",
                hint="Remove the entry, and add that database if you want it.",
            )
        with self._changing(group_name) as group:
            _check_there(group, group_name, entry.key)
            _describe_again(group, entry, entry.connection)
            return group.entry(entry.key)

    def move(self, key: str, from_group: str, to_group: str) -> Entry:
        """Move an entry to another group; the database, its working copy and its remote stay where they are.

        What someone stored in it that no entry has stays behind, see ``left_out`` of the answer. Interrupted, the entry is in
        both groups. Raises InvalidInputError when the other group has the database already, or another one of its name.
        """
        if from_group == to_group:
            raise InvalidInputError(f"The database is in {to_group!r} already.", hint="Choose another group.")
        self.group(to_group)
        with self._changing(from_group) as source:
            _check_there(source, from_group, key)
            with self._changing(to_group) as target:
                if key in target:
                    raise InvalidInputError(f"{to_group!r} has this database already.", hint="Remove it from one of the two.")
                target.check_name(source.entry(key).name)
                entry = target.put_cleaned(key, source[key])
            source.remove(key)
        return entry

    def remove(self, group_name: str, key: str) -> dict[str, Any]:
        """Remove a database from a group; no data is deleted. What was stored, with which `put_back` undoes it."""
        with self._changing(group_name) as group:
            _check_there(group, group_name, key)
            stored: dict[str, Any] = group[key]
            group.remove(key)
        return stored

    def put_back(self, group_name: str, key: str, stored: Mapping[str, Any]) -> Entry:
        """Undo a `remove`; what someone stored there that no entry has is not put back, see ``left_out`` of the answer."""
        with self._changing(group_name) as group:
            return group.put_cleaned(key, stored)

    def _changing(self, group_name: str, progress: Progress | None = None) -> ConnectionGroup:
        """Open a group to change it here; without its remote when that does not answer."""
        return self.open_group(group_name, "c", lock="commit", offline="auto", progress=progress)

    def file_of(self, entry: Entry) -> Path:
        """Where the working copy of a database lies; it may not exist yet.

        It belongs to the database and its place: where the first file is of the same database at another place, such as the
        original of a mirror, it is a file of its own.
        """
        first, place = self._first_file(entry.key), str(entry.connection)
        if not first.exists() or place_of(first) in (None, place):
            return first
        return first.with_name(f"{first.stem}-{blake2b(place.encode(), digest_size=8).hexdigest()}.blt")

    def _first_file(self, key: str) -> Path:
        return self.folder / "databases" / f"{_file_name(key)}.blt"

    def relocate(
        self, group_name: str, key: str, connection: S3Connection | None = None, *, progress: Progress | None = None
    ) -> Entry:
        """Say that a database has moved to ``connection``: its entry gets that, and its working copy goes along, edits too.

        Without a connection the working copy follows what the entry says by now, which somebody else may have changed. Nothing
        is changed unless the remote there comes after what is here. Raises EntryMissingError, RemoteMissingError, LineageError,
        DatabaseMismatchError when another database is there, and InvalidInputError when nothing has moved.
        """
        with self._changing(group_name, progress) as group:
            _check_there(group, group_name, key)
            entry = group.entry(key)
        place = connection or entry.connection
        file = self._first_file(key) if connection is None else self.file_of(entry)
        if not file.exists() or place_of(file) == str(place):
            if connection is None or place.is_at(entry.connection):
                raise InvalidInputError(f"{entry.name!a} is at {place} already.", hint="Say where it is now.")
        else:
            self._check_moved(file, place, progress)
            note_place(file, place)
        if not place.is_at(entry.connection):
            with self._changing(group_name, progress) as group:
                _describe_again(group, entry, place)
                entry = group.entry(key)
        approve(place, group_name)
        return entry

    def _check_moved(self, file: Path, place: S3Connection, progress: Progress | None) -> None:
        """Raise unless the database at a place comes after what a working copy holds."""
        with open_database(place, file, "r", pull=False, progress=progress, observer=self.observer) as opened:
            if opened.parted is not None:
                raise opened.parted
            if opened.remote_commit is None:
                raise RemoteMissingError(f"{place}: there is no database here.", hint="Check the address.")

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
        more.setdefault("observer", self.observer)
        file, first = self.file_of(entry), self._first_file(entry.key)
        is_new = file != first and not file.exists()
        opened: Database = open_database(entry.connection, file, flag, **more)
        if is_new:
            opened.notice(
                f"There is a working copy of {entry.name!a} at {place_of(first)} too, which is another place than "
                f"{entry.connection}. If the database has moved from there, `catalog relocate` takes that one along."
            )
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
            return with_problem(error, known, exists)

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
        return unless_stale(remote_status(entry.connection, self.observer), entry)


def _describe_again(group: ConnectionGroup, entry: Entry, place: S3Connection) -> None:
    """Bring an entry up to date by what is at a place; what people said stays."""
    group.add(
        place,
        entry.key,
        entry.user_meta,
        name=entry.name,
        description=entry.description,
        tags=entry.tags,
        owner=entry.owner,
    )


def _check_there(group: ConnectionGroup, name: str, key: str) -> None:
    if key not in group:
        raise EntryMissingError(f"The group {name!r} has no database {key!a}.", hint="List the group again: it may have changed.")


def _candidates(slug: str) -> Any:
    yield f"{slug}.blt"
    for number in range(2, 100_000):
        yield f"{slug}-{number}.blt"


def _file_name(key: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:100]
    return plain if plain == key else f"{plain}-{blake2b(key.encode(), digest_size=8).hexdigest()}"
