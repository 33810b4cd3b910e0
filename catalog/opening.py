"""Opening a database: from a connection, a file and a flag to the parts that it consists of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Unpack, overload

from catalog.access import connect_store, given_connection
from catalog.changes.versions import Version, find_version
from catalog.codecs.codec import Codec, codec_of
from catalog.codecs.light_serializers import TEXT
from catalog.connection import S3Connection
from catalog.database import Database
from catalog.errors import (
    DatabaseMismatchError,
    InvalidInputError,
    LocalFileError,
    ReadOnlyError,
    RemoteMissingError,
    UnreachableError,
    UnsupportedFormatError,
)
from catalog.groups.group import ConnectionGroup
from catalog.lease import Lease, who_am_i
from catalog.local.booklet_header import FEWEST_BUCKETS, Header, buckets_for
from catalog.local.data_file import system_error
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.meeting import meet_remote
from catalog.objectstore.connect import name_of
from catalog.objectstore.interface import ObjectStore
from catalog.objectstore.observed import observed
from catalog.objectstore.offline import OfflineStore
from catalog.opening_options import Flag, More, Options
from catalog.past_session import PastSession
from catalog.progress import Progress
from catalog.remote.commit import read_head
from catalog.remote.head import StoredHead
from catalog.remote.object_names import ObjectNames
from catalog.remote.remote import Remote
from catalog.session import Session
from catalog.writing import take_lease

Opened = Database | ConnectionGroup
_MOST_EXPECTED_KEYS = 1_728_017
"""Room for more is made when values arrive: a head may claim any number."""

_PICKLES = ("pickle", "pickle_zstd")


def open_parts(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    options: Options,
    progress: Progress,
) -> Opened:
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
        return _open_offline(connection, path, options, progress)
    try:
        return _open_online(connection, path, options, progress)
    except UnreachableError:
        if options.offline == "auto" and path.exists():
            return _open_offline(connection, path, options, progress)
        raise


def _open_offline(connection: S3Connection, path: Path, options: Options, progress: Progress) -> Opened:
    if not path.exists() and options.flag in ("r", "w"):
        raise LocalFileError(f"There is no local file {path} to open offline.", path=str(path), hint="Open it online once.")
    return _open(connection, path, options, OfflineStore(str(connection)), None, progress)


def _open_online(connection: S3Connection, path: Path, options: Options, progress: Progress) -> Opened:
    store = observed(connect_store(connection, writing=options.writing, progress=progress), options.observer)
    lease: Lease | None = None
    try:
        if options.writing and options.lock == "session":
            names = ObjectNames(name_of(connection))
            lease = take_lease(store, names, timeout=options.lock_timeout, force=options.force_lock, progress=progress)
        return _open(connection, path, options, store, lease, progress)
    except BaseException:
        if lease is not None:
            lease.release()
        store.close()
        raise


def _open(
    connection: S3Connection,
    path: Path,
    options: Options,
    store: ObjectStore,
    lease: Lease | None,
    progress: Progress,
) -> Opened:
    names = ObjectNames(name_of(connection))
    online = not isinstance(store, OfflineStore)
    head: StoredHead | None = None
    asked = False
    if not path.exists():
        head = read_head(store, names) if online else None
        asked = True
        _create(path, head, options, f"{store.where}: {names.db_key!r}")
    copy = WorkingCopy(path)
    writer: Writer | None = None
    try:
        _check_keys_are_text(copy)
        session = Session(copy, None, Remote(store, names.db_key, copy.sidecar, connection.threads))
        if options.flag != "n":
            _check_same_file(session)
        if options.writing:
            writer = Writer(copy, timeout=options.lock_timeout, progress=progress, buffer_bytes=options.buffer_size)
            session.writer = writer
        else:
            _repair(copy, progress)
        session.load_heads()
        if asked and head is not None and session.seen is None:
            session.remember_seen(head)
        elif online:
            session.refresh()
        if options.version is None:
            meet_remote(session, options, online=online, progress=progress)
        else:
            session = _at_version(session, options.version)
        return _assemble(session, connection, options, lease)
    except BaseException:
        if writer is not None:
            writer.abandon()
        copy.close()
        raise


def _at_version(session: Session, version: Version) -> Session:
    stored = find_version(session.remote, session.seen, version)
    return PastSession(session.copy, session.remote, stored)


def _create(path: Path, head: StoredHead | None, options: Options, where: str) -> None:
    """Make the local file of a new working copy."""
    if head is None and options.flag in ("r", "w"):
        raise RemoteMissingError(f"{where}: there is no database here.", hint="Check the address, or create one with flag='c'.")
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
        f"{session.copy.path} was replaced by another database: {session.sidecar.path.name} beside it is not of this one.",
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


def _assemble(session: Session, connection: S3Connection, options: Options, lease: Lease | None) -> Opened:
    trusted = options.trust or (isinstance(options.value_serializer, str) and options.value_serializer in _PICKLES)

    @cache
    def codec_for(code: int) -> Codec:
        return codec_of(code, options.value_serializer, trusted=trusted, nan=options.nan)

    codec_for(session.copy.header.value_serializer)
    database = Database(session, codec_for, connection, lease=lease, author=options.author, type_=options.type)
    return ConnectionGroup(database) if options.type == "group" else database


def default_author() -> str:
    """Who signs commits when nobody says: ``CATALOG_AUTHOR`` in the environment, else user@host."""
    return os.environ.get("CATALOG_AUTHOR") or who_am_i()


@overload
def open(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    remote_conn_group: Literal[False] = False,
    **more: Unpack[More],
) -> Database: ...
@overload
def open(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    *,
    remote_conn_group: Literal[True],
    **more: Unpack[More],
) -> ConnectionGroup: ...
@overload
def open(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    remote_conn_group: bool = False,
    **more: Unpack[More],
) -> Database | ConnectionGroup: ...
def open(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    remote_conn_group: bool = False,
    **more: Unpack[More],
) -> Database | ConnectionGroup:
    """Open a database, and bring the local file up to date.

    Args:
        remote_conn: An S3Connection, a dict of its parameters, a group entry, or a public address (read only).
        file_path: The local booklet file; made when it does not exist. Its sidecar ``<file>.sync`` lies beside it.
        flag: ``r`` reads; ``w`` writes to an existing database; ``c`` also creates one; ``n`` begins an empty one, which
            replaces the remote with its first push and not before.
        value_serializer: booklet's name of a serializer, None for bytes, or a class with dumps and loads. Counts when the
            database is created. ``'pickle'`` also says that pickled values of this database are trusted.
        n_buckets: How many keys the local file is made for; default: as many as the remote has.
        buffer_size: How many bytes of changes are collected in memory before they are written.
        remote_conn_group: True for a group of connections.
        lock: ``session`` takes the write lease of the remote until the database is closed; ``commit`` takes none, and a push
            that meets another's is put on top of it or stops at a conflict.
        lock_timeout: Seconds to wait for the local file and for the lease.
        force_lock: True breaks another's lease.
        offline: True works without the remote; ``auto`` does so when it cannot be reached.
        pull: False leaves the working copy on the commit that it builds on; newer ones then show as incoming changes.
        trust: True reads pickled values without restriction: only for databases of people you trust with your machine.
        progress: Told of waiting and transfers; can cancel them.
        author: Who signs the commits; default user@host.
        trust_connection: True vouches for the place that a group's entry names, without asking for an approval.
        observer: Told of each request that is made of the store.
        nan: ``null`` lets JSON have null in place of NaN and the infinities, which it cannot say; by default they are refused.
        version: Open an earlier state, read-only: a commit number, the beginning of a commit id, a tag, or a time.

    Raises:
        RemoteMissingError, LockTimeoutError, DatabaseMismatchError, CredentialsError, AccessDeniedError, UnreachableError,
        UnsupportedFormatError, IntegrityError, InvalidInputError, LocalFileError.
    """
    if unknown := more.keys() - More.__annotations__.keys():
        raise TypeError(f"open() got an unexpected keyword argument {sorted(unknown)[0]!r}")
    options = Options(
        flag=flag,
        value_serializer="orjson" if remote_conn_group else value_serializer,
        n_buckets=n_buckets,
        buffer_size=buffer_size,
        lock=more.get("lock", "session"),
        lock_timeout=more.get("lock_timeout", 300.0),
        force_lock=more.get("force_lock", False),
        offline=more.get("offline", False),
        pull=more.get("pull", True),
        trust=more.get("trust", False),
        author=more.get("author") or default_author(),
        type="group" if remote_conn_group else "database",
        version=more.get("version"),
        trust_connection=more.get("trust_connection", False),
        observer=more.get("observer"),
        nan=more.get("nan", "refuse"),
    )
    return open_parts(remote_conn, file_path, options, more.get("progress") or Progress())


def open_ebooklet(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    value_serializer: Any = None,
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    **more: Unpack[More],
) -> Database:
    """Open a database: ebooklet's later name of `open`."""
    return open(remote_conn, file_path, flag, value_serializer, n_buckets, buffer_size, **more)


def open_rcg(
    remote_conn: S3Connection | str | Mapping[str, Any],
    file_path: str | os.PathLike[str],
    flag: Flag = "r",
    n_buckets: int | None = None,
    buffer_size: int = 4 << 20,
    **more: Unpack[More],
) -> ConnectionGroup:
    """Open a group of connections: ebooklet's later name of `open` with ``remote_conn_group=True``."""
    return open(remote_conn, file_path, flag, None, n_buckets, buffer_size, remote_conn_group=True, **more)
