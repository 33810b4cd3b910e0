"""The store of a database that was opened offline: it answers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from typing_extensions import override

from catalog.errors import UnreachableError
from catalog.store.interface import ByteRange, FetchedObject, ListedObject, ObjectInfo
from catalog.store.read_only import ReadOnlyStore


class OfflineStore(ReadOnlyStore):
    """Raises UnreachableError for everything that is asked of it."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    @override
    def refuse(self) -> NoReturn:
        raise UnreachableError(
            f"{self.where}: this database was opened offline, and the value is not in the local file.",
            hint="Open it with offline=False when the network is there.",
        )

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        self.refuse()

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        self.refuse()

    @override
    def head(self, name: str) -> ObjectInfo:
        self.refuse()

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        self.refuse()

    @override
    def close(self) -> None:
        """Nothing is open."""
