"""A store around another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from typing_extensions import override

from catalog.store.interface import (
    ByteRange,
    FetchedObject,
    ListedObject,
    ObjectInfo,
    ObjectStore,
    Precondition,
    Source,
    UnfinishedUpload,
)

T = TypeVar("T")


class WrappedStore(ObjectStore):
    """Any store; traffic, powers and place are those of the store. A subclass says what is done around each request.

    Stores between which a server copies objects are wrapped alike.
    """

    def __init__(self, store: ObjectStore) -> None:
        super().__init__()
        self.store = store
        self.where, self.powers, self.traffic = store.where, store.powers, store.traffic

    def ask(self, verb: str, name: str, act: Callable[[], T], *, bytes_up: int = 0) -> T:  # noqa: ARG002
        """Do what was asked of the store; ``verb`` is the method's name, and ``name`` names all of its objects."""
        return act()

    @override
    def clock(self) -> float | None:
        return self.store.clock()

    def inner(self, name: str) -> str:
        """What the store calls an object."""
        return name

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        return self.ask("get", name, lambda: self.store.get(self.inner(name), byte_range, most=most))

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        return self.ask("get_if_changed", name, lambda: self.store.get_if_changed(self.inner(name), etag, most=most))

    @override
    def head(self, name: str) -> ObjectInfo:
        return self.ask("head", name, lambda: self.store.head(self.inner(name)))

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        def write() -> str:
            return self.store.put(self.inner(name), body, metadata=metadata, precondition=precondition)

        return self.ask("put", name, write, bytes_up=len(body))

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        def write() -> None:
            self.store.put_large(self.inner(name), source, advance=advance)

        self.ask("put_large", name, write, bytes_up=source.size)

    @override
    def delete(self, name: str) -> None:
        self.ask("delete", name, lambda: self.store.delete(self.inner(name)))

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        doomed = list(names)
        self.ask("delete_many", " ".join(doomed), lambda: self.store.delete_many([self.inner(name) for name in doomed]))

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        return self.ask("list", prefix, lambda: self.store.list(self.inner(prefix)))

    @override
    def unfinished(self, prefix: str) -> Iterator[UnfinishedUpload]:
        return self.ask("unfinished", prefix, lambda: self.store.unfinished(self.inner(prefix)))

    @override
    def end_upload(self, upload: UnfinishedUpload) -> None:
        self.ask("end_upload", upload.name, lambda: self.store.end_upload(upload))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        real, real_name = (target.store, target.inner(target_name)) if isinstance(target, WrappedStore) else (target, target_name)
        return self.ask("copy", name, lambda: self.store.copy(self.inner(name), real, real_name))

    @override
    def close(self) -> None:
        self.store.close()
