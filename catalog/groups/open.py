"""Opening a database or a group: what `catalog.open` does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, Unpack, overload

from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.database.open import default_author, open_parts
from catalog.database.options import Flag, More, Options
from catalog.groups.group import ConnectionGroup
from catalog.progress import Progress

_KINDS = {"database": Database, "group": ConnectionGroup}


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
    return open_parts(remote_conn, file_path, options, _KINDS, more.get("progress") or Progress())


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
