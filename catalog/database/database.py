"""A database: a mapping from strings to values, in a local file, in step with a remote."""

from __future__ import annotations

import contextlib
import uuid as uuid_module
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from catalog.changes.changes import Changes
from catalog.changes.copy import copy_to
from catalog.changes.delete import delete_remote
from catalog.changes.detach import detach
from catalog.changes.load import load
from catalog.changes.options import HeldLease
from catalog.codecs.codec import Codec
from catalog.codecs.tree import encode_metadata
from catalog.connection import S3Connection
from catalog.database.history import Versioned
from catalog.database.parallel import Function, apply
from catalog.database.parting import Parting
from catalog.errors import (
    CatalogError,
    InvalidInputError,
    InvalidValueError,
)
from catalog.format.head import Commit
from catalog.format.timestamp import Timestamp, microseconds
from catalog.format.version import METADATA
from catalog.local.compact import Pruned
from catalog.local.sorted_keys import Order, SortedKeys
from catalog.local.writer import Writer
from catalog.locking.head_writer import leased
from catalog.locking.lease import Lease
from catalog.progress import Progress
from catalog.remote.copy import CopyResult
from catalog.session.key_info import KeyInfo
from catalog.session.keys import check_key, is_text
from catalog.session.listing import KeyGroup, Listing
from catalog.session.session import Session, StoredValue, WriteSession
from catalog.store.observed import Observer, observer_of


