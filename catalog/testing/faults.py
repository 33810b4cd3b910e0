"""A store whose requests fail, hang, lie or kill the process, exactly where a plan says so."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeVar, cast

from typing_extensions import override

from catalog.errors import UnreachableError
from catalog.store.interface import FetchedObject, ObjectStore
from catalog.store.wrapped import WrappedStore

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


class FaultyStore(WrappedStore):
    """Any store, with the faults of a plan."""

    def __init__(self, store: ObjectStore, plan: FaultPlan) -> None:
        super().__init__(store)
        self.plan = plan

    @override
    def ask(self, verb: str, name: str, act: Callable[[], T], *, bytes_up: int = 0) -> T:
        kind = self.plan.next_kind(verb, name)
        if kind is FaultKind.FAIL_BEFORE:
            raise self._unreachable()
        if kind is FaultKind.KILL_BEFORE:
            _die()
        if kind is FaultKind.HANG:
            self.plan.hang()
        answer = act()
        if kind is FaultKind.LOSE_REPLY:
            raise self._unreachable()
        if kind is FaultKind.KILL_AFTER:
            _die()
        return cast("T", _spoil(answer, kind)) if isinstance(answer, FetchedObject) and kind is not None else answer

    def _unreachable(self) -> UnreachableError:
        return UnreachableError(f"{self.where}: no answer.", hint="This fault was planned.")


def _spoil(fetched: FetchedObject, kind: FaultKind) -> FetchedObject:
    middle = len(fetched.body) // 2
    if kind is FaultKind.TRUNCATE:
        return replace(fetched, body=fetched.body[:middle])
    if kind is FaultKind.FLIP_BIT and fetched.body:
        body = bytearray(fetched.body)
        body[middle] ^= 1
        return replace(fetched, body=bytes(body))
    return fetched


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
