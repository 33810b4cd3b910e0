"""A store without folders, for servers that cannot hold an object beside a folder of its name, such as ``rclone serve s3``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from typing_extensions import override

from catalog.objectstore.interface import (
    ByteRange,
    FetchedObject,
    ListedObject,
    ObjectInfo,
    ObjectStore,
    Precondition,
    Source,
)


def _flat(name: str) -> str:
    return name.replace("/", "!")


class FlatStore(ObjectStore):
    """Any store, with ``!`` for every ``/`` in its names; names may hold no ``!``."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__()
        self.store = store
        self.where, self.powers, self.traffic = store.where, store.powers, store.traffic

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        return self.store.get(_flat(name), byte_range, most=most)

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        return self.store.get_if_changed(_flat(name), etag, most=most)

    @override
    def head(self, name: str) -> ObjectInfo:
        return self.store.head(_flat(name))

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        return self.store.put(_flat(name), body, metadata=metadata, precondition=precondition)

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        self.store.put_large(_flat(name), source, advance=advance)

    @override
    def delete(self, name: str) -> None:
        self.store.delete(_flat(name))

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        self.store.delete_many([_flat(name) for name in names])

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        return (replace(found, name=found.name.replace("!", "/")) for found in self.store.list(_flat(prefix)))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        return isinstance(target, FlatStore) and self.store.copy(_flat(name), target.store, _flat(target_name))

    @override
    def close(self) -> None:
        self.store.close()
