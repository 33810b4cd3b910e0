"""The store of a database that was opened offline: it answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

from typing_extensions import override

from catalog.errors import UnreachableError

from .interface import ByteRange, FetchedObject, ListedObject, ObjectInfo, ObjectStore, Powers, Precondition, Source


class OfflineStore(ObjectStore):
    """Raises UnreachableError for everything."""

    powers = Powers(writes=False, lists=False, compare_and_swap=False)

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def _refuse(self) -> NoReturn:
        raise UnreachableError(
            f"{self.where}: this database was opened offline, and the value is not in the local file.",
            hint="Open it with offline=False when the network is there.",
        )

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        """Refuse."""
        self._refuse()

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        """Refuse."""
        self._refuse()

    @override
    def head(self, name: str) -> ObjectInfo:
        """Refuse."""
        self._refuse()

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        """Refuse."""
        self._refuse()

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        """Refuse."""
        self._refuse()

    @override
    def delete(self, name: str) -> None:
        """Refuse."""
        self._refuse()

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        """Refuse."""
        self._refuse()

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        """Refuse."""
        self._refuse()

    @override
    def close(self) -> None:
        """Nothing is open."""
