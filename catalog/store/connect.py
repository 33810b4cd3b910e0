"""From the description of a connection to the store that it describes."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from catalog.connection import S3Connection
from catalog.errors import CredentialsError, ReadOnlyError
from catalog.store.identity import Identity
from catalog.store.interface import ObjectStore


class _Settings(TypedDict):
    threads: int
    read_timeout: float
    retries: int


def connect(connection: S3Connection, keys: Identity, *, writing: bool) -> ObjectStore:
    """Open the store that holds a database; no request is sent.

    ``keys`` are the credentials that were found for it, or None. A folder needs none. With credentials (or ``anonymous``) a
    bucket is used for everything, and ``db_url`` only without. Raises CredentialsError when there is no way in without keys,
    and ReadOnlyError when ``writing`` was asked of a web address.
    """
    if connection.is_folder:
        from catalog.store.directory.store import DirectoryStore  # noqa: PLC0415 - each kind of store is imported when it is used

        return DirectoryStore(_folder_of(connection))
    settings: _Settings = {
        "threads": connection.threads,
        "read_timeout": connection.read_timeout,
        "retries": connection.retries,
    }
    if connection.bucket is not None and (keys is not None or connection.anonymous):
        from catalog.store.s3.store import S3Store  # noqa: PLC0415

        return S3Store(connection.bucket, connection.endpoint_url, keys, region=connection.region, **settings)
    if connection.db_url is not None and not writing:
        from catalog.store.https import HttpsStore  # noqa: PLC0415

        return HttpsStore(connection.db_url, name_of(connection), **settings)
    raise _no_way_in(connection)


def name_of(connection: S3Connection) -> str:
    """The name of the database's head in its store: its key or, of an address, the last part of the path."""
    if connection.db_key is not None:
        return connection.db_key
    return unquote(urlsplit(connection.db_url or "").path.rstrip("/").rpartition("/")[2])


def _folder_of(connection: S3Connection) -> Path:
    from urllib.request import url2pathname  # noqa: PLC0415 - it brings the whole of HTTP, and is needed only here

    folder = Path(url2pathname(urlsplit(connection.endpoint_url or "").path))
    return folder / connection.bucket if connection.bucket else folder


def _no_way_in(connection: S3Connection) -> CredentialsError | ReadOnlyError:
    if connection.bucket is None:
        return ReadOnlyError(
            f"{connection} is a web address: it can only be read.",
            hint="Writing needs db_key, bucket, endpoint_url and credentials.",
        )
    return CredentialsError(
        f"There are no credentials for {connection}.",
        hint="Store a key pair (catalog credentials add), pass access_key_id and access_key, or set anonymous=True.",
    )
