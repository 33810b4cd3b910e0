"""The lease: a write lock on a remote, with an owner and an expiry, kept by conditional writes of one small object.

For stores that keep no conditions there is another way to hold it, see `election`; `head_writer` chooses.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Annotated

import msgspec
from typing_extensions import override

from catalog.errors import (
    CatalogError,
    LeaseLostError,
    LockTimeoutError,
    ObjectMissingError,
    PreconditionFailedError,
    StoreError,
    UnreachableError,
)
from catalog.processes.fork import OfOneProcess
from catalog.progress import Progress
from catalog.store.interface import IfAbsent, IfMatch, ObjectStore, Precondition

SECONDS = 60.0
PATIENCE = 1.25
"""How many times as long as a lease holds it must have stood without a renewal before it is taken over."""
_ROUNDED = 1.0
"""Stores tell times in whole seconds."""
_SAFE = 0.8
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
_QUICK_TRIES = 3
_MOST_BYTES = 64 << 10
_Text = Annotated[str, msgspec.Meta(max_length=500)]


class LeaseHolder(msgspec.Struct, frozen=True):
    """What a lease says: whose it is, and how many seconds it holds after each renewal."""

    id: _Text
    owner: _Text
    since: _Text
    seconds: Annotated[float, msgspec.Meta(ge=1, le=86_400)]
    renewals: int = 0

    def __str__(self) -> str:
        return f"{self.owner} (since {self.since})"


_UNREADABLE = LeaseHolder("", "an unknown program", "an unknown time", SECONDS)


def who_am_i() -> str:
    """The default author and owner: user@host."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def now_in_words() -> str:
    """The time, as a holder says since when it holds."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def read_holder(store: ObjectStore, name: str) -> tuple[LeaseHolder, str] | None:
    """Who holds the lease at ``name``, with its tag; None when it is free."""
    try:
        fetched = store.get(name, most=_MOST_BYTES)
    except ObjectMissingError:
        return None
    try:
        return msgspec.json.decode(fetched.body, type=LeaseHolder), fetched.etag
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE, fetched.etag


class Lease(OfOneProcess):
    """A lease that is held; a daemon thread renews it until `release`. To a forked child it is lost: it stays the parent's."""

    def __init__(self, store: ObjectStore, name: str, holder: LeaseHolder, etag: str) -> None:
        self._store, self._name, self._holder, self._etag = store, name, holder, etag
        self._renewed = time.monotonic()
        self._lost_to: str | None = None
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew_for_ever, name="lease", daemon=True)
        self._thread.start()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._mutex, self._stop = threading.Lock(), threading.Event()
        self._stop.set()
        self._lost_to = f"the process that this one was forked from: {self._holder}"

    @classmethod
    def acquire(
        cls,
        store: ObjectStore,
        name: str,
        *,
        timeout: float,
        force: bool,
        progress: Progress,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> Lease:
        """Take the lease, waiting up to ``timeout`` seconds for another's to end; LockTimeoutError names the holder.

        A holder that has not renewed for its time is taken over, at once where it was dead before. ``force`` takes the lease
        from anyone. ``clock`` gives seconds.
        """
        mine = LeaseHolder(uuid.uuid4().hex, f"{who_am_i()}, process {os.getpid()}", now_in_words(), seconds)
        body = msgspec.json.encode(mine)
        deadline = clock() + timeout
        watch = Watch(store, name, clock)
        precondition: Precondition | None = None if force else IfAbsent()
        for attempt in count():
            try:
                return cls(store, name, mine, store.put(name, body, precondition=precondition))
            except PreconditionFailedError:
                found = watch.look()
            except UnreachableError:
                # The request may have arrived all the same, and a lease that nobody knows of would lock everyone out.
                found = read_holder(store, name)
                if found is None or found[0].id != mine.id:
                    raise
            holder, etag = found if found is not None else (_UNREADABLE, "")
            if holder.id == mine.id:
                return cls(store, name, mine, etag)
            if found is not None and watch.expired:
                precondition = IfMatch(etag)
                continue
            progress.begin(f"waiting for {holder} to finish writing; if it is gone, for {max(watch.left, 0):.0f} s")
            left = deadline - clock()
            if left <= 0:
                raise LockTimeoutError(f"{store.where}: {name!r}", str(holder), timeout)
            precondition = IfAbsent()
            if found is None and attempt < _QUICK_TRIES:
                continue
            progress.wait(min(_PAUSES[min(attempt, len(_PAUSES) - 1)], left))
        raise AssertionError("unreachable")

    @property
    def holder(self) -> LeaseHolder:
        """What our lease says."""
        return self._holder

    def confirm(self) -> None:
        """Raise LeaseLostError unless the lease is ours, which the store is asked: someone may have broken it."""
        with contextlib.suppress(StoreError):
            self._renew()
        if self._lost_to is None and time.monotonic() - self._renewed > self._holder.seconds:
            self._lost_to = "unknown (it ran out and could not be renewed)"
        if self._lost_to is not None:
            raise LeaseLostError(f"{self._store.where}: {self._name!r}", self._lost_to)

    def release(self) -> None:
        """Give the lease back; one that may be another's by now is left alone."""
        if self._stop.is_set():
            return
        self._stop.set()
        with self._mutex, contextlib.suppress(CatalogError):
            self._give_back()
        self._lost_to = self._lost_to or "nobody: it was given back"

    def _give_back(self) -> None:
        fresh = time.monotonic() - self._renewed < self._holder.seconds * _SAFE
        if self._lost_to is None and fresh:
            self._store.delete(self._name)

    def _renew_for_ever(self) -> None:
        while not self._stop.wait(self._holder.seconds / 3):
            with contextlib.suppress(CatalogError):
                self._renew()
            if self._lost_to is not None:
                return

    def _renew(self) -> None:
        with self._mutex:
            if self._lost_to is not None or self._stop.is_set():
                return
            renewed = msgspec.structs.replace(self._holder, renewals=self._holder.renewals + 1)
            asked = time.monotonic()
            try:
                self._etag = self._store.put(self._name, msgspec.json.encode(renewed), precondition=IfMatch(self._etag))
            except (PreconditionFailedError, UnreachableError):
                found = read_holder(self._store, self._name)
                if found is None or found[0].id != self._holder.id:
                    self._lost_to = str(found[0]) if found else "nobody: someone broke it"
                    return
                if found[1] == self._etag:
                    return
                self._etag = found[1]
            self._holder, self._renewed = renewed, asked


class Watch:
    """Observes another's lease, to tell when it has not been renewed for its time.

    How old the lease is when it is first seen is told by the store's own clock, so that a lease whose holder died before is not
    watched anew by each who comes. From then on our own clock counts; the two are never compared.
    """

    def __init__(self, store: ObjectStore, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._name, self._clock = store, name, clock
        self._etag = ""
        self._renewed = 0.0
        self.left = 0.0

    @property
    def expired(self) -> bool:
        """Whether it may be taken over, as of the last look."""
        return self.left < 0

    def look(self) -> tuple[LeaseHolder, str] | None:
        """Who holds it now, with its tag; ``left`` then says in how many seconds it may be taken over if nobody renews it."""
        found = read_holder(self._store, self._name)
        if found is None:
            self.left = 0.0
            return None
        holder, etag = found
        if etag != self._etag:
            self._renewed = self._clock() - (0.0 if self._etag else self._age())
            self._etag = etag
        self.left = self._renewed + holder.seconds * PATIENCE - self._clock()
        return found

    def _age(self) -> float:
        """For how many seconds the lease surely stands as it is; 0 when that is not known."""
        try:
            modified = self._store.head(self._name).modified
        except (StoreError, ObjectMissingError):
            return 0.0
        now = _time_of(self._store, f"{self._name}-clock-{secrets.token_hex(8)}") if modified is not None else None
        return max((now - modified).total_seconds() - _ROUNDED, 0.0) if now is not None and modified is not None else 0.0


def _time_of(store: ObjectStore, name: str) -> datetime | None:
    """The time by the clock of a store, which is that of an object written just now; None when it does not tell."""
    try:
        store.put(name, b"")
        return store.head(name).modified
    except CatalogError:
        return None
    finally:
        with contextlib.suppress(CatalogError):
            store.delete(name)
