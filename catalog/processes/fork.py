"""What belongs to one process, and what becomes of it in a child that was forked from it.

An opening has descriptors, locks, threads and connections that two processes must not share, and one process that may write. A
forked child gets a copy of all of them. Each object that holds such a thing says here what the child's copy does: it opens
handles of its own, refuses, or does nothing. So there are no checks of process numbers anywhere else.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import NoReturn, Protocol
from weakref import WeakSet

from typing_extensions import override

from catalog.errors import CatalogError, WrongProcessError

_MOST_SECONDS = 5.0
"""How long a fork waits for other threads to leave what cannot be copied in the middle of its work."""

_held: WeakSet[OfOneProcess] = WeakSet()
_forking = threading.local()


class Guard(Protocol):
    """A lock of `threading`, reentrant or not."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take it."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...


class OfOneProcess(ABC):
    """Something that a forked child must not use as it got it; ``belong_here`` is called once it is made."""

    def belong_here(self) -> None:
        """Say that this object belongs to this process: the methods below are called from now on."""
        _held.add(self)

    def before_fork(self) -> None:
        """In the parent, before a child is made: write down what the child is to see."""
        return

    def guard(self) -> Guard | None:
        """The lock that is held while a library with locks of its own, such as SQLite, works for this object.

        No child is made meanwhile, as far as 5 s allow: it would get that library's locks taken, and hang at its first use of it.
        """
        return None

    @abstractmethod
    def after_fork(self) -> None:
        """In the child: let go of what is the parent's, without telling anyone. Nothing is opened, and nothing waited for."""


class ParentsLock(AbstractContextManager[bool]):
    """Takes the place of a lock in a child that must not do what the lock guards: entering it raises WrongProcessError."""

    def __init__(self, what: str) -> None:
        self._what = what

    def acquire(self, blocking: bool = True, timeout: float = -1) -> NoReturn:  # noqa: ARG002
        """Raise WrongProcessError."""
        raise WrongProcessError(self._what)

    def release(self) -> None:
        """Do nothing: it was never taken."""

    @override
    def __enter__(self) -> NoReturn:
        raise WrongProcessError(self._what)

    @override
    def __exit__(self, *_: object) -> None:
        return


def keep_for_ever(inherited: object) -> None:
    """Never finalize something of the parent's in this child, not even at its end: that would close what the parent uses."""
    import ctypes  # noqa: PLC0415 - only a child needs it

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


def _before() -> None:
    for held in list(_held):
        # What fails here stays in the parent as it was, and the parent finds it out when it goes on.
        with contextlib.suppress(CatalogError):
            held.before_fork()
    _forking.guards = _take([guard for held in list(_held) if (guard := held.guard()) is not None])


def _take(guards: list[Guard]) -> list[Guard]:
    """Take locks, whatever order their holders take them in: who waits for one holds no other. Not all, when time is up."""
    deadline = time.monotonic() + _MOST_SECONDS
    while guards:
        taken = [guards[0]] if guards[0].acquire(timeout=max(0.0, deadline - time.monotonic())) else []
        for guard in guards[1:]:
            if not guard.acquire(blocking=False):
                break
            taken.append(guard)
        else:
            return taken
        if time.monotonic() > deadline:
            return taken
        _release(taken)
        guards = [guard, *(other for other in guards if other is not guard)]
    return []


def _release(guards: list[Guard]) -> None:
    for guard in guards:
        guard.release()


def _after_in_parent() -> None:
    _release(_forking.__dict__.pop("guards", []))


def _after_in_child() -> None:
    # The locks themselves are made anew below.
    _forking.__dict__.pop("guards", None)
    for held in list(_held):
        held.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
