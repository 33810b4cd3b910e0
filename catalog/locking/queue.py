"""A queue for writers who lost too many races: first come, first served, by the times of a listing.

Who waits sleeps for as long as those ahead will take, so that it asks seldom. Nobody is kept out: a writer without a ticket may
still win, but those with one do not race each other.
"""

from __future__ import annotations

import contextlib
import secrets
from types import TracebackType
from typing import Self

from catalog.errors import CatalogError
from catalog.locking.election import Ticket, read_tickets, remove_tickets
from catalog.progress import Progress
from catalog.remote.place import Place

_PREFIX = "catalogqueue"
_MOST_LOOKS = 20
_LONGEST_SLEEP = 10.0
_ABANDONED = 60.0
"""Seconds by which a ticket is older than the newest one, after which its writer is taken for gone."""


def waits_in_queue(ticket: Ticket) -> bool:
    """Whether a ticket is a place in the queue, which keeps nobody out."""
    return ticket.id.startswith(_PREFIX)


class Queue:
    """A place in the queue for the head of a database, given back when its context ends. A turn takes about ``seconds``."""

    def __init__(self, place: Place, seconds: float, progress: Progress) -> None:
        self._store, self._name = place.store, place.names.lease
        self._id = f"{_PREFIX}{secrets.token_hex(8)}"
        self._seconds, self._progress = seconds, progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(CatalogError):
            remove_tickets(self._store, self._name, self._id)

    def wait_for_turn(self) -> None:
        """Take a ticket and sleep until it is the first, or until that takes longer than it should."""
        self._store.put(f"{self._name}.{self._id}-0", b"1")
        self._progress.begin("waiting for other writers")
        seconds, before, slept = self._seconds, 0, 0.0
        for _ in range(_MOST_LOOKS):
            ahead = self._ahead()
            if not ahead:
                return
            if slept:
                # Turns take as long as they were seen to take.
                seconds = slept / (before - ahead) if ahead < before else seconds * 2
            before, slept = ahead, min(ahead * seconds, _LONGEST_SLEEP)
            self._progress.wait(slept)

    def _ahead(self) -> int:
        tickets = list(filter(waits_in_queue, read_tickets(self._store, self._name).values()))
        mine = next((ticket for ticket in tickets if ticket.id == self._id), None)
        if mine is None:
            return 0
        newest = max(ticket.newest for ticket in tickets)
        alive = [ticket for ticket in tickets if (newest - ticket.newest).total_seconds() < _ABANDONED]
        return sum(ticket.rank < mine.rank for ticket in alive)
