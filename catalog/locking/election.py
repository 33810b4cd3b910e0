"""Tickets: the write lock of a remote whose store keeps no conditions, won in an election.

A writer puts two tickets, ``<lock>.<id>-0`` and then ``<lock>.<id>-1``, and waits until a listing shows none older: the time of
the second counts, that of the first where there is no second yet, and of equal times the lower id. A second listing, made when
whoever wrote in the same second has become visible, must agree. This is the protocol of ebooklet's lock, and both kinds of
writer keep each other out.

Ours go on: a holder says who it is in the lock object, writes its first ticket anew while it lives (that changes no order),
and tickets of ours that are not renewed are cleared away. ebooklet's never are, unless someone breaks them.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from typing_extensions import override

from catalog.errors import CatalogError, LeaseLostError, LockTimeoutError, ObjectMissingError, StoreError
from catalog.locking.lease import SECONDS, Lease, LeaseHolder, Watch, now_in_words, read_holder, who_am_i
from catalog.progress import Progress
from catalog.store.interface import ObjectStore

SETTLE = 1.1
"""Seconds after which a writer of the same second is visible: a little more than the second that listings are exact to."""

_BODY = b"1"
"""What ebooklet writes into the tickets of an exclusive lock; anything else under the prefix makes it stop."""
_OURS = "catalog"
_TICKET = re.compile(r"([0-9A-Za-z]+)-([01])")
_VISIBLE = 30.0
_PAUSES = (0.2, 0.2, 0.3, 0.3, 0.5, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a listing shows of one writer: the times of its two tickets, None for one that is not there."""

    id: str
    first: datetime | None
    second: datetime | None

    @property
    def is_ours(self) -> bool:
        """Whether a program of this kind wrote it, which keeps it alive; ebooklet's does not."""
        return self.id.startswith(_OURS)

    @property
    def is_whole(self) -> bool:
        """Whether both tickets are there."""
        return self.first is not None and self.second is not None

    @property
    def rank(self) -> tuple[datetime, str]:
        """What orders the writers: lower is earlier."""
        at = self.second or self.first
        assert at is not None
        return (at, self.id)

    @property
    def newest(self) -> datetime:
        """When its writer was last alive."""
        return max(at for at in (self.first, self.second) if at is not None)


def read_tickets(store: ObjectStore, name: str) -> dict[str, Ticket]:
    """The tickets for the lock at ``name``, by id; StoreError when the store does not tell the times of its objects."""
    times: dict[str, dict[str, datetime]] = {}
    for found in store.list(f"{name}."):
        if parts := _TICKET.fullmatch(found.name[len(name) + 1 :]):
            if found.modified is None:
                raise StoreError(f"{store.where}: the listing has no times, so that writers cannot take turns here.")
            times.setdefault(parts[1], {})[parts[2]] = found.modified
    return {id_: Ticket(id_, both.get("0"), both.get("1")) for id_, both in times.items()}


def remove_tickets(store: ObjectStore, name: str, id_: str) -> None:
    """Take a writer's tickets away."""
    store.delete_many([f"{name}.{id_}-1", f"{name}.{id_}-0"])


def remove_all_tickets(store: ObjectStore, name: str) -> None:
    """Take every writer's tickets away, ebooklet's too."""
    for id_ in read_tickets(store, name):
        remove_tickets(store, name, id_)


def describe_ticket(ticket: Ticket) -> LeaseHolder:
    """What can be said of a writer that wrote nothing but its tickets."""
    owner = "another writer" if ticket.is_ours else "an ebooklet writer"
    return LeaseHolder(ticket.id, owner, f"{ticket.rank[0].astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}", SECONDS)


