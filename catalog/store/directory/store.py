"""A folder as a store of objects, with real compare-and-swap: on a disk, a stick or a network drive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from catalog.errors import CatalogError, IntegrityError, LocalFileError, ObjectMissingError, PreconditionFailedError
from catalog.store.directory.files import (
    FolderLayout,
    delete_file,
    local_errors,
    place,
    publish,
    publish_new,
    sync_folder,
    temporary,
)
from catalog.store.directory.names import PRIVATE, to_name
from catalog.store.interface import (
    ByteRange,
    FetchedObject,
    IfAbsent,
    IfMatch,
    ListedObject,
    ObjectInfo,
    ObjectStore,
    Powers,
    Precondition,
    Source,
)

_DIGESTED = 1 << 20
"""Up to this size a tag is the digest of the bytes, above it that of size, time and inode."""
_CHUNK = 8 << 20


class DirectoryStore(ObjectStore):
    """A folder of this machine; it is made by the first write.

    Objects appear and change whole, for every process that looks. Writers take turns by a lock file that is held for the
    moment of the change only; who waits for it longer than ``lock_timeout`` seconds gets LockTimeoutError. Raises
    LocalFileError when the disk is full or fails. Metadata of objects is dropped.
    """

    powers = Powers(writes=True, lists=True, compare_and_swap=True)

    def __init__(self, folder: Path, *, lock_timeout: float = 10) -> None:
        super().__init__()
        self.where = str(folder)
        self._layout = FolderLayout(folder.absolute(), lock_timeout)

    @override
    def get(self, name: str, byte_range: ByteRange | None = None, *, most: int | None = None) -> FetchedObject:
        with local_errors(self.where), self._open(name) as file:
            fetched = self._read(file, name, byte_range, most)
        self.traffic.count("GET", bytes_down=len(fetched.body))
        return fetched

    @override
    def get_if_changed(self, name: str, etag: str, *, most: int | None = None) -> FetchedObject | None:
        with local_errors(self.where), self._open(name) as file:
            changed = None if _tag(file) == etag else self._read(file, name, None, most)
        self.traffic.count("GET", bytes_down=len(changed.body) if changed else 0)
        return changed

    def _read(self, file: BinaryIO, name: str, byte_range: ByteRange | None, most: int | None) -> FetchedObject:
        size = os.fstat(file.fileno()).st_size
        start = min(byte_range.start, size) if byte_range else 0
        length = min(byte_range.length, size - start) if byte_range else size
        if most is not None and length > most:
            raise IntegrityError(
                f"{self.where}: {name!r} is larger than it can be (more than {most:,} bytes).",
                hint="It was damaged or replaced; it is not read.",
            )
        file.seek(start)
        body = file.read(max(0, length))
        return FetchedObject(body, _digest(body) if length == size <= _DIGESTED else _tag(file))

    @override
    def head(self, name: str) -> ObjectInfo:
        self.traffic.count("HEAD")
        with local_errors(self.where), self._open(name) as file:
            state = os.fstat(file.fileno())
            return ObjectInfo(state.st_size, _tag(file), datetime.fromtimestamp(state.st_mtime, UTC))

    @override
    def put(
        self,
        name: str,
        body: bytes | bytearray,
        *,
        metadata: Mapping[str, str] | None = None,
        precondition: Precondition | None = None,
    ) -> str:
        self.traffic.count("PUT", bytes_up=len(body))
        return self._write(name, len(body), lambda file: _drain([body], file), precondition)

    @override
    def put_large(self, name: str, source: Source, *, advance: Callable[[int], None] | None = None) -> None:
        def parts() -> Iterator[bytes]:
            with source.open() as stream:
                while part := stream.read(_CHUNK):
                    yield part
                    if advance is not None:
                        advance(len(part))

        def fill(file: BinaryIO) -> None:
            if _drain(parts(), file) != source.size:
                raise LocalFileError(f"The source of {name!r} changed while it was written.", hint="Try again.")

        self._write(name, source.size, fill, None)
        self.traffic.count("PUT", bytes_up=source.size)

    def _write(self, name: str, size: int, fill: Callable[[BinaryIO], object], condition: Precondition | None) -> str:
        layout = self._layout
        layout.path_of(name)
        with local_errors(self.where, size), temporary(layout) as path:
            with path.open("x+b") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
                tag = _tag(file)
            with layout.locked():
                final = place(layout, name)
                if not self._may_write(final, condition) or not _publish(path, final, condition):
                    raise PreconditionFailedError(self.where, name)
            sync_folder(final.parent)
        return tag

    @staticmethod
    def _may_write(final: Path, condition: Precondition | None) -> bool:
        if not isinstance(condition, IfMatch):
            return True
        try:
            with final.open("rb") as file:
                return _tag(file) == condition.etag
        except FileNotFoundError:
            return False

    @override
    def clock(self) -> float | None:
        if self.traffic.store_time is None:
            with suppress(OSError, CatalogError), temporary(self._layout) as path:
                path.touch()
                self.traffic.note_time(path.stat().st_mtime)
        return self.traffic.store_time

    @override
    def delete(self, name: str) -> None:
        self.delete_many([name])

    @override
    def delete_many(self, names: Iterable[str]) -> None:
        doomed = list(names)
        self.traffic.count("DELETE")
        if doomed and self._layout.folder.is_dir():
            with local_errors(self.where):
                self._layout.prepare()
                with self._layout.locked():
                    for name in doomed:
                        delete_file(self._layout, name)

    @override
    def list(self, prefix: str) -> Iterator[ListedObject]:
        self.traffic.count("LIST")
        with local_errors(self.where):
            found = [item for item in self._walk(self._layout.folder, "", prefix) if item.name.startswith(prefix)]
        yield from found

    def _walk(self, folder: Path, inside: str, prefix: str) -> Iterator[ListedObject]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            path = f"{inside}{entry.name}"
            if entry.is_dir():
                inner = to_name(path)
                if path != PRIVATE and (inner.startswith(prefix) or prefix.startswith(inner)):
                    yield from self._walk(Path(entry), f"{path}/", prefix)
                continue
            try:
                state = entry.stat()
            except FileNotFoundError:
                continue
            yield ListedObject(to_name(path), state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))

    @override
    def copy(self, name: str, target: ObjectStore, target_name: str) -> bool:
        if not isinstance(target, DirectoryStore):
            return False
        self.traffic.count("COPY")
        with local_errors(self.where), self._open(name) as file:
            size = os.fstat(file.fileno()).st_size
            target.copy_in(target_name, file, size)
        return True

    def copy_in(self, name: str, file: BinaryIO, size: int) -> None:
        """Write an object with the bytes of an open file of this machine."""
        self._write(name, size, lambda copied: _copy(file, copied), None)

    @override
    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _open(self, name: str) -> BinaryIO:
        for candidate in self._layout.candidates(name):
            try:
                return candidate.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except PermissionError:
                if not candidate.is_dir():
                    raise
        raise ObjectMissingError(self.where, name)


def _publish(path: Path, final: Path, condition: Precondition | None) -> bool:
    if isinstance(condition, IfAbsent):
        return publish_new(path, final)
    publish(path, final)
    return True


def _drain(parts: Iterable[bytes | bytearray], file: BinaryIO) -> int:
    return sum(file.write(part) for part in parts)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    """Copy inside the kernel where it can, which on some file systems copies nothing until one of them changes."""
    if hasattr(os, "copy_file_range"):
        try:
            while os.copy_file_range(source.fileno(), target.fileno(), 1 << 30):
                pass
        except OSError:
            source.seek(0)
            target.seek(0)
        else:
            return
    while part := source.read(_CHUNK):
        target.write(part)


def _tag(file: BinaryIO) -> str:
    state = os.fstat(file.fileno())
    if state.st_size > _DIGESTED:
        return f"s{_digest(f'{state.st_size} {state.st_mtime_ns} {state.st_ino}'.encode())}"
    file.seek(0)
    return _digest(file.read())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
