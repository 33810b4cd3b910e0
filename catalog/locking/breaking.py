"""The write lock of a remote, seen from outside: whose it is, and breaking it."""

from __future__ import annotations

from catalog.connection import S3Connection
from catalog.errors import LockTimeoutError
from catalog.locking import head_writer as writing
from catalog.locking.lease import LeaseHolder
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.store.connect import name_of
from catalog.store.observed import Observer, observed


def read_holder(
    connection: S3Connection, *, progress: Progress | None = None, observer: Observer | None = None
) -> LeaseHolder | None:
    """Who holds the write lock of a remote, and since when; None when it is free.

    Raises CredentialsError, AccessDeniedError and UnreachableError.
    """
    store = observed(connect_store(connection, writing=False, progress=progress), observer)
    try:
        return writing.read_holder(Place.at(store, name_of(connection)))
    finally:
        store.close()


def break_lock(connection: S3Connection, expected: LeaseHolder | None = None) -> LeaseHolder | None:
    """Take the write lock of a remote away, and every writer's place in the queue for it; whose it was.

    A holder that is alive stops at its next push with LeaseLostError; its changes stay on its machine. With ``expected`` only
    that holder's lock is broken: LockTimeoutError names another one that has it by now.
    """
    store = connect_store(connection, writing=True)
    place = Place.at(store, name_of(connection))
    try:
        if expected is not None:
            now = writing.read_holder(place)
            if now is None:
                return None
            if now.id != expected.id:
                raise LockTimeoutError(f"{store.where}: {place.names.lease!r}", str(now), 0)
        return writing.break_lock(place)
    finally:
        store.close()
