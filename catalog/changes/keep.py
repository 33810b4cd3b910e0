"""Keeping what is here as a new database at another place."""

from __future__ import annotations

import uuid
from pathlib import Path

from catalog.changes.load import load
from catalog.changes.options import PushOptions
from catalog.changes.parting import WayOut, elsewhere
from catalog.changes.push import push
from catalog.connection import S3Connection
from catalog.errors import GoneError, InvalidInputError
from catalog.format.names import check_new_key
from catalog.format.version import METADATA
from catalog.local.booklet_header import buckets_for
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.remote.remote import Remote, look_first
from catalog.session.session import Session, WriteSession
from catalog.store.access import connect_store
from catalog.store.connect import name_of
from catalog.store.observed import observed, observer_of

_LOCK_SECONDS = 30.0


def plan_keep(session: Session) -> WayOut:
    """What `keep_as` would put into the new database, as far as its values can be had."""
    elsewhere(session)
    with session.lock:
        return WayOut(tuple(info.key for info in session.key_infos()), (), (), ())


def keep_as(session: WriteSession, connection: S3Connection, path: Path, options: PushOptions, progress: Progress) -> WayOut:
    """Make what is here a new database at ``connection``, whose working copy is ``path``; this one stays as it is.

    Keys whose values are neither here nor in the remote any more are left out, and named. Raises InvalidInputError when
    the file or a database at the place is there already.
    """
    elsewhere(session)
    if path.exists():
        raise InvalidInputError(f"There is a file {path} already.", hint="Give another file_path for the new database.")
    with session.lock:
        lost = {key for key, error in load(session, None, progress).items() if _is_gone(error)}
        keys = [info.key for info in session.key_infos() if info.key not in lost]
        store = observed(connect_store(connection, writing=True, progress=progress), observer_of(session.remote.store))
        place = Place.at(store, name_of(connection))
        check_new_key(place.names.db_key)
        if look_first(place).head is not None:
            store.close()
            raise InvalidInputError(f"{place}: there is a database already.", hint="Choose another db_key.")
        header = session.writer.data.header
        WorkingCopy.create(path, header.fresh(max(buckets_for(len(keys)), header.n_buckets), uuid.uuid4()))
        copy = WorkingCopy(path)
        try:
            made = WriteSession(copy, Remote(place, copy.cache, connection.threads), _writer(copy, progress))
        except BaseException:
            copy.close()
            raise
        try:
            _fill(made, session, keys)
            result = push(made, options, None, progress)
        finally:
            made.close()
        return WayOut(tuple(keys), (), (), tuple(sorted(lost)), None, result.commit)


def _writer(copy: WorkingCopy, progress: Progress) -> Writer:
    return Writer(copy, timeout=_LOCK_SECONDS, progress=progress)


def _fill(made: WriteSession, source: Session, keys: list[str]) -> None:
    for key in keys:
        if (found := source.find(key)) is not None:
            made.writer.put(key, found.value, found.timestamp)
    metadata = source.metadata()
    if metadata is not None:
        made.writer.put(METADATA, metadata.value, metadata.timestamp)


def _is_gone(error: Exception) -> bool:
    if isinstance(error, GoneError):
        return True
    raise error
