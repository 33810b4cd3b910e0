"""A store whose requests fail, hang, lie or kill the process, exactly where a plan says so."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeVar

from typing_extensions import override

from catalog.errors import UnreachableError
from catalog.objectstore.interface import (
    ByteRange,
    FetchedObject,
    ListedObject,
    ObjectInfo,
    ObjectStore,
    Precondition,
    Source,
)

T = TypeVar("T")


class FaultKind(Enum):
    """What goes wrong."""

    FAIL_BEFORE = auto()
    """The request never arrives: UnreachableError, nothing done."""
    LOSE_REPLY = auto()
    """The request is done, its answer is lost: UnreachableError."""
    HANG = auto()
    """No answer until `FaultPlan.release`; then the request is done."""
    TRUNCATE = auto()
    """The second half of a fetched body is missing."""
    FLIP_BIT = auto()
    """One bit in the middle of a fetched body is another."""
    KILL_BEFORE = auto()
    """The process dies by SIGKILL, nothing done."""
    KILL_AFTER = auto()
    """The process dies by SIGKILL after the request is done."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at the ``number``-th request (from 1) of a verb to names that contain ``name_part``.

    The verbs are the methods of a store (``get head put …``; ``*`` is each of them).
    """

    kind: FaultKind
    verb: str = "*"
    number: int = 1
    name_part: str = ""


@dataclass
class FaultPlan:
    """Faults that are still to come; each happens once. One plan may serve several stores."""

    faults: list[Fault] = field(default_factory=list)
    fired: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen: Counter[Fault] = Counter()
        self._lock = threading.Lock()
        self._released = threading.Event()
        # set as soon as a request hangs
        self.hanging = threading.Event()

    def add(self, fault: Fault) -> None:
        """Plan another fault; its requests are counted from now on."""
        with self._lock:
            self._seen.pop(fault, None)
            self.faults.append(fault)

    def clear(self) -> None:
        """Forget the faults that have not happened."""
        with self._lock:
            self.faults.clear()
            self._seen.clear()

    def release(self) -> None:
        """Let what hangs go on."""
        self._released.set()

    def next_kind(self, verb: str, name: str) -> FaultKind | None:
        """Note a request and say what goes wrong with it."""
        with self._lock:
            due: list[Fault] = []
            for fault in self.faults:
                if fault.verb in ("*", verb) and fault.name_part in name:
                    self._seen[fault] += 1
                    if self._seen[fault] == fault.number:
                        due.append(fault)
            if not due:
                return None
            self.faults.remove(due[0])
            self.fired.append(due[0])
            return due[0].kind

    def hang(self) -> None:
        """Wait for the release."""
        self.hanging.set()
        self._released.wait()


class FaultyStore(ObjectStore):
    """Any store, with the faults of a plan; traffic, powers and place are those of the store."""

    def __init__(self, store: ObjectStore, plan: FaultPlan) -> None:
        super().__init__()
        self.store, self.plan = store, plan
        self.where, self.powers, self.traffic = store.where, store.powers, store.traffic

    def _do(self, verb: str, name: str, act: Callable[[], T], spoil: Callable[[T, FaultKind], T] | None = None) -> T:
        kind = self.plan.next_kind(verb, name)
        if kind is FaultKind.FAIL_BEFORE:
            raise self._unreachable()
        if kind is FaultKind.KILL_BEFORE:
            _die()
        if kind is FaultKind.HANG:
            self.plan.hang()
        result = act()
        if kind is FaultKind.LOSE_REPLY:
            raise self._unreachable()
        if kind is FaultKind.KILL_AFTER:
            _die()
        return spoil(result, kind) if spoil is not None and kind is not None else result

    def _unreachable(self) -> UnreachableError:
        return UnreachableError(f"{self.where}: no answer.", hint="This fault was planned.")

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        return self._do("get", name, lambda: self.store.get(name, byte_range, most=most), _spoil)

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        def fetch() -> FetchedObject | None:
            return self.store.get_if_changed(name, etag, most=most)

        return self._do("get_if_changed", name, fetch, _spoil_if_fetched)

    @override
    def head(self, name: str) -> ObjectInfo:
        return self._do("head", name, lambda: self.store.head(name))

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        return self._do("put", name, lambda: self.store.put(name, body, metadata=metadata, precondition=precondition))

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        self._do("put_large", name, lambda: self.store.put_large(name, source, advance=advance))

    @override
    def delete(self, name: str) -> None:
        self._do("delete", name, lambda: self.store.delete(name))

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        doomed = list(names)
        self._do("delete_many", " ".join(doomed), lambda: self.store.delete_many(doomed))

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        return self._do("list", prefix, lambda: self.store.list(prefix))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        real = target.store if isinstance(target, FaultyStore) else target
        return self._do("copy", name, lambda: self.store.copy(name, real, target_name))

    @override
    def close(self) -> None:
        self.store.close()


def _spoil(fetched: FetchedObject, kind: FaultKind) -> FetchedObject:
    middle = len(fetched.body) // 2
    if kind is FaultKind.TRUNCATE:
        return replace(fetched, body=fetched.body[:middle])
    if kind is FaultKind.FLIP_BIT and fetched.body:
        body = bytearray(fetched.body)
        body[middle] ^= 1
        return replace(fetched, body=bytes(body))
    return fetched


def _spoil_if_fetched(fetched: FetchedObject | None, kind: FaultKind) -> FetchedObject | None:
    return _spoil(fetched, kind) if fetched is not None else None


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
