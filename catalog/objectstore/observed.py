"""A store that tells what was asked of it: what, of which object, how it went, how much and how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from typing_extensions import override

from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    IntegrityError,
    ObjectMissingError,
    PreconditionFailedError,
    UnreachableError,
)

from .interface import ByteRange, FetchedObject, ListedObject, ObjectInfo, ObjectStore, Precondition, Source

T = TypeVar("T")

_OUTCOMES: tuple[tuple[type[CatalogError], str], ...] = (
    (ObjectMissingError, "missing"),
    (PreconditionFailedError, "refused"),
    (AccessDeniedError, "denied"),
    (BucketMissingError, "no bucket"),
    (UnreachableError, "no answer"),
    (IntegrityError, "damaged"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a store was asked, with its answer.

    ``verb`` is a method of HTTP or one of ``LIST`` and ``COPY``; ``outcome`` is ``ok``, ``unchanged``, or what went wrong;
    bytes are those of bodies. ``where`` and ``name`` are the store and the object as messages name them: a query, a header or
    a signature is never among them.
    """

    verb: str
    where: str
    name: str
    outcome: str
    bytes_up: int
    bytes_down: int
    seconds: float


Observer = Callable[[Asked], None]
"""Told of each request when it has ended, from the thread that made it; it must be quick, and must not raise."""


def observed(store: ObjectStore, observer: Observer | None) -> ObjectStore:
    """The same store, which tells ``observer`` what is asked of it; the store itself without one."""
    return ObservedStore(store, observer) if observer is not None else store


def observer_of(store: ObjectStore) -> Observer | None:
    """Who is told what a store is asked."""
    return store.observer if isinstance(store, ObservedStore) else None


class ObservedStore(ObjectStore):
    """Any store; traffic, powers and place are those of the store. Repetitions inside one call are part of it."""

    def __init__(self, store: ObjectStore, observer: Observer) -> None:
        super().__init__()
        self.store, self.observer = store, observer
        self.where, self.powers, self.traffic = store.where, store.powers, store.traffic

    def _ask(
        self,
        verb: str,
        name: str,
        act: Callable[[], T],
        *,
        bytes_up: int = 0,
        received: Callable[[T], int] = lambda _: 0,
        outcome: Callable[[T], str] = lambda _: "ok",
    ) -> T:
        started = time.perf_counter()
        told, bytes_down = "failed", 0
        try:
            answer = act()
            told, bytes_down = outcome(answer), received(answer)
        except CatalogError as error:
            told = next((words for kind, words in _OUTCOMES if isinstance(error, kind)), "failed")
            raise
        finally:
            self.observer(Asked(verb, self.where, name, told, bytes_up, bytes_down, time.perf_counter() - started))
        return answer

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        return self._ask("GET", name, lambda: self.store.get(name, byte_range, most=most), received=_length)

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        return self._ask(
            "GET",
            name,
            lambda: self.store.get_if_changed(name, etag, most=most),
            received=_length,
            outcome=lambda fetched: "unchanged" if fetched is None else "ok",
        )

    @override
    def head(self, name: str) -> ObjectInfo:
        return self._ask("HEAD", name, lambda: self.store.head(name))

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
            return self.store.put(name, body, metadata=metadata, precondition=precondition)

        return self._ask("PUT", name, write, bytes_up=len(body))

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        self._ask("PUT", name, lambda: self.store.put_large(name, source, advance=advance), bytes_up=source.size)

    @override
    def delete(self, name: str) -> None:
        self._ask("DELETE", name, lambda: self.store.delete(name))

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        doomed = list(names)
        what = doomed[0] if len(doomed) == 1 else f"{len(doomed)} objects"
        self._ask("DELETE", what, lambda: self.store.delete_many(doomed))

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        started, found, told = time.perf_counter(), 0, "failed"
        try:
            for item in self.store.list(prefix):
                found += 1
                yield item
            told = "ok"
        except GeneratorExit:
            told = "ok"
            raise
        finally:
            seconds = time.perf_counter() - started
            self.observer(Asked("LIST", self.where, f"{prefix}* ({found} found)", told, 0, 0, seconds))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        real = target.store if isinstance(target, ObservedStore) else target
        return self._ask(
            "COPY",
            name,
            lambda: self.store.copy(name, real, target_name),
            outcome=lambda was_done: "ok" if was_done else "not done",
        )

    @override
    def close(self) -> None:
        self.store.close()


def _length(fetched: FetchedObject | None) -> int:
    return 0 if fetched is None else len(fetched.body)
