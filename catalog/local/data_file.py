"""The local data file: a plain Booklet (format 4 and 5, variable-length values), read by position and appended to in batches.

Booklet's layout: 200 bytes of header; a bucket array of 6-byte positions; blocks of ``key hash (13), next block of the bucket
(6; 1 ends the chain, 0 marks a dead block), key length (2), value length (4), timestamp (7), key, value``, all little-endian.
Blocks are never changed but for their next pointer and timestamp, so a position stays readable until the file is compacted. A
batch is one write, which booklet itself cannot do; reindexing and headers are left to booklet.
"""

from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import stat
import struct
import uuid as uuid_module
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, blake2s
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from catalog.errors import LocalFileError
from catalog.format.checksum import checksum
from catalog.local.booklet_header import HEADER_BYTES, MARK_AT, POSITION_BYTES, UUID_AT, Header, buckets_for

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LONGEST_KEY = 65_535
LONGEST_VALUE = (1 << 32) - 1

METADATA_KEY = b"adb01ebc1ba3433eb043527"
RESERVED_KEYS = frozenset((METADATA_KEY, b"7c40d2ea915b4f3a8e6d201", b"f19a5c3d7e2b48069ab34c5"))
_BLOCK = struct.Struct("<13s6sHI")
_TIMESTAMP_BYTES = 7
_NO_BLOCK = bytes(POSITION_BYTES)
_CHAIN_END = (1).to_bytes(POSITION_BYTES, "little")
_MANY_BUCKETS = 64
_COPY_BYTES = 8 << 20


def key_hash(key: bytes) -> bytes:
    """Booklet's hash of a key."""
    return blake2s(key, digest_size=13).digest()


class Record(NamedTuple):
    """A value to be appended."""

    key: bytes
    timestamp: int
    value: bytes


class Block(NamedTuple):
    """A block found in the file: where it begins, whether it is alive, and where its value lies."""

    key: bytes
    timestamp: int
    at: int
    offset: int
    length: int
    alive: bool


class TornBlockError(Exception):
    """The blocks end early: what begins at ``at`` is none."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


@dataclass(frozen=True, slots=True)
class Batch:
    """An appended batch that is not linked yet: where each value lies, and the new first blocks of its buckets."""

    start: int
    offsets: Sequence[int]
    heads: dict[int, bytes]


class _Reindexed(io.FileIO):
    """A file for booklet's reindexing: writes are whole or an error; those to the header are kept for one write at the end."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, "r+")
        self._header: list[tuple[int, bytes]] = []

    def write(self, content: ReadableBuffer, /) -> int:
        """Write all of ``content``."""
        left = memoryview(content).cast("B")
        size, at = len(left), self.tell()
        if at < HEADER_BYTES:
            self._header.append((at, bytes(left)))
            self.seek(at + size)
            return size
        while left:
            left = left[super().write(left) :]
        return size

    def header(self, raw: bytes) -> bytes:
        """The header ``raw`` with what was written to it."""
        changed = bytearray(raw)
        for at, content in self._header:
            changed[at : at + len(content)] = content
        return bytes(changed)


def system_error(error: OSError, path: Path, doing: str) -> LocalFileError:
    """Say what the system refused."""
    if error.errno == errno.ENOSPC or error.errno == getattr(errno, "EDQUOT", -1):
        return LocalFileError(
            f"The disk is full: {doing} {path} failed.",
            path=str(path),
            hint="Free some space and try again; what was synced before is safe.",
        )
    return LocalFileError(f"{doing.capitalize()} {path} failed: {error.strerror or error}.", path=str(path))


