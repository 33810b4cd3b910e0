"""From a connection to its open store: the credentials are found, then the store is opened with them."""

from __future__ import annotations

from catalog.connection import S3Connection
from catalog.credentials import resolve
from catalog.errors import CredentialsError, CredentialsKind
from catalog.objectstore.connect import connect
from catalog.objectstore.interface import ObjectStore
from catalog.progress import Progress

_NONE_AT_ALL = (CredentialsKind.MISSING, CredentialsKind.NO_BACKEND, CredentialsKind.REFUSED_BACKEND)


def connect_store(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> ObjectStore:
    """The store of a connection, with the credentials that were found for it; no request is sent.

    Without credentials a connection that has a public address is read there. Raises CredentialsError and ReadOnlyError.
    """
    if connection.is_folder or connection.is_address_only:
        return connect(connection, None, writing=writing)
    try:
        identity = resolve(connection, progress=progress).identity
    except CredentialsError as error:
        if error.kind not in _NONE_AT_ALL or connection.db_url is None or writing:
            raise
        identity = None
    return connect(connection, identity, writing=writing)
