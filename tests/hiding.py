"""A store whose listings leave out what lies in folders, as some services do with objects that they hold all the same."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import override

from catalog.connection import S3Connection
from catalog.progress import Progress
from catalog.store.access import connect_store
from catalog.store.interface import ListedObject
from catalog.store.wrapped import WrappedStore


class HidingStore(WrappedStore):
    """Any store, which lists nothing that has ``part`` in its name."""

    part = ".d/"

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        return (found for found in super().list(prefix) if self.part not in found.name)


def hiding(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> HidingStore:
    """Connect to a place through such a store."""
    return HidingStore(connect_store(connection, writing=writing, progress=progress))
