"""Connections as ebooklet's programs use them: opened without a local file, to look at a remote, to copy or to delete it."""

from __future__ import annotations

import tempfile
import uuid as uuid_module
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from catalog.connection import S3Connection as OurConnection
from catalog.database.options import Flag
from catalog.ebooklet.database import EVariableLengthValue, RemoteConnGroup
from catalog.ebooklet.errors import ReadOnlyError, with_names_of_ebooklet
from catalog.ebooklet.opening import open as open_any
from catalog.ebooklet_format.identity import name_of_type
from catalog.errors import RemoteMissingError
from catalog.format.head import StoredHead
from catalog.locking.head_writer import break_lock
from catalog.remote.copy import CopyResult
from catalog.remote.place import Place
from catalog.remote.remote import look_first
from catalog.store.access import connect_store
from catalog.store.connect import name_of


@with_names_of_ebooklet
class RemoteSession:
    """A remote that was opened by `S3Connection.open`: what it says of itself, as of then. Without one, all of that is None."""

    def __init__(self, connection: OurConnection, *, writable: bool) -> None:
        self.connection = connection
        self.writable = writable
        self._place = Place.at(connect_store(connection, writing=writable), name_of(connection))
        self._load()

    def _load(self) -> None:
        self._newest: StoredHead | None = look_first(self._place).head

    @property
    def read_access(self) -> bool:
        """Whether the remote can be read."""
        return True

    @property
    def initialized(self) -> bool:
        """Whether there is a database."""
        return self._newest is not None

    @property
    def uuid(self) -> uuid_module.UUID | None:
        """The identity of the database."""
        return self._newest.head.database_uuid if self._newest is not None else None

    @property
    def type(self) -> str | None:
        """``EVariableLengthValue`` for a database, ``RemoteConnGroup`` for a group."""
        return name_of_type(self._newest.head.type) if self._newest is not None else None

    @property
    def timestamp(self) -> int | None:
        """When the newest commit was made, in microseconds."""
        return self._newest.head.time if self._newest is not None else None

    def get_uuid(self) -> uuid_module.UUID | None:
        """The identity of the database; asks again where there was none."""
        self._look_again()
        return self.uuid

    def get_type(self) -> str | None:
        """What is there; asks again where there was nothing."""
        self._look_again()
        return self.type

    def get_timestamp(self) -> int | None:
        """When the newest commit was made, in microseconds; asks again."""
        self._load()
        return self.timestamp

    def get_user_metadata(self) -> Any:
        """The metadata of the database, or None; asks again."""
        self._load()
        metadata = self._newest.metadata if self._newest is not None else None
        return orjson.loads(metadata.inline) if metadata is not None and metadata.inline is not None else None

    def _look_again(self) -> None:
        if self._newest is None:
            self._load()

    def delete_remote(self) -> None:
        """Delete the database with its history."""
        self._check_writable()
        if self._newest is not None:
            with self._opened("w") as database:
                database.give_up_remote()
        self._load()

    def copy_remote(self, remote_conn: OurConnection) -> CopyResult:
        """Copy the database to another place, where there must be none."""
        if self._newest is None:
            raise RemoteMissingError(f"{self._place}: there is no database to copy.", hint="Push it first.")
        with self._opened("r") as database:
            return database.copy_remote(remote_conn)

    @contextmanager
    def _opened(self, flag: Flag) -> Iterator[EVariableLengthValue | RemoteConnGroup]:
        """The database in a file that is gone afterwards, and that no value is brought into."""
        with tempfile.TemporaryDirectory() as folder, open_any(self.connection, Path(folder) / "looked-at.blt", flag) as database:
            yield database

    def break_other_locks(self, timestamp: str | datetime | None = None) -> list[dict[str, str]]:  # noqa: ARG002
        """Take the write lock away from whoever holds it; whose it was. ``timestamp`` changes nothing: a dead lock runs out."""
        self._check_writable()
        holder = break_lock(self._place)
        return [{"holder": str(holder)}] if holder is not None else []

    def _check_writable(self) -> None:
        if not self.writable:
            raise ReadOnlyError("Session is not writable.")

    def close(self) -> None:
        """Give back connections."""
        self._place.store.close()

    def __bool__(self) -> bool:
        return self.read_access

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class S3Connection(OurConnection):
    """Where a database lives, as ebooklet's: with `open`, to look at it without a local file."""

    def __init__(  # noqa: PLR0913, PLR0917 - the positions are those of ebooklet's S3Connection
        self,
        access_key_id: str | None = None,
        access_key: str | None = None,
        db_key: str | None = None,
        bucket: str | None = None,
        endpoint_url: str | None = None,
        db_url: str | None = None,
        threads: int = 10,
        read_timeout: float = 60,
        retries: int = 3,
        **more: Any,
    ) -> None:
        super().__init__(access_key_id, access_key, db_key, bucket, endpoint_url, db_url, threads, read_timeout, retries, **more)

    def open(self, flag: str = "r") -> RemoteSession:
        """Look at the remote; with another flag than ``r`` it can be deleted, and its lock be broken."""
        return RemoteSession(self, writable=flag != "r")
