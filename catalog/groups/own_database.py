"""What a group does as any database does: it is kept in one of its own, with a file, a remote and a history."""

from __future__ import annotations

import uuid as uuid_module
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from catalog.connection import S3Connection
from catalog.database import Database
from catalog.remote.head import Commit

P = ParamSpec("P")
R = TypeVar("R")


def _as(method: Callable[Concatenate[Database, P], R]) -> Callable[Concatenate[OwnDatabase, P], R]:
    """The same method of the group: its database does it."""

    @wraps(method)
    def do(self: OwnDatabase, /, *args: P.args, **more: P.kwargs) -> R:
        return method(self._database, *args, **more)

    return do


class OwnDatabase:
    """Whatever is kept in a database of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def file_path(self) -> Path:
        """The local booklet file."""
        return self._database.file_path

    @property
    def connection(self) -> S3Connection:
        """Where the group's own remote is."""
        return self._database.connection

    @property
    def uuid(self) -> uuid_module.UUID:
        """The identity of the group."""
        return self._database.uuid

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self._database.writable

    @property
    def serializer(self) -> str:
        """The name of its value serializer."""
        return self._database.serializer

    @property
    def commit(self) -> Commit | None:
        """The commit that the working copy builds on."""
        return self._database.commit

    @property
    def remote_commit(self) -> Commit | None:
        """The newest commit seen at the remote."""
        return self._database.remote_commit

    @property
    def value_bytes(self) -> int:
        """How many bytes all entries take as stored."""
        return self._database.value_bytes

    @property
    def requests(self) -> int:
        """How many requests this opening sent to the store."""
        return self._database.requests

    changes = _as(Database.changes)
    history = _as(Database.history)
    commit_at = _as(Database.commit_at)
    diff = _as(Database.diff)
    revert = _as(Database.revert)
    undo = _as(Database.undo)
    tag = _as(Database.tag)
    untag = _as(Database.untag)
    tags = _as(Database.tags)
    collect_garbage = _as(Database.collect_garbage)
    forget = _as(Database.forget)
    page = _as(Database.page)
    get_bytes = _as(Database.get_bytes)
    decode = _as(Database.decode)
    get_items = _as(Database.get_items)
    load_items = _as(Database.load_items)
    set_timestamp = _as(Database.set_timestamp)
    set_metadata = _as(Database.set_metadata)
    get_metadata = _as(Database.get_metadata)
    prune = _as(Database.prune)
    clear = _as(Database.clear)
    sync = _as(Database.sync)
    close = _as(Database.close)

    def timestamps(self, include_value: bool = False) -> Iterator[tuple[Any, ...]]:
        """Keys with their timestamps in microseconds, and with their values if asked."""
        return self._database.timestamps(include_value)

    def get_timestamp(self, key: str, include_value: bool = False, default: Any = None) -> Any:
        """The timestamp of an entry in microseconds."""
        return self._database.get_timestamp(key, include_value, default=default)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