class Database(Versioned, Parting, MutableMapping[str, Any]):
    """A mapping from strings to values, made by `catalog.open`.

    Values lie in the local booklet file or are fetched when first read; changes stay local until they are pushed. Safe from
    many threads. Use it as a context manager, or close it.
    """

    def __init__(
        self,
        session: Session,
        codec_for: Callable[[int], Codec],
        connection: S3Connection,
        *,
        lease: Lease | None,
        author: str,
        type_: str = "database",
    ) -> None:
        self._session = session
        self._codec_for = codec_for
        self._lease = lease
        self._type = type_
        self._closed = False
        self._rows = Listing(session)
        self.connection = connection
        self.author = author

    @property
    def file_path(self) -> Path:
        """The local booklet file."""
        return self._session.copy.path

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self._session.writable

    @property
    def uuid(self) -> uuid_module.UUID:
        """The identity of the database, the same in every working copy."""
        base = self._session.base
        return base.stored.head.database_uuid if base is not None else self._session.copy.header.uuid

    @property
    def serializer(self) -> str:
        """The name of its value serializer."""
        return self._codec.name

    @property
    def commit(self) -> Commit | None:
        """The commit that the working copy builds on; None when it was never pushed or pulled."""
        return self._session.base.stored.commit if self._session.base is not None else None

    @property
    def remote_commit(self) -> Commit | None:
        """The newest commit seen at the remote."""
        return self._session.seen.commit if self._session.seen is not None else None

    @property
    def value_bytes(self) -> int:
        """How many bytes all values take as stored."""
        return self._open().value_bytes()

    @property
    def observer(self) -> Observer | None:
        """Who is told of each request of this opening."""
        return observer_of(self._open().remote.store)

    @property
    def requests(self) -> int:
        """How many requests this opening sent to the store."""
        return self._session.remote.store.traffic.total_requests

    def __repr__(self) -> str:
        state = "closed" if self._closed else ("open for writing" if self.writable else "open for reading")
        return f"<{type(self).__name__} {str(self.connection)!r} in {str(self.file_path)!r}, {state}>"

    @property
    def _codec(self) -> Codec:
        """How values are encoded; a pull may bring a database with another serializer."""
        return self._codec_for(self._session.copy.header.value_serializer)

    def _open(self) -> Session:
        if self._closed:
            raise InvalidInputError(f"{self.file_path} was closed.", hint="Open it again.")
        return self._session

    @property
    def _listing(self) -> Listing:
        self._open()
        return self._rows

    def _writing(self) -> WriteSession:
        return self._open().for_writing()

    def _writer(self) -> Writer:
        return self._open().writer

    def _find(self, key: object) -> StoredValue | None:
        session = self._open()
        return session.find(key) if is_text(key) else None

    def __getitem__(self, key: str) -> Any:
        held = self._find(key)
        if held is None:
            raise KeyError(key)
        return self._codec.decode(held.value)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default`` when there is no such key."""
        held = self._find(key)
        return default if held is None else self._codec.decode(held.value)

    def get_bytes(self, key: str) -> bytes:
        """The stored bytes of a key, verified; KeyError when there is no such key."""
        held = self._find(key)
        if held is None:
            raise KeyError(key)
        return held.value

    def compare(self, values: Mapping[str, bytes]) -> dict[str, bool]:
        """Of those of some keys that there are, whether they have these stored bytes: by checksum, fetching no value."""
        return self._open().compare({check_key(key): value for key, value in values.items()})

    def encode(self, value: Any) -> bytes:
        """Turn a value into the bytes that would be stored; InvalidValueError when the serializer refuses it."""
        return self._codec.encode(value)

    def sizes(self) -> dict[str, int | None]:
        """Every key with the bytes of its value as stored, None where nobody knows them; fetches no value."""
        return {info.key: info.size for info in self._open().key_infos()}

    def decode(self, raw: bytes) -> Any:
        """Turn stored bytes into a value, without running code that a stranger wrote."""
        return self._codec.decode(raw)

    def __contains__(self, key: object) -> bool:
        session = self._open()
        return is_text(key) and session.holds(key)

    def __iter__(self) -> Iterator[str]:
        return (info.key for info in self._open().key_infos())

    def __len__(self) -> int:
        return self._open().count()

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> Any:
        raise TypeError("an open database is never pickled: pass its connection and file path, and open it there")

    def page(self, after: str | None = None, limit: int = 200, prefix: str = "") -> list[KeyInfo]:
        """Some keys in their order, after a key and beginning with ``prefix``, with their states; deleted ones too."""
        return self._open().page(after, limit, prefix)

    def page_at(self, row: int, limit: int = 200, prefix: str = "") -> list[KeyInfo]:
        """Some keys as `page` gives them, from a row on: 0 is the first key that begins with ``prefix``."""
        return self._listing.page_at(row, limit, prefix)

    def rows(self, prefix: str = "") -> int:
        """How many keys pages have that begin with ``prefix``: those that were deleted here are counted too."""
        return self._listing.rows(prefix)

    def row_of(self, key: str) -> int:
        """The row of a key in the list of all, or that of the first key after it."""
        return self._listing.row_of(key)

    def folder(
        self, prefix: str = "", separator: str = "/", after: KeyInfo | KeyGroup | None = None, limit: int = 200
    ) -> list[KeyInfo | KeyGroup]:
        """What is in a folder: keys below ``prefix`` without another ``separator``, and the others as groups by their next part.

        Pages go on ``after`` the last one of the page before.
        """
        return self._listing.folder(prefix, separator, after, limit)

    def sorted_keys(self, order: Order, prefix: str = "") -> SortedKeys[KeyInfo]:
        """The keys that begin with ``prefix``, largest first (``size``) or newest first (``time``); close it after use."""
        return self._listing.sorted_keys(order, prefix)

    def get_items(self, keys: Iterable[str], default: Any = None) -> Iterator[tuple[str, Any]]:
        """Keys with their values, or with ``default`` where there is none; what is not local is fetched together first."""
        listed = list(keys)
        self._load_or_raise(listed)
        return ((key, self.get(key, default)) for key in listed)

    def load_items(self, keys: Iterable[str] | None = None, progress: Progress | None = None) -> dict[str, CatalogError]:
        """Fetch the values of ``keys`` (None: of all) into the local file; the keys that failed, with their errors."""
        chosen = None if keys is None else [key for key in keys if is_text(key)]
        return load(self._open(), chosen, progress or Progress())

    def _load_or_raise(self, keys: Sequence[str] | None) -> None:
        for error in self.load_items(keys).values():
            raise error

    def _stored_items(self) -> Iterator[tuple[str, StoredValue]]:
        self._load_or_raise(None)
        yield from self._open().stored_items()

    def items(self) -> Any:
        """Keys with their values, sorted; what is not local is fetched together first."""
        return _Streamed(self, lambda: ((key, self._codec.decode(held.value)) for key, held in self._stored_items()))

    def values(self) -> Any:
        """The values, sorted by key."""
        return _Streamed(self, lambda: (self._codec.decode(held.value) for _, held in self._stored_items()))

    def stored_items(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with ``prefix``, sorted, with the stored bytes of their values; memory is bounded.

        What is not local is fetched some at a time, before it is reached.
        """
        return ((key, held.value) for key, held in self._open().stored_items(prefix, self._load_or_raise))

    def timestamps(self, include_value: bool = False, decode_value: bool = True) -> Iterator[tuple[Any, ...]]:
        """Keys with their timestamps in microseconds, and with their values if asked."""
        if not include_value:
            return ((info.key, info.timestamp) for info in self._open().key_infos())
        return (
            (key, held.timestamp, self._codec.decode(held.value) if decode_value else held.value)
            for key, held in self._stored_items()
        )

    def get_timestamp(self, key: str, include_value: bool = False, decode_value: bool = True, default: Any = None) -> Any:
        """The timestamp of a key in microseconds, with its value if asked; ``default`` when there is no such key."""
        session = self._open()
        if not include_value:
            timestamp = session.timestamp_of(check_key(key))
            return default if timestamp is None else timestamp
        session.timestamp_of(check_key(key))
        held = session.find(key)
        if held is None:
            return default
        return held.timestamp, self._codec.decode(held.value) if decode_value else held.value

    def set_timestamp(self, key: str, timestamp: int | str | datetime) -> None:
        """Change the timestamp of a key; KeyError when there is no such key."""
        writer, moment = self._writer(), microseconds(timestamp)
        self._find(check_key(key))
        with writer.held():
            # The value is here by now, so other threads wait for no network.
            held = self._find(key)
            if held is None:
                raise KeyError(key)
            writer.put(key, held.value, moment)

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def set(self, key: str, value: Any, timestamp: Timestamp = None, encode_value: bool = True, *, touch: bool = False) -> None:
        """Set a key; with ``encode_value=False`` the value is bytes that are stored as they are.

        Bytes that are there already are no change, and keep their timestamp. A ``timestamp``, or ``touch=True`` for that of now,
        makes them one: so a value that is damaged in the remote is written again.
        """
        writer = self._writer()
        if encode_value:
            raw = self._codec.encode(value)
        elif isinstance(value, bytes):
            raw = value
        else:
            raise InvalidValueError(f"With encode_value=False a value is bytes, not {type(value).__name__}.")
        writer.put(check_key(key), raw, microseconds(timestamp), by_content=timestamp is None and not touch)

    def __delitem__(self, key: str) -> None:
        writer = self._writer()
        if key not in self:
            raise KeyError(key)
        with writer.held():
            # The index is here by now, so other threads wait for no network.
            if key not in self:
                raise KeyError(key)
            writer.delete(key, microseconds(None))

    def clear(self) -> None:
        """Delete every key; the next push leaves the remote empty, in one small commit."""
        session = self._writing()
        with session.lock:
            session.writer.clear()

    def prune(self, timestamp: Timestamp = None) -> Pruned:
        """Give disk space back: dead blocks, what readers fetched, and with ``timestamp`` local copies of older values, too.

        All of it stays in the remote; unpushed changes are never touched. Returns how many local copies and dead blocks went,
        and as its ``bytes_freed`` by how many bytes the files are smaller.
        """
        session = self._writing()
        before = None if timestamp is None else microseconds(timestamp)
        with session.lock:
            size = session.copy.disk_bytes
            removed = session.writer.evict(before) if before is not None and session.base is not None else 0
            removed += session.writer.compact(Progress())
            session.cache.prune()
            return Pruned.of(removed, max(size - session.copy.disk_bytes, 0))

    def sync(self) -> None:
        """Make every change so far durable in the local file; nothing is pushed."""
        session = self._open()
        if isinstance(session, WriteSession):
            session.writer.sync()

    def set_metadata(self, data: Any, timestamp: Timestamp = None) -> None:
        """Set the metadata of the database: anything that is JSON, at most 4 MiB; the same again is no change."""
        self._writer().put(METADATA, encode_metadata(data), microseconds(timestamp), by_content=timestamp is None)

    def get_metadata(self, include_timestamp: bool = False) -> Any:
        """The metadata of the database, or None; with its timestamp if asked."""
        kept = self._open().metadata()
        if kept is None:
            return None
        value = orjson.loads(kept.value)
        return (value, kept.timestamp) if include_timestamp else value

    def changes(self) -> Changes:
        """The differences between the working copy and its remote, and the ways to settle them."""
        return Changes(self._open(), self._codec, self._lease, self.author, self._type)

    def map(
        self,
        func: Function,
        keys: Iterable[str] | None = None,
        executor: Executor | None = None,
        n_workers: int | None = None,
    ) -> int:
        """Apply ``func(key, value)`` to items (of ``keys``, or all) in parallel and store what it gives; how many it gave.

        ``func`` returns a pair of key and value, or None for nothing, and can be pickled: a function of a module, not a lambda.
        It runs in ``n_workers`` processes (default: one for each core), or on any `concurrent.futures.Executor`, such as that
        of a Dask client. Workers get keys and values only. Results are stored as they come; an error of ``func`` is raised
        after those finished before it. Other threads may write meanwhile.
        """
        self._writing()
        chosen = list(self) if keys is None else list(keys)
        self._load_or_raise(chosen)
        items = ((key, self[key]) for key in chosen if key in self)
        count = 0
        for key, value in apply(func, items, executor, n_workers):
            self.set(key, value)
            count += 1
        return count

    def delete_remote(self, progress: Progress | None = None, *, over: Commit | None = None) -> None:
        """Delete the remote with its whole history, and nothing else. The local file stays, and can be pushed again.

        Values that are only in the remote are fetched first. Raises UnseenCommitsError when someone pushed since the last pull:
        nothing is then deleted, unless the newest is ``over``; what it brought is gone for everyone then.
        """
        session = self._writing()
        watched = progress or Progress()
        if session.base is not None and not session.replacing:
            self._load_or_raise(None)
        with session.lock, self._held_lease(watched) as lease:
            delete_remote(session, self.author, lease, over, watched)
            detach(session)

    @contextlib.contextmanager
    def _held_lease(self, progress: Progress) -> Iterator[HeldLease]:
        """The lock of the remote: the session's, or one taken for the moment."""
        if self._lease is not None:
            self._lease.confirm()
            yield self._lease
            return
        with leased(self._session.remote.place, progress) as lease:
            yield lease

    def copy_remote(self, remote_conn: S3Connection | Mapping[str, Any], progress: Progress | None = None) -> CopyResult:
        """Copy the remote with its history to another place, where there must be none yet.

        Inside one account the service copies; otherwise the objects are streamed through here, with bounded memory. The copy is
        verified, and visible only when it is complete; a copy that was cut short goes on where it stopped. Local changes are
        not copied: push them first. A database that ebooklet wrote becomes one in our format, with one commit.
        """
        return copy_to(self._open(), S3Connection.of(remote_conn), self.author, progress or Progress())

    def close(self) -> None:
        """Sync, and give back the file and the lease. Changes that were not pushed stay in the local file."""
        if self._closed:
            return
        self._closed = True
        try:
            self._session.close()
        finally:
            if self._lease is not None:
                with contextlib.suppress(CatalogError):
                    self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Set many keys, as `dict.update` does."""
        pairs = other.items() if isinstance(other, Mapping) else other
        if hasattr(other, "keys") and not isinstance(other, Mapping):
            pairs = ((key, other[key]) for key in other.keys())  # noqa: SIM118 - only keys() is promised
        for key, value in pairs:
            self.set(key, value)
        for key, value in more.items():
            self.set(key, value)


class _Streamed:
    """A view that is made anew each time it is gone through, and knows its length."""

    def __init__(self, database: Database, make: Any) -> None:
        self._database, self._make = database, make
        self._stream: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        made: Iterator[Any] = self._make()
        return made

    def __next__(self) -> Any:
        if self._stream is None:
            self._stream = iter(self)
        return next(self._stream)

    def __len__(self) -> int:
        return len(self._database)