class Tickets(Lease):
    """The lock, won in an election; a daemon thread keeps its tickets alive until `release`.

    While both tickets are there, nobody else was elected. A holder that slept for longer than its lease may have lost them
    between `confirm` and what it does next, and nothing stops its write then: it must `confirm` after, too.
    """

    def __init__(self, store: ObjectStore, name: str, holder: LeaseHolder) -> None:
        self._elected = False
        self._kept = _clock()
        try:
            for number in (0, 1):
                store.put(f"{name}.{holder.id}-{number}", _BODY)
        except CatalogError:
            with suppress(CatalogError):
                remove_tickets(store, name, holder.id)
            raise
        self._entered = time.monotonic()
        super().__init__(store, name, holder, "")

    @override
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
    ) -> Tickets:
        """Win the election, waiting up to ``timeout`` seconds for others to end; LockTimeoutError names who is ahead.

        ``force`` removes everyone else's tickets and lease first.
        """
        if force:
            remove_all_tickets(store, name)
            store.delete(name)
        deadline = clock() + timeout
        while True:
            owner = f"{who_am_i()}, process {os.getpid()}"
            mine = cls(store, name, LeaseHolder(_OURS + secrets.token_hex(8), owner, now_in_words(), seconds))
            try:
                if mine._win(deadline, timeout, progress, clock):
                    return mine
            except BaseException:
                mine.release()
                raise
            mine.release()
            if clock() >= deadline:
                raise StoreError(
                    f"{store.where}: tickets for {name!r} do not stay, or listings do not show them: writers cannot take turns.",
                    hint="Did someone break the lock? Try again; `catalog doctor` says more.",
                )

    def _win(self, deadline: float, timeout: float, progress: Progress, clock: Callable[[], float]) -> bool:
        """Wait until two listings show nobody ahead; False when our tickets were removed meanwhile."""
        others = _Others(self._store, self._name, self._holder)
        pauses = iter(_PAUSES)
        visible = was_clear = False
        while True:
            asked = time.monotonic()
            standing = read_tickets(self._store, self._name)
            mine = standing.pop(self._holder.id, None)
            if mine is None or not mine.is_whole:
                if visible or asked - self._entered > _VISIBLE or self._is_removed():
                    return False
                progress.wait(_PAUSES[0])
                continue
            visible = True
            blocking = others.blocking(mine, standing)
            if blocking is None and was_clear and asked - self._entered >= SETTLE:
                blocking = others.holder(standing)
                if blocking is None:
                    self._take()
                    return True
            was_clear = blocking is None
            if blocking is None:
                progress.wait(max(0.0, self._entered + SETTLE - time.monotonic()))
                continue
            left = deadline - clock()
            if left <= 0:
                raise LockTimeoutError(f"{self._store.where}: {self._name!r}", str(blocking), timeout)
            progress.begin(f"waiting for {blocking} to finish writing")
            progress.wait(min(next(pauses, _PAUSES[-1]), left))

    def _is_removed(self) -> bool:
        """Whether a ticket of ours is gone, rather than not listed yet."""
        try:
            for number in (0, 1):
                self._store.head(f"{self._name}.{self._holder.id}-{number}")
        except ObjectMissingError:
            return True
        return False

    def _take(self) -> None:
        """Say in the lock object who holds it, also to those who think that it is kept by conditional writes."""
        with self._mutex:
            self._store.put(self._name, msgspec.json.encode(self._holder))
            self._elected = True

    @override
    def confirm(self) -> None:
        """Raise LeaseLostError unless both tickets are there, and what the store raises when it cannot be asked."""
        self._renew(self._holder.seconds / 3)
        if self._lost_to is not None:
            raise LeaseLostError(f"{self._store.where}: {self._name!r}", self._lost_to)

    @override
    def _renew(self, not_before: float = 0.0) -> None:
        """Look for our tickets, and write the first anew if it is ``not_before`` seconds old."""
        with self._mutex:
            if self._lost_to is not None or self._stop.is_set():
                return
            asked = _clock()
            if not self._stands():
                self._lost_to = self._successor()
            elif asked - self._kept >= not_before:
                renewed = msgspec.structs.replace(self._holder, renewals=self._holder.renewals + 1)
                self._store.put(f"{self._name}.{self._holder.id}-0", _BODY)
                if self._elected:
                    self._store.put(self._name, msgspec.json.encode(renewed))
                slept = asked - self._kept > self._holder.seconds
                self._holder, self._kept = renewed, asked
                if slept and (self._stop.wait(SETTLE) or not self._stands()):
                    self._lost_to = self._successor()

    def _stands(self) -> bool:
        own = read_tickets(self._store, self._name).get(self._holder.id)
        return own is not None and own.is_whole

    def _successor(self) -> str:
        found = read_holder(self._store, self._name)
        return str(found[0]) if found is not None and found[0].id != self._holder.id else "nobody: someone broke it"

    @override
    def _give_back(self) -> None:
        if self._elected:
            found = read_holder(self._store, self._name)
            if found is not None and found[0].id == self._holder.id:
                self._store.delete(self._name)
        remove_tickets(self._store, self._name, self._holder.id)


class _Others:
    """The other writers: who of them is ahead and alive, and in words."""

    def __init__(self, store: ObjectStore, name: str, own: LeaseHolder) -> None:
        self._store, self._name, self._own = store, name, own
        self._lock = Watch(store, name)
        self._words: dict[str, LeaseHolder] = {}

    def blocking(self, mine: Ticket, standing: dict[str, Ticket]) -> LeaseHolder | None:
        """Who is first of those before us; what was not renewed for too long, by the store's own clock, is cleared away."""
        ahead = []
        for ticket in standing.values():
            if ticket.rank < mine.rank:
                if ticket.is_ours and (mine.newest - ticket.newest).total_seconds() > self._own.seconds * 1.25:
                    remove_tickets(self._store, self._name, ticket.id)
                else:
                    ahead.append(ticket)
        return self._named(min(ahead, key=lambda ticket: ticket.rank)) if ahead else None

    def holder(self, standing: dict[str, Ticket]) -> LeaseHolder | None:
        """Who says in the lock object that it is theirs, and can be right though nobody is ahead of us."""
        found = self._lock.look()
        if found is None or self._lock.expired:
            return None
        holder = found[0]
        gone = holder.id.startswith(_OURS) and holder.id not in standing
        return None if gone else holder

    def _named(self, ticket: Ticket) -> LeaseHolder:
        if ticket.id not in self._words:
            found = read_holder(self._store, self._name)
            if found is None or found[0].id != ticket.id:
                return describe_ticket(ticket)
            self._words[ticket.id] = found[0]
        return self._words[ticket.id]


def _clock() -> float:
    """Seconds that go on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if clock is None else time.clock_gettime(clock)
