"""Copying a remote to another place: inside the service where it can, else streamed through here with bounded memory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import IntegrityError, InvalidInputError, PreconditionFailedError
from catalog.objectstore.interface import ByteRange, ObjectStore, Source
from catalog.progress import Progress

from .commit import Beaten, create_under_lease, read_commit, read_head
from .head import StoredHead
from .index_segment import Segment, decode_segment
from .object_names import ObjectNames
from .objects import list_objects
from .pack import TRAILER_BYTES, decode_directory, directory_range
from .upload import STREAM_ABOVE, Uploads

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WINDOW = 8 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A database in a store."""

    store: ObjectStore
    names: ObjectNames

    def __str__(self) -> str:
        return f"{self.store.where}: {self.names.db_key!r}"


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What a copy did: objects copied, those that an earlier attempt had copied already, and how many went server-side."""

    copied: int
    found: int
    server_side: int
    total_bytes: int


def copy_remote(source: Place, stored: StoredHead, target: Place, threads: int, progress: Progress) -> CopyResult:
    """Copy a database with its history; the target is complete in itself, and visible only when all of it is there.

    The caller holds the target's lease. Repeated after a failure, the copy goes on where it stopped. Raises InvalidInputError
    when there is another database at the target, IntegrityError when a copy is not what was copied.
    """
    if (there := read_head(target.store, target.names)) is not None:
        if there.commit_id == stored.commit_id:
            return CopyResult(0, 1, 0, 0)
        raise InvalidInputError(
            f"{target}: there is a database already.", hint="Choose another db_key, or delete that one first."
        )
    progress.begin("listing")
    wanted = dict(_objects(source, stored))
    present = {found.name: found.size for found in list_objects(target.store, target.names)}
    missing = {name: size for name, size in wanted.items() if present.get(target.names.folder + name) != size}
    progress.begin("copying", sum(missing.values()), len(missing))
    server_side = 0
    with Uploads(target.store, min(threads, 4), progress) as uploads:
        for name, size in missing.items():
            if source.store.copy(source.names.folder + name, target.store, target.names.folder + name):
                server_side += 1
                progress.advance(size, 1)
            else:
                _stream(source, target, name, size, uploads)
    progress.begin("verifying", 0, len(missing))
    for name, size in missing.items():
        _verify(target, name, size)
        progress.advance(0, 1)
    outcome = create_under_lease(target.store, target.names, stored)
    if isinstance(outcome, Beaten):
        raise PreconditionFailedError(target.store.where, target.names.head)
    return CopyResult(len(missing), len(wanted) - len(missing), server_side, sum(missing.values()))


def _objects(source: Place, stored: StoredHead) -> Iterator[tuple[str, int]]:
    """The objects of a database by their names below its key, with their sizes."""
    start = len(source.names.folder)
    if source.store.powers.lists:
        for found in list_objects(source.store, source.names):
            yield found.name[start:], found.size
        return
    current: StoredHead | None = stored
    seen: set[str] = set()
    while current is not None:
        yield source.names.commit(current.head.number, current.commit_id)[start:], len(current.body)
        for run in current.head.runs:
            for ref in run:
                if ref.id not in seen:
                    seen.add(ref.id)
                    name = source.names.segment(ref.id)
                    body = source.store.get(name, most=ref.bytes).body
                    yield name[start:], len(body)
                    yield from _packs(source, decode_segment(body, ref.id, f"{source}: {name}"), seen)
        parent = current.head.parent
        current = read_commit(source.store, source.names, parent.number, parent.id) if parent else None


def _packs(source: Place, segment: Segment, seen: set[str]) -> Iterator[tuple[str, int]]:
    for pack in segment.packs:
        if pack.hex() not in seen:
            seen.add(pack.hex())
            name = source.names.pack(pack)
            yield name[len(source.names.folder) :], source.store.head(name).size


def _stream(source: Place, target: Place, name: str, size: int, uploads: Uploads) -> None:
    from_name, to_name = source.names.folder + name, target.names.folder + name
    if size > STREAM_ABOVE:
        uploads.put_large(to_name, Source(size, lambda: io.BufferedReader(_RemoteStream(source.store, from_name, size))))
    else:
        uploads.put(to_name, lambda: source.store.get(from_name, most=size).body, size)


class _RemoteStream(io.RawIOBase):
    """An object of a store as a seekable stream, fetched in windows of 8 MiB."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        self._store, self._name, self._size = store, name, size
        self._at = self._window_at = 0
        self._window = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max({os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._at >= self._size:
            return 0
        if not self._window_at <= self._at < self._window_at + len(self._window):
            length = min(_WINDOW, self._size - self._at)
            self._window = self._store.get(self._name, ByteRange(self._at, length), most=length).body
            self._window_at = self._at
            if len(self._window) != length:
                raise IntegrityError(f"{self._store.where}: {self._name!r} is cut off.")
        start = self._at - self._window_at
        piece = self._window[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _verify(target: Place, name: str, size: int) -> None:
    """Check that a copied object is what its name says; packs by their directory and size."""
    full, what = target.names.folder + name, f"{target}: {name}"
    kind, _, identity = name.partition("/")
    if kind == "packs":
        if target.store.head(full).size != size:
            raise IntegrityError(f"{what} has another size than what was copied.", hint="Copy again.")
        trailer = target.store.get(full, ByteRange(size - TRAILER_BYTES, TRAILER_BYTES), most=TRAILER_BYTES).body
        start, length = directory_range(trailer, size, what)
        directory = target.store.get(full, ByteRange(start, length), most=length).body
        decode_directory(directory, bytes.fromhex(identity), what)
    elif kind == "index":
        decode_segment(target.store.get(full, most=size).body, identity, what)
    else:
        number, _, commit_id = identity.partition("-")
        read_commit(target.store, target.names, int(number), commit_id)
