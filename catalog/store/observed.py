"""A store that tells what was asked of it: what, of which object, how it went, how much and how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
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
from catalog.store.interface import FetchedObject, ListedObject, ObjectStore
from catalog.store.wrapped import WrappedStore

T = TypeVar("T")

_OUTCOMES: tuple[tuple[type[CatalogError], str], ...] = (
    (ObjectMissingError, "missing"),
    (PreconditionFailedError, "refused"),
    (AccessDeniedError, "denied"),
    (BucketMissingError, "no bucket"),
    (UnreachableError, "no answer"),
    (IntegrityError, "damaged"),
)


_VERBS = {
    "get": "GET",
    "get_if_changed": "GET",
    "head": "HEAD",
    "put": "PUT",
    "put_large": "PUT",
    "delete": "DELETE",
    "delete_many": "DELETE",
    "copy": "COPY",
    "unfinished": "LIST",
    "end_upload": "DELETE",
}


@dataclass(frozen=True, slots=True)
class Request:
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


Observer = Callable[[Request], None]
"""Told of each request when it has ended, from the thread that made it; it must be quick, and must not raise."""


def observed(store: ObjectStore, observer: Observer | None) -> ObjectStore:
    """The same store, which tells ``observer`` what is asked of it; the store itself without one."""
    return ObservedStore(store, observer) if observer is not None else store


def observer_of(store: ObjectStore) -> Observer | None:
    """Who is told what a store is asked."""
    return store.observer if isinstance(store, ObservedStore) else None


class ObservedStore(WrappedStore):
    """Any store, which tells what is asked of it. Repetitions inside one call are part of it."""

    def __init__(self, store: ObjectStore, observer: Observer) -> None:
        super().__init__(store)
        self.observer = observer

    @override
    def ask(self, verb: str, name: str, act: Callable[[], T], *, bytes_up: int = 0) -> T:
        started = time.perf_counter()
        outcome, bytes_down = "failed", 0
        try:
            answer = act()
            outcome, bytes_down = _outcome(verb, answer)
        except CatalogError as error:
            outcome = next((words for kind, words in _OUTCOMES if isinstance(error, kind)), "failed")
            raise
        finally:
            seconds = time.perf_counter() - started
            self.observer(Request(_VERBS[verb], self.where, name, outcome, bytes_up, bytes_down, seconds))
        return answer

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        doomed = list(names)
        what = doomed[0] if len(doomed) == 1 else f"{len(doomed)} objects"
        self.ask("delete_many", what, lambda: self.store.delete_many(doomed))

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
            self.observer(Request("LIST", self.where, f"{prefix}* ({found} found)", told, 0, 0, seconds))


def _outcome(verb: str, answer: object) -> tuple[str, int]:
    """How a request went that raised nothing, and how many bytes came with it."""
    match verb, answer:
        case _, FetchedObject(body=body):
            return "ok", len(body)
        case "get_if_changed", None:
            return "unchanged", 0
        case "copy", False:
            return "not done", 0
        case _:
            return "ok", 0
