"""Copying a database to another place, with its history."""

from __future__ import annotations

from catalog.changes.convert import convert
from catalog.connection import S3Connection
from catalog.errors import InvalidInputError, RemoteMissingError
from catalog.format.names import check_new_key
from catalog.locking.head_writer import leased
from catalog.progress import Progress
from catalog.remote.copy import CopyResult, already_copied, copy_remote
from catalog.remote.objects import check_place
from catalog.remote.place import Place
from catalog.session.session import Session
from catalog.store.access import connect_store
from catalog.store.connect import name_of
from catalog.store.observed import observed, observer_of


def copy_to(session: Session, connection: S3Connection, author: str, progress: Progress) -> CopyResult:
    """Copy what was pushed to where there is no database yet, holding the lock of that place.

    The copy is a database of its own, which says where it comes from in a commit of ``author``. A database of ebooklet becomes
    one in our format, with one commit.

    Raises RemoteMissingError when nothing was pushed, and InvalidInputError for the same place, or one with another database.
    """
    stored = session.refresh()
    if stored is None:
        raise RemoteMissingError(f"{session.remote.where}: there is no database to copy.", hint="Push it first.")
    store = observed(connect_store(connection, writing=True, progress=progress), observer_of(session.remote.store))
    try:
        target = Place.at(store, name_of(connection))
        if str(target) == session.remote.where:
            raise InvalidInputError(f"{target}: a database cannot be copied onto itself.", hint="Choose another db_key.")
        if (done := already_copied(target, stored)) is not None:
            return done
        check_new_key(target.names.db_key)
        check_place(target)
        with leased(target, progress) as lease:
            if stored.head.from_ebooklet:
                return convert(session, stored, target, author, lease, progress)
            return copy_remote(session.remote, stored, target, progress, author)
    finally:
        store.close()