def _check_regular(fd: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise LocalFileError(f"{path} is no file.", path=str(path), hint="Give another path for the local file.")


def _move_into_place(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless another process was faster."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:
        if not path.exists():
            temporary.rename(path)
            return
    temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Let the names in a folder outlast a loss of power, where the system can be told so."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class DataFile:
    """A booklet file, open. One object may append while others, in any process, read by position."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path, self.writable = path, writable
        try:
            self._fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise system_error(error, path, "opening") from None
        try:
            _check_regular(self._fd, path)
            self.header = Header.parse(os.pread(self._fd, HEADER_BYTES, 0), str(path))
        except BaseException:
            os.close(self._fd)
            raise

    @staticmethod
    def create(path: Path, header: Header) -> None:
        """Write an empty booklet; a file that exists already is left alone."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with temporary.open("wb") as file:
                file.write(header.raw)
                file.write((1).to_bytes(POSITION_BYTES, "little") * header.n_buckets)
                file.flush()
                os.fsync(file.fileno())
            _move_into_place(temporary, path)
            _sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise system_error(error, path, "creating") from None

    @property
    def fd(self) -> int:
        """The file descriptor, for locks."""
        return self._fd

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return os.fstat(self._fd).st_size

    @property
    def prefix_bytes(self) -> int:
        """How many bytes of a block come before its key."""
        return _BLOCK.size + (_TIMESTAMP_BYTES if self.header.has_timestamps else 0)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def fingerprint(self) -> str:
        """What changes when anyone writes to the file."""
        found = os.fstat(self._fd)
        digest = blake2b(os.pread(self._fd, HEADER_BYTES, 0), digest_size=8).hexdigest()
        return f"{found.st_size}:{found.st_mtime_ns}:{digest}"

    def stamp(self) -> None:
        """Give the file a modification time that no later write can have by chance, so that quick edits are seen too."""
        found = os.fstat(self._fd)
        odd = found.st_mtime_ns - found.st_mtime_ns % 1_000_000 + 1 + int.from_bytes(os.urandom(3), "little") % 999_998
        with contextlib.suppress(OSError):
            os.utime(self._fd if os.utime in os.supports_fd else self.path, ns=(found.st_atime_ns, odd))

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a position; fewer when the file ends before, none where there is no such position."""
        pieces = []
        while length and offset >= 0:
            piece = os.pread(self._fd, min(length, 1 << 30), offset)
            if not piece:
                break
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def flush(self) -> None:
        """Make what was written survive a loss of power."""
        with self._failing("writing to"):
            getattr(os, "fdatasync", os.fsync)(self._fd)

    @contextlib.contextmanager
    def _failing(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise system_error(error, self.path, doing) from None

    def reload(self) -> None:
        """Read the header again, after someone else may have written."""
        self.header = Header.parse(os.pread(self._fd, HEADER_BYTES, 0), str(self.path))

    def scan(self) -> Iterator[Block]:
        """All blocks in their order in the file, dead ones and booklet's own too; TornBlockError where they end early."""
        size, header = self.size, self.header
        index_bytes = header.n_buckets * POSITION_BYTES
        if header.index_at == HEADER_BYTES:
            regions = [(header.blocks_at, size)]
        else:
            regions = [(header.blocks_at, header.index_at), (header.index_at + index_bytes, size)]
        if size < header.blocks_at or size <= HEADER_BYTES:
            raise TornBlockError(size)
        with mmap.mmap(self._fd, size, access=mmap.ACCESS_READ) as view:
            for start, end in regions:
                yield from self._scan_region(view, start, end)

    def _scan_region(self, view: mmap.mmap, start: int, end: int) -> Iterator[Block]:
        at, prefix, timed = start, self.prefix_bytes, self.header.has_timestamps
        cut_off = max(start, end) > len(view)
        end = min(end, len(view))
        while at < end:
            if at + prefix > end:
                raise TornBlockError(at)
            found_hash, following, key_length, length = _BLOCK.unpack_from(view, at)
            key_at = at + prefix
            offset = key_at + key_length
            if offset + length > end:
                raise TornBlockError(at)
            key = view[key_at:offset]
            alive = following != b"\0\0\0\0\0\0"
            if alive and key_hash(key) != found_hash:
                raise TornBlockError(at)
            timestamp = int.from_bytes(view[at + _BLOCK.size : key_at], "little") if timed else 0
            yield Block(key, timestamp, at, offset, length, alive)
            at = offset + length
        if cut_off:
            raise TornBlockError(end)

    def find(self, key: bytes) -> Block | None:
        """Look a key up as booklet does, along the chain of its bucket."""
        wanted = key_hash(key)
        at = self._position(self._bucket_at(wanted))
        while at > 1:
            raw = os.pread(self._fd, self.prefix_bytes, at)
            if len(raw) < self.prefix_bytes:
                return None
            found_hash, following, key_length, length = _BLOCK.unpack_from(raw)
            if found_hash == wanted:
                timestamp = int.from_bytes(raw[_BLOCK.size :], "little")
                return Block(key, timestamp, at, at + self.prefix_bytes + key_length, length, following != bytes(6))
            at = int.from_bytes(following, "little")
        return None

    def append(self, records: Iterable[tuple[bytes, int, bytes]]) -> Batch:
        """Write records (see `Record`) after the last block, not yet reachable by booklet; `link` makes them so.

        Raises LocalFileError; what was written is then cut off again.
        """
        end = start = self.size
        timed, prefix, buckets = self.header.has_timestamps, self.prefix_bytes, self.header.n_buckets
        heads: dict[int, bytes] = {}
        offsets: list[int] = []
        pieces: list[bytes] = []
        firsts: bytes | None = None
        pack = _BLOCK.pack
        for key, timestamp, value in records:
            digest = key_hash(key)
            bucket = int.from_bytes(digest, "little") % buckets
            following = heads.get(bucket)
            if following is None:
                place = bucket * POSITION_BYTES
                if firsts is None and len(heads) > _MANY_BUCKETS:
                    firsts = self._bucket_array()
                following = (
                    firsts[place : place + POSITION_BYTES]
                    if firsts is not None
                    else os.pread(self._fd, POSITION_BYTES, self.header.index_at + place)
                )
                if following == _NO_BLOCK:
                    following = _CHAIN_END
            heads[bucket] = end.to_bytes(POSITION_BYTES, "little")
            key_length, length = len(key), len(value)
            block = pack(digest, following, key_length, length)
            pieces += (block, timestamp.to_bytes(_TIMESTAMP_BYTES, "little"), key, value) if timed else (block, key, value)
            offset = end + prefix + key_length
            offsets.append(offset)
            end = offset + length
        try:
            self._write(start, b"".join(pieces))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, start)
            raise system_error(error, self.path, "writing to") from None
        return Batch(start, offsets, heads)

    def take_back(self, batch: Batch) -> None:
        """Cut off a batch that was not linked, after what should have noted it failed."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, batch.start)

    def was_deleted(self, key: bytes, offset: int) -> bool:
        """Whether the block of a key whose value lay at ``offset`` is there, and dead."""
        raw = self.read(offset - self.prefix_bytes - len(key), _BLOCK.size)
        return len(raw) == _BLOCK.size and raw[:13] == key_hash(key) and raw[13:19] == bytes(6)

    def link(self, batch: Batch, new_keys: int) -> None:
        """Make a batch reachable; ``new_keys`` of it were not in the file before."""
        with self._failing("writing to"):
            if len(batch.heads) > _MANY_BUCKETS:
                firsts = bytearray(self._bucket_array())
                for bucket, at in batch.heads.items():
                    firsts[bucket * POSITION_BYTES : (bucket + 1) * POSITION_BYTES] = at
                self._write(self.header.index_at, bytes(firsts))
            else:
                for bucket, at in batch.heads.items():
                    self._write(self.header.index_at + bucket * POSITION_BYTES, at)
            self._count(new_keys)

    def remove(self, places: Iterable[tuple[bytes, int]], gone_keys: int) -> None:
        """Kill the blocks of these keys whose values lie at these offsets; ``gone_keys`` of them leave no other block."""
        with self._failing("writing to"):
            for key, offset in places:
                self._unlink(key_hash(key), offset - self.prefix_bytes - len(key))
            self._count(-gone_keys)

    def _unlink(self, digest: bytes, block_at: int) -> None:
        pointer_at = self._bucket_at(digest)
        at = self._position(pointer_at)
        while at > 1:
            following = os.pread(self._fd, POSITION_BYTES, at + 13)
            if at == block_at:
                self._write(pointer_at, following)
                break
            pointer_at, at = at + 13, int.from_bytes(following, "little")
        self._write(block_at + 13, bytes(POSITION_BYTES))

    def grow(self, keys: int) -> bool:
        """Give the file enough buckets for ``keys`` keys; whether it had too few."""
        if keys <= self.header.n_buckets:
            return False
        from booklet import utils as booklet_format  # noqa: PLC0415 - it imports numpy and pandas where they are

        more, size = max(buckets_for(keys), self.header.n_buckets + 1), self.size
        header = self.header
        timestamp_bytes = _TIMESTAMP_BYTES if header.has_timestamps else 0
        try:
            with _Reindexed(os.dup(self._fd)) as file:
                booklet_format.reindex(file, header.n_buckets, more, header.index_at, header.blocks_at, 1 << 22, timestamp_bytes)
                self._write(0, file.header(self.read(0, HEADER_BYTES)))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, size)
            raise system_error(error, self.path, "making room in") from None
        self.reload()
        return True

    def set_key_count(self, count: int) -> None:
        """Correct the number of keys in the header."""
        self._write(33, count.to_bytes(4, "little"))
        raw = self.header.raw[:33] + count.to_bytes(4, "little") + self.header.raw[37:]
        self.header = replace(self.header, raw=raw, n_keys=count)

    def set_mark(self, mark: bytes) -> None:
        """Leave a mark in the header, by which the sidecar knows this file again."""
        with self._failing("writing to"):
            self._write(MARK_AT, mark)
        self.header = self.header.marked(mark)

    def set_uuid(self, uuid: uuid_module.UUID) -> None:
        """Make the file one of another database."""
        with self._failing("writing to"):
            self._write(UUID_AT, uuid.bytes)
        self.reload()

    def replace_content(self, source: Path) -> None:
        """Take over the bytes of another booklet file, keeping this file's identity and locks."""
        try:
            with source.open("rb") as file:
                os.lseek(self._fd, 0, os.SEEK_SET)
                at = 0
                while piece := file.read(_COPY_BYTES):
                    self._write(at, piece)
                    at += len(piece)
                os.ftruncate(self._fd, at)
            os.fsync(self._fd)
        except OSError as error:
            raise system_error(error, self.path, "rewriting") from None
        self.reload()

    def _count(self, change: int) -> None:
        if change:
            self.set_key_count(max(self.header.n_keys + change, 0))

    def _write(self, at: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            written = os.pwrite(self._fd, view, at)
            view, at = view[written:], at + written

    def _bucket_at(self, digest: bytes) -> int:
        return self.header.index_at + int.from_bytes(digest, "little") % self.header.n_buckets * POSITION_BYTES

    def _bucket_array(self) -> bytes:
        return self.read(self.header.index_at, self.header.n_buckets * POSITION_BYTES)

    def _position(self, at: int) -> int:
        return int.from_bytes(os.pread(self._fd, POSITION_BYTES, at), "little")


def verified(data: DataFile, offset: int, length: int, expected: bytes) -> bytes | None:
    """The value at a position, or None when its bytes are not those that were written."""
    value = data.read(offset, length)
    return value if len(value) == length and checksum(value) == expected else None
