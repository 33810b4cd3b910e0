"""The place of a database: a store, and the names of the database's objects there."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.format.next.names import ObjectNames
from catalog.store.interface import ObjectStore


@dataclass(frozen=True, slots=True)
class Place:
    """A database in a store, whether it is there or not; its text says where, for messages."""

    store: ObjectStore
    names: ObjectNames

    @classmethod
    def at(cls, store: ObjectStore, db_key: str) -> Place:
        """The place of the database at ``db_key``."""
        return cls(store, ObjectNames(db_key))

    def __str__(self) -> str:
        return f"{self.store.where}: {self.names.db_key!r}"
