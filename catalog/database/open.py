"""Opening a database: from a connection, a file and a flag to the parts that it consists of."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from catalog.changes.restored import notices, settle_restored
from catalog.changes.versions import Version, find_version
from catalog.codecs.codec import Codec, codec_of
from catalog.codecs.light_serializers import TEXT
from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.database.options import Options
from catalog.database.sync import meet_remote
from catalog.errors import (
    DatabaseMismatchError,
    InvalidInputError,
    LineageError,
    LocalFileError,
    ReadOnlyError,
    RemoteMissingError,
    UnreachableError,
    UnsupportedFormatError,
)
from catalog.format.head import StoredHead
from catalog.format.names import check_new_key
from catalog.local.booklet_header import FEWEST_BUCKETS, Header, buckets_for
from catalog.local.data_file import system_error
from catalog.local.sidecar import Sidecar
from catalog.local.state import State
from catalog.local.working_copy import WorkingCopy, sidecar_path
from catalog.local.writer import Writer
from catalog.locking.head_writer import take_lease
from catalog.locking.lease import Lease, who_am_i
from catalog.progress import Progress
from catalog.remote.commit import EbookletFoundError, refuse_ebooklet
from catalog.remote.place import Place
from catalog.remote.remote import FirstLook, Remote, look_first
from catalog.session.past import PastSession
from catalog.session.session import Session, WriteSession
from catalog.store.access import connect_store, given_connection
from catalog.store.connect import name_of
from catalog.store.interface import ObjectStore
from catalog.store.observed import observed
from catalog.store.offline import OfflineStore

Kinds = Mapping[str, type[Database]]
"""The class of an opened database, by the type that its head says."""

_MOST_EXPECTED_KEYS = 1_728_017
"""Room for more is made when values arrive: a head may claim any number."""

_log = logging.getLogger("catalog")

_PICKLES = ("pickle", "pickle_zstd")


def open_parts(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    options: Options,
    kinds: Kinds,
    progress: Progress,
) -> Database:
    """Open a database; see `catalog.open`."""
    connection = given_connection(remote_conn, writing=options.writing, trust=options.trust_connection)
    if connection.is_address_only and options.writing:
        raise ReadOnlyError(f"{connection} is a web address: it can only be read.", hint="Open it with flag='r'.")
    path = Path(file_path).expanduser().absolute()
    if "\0" in str(path):
        raise InvalidInputError(f"{str(path)!a} is no path of a file.", hint="Give another file_path.")
    try:
        path.exists()
    except OSError as error:
        raise system_error(error, path, "looking for") from None
    if options.offline is True:
        return _open_offline(connection, path, options, kinds, progress)
    try:
        return _open_online(connection, path, options, kinds, progress)
    except UnreachableError:
        if options.offline == "auto" and path.exists():
            return _open_offline(connection, path, options, kinds, progress)
        raise


def _open_offline(connection: S3Connection, path: Path, options: Options, kinds: Kinds, progress: Progress) -> Database:
    if not path.exists() and options.flag in ("r", "w"):
        raise LocalFileError(f"There is no local file {path} to open offline.", path=str(path), hint="Open it online once.")
    return _open(connection, path, options, kinds, OfflineStore(str(connection)), None, progress)


def _open_online(connection: S3Connection, path: Path, options: Options, kinds: Kinds, progress: Progress) -> Database:
    store = observed(connect_store(connection, writing=options.writing, progress=progress), options.observer)
    lease: Lease | None = None
    try:
        if options.writing and options.lock == "session":
            place = Place.at(store, name_of(connection))
            if not _is_known_as_ours(path):
                refuse_ebooklet(place)
            lease = take_lease(place, timeout=options.lock_timeout, force=options.force_lock, progress=progress)
        return _open(connection, path, options, kinds, store, lease, progress)
    except BaseException:
        if lease is not None:
            lease.release()
        store.close()
        raise


def _open(
    connection: S3Connection,
    path: Path,
    options: Options,
    kinds: Kinds,
    store: ObjectStore,
    lease: Lease | None,
    progress: Progress,
) -> Database:
    place = Place.at(store, name_of(connection))
    online = not isinstance(store, OfflineStore)
    looked: FirstLook | None = None
    if not path.exists():
        looked = look_first(place) if online else None
        _create(path, looked.head if looked else None, options, place)
    copy = WorkingCopy(path)
    writer: Writer | None = None
    try:
        _check_keys_are_text(copy)
        remote = Remote(place, copy.cache, connection.threads)
        session = Session(copy, remote)
        if options.flag != "n":
            _check_same_file(session)
        if options.writing:
            writer = Writer(copy, timeout=options.lock_timeout, progress=progress, buffer_bytes=options.buffer_size)
            session = WriteSession(copy, remote, writer)
        else:
            _repair(copy, progress)
            session.load_heads()
        _see_newest(session, looked, online=online)
        if options.writing:
            _refuse_to_write_ebooklet(session)
        _look_over(session, connection, progress, online=online)
        if options.version is None:
            meet_remote(session, options, online=online, progress=progress)
        else:
            session = _at_version(session, options.version)
        return _assemble(session, connection, options, kinds, lease)
    except BaseException:
        if writer is not None:
            writer.abandon()
        copy.close()
        raise


def _look_over(session: Session, connection: S3Connection, progress: Progress, *, online: bool) -> None:
    """Find out what a backup has done to the files, and note what is to be said of it."""
    if online and session.state.restored is not None:
        with session.writing(progress) as restoring:
            if restoring is not None:
                settle_restored(restoring)
    session.notices.extend(notices(session))
    if session.state.place is None:
        session.state.place = str(connection)


def _see_newest(session: Session, looked: FirstLook | None, *, online: bool) -> None:
    """Learn of the newest commit, without asking again for what was looked at before there was a file."""
    if looked is not None and looked.head is not None and session.seen is None:
        session.remember_seen(session.remote.take(looked))
    elif online:
        try:
            session.refresh()
        except LineageError as error:
            session.notices.append(str(error))


def _refuse_to_write_ebooklet(session: Session) -> None:
    if session.seen is not None and session.seen.head.from_ebooklet:
        raise EbookletFoundError(session.remote.where)


def place_of(path: Path) -> str | None:
    """Where the database is whose working copy lies at ``path``, in words; None where that is not known."""
    if not sidecar_path(path).exists():
        return None
    with contextlib.closing(Sidecar(sidecar_path(path))) as sidecar:
        return State(sidecar).place


def note_place(path: Path, connection: S3Connection) -> None:
    """Note that the database whose working copy lies at ``path`` has moved to a place."""
    with contextlib.closing(Sidecar(sidecar_path(path))) as sidecar:
        State(sidecar).place = str(connection)


def _is_known_as_ours(path: Path) -> bool:
    """Whether a working copy saw a commit of ours at its remote, which ebooklet refuses to write over."""
    if not sidecar_path(path).exists():
        return False
    sidecar = Sidecar(sidecar_path(path))
    try:
        _, seen = State(sidecar).heads()
        return seen is not None and not seen.head.from_ebooklet
    finally:
        sidecar.close()


def _at_version(session: Session, version: Version) -> Session:
    stored = find_version(session.remote, session.elsewhere or session.seen, version)
    return PastSession(session.copy, session.remote, stored)


def _create(path: Path, head: StoredHead | None, options: Options, place: Place) -> None:
    """Make the local file of a new working copy; InvalidInputError where no database can be made."""
    where = str(place)
    if head is None and options.flag in ("r", "w"):
        raise RemoteMissingError(f"{where}: there is no database here.", hint="Check the address, or create one with flag='c'.")
    if head is None:
        check_new_key(place.names.db_key)
    if head is None or options.flag == "n":
        header = options.new_header()
        if head is not None:
            header = header.fresh(header.n_buckets, head.head.database_uuid)
    else:
        header = Header.parse(head.head.header, where).fresh(
            max(options.n_buckets or buckets_for(min(head.head.keys, _MOST_EXPECTED_KEYS)), FEWEST_BUCKETS)
        )
    WorkingCopy.create(path, header)


def _check_same_file(session: Session) -> None:
    """Before anything is compared: whether the booklet is the one that its sidecar was made for."""
    base, seen, uuid = session.base, session.seen, session.copy.header.uuid
    if base is None or uuid == base.stored.head.database_uuid or (seen is not None and uuid == seen.head.database_uuid):
        return
    raise DatabaseMismatchError(
        f"{session.copy.path} was replaced by another database: {session.copy.path.name}.sync beside it is not of this one.",
        hint="Put the right file back, give another file_path, or move the .sync file away.",
    )


def _check_keys_are_text(copy: WorkingCopy) -> None:
    if copy.header.key_serializer != TEXT:
        raise UnsupportedFormatError(
            f"{copy.path} was made with another key serializer than 'str'.",
            hint="Keys must be strings: make the booklet with key_serializer='str'.",
        )


def _repair(copy: WorkingCopy, progress: Progress) -> None:
    """Before reading: find out what happened to the file, unless someone is writing to it now."""
    if copy.disturbed:
        writer = Writer.try_open(copy, progress)
        if writer is not None:
            writer.close()
            copy.data.reload()
        else:
            copy.look_over(progress)


def _assemble(session: Session, connection: S3Connection, options: Options, kinds: Kinds, lease: Lease | None) -> Database:
    kind = options.type or (session.seen.head.type if session.seen is not None else "database")
    trusted = options.trust or (isinstance(options.value_serializer, str) and options.value_serializer in _PICKLES)

    @cache
    def codec_for(code: int) -> Codec:
        return codec_of(code, options.value_serializer, trusted=trusted, nan=options.nan, as_booklet=options.as_booklet)

    codec_for(session.copy.header.value_serializer)
    for notice in session.notices:
        _log.warning("%s", notice)
    return kinds[kind](session, codec_for, connection, lease=lease, author=options.author, type_=kind)


def default_author() -> str:
    """Who signs commits when nobody says: ``CATALOG_AUTHOR`` in the environment, else user@host."""
    return os.environ.get("CATALOG_AUTHOR") or who_am_i()
