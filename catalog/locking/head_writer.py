"""Writing: how the writers of one remote keep out of each other's way, as their store allows.

Where conditional writes are kept, a lock is a `Lease` and a commit is a swap of the head. Elsewhere both need an election, see
`catalog.locking.election`. This is the one place that chooses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from typing_extensions import override

from catalog.errors import LeaseLostError, OutcomeUnknownError, StoreError
from catalog.format.head import StoredHead
from catalog.locking import capabilities as powers
from catalog.locking.capabilities import Conditions
from catalog.locking.election import Tickets, describe_ticket, read_tickets, remove_all_tickets
from catalog.locking.lease import Lease, LeaseHolder
from catalog.locking.lease import read_holder as read_lease
from catalog.locking.queue import waits_in_queue
from catalog.progress import Progress
from catalog.remote.commit import Beaten, commit, commit_in_turn, create_under_lease
from catalog.remote.place import Place
from catalog.store.interface import IfMatch, ObjectStore, UnsupportedRequestError

_TIMEOUT = 300.0
"""How many seconds a command waits for the write lock: for longer than one that a killed program left takes to run out."""


def take_lease(place: Place, *, timeout: float, force: bool, progress: Progress) -> Lease:
    """Take the write lock of a remote, waiting up to ``timeout`` seconds; LockTimeoutError names the holder.

    The first writer to a place that this machine does not know finds out what its store can do. ``force`` takes the lock from
    anyone.
    """
    if powers.conditions_of(place.store, place.names.db_key, progress) is Conditions.KEPT:
        try:
            return Lease.acquire(place.store, place.names.lease, timeout=timeout, force=force, progress=progress)
        except UnsupportedRequestError:
            powers.note(place.store, Conditions.REFUSED)
    return Tickets.acquire(place.store, place.names.lease, timeout=timeout, force=force, progress=progress)


@contextmanager
def leased(place: Place, progress: Progress) -> Iterator[Lease]:
    """Hold the write lock of a remote for the moment, after waiting long enough for one that a killed program left to run out."""
    lease = take_lease(place, timeout=_TIMEOUT, force=False, progress=progress)
    try:
        yield lease
    finally:
        lease.release()


def read_holder(place: Place) -> LeaseHolder | None:
    """Who holds the write lock of a remote, of either kind; None when it is free."""
    found = read_lease(place.store, place.names.lease)
    if found is not None:
        return found[0]
    if not place.store.powers.lists:
        return None
    standing = [ticket for ticket in read_tickets(place.store, place.names.lease).values() if not waits_in_queue(ticket)]
    return describe_ticket(min(standing, key=lambda ticket: ticket.rank)) if standing else None


def break_lock(place: Place) -> LeaseHolder | None:
    """Take the write lock of a remote away, and everyone's place in the queue for it; whose it was.

    A holder that is alive stops at its next push with LeaseLostError; its changes stay on its machine.
    """
    holder = read_holder(place)
    if place.store.powers.lists:
        remove_all_tickets(place.store, place.names.lease)
    place.store.delete(place.names.lease)
    return holder


class HeadWriter:
    """Makes commits the head of a remote, in the way of its store; one for each push, as a context manager.

    ``lease`` is the lock of the session, if it has one. Nothing is asked of the store before the first commit.
    """

    def __init__(self, place: Place, lease: Lease | None, progress: Progress) -> None:
        self._place, self._lease, self._progress = place, lease, progress
        self._way: Way | None = None

    def hold(self) -> bool:
        """Take the write lock of the remote, unless it is held; whether it was not.

        Who makes a new database holds it from before anything goes up: a deletion that is under way at the same place would take
        objects that nothing names yet. Raises LockTimeoutError.
        """
        return self._chosen().hold()

    @property
    def swaps(self) -> bool:
        """Whether a commit is a swap of the head, which writers race for."""
        return isinstance(self._chosen(), Swap)

    def commit(self, new: StoredHead, over: StoredHead | None, pause: Callable[[], object] = lambda: None) -> StoredHead | Beaten:
        """Make ``new`` the head, if the head is still ``over`` (None: if there is none; the lock is held then).

        What the head names must be up already, its copy under ``commits/`` too. After a lost race ``pause`` is called before
        it is read who won. Raises LeaseLostError, LockTimeoutError, OutcomeUnknownError and StoreError.
        """
        return self._chosen().commit(new, over, pause)

    def _chosen(self) -> Way:
        if self._way is None:
            self._way = self._choose()
        return self._way

    def _choose(self) -> Way:
        kept = powers.conditions_of(self._place.store, self._place.names.db_key, self._progress) is Conditions.KEPT
        kind = Swap if kept and not isinstance(self._lease, Tickets) else Turn
        return kind(self._place, self._lease, self._progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._way is not None:
            self._way.close()


class Way(ABC):
    """A way to make a commit the head."""

    def __init__(self, place: Place, lease: Lease | None, progress: Progress) -> None:
        self._place, self._lease, self._progress = place, lease, progress

    @abstractmethod
    def hold(self) -> bool:
        """As `HeadWriter.hold`."""

    @abstractmethod
    def commit(self, new: StoredHead, over: StoredHead | None, pause: Callable[[], object]) -> StoredHead | Beaten:
        """As `HeadWriter.commit`."""

    @abstractmethod
    def close(self) -> None:
        """Let the next writer go on."""


class Swap(Way):
    """Commit by one conditional write; needs no lock but for the first."""

    _own: Lease | None = None

    @override
    def hold(self) -> bool:
        if self._lease is not None:
            return False
        store, names = self._place.store, self._place.names
        self._own = Lease.acquire(store, names.lease, timeout=_TIMEOUT, force=False, progress=self._progress)
        self._lease = self._own
        return True

    @override
    def commit(self, new: StoredHead, over: StoredHead | None, pause: Callable[[], object]) -> StoredHead | Beaten:
        copy = self._place.names.commit(new.head.number, new.commit_id)
        if not powers.still_kept(self._place.store, copy, new.commit_body):
            raise _contradicted(self._place.store)
        if self._lease is not None:
            self._lease.confirm()
        try:
            outcome = commit(self._place, new, over, pause)
        except UnsupportedRequestError:
            powers.note(self._place.store, Conditions.REFUSED)
            raise _contradicted(self._place.store) from None
        if over is None and isinstance(outcome, Beaten) and outcome.current is None:
            return create_under_lease(self._place, new)
        return outcome

    @override
    def close(self) -> None:
        if self._own is not None:
            self._own.release()
            self._lease = self._own = None


class Turn(Way):
    """Commit in turn: under the election that the session won, or under one that it wins at the first commit.

    A turn is kept until `close`, so that who was beaten while waiting builds on the winner and is not beaten again.
    """

    _own: Tickets | None = None

    @override
    def hold(self) -> bool:
        held = self._lease is not None or self._own is not None
        self._turn()
        return not held

    @override
    def commit(self, new: StoredHead, over: StoredHead | None, pause: Callable[[], object]) -> StoredHead | Beaten:
        turn = self._turn()
        turn.confirm()
        outcome = commit_in_turn(self._place, new, over, self._condition(over))
        if isinstance(outcome, StoredHead):
            try:
                turn.confirm()
            except (LeaseLostError, StoreError):
                raise OutcomeUnknownError(str(self._place), new.commit_id) from None
        return outcome

    def _turn(self) -> Tickets:
        if isinstance(self._lease, Tickets):
            return self._lease
        if self._lease is not None:
            raise _contradicted(self._place.store)
        if self._own is None:
            store, names = self._place.store, self._place.names
            self._own = Tickets.acquire(store, names.lease, timeout=_TIMEOUT, force=False, progress=self._progress)
        return self._own

    def _condition(self, over: StoredHead | None) -> IfMatch | None:
        """A condition where it does no harm: it helps if the store keeps it after all."""
        known = powers.recall(self._place.store)
        taken = known is not None and known.conditions is not Conditions.REFUSED
        return IfMatch(over.etag) if over is not None and over.etag and taken else None

    @override
    def close(self) -> None:
        if self._own is not None:
            self._own.release()
            self._own = None


def _contradicted(store: ObjectStore) -> StoreError:
    return StoreError(
        f"{store.where}: the store does not keep the conditions of writes any more, as it did before. Nothing was pushed.",
        hint="Your changes are kept. Close the database, open it again and push: writers then take turns.",
    )
