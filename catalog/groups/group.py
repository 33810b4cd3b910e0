"""A group of connections: a database whose keys are uuids of databases and whose values say where these live."""

from __future__ import annotations

import re
import uuid as uuid_module
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.errors import (
    CatalogError,
    EntryExistsError,
    EntryMissingError,
    FormatError,
    IntegrityError,
    InvalidConnectionError,
    InvalidInputError,
    InvalidKeyError,
    ReadOnlyError,
    RemoteMissingError,
    name_some,
)
from catalog.groups.entry import MOST_BYTES, Entry, describe, foreign_fields, read_entry, without_foreign_fields
from catalog.remote.fetch import read_metadata
from catalog.remote.place import Place
from catalog.remote.remote import look_first
from catalog.store.access import connect_store, given_connection
from catalog.store.connect import name_of
from catalog.store.observed import observed

_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")


class ConnectionGroup(Database):
    """A mapping from uuids of databases to what is known of them, made by `catalog.open` with ``remote_conn_group=True``.

    Values are plain dicts: connection parameters and metadata, never credentials. Like a database it is local until pushed.
    """

    def add(
        self,
        remote_conn: S3Connection | str | Mapping[str, Any],
        key: str | None = None,
        user_meta: Any = None,
        *,
        name: str = "",
        description: str = "",
        tags: Iterable[str] = (),
        owner: str = "",
        alone: bool = False,
    ) -> str:
        """Add a database, which must have been pushed, or bring its entry up to date; its key, by default its uuid in hex.

        A mirror, or what other tools copied, has the uuid of its original: where the group has that at another place,
        EntryExistsError is raised unless ``key`` says which entry is meant. Raises RemoteMissingError when there is no database
        at the connection, and what its store raises; with ``alone`` InvalidInputError when another one has this name.
        """
        if not self.writable:
            raise ReadOnlyError(f"{self.file_path} is open for reading.", hint="Open the group with flag='w'.")
        if key is not None and (not isinstance(key, str) or not _KEY.fullmatch(key)):
            raise InvalidKeyError(f"{key!a} is no key of an entry.", hint="Use letters, digits and . _ -.")
        connection = given_connection(remote_conn, writing=False)
        store = observed(connect_store(connection, writing=False), self.observer)
        try:
            place = Place.at(store, name_of(connection))
            head = look_first(place).head
            metadata = read_metadata(place, head) if head is not None else None
        finally:
            store.close()
        if head is None:
            raise RemoteMissingError(f"{connection}: there is no database here.", hint="Push it first, then add it.")
        if key is None:
            key = head.head.uuid.hex()
            self._check_same_place(key, connection)
        described = describe(
            connection,
            head,
            metadata,
            name=name or name_of(connection).rpartition("/")[2],
            description=description,
            tags=tuple(tags),
            owner=owner or self.author,
            user_meta=user_meta,
        )
        self._check(key, described)
        if alone:
            self.check_name(described["catalog"]["name"], key)
        super().set(key, described)
        return key

    def _check_same_place(self, key: str, connection: S3Connection) -> None:
        """Raise EntryExistsError when the group has a database at another place."""
        try:
            there = self.entry(key).connection
        except (KeyError, FormatError):
            return
        if not there.is_at(connection):
            raise EntryExistsError(key, str(there), str(connection))

    def check_name(self, name: str, key: str | None = None) -> None:
        """Raise InvalidInputError when a database other than ``key`` has this name, so that it would not say which is meant."""
        if any(entry.name == name and entry.key != key for entry in self.entries()):
            raise InvalidInputError(f"There is a database {name!a} in this group already.", hint="Choose another name.")

    def _check(self, key: str, described: dict[str, Any]) -> None:
        """Raise InvalidInputError for an entry that nobody could read."""
        try:
            read_entry(key, described)
        except IntegrityError as error:
            raise InvalidInputError(error.message, hint="Shorten its name, description or tags.") from None
        if (size := len(self.encode(described))) > MOST_BYTES:
            raise InvalidInputError(
                f"This entry takes {size:,} bytes; at most {MOST_BYTES:,} are accepted.", hint="Shorten its user_meta."
            )

    def put(self, key: str, stored: Mapping[str, Any]) -> None:
        """Put in an entry as it is stored; no remote is asked.

        Raises InvalidInputError for one that nobody could read, and InvalidConnectionError for one with a field that no entry
        has, such as an access key. `put_cleaned` leaves these out.
        """
        if names := foreign_fields(stored):
            raise InvalidConnectionError(
                f"An entry does not hold {name_some(names)}: a group is read by others.",
                hint="Leave it out. Keys of accounts stay in the keyring, under the name that the connection's profile gives.",
            )
        described = dict(stored)
        self._check(key, described)
        super().set(key, described)

    def put_cleaned(self, key: str, stored: Mapping[str, Any]) -> Entry:
        """Put in an entry that someone else wrote, such as another group's, without what no entry has: see its ``left_out``.

        Raises InvalidInputError for one that nobody could read.
        """
        self.put(key, without_foreign_fields(stored))
        return replace(self.entry(key), left_out=foreign_fields(stored))

    def edit(
        self,
        key: str,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        owner: str | None = None,
    ) -> Entry:
        """Change what is said of a database, and leave what is None; no remote is asked. KeyError when it has no entry.

        What someone stored there that no entry has goes, and is named in the answer's ``left_out``.
        """
        stored = self[key]
        entry = read_entry(key, stored)
        said = {
            "name": entry.name if name is None else name,
            "description": entry.description if description is None else description,
            "tags": list(entry.tags if tags is None else tags),
            "owner": entry.owner if owner is None else owner,
        }
        return self.put_cleaned(key, {**stored, "catalog": {**(stored.get("catalog") or {}), **said}})

    def remove(self, key: str) -> None:
        """Remove an entry; the database that it describes stays where it is. KeyError when there is none."""
        del self[key]

    @property
    def set(self) -> NoReturn:
        """Not there, as in ebooklet: AttributeError."""
        raise AttributeError("a group has no set: add(connection, name=…) reads what is at a place and makes its entry")

    def __setitem__(self, key: str, value: object) -> NoReturn:
        raise InvalidInputError(
            f"An entry is not assigned: group[{key!a}] = … would not look whether there is a database.",
            hint="Use group.add(connection, name=…), which reads what is there.",
        )

    def find(self, uuid_or_name: str | uuid_module.UUID) -> str:
        """The key of an entry by its key, uuid or name; EntryMissingError when none or several have it."""
        wanted = uuid_or_name.hex if isinstance(uuid_or_name, uuid_module.UUID) else uuid_or_name
        for spelling in (wanted, wanted.replace("-", "").lower()):
            if spelling and spelling in self:
                return spelling
        found = [entry.key for entry in self.entries() if entry.name == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInputError(f"{len(found)} databases of this group are called {wanted!r}.", hint="Give the uuid.")
        raise EntryMissingError(f"There is no database {wanted!r} in this group.", hint="List them, or add it.")

    def entry(self, key: str) -> Entry:
        """What is known of a database; KeyError when it has no entry, IntegrityError when the entry cannot be used."""
        return read_entry(key, self[key])

    def entries(self) -> list[Entry]:
        """All entries that can be used, sorted by name; unusable ones are left out (see `problems`)."""
        found = [entry for _, entry in self._read_all() if isinstance(entry, Entry)]
        return sorted(found, key=lambda entry: (entry.name.casefold(), entry.key))

    def problems(self) -> dict[str, CatalogError]:
        """The entries that cannot be used, with what is wrong with each."""
        return {key: problem for key, problem in self._read_all() if isinstance(problem, FormatError)}

    def _read_all(self) -> Iterator[tuple[str, Entry | FormatError]]:
        """Every entry, or what is wrong with it; one that is damaged or too large hides no other."""
        sizes = self.sizes()
        failed = self.load_items([key for key, size in sizes.items() if size is None or size <= MOST_BYTES])
        for key, size in sizes.items():
            try:
                yield key, self._read(key, size, failed.get(key))
            except FormatError as problem:
                yield key, problem

    def _read(self, key: str, size: int | None, failure: CatalogError | None) -> Entry:
        if failure is not None:
            raise failure
        size = len(self.get_bytes(key)) if size is None else size
        if size > MOST_BYTES:
            raise IntegrityError(f"The group entry {key!a} claims {size:,} bytes.", key=key, hint="Remove it, or add it again.")
        return self.entry(key)
