"""From a connection to its open store: the credentials are found, then the store is opened with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.connection import S3Connection
from catalog.credentials import AwsChain, Identity, require_approval, resolve
from catalog.errors import AccessDeniedError, CredentialsError, CredentialsKind, NotApprovedError, ObjectMissingError
from catalog.progress import Progress
from catalog.store.connect import connect, name_of
from catalog.store.interface import ObjectStore

_NONE_AT_ALL = (CredentialsKind.MISSING, CredentialsKind.NO_BACKEND, CredentialsKind.REFUSED_BACKEND)


def given_connection(remote_conn: S3Connection | str | Mapping[str, Any], *, writing: bool, trust: bool = False) -> S3Connection:
    """The connection that a caller gives: an S3Connection, an address, a dict of parameters, or a group's entry.

    An entry is only a suggestion of whoever wrote the group: without an approval on this machine (or ``trust``) its public
    address is read, if it has one; otherwise NotApprovedError is raised.
    """
    connection = S3Connection.of(remote_conn)
    is_entry = isinstance(remote_conn, Mapping) and "remote_conn" in remote_conn
    if not is_entry or (connection.is_folder and not writing):
        return connection
    try:
        require_approval(connection, origin="that the entry came from", trust=trust)
    except NotApprovedError:
        if connection.db_url is None or writing:
            raise
        return S3Connection(db_url=connection.db_url)
    return connection


def connect_store(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> ObjectStore:
    """The store of a connection, with the credentials that were found for it; no request is sent.

    Without credentials a connection that has a public address is read there. Raises CredentialsError and ReadOnlyError.
    """
    if connection.is_folder or connection.is_address_only:
        return connect(connection, None, writing=writing)
    has_other_way = connection.db_url is not None and not writing
    try:
        identity = resolve(connection, progress=progress).identity
    except CredentialsError as error:
        if error.kind not in _NONE_AT_ALL or not has_other_way:
            raise
        identity = None
    if has_other_way and isinstance(identity, AwsChain) and not _has_keys(identity):
        identity = None
    return connect(connection, identity, writing=writing)


def _has_keys(chain: AwsChain) -> bool:
    from catalog.store.s3.client import has_credentials  # noqa: PLC0415 - boto3 is loaded when it is used

    return has_credentials(chain)


@dataclass(frozen=True, slots=True)
class Access:
    """What a store lets an identity do, found out without writing: None is allowed, else the store's refusal.

    ``lists`` is also None where a kind of store never lists.
    """

    lists: AccessDeniedError | None
    reads: AccessDeniedError | None


def check_access(connection: S3Connection, identity: Identity) -> Access:
    """Ask a store what it lets an identity do at the place of a connection, which need not exist there.

    Raises:
        CatalogError: when the store does not answer, has no such bucket, or the AWS chain has no credentials.
    """
    store = connect(connection, identity, writing=False)
    try:
        return Access(_refused_list(store, name_of(connection)), _refused_read(store, name_of(connection)))
    finally:
        store.close()


def _refused_list(store: ObjectStore, name: str) -> AccessDeniedError | None:
    if not store.powers.lists:
        return None
    try:
        next(iter(store.list(name)), None)
    except AccessDeniedError as error:
        return _cut(error)
    return None


def _refused_read(store: ObjectStore, name: str) -> AccessDeniedError | None:
    try:
        store.head(name)
    except ObjectMissingError:
        return None
    except AccessDeniedError as error:
        return _cut(error)
    return None


def _cut(error: AccessDeniedError) -> AccessDeniedError:
    """An error to be kept, without the frames that it came through."""
    return error.with_traceback(None)
