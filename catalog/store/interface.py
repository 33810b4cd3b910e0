"""What a store of objects can do: the one interface between this package and the outside.

An object has a name (a string such as ``data/rain.blt/packs/3f…``) and bytes. A store is bound to one bucket, one folder or
one web address. Every method may raise UnreachableError, AccessDeniedError, BucketMissingError or StoreError; what else a
method raises is said there. All methods may be called from many threads at once.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from typing_extensions import override

from catalog.errors import StoreError
from catalog.processes.fork import OfOneProcess


class UnsupportedRequestError(StoreError):
    """The store does not offer this kind of request at all, such as a conditional write."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A piece of an object: ``length`` bytes from byte ``start``."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows about an object without its bytes. ``etag`` is opaque; equal tags mean equal bytes."""

    size: int
    etag: str
    modified: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """Bytes of an object (all, or the range that was asked for), the tag of the version they came from, and its metadata."""

    body: bytes
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a listing."""

    name: str
    size: int
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """Parts of an object that was never completed: nobody can read them, and they take room."""

    name: str
    id: str
    started: datetime | None


@dataclass(frozen=True, slots=True)
class IfMatch:
    """Write only over the version with this tag."""

    etag: str


@dataclass(frozen=True, slots=True)
class IfAbsent:
    """Write only where no object is."""


Precondition = IfMatch | IfAbsent


@dataclass(frozen=True, slots=True)
class Powers:
    """What a kind of store offers beyond reading; ``compare_and_swap`` None depends on the service, see `locking`."""

    writes: bool
    lists: bool
    compare_and_swap: bool | None


@dataclass(frozen=True, slots=True)
class Source:
    """A body that is too large for memory: ``size`` bytes, opened afresh for each attempt.

    ``open`` returns a seekable binary stream that yields exactly ``size`` bytes; the store closes it.
    """

    size: int
    open: Callable[[], BinaryIO]


class Traffic(OfOneProcess):
    """Exact counts of one store: requests by verb, and bytes of bodies up and down. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: tuple[float, float] | None = None
        self.reset()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self.requests: dict[str, int] = {}
            self.bytes_up = 0
            self.bytes_down = 0

    def count(self, verb: str, bytes_up: int = 0, bytes_down: int = 0) -> None:
        """Note one request (``GET HEAD PUT POST DELETE LIST COPY``) and the bytes of its bodies."""
        with self._lock:
            self.requests[verb] = self.requests.get(verb, 0) + 1
            self.bytes_up += bytes_up
            self.bytes_down += bytes_down

    def note_time(self, seconds: float) -> None:
        """Note the time by the store's clock, in seconds since 1970, as its newest answer tells it."""
        with self._lock:
            self._told = (seconds, time.monotonic())

    @property
    def store_time(self) -> float | None:
        """The time by the store's clock now, in seconds since 1970; None while it has told none."""
        with self._lock:
            return None if self._told is None else self._told[0] + time.monotonic() - self._told[1]

    def receive(self, bytes_down: int) -> None:
        """Note bytes of a body that arrive after their request was counted."""
        with self._lock:
            self.bytes_down += bytes_down

    @property
    def total_requests(self) -> int:
        """All requests since the last reset."""
        with self._lock:
            return sum(self.requests.values())


class ObjectStore(ABC):
    """One bucket, folder or web address. ``where`` names it in messages, without secrets."""

    where: str
    powers: Powers

    def __init__(self) -> None:
        self.traffic = Traffic()

    def clock(self) -> float | None:
        """The time by the store's own clock, in seconds since 1970, without a request; None where that is not known."""
        return self.traffic.store_time

    @abstractmethod
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        """Fetch an object or a piece of it.

        A range past the end gives the bytes that exist. ``most`` bounds what is read into memory, in bytes: a larger answer
        is cut off while it arrives and raises IntegrityError. Raises ObjectMissingError.
        """

    @abstractmethod
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        """Fetch an object unless it still has this tag; None when it has. Raises ObjectMissingError."""

    @abstractmethod
    def head(self, name: str) -> ObjectInfo:
        """Describe an object without fetching it. Raises ObjectMissingError."""

    @abstractmethod
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        """Write an object whole and return its new tag.

        ``metadata`` is for other programs that look at the object (S3 user metadata; other stores may drop it). Raises
        PreconditionFailedError, ReadOnlyError, and UnreachableError when no answer came: then the outcome is unknown.
        """

    @abstractmethod
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        """Write an object in parts, streamed from ``source``; ``advance`` is told the bytes of each part done.

        Nothing is visible under ``name`` before all of it is. An error raised by ``advance`` stops the upload and is passed
        on; parts that went up already are removed.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete an object; one that is not there is no error."""

    def delete_many(self, names: Iterable[str]) -> None:
        """Delete objects, in as few requests as the store allows."""
        for name in names:
            self.delete(name)

    @abstractmethod
    def list(self, prefix: str) -> Iterator[ListedObject]:
        """List the objects whose names begin with ``prefix``, in no particular order."""

    def unfinished(self, prefix: str) -> Iterator[UnfinishedUpload]:  # noqa: ARG002
        """Uploads in parts that nobody ended, to names that begin with ``prefix``; none where every write is one request."""
        return iter(())

    def end_upload(self, upload: UnfinishedUpload) -> None:  # noqa: B027 - there is nothing to end where there are none
        """Remove the parts of an unfinished upload; one that ended meanwhile is no error."""

    @abstractmethod
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        """Copy an object inside the service, without its bytes passing through here.

        Returns False, having done nothing, when the service cannot copy from here to ``target``.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back connections; the store must not be used after."""
