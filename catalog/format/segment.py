"""A segment: an immutable, sorted piece of the index, and its encoding.

The encoding is MessagePack of one array of columns, compressed with Zstandard (docs/design/0001-remote-format.md). It is also
the directory at the end of every pack.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate, chain, islice
from operator import add, lt, sub
from typing import Annotated, Protocol

import msgspec
import zstandard

from catalog.errors import IntegrityError, UnsupportedFormatError
from catalog.format.checksum import CHECKSUM_BYTES, checksum
from catalog.format.version import UNKNOWN_CHECKSUM, Version

PACK_ID_BYTES = 16
DELETED = b""
"""The pack of an entry that says: this key was deleted."""

_VERSION = 1
_MOST_BYTES = 256 << 20
_MOST_OFFSET = 1 << 50
_LONGEST_KEY = 65_535
_LONGEST_VALUE = (1 << 32) - 1
_MOST_TIME = 1 << 56
_MOST_KEYS = 1 << 20
_LEVEL = 3
_RESERVED = ("7c40d2ea915b4f3a8e6d201", "adb01ebc1ba3433eb043527", "f19a5c3d7e2b48069ab34c5")
"""Keys that booklet keeps for itself: a database that named one would write over its own metadata."""

_Numbers = Annotated[list[int], msgspec.Meta(max_length=_MOST_KEYS)]


UNKNOWN_LENGTH = _LONGEST_VALUE
"""The length of a value without a checksum where the index does not say it either."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Where the value of one key lies: ``length`` bytes at ``offset`` of ``pack``, written at ``timestamp`` (µs).

    ``inline`` are the bytes themselves, where a head holds them.
    """

    timestamp: int
    pack: bytes
    offset: int
    length: int
    checksum: bytes
    inline: bytes | None = None

    @property
    def version(self) -> Version:
        """The version of the value."""
        return Version(self.timestamp, self.length, self.checksum)

    @property
    def deleted(self) -> bool:
        """Whether this entry says that the key was deleted."""
        return self.pack == DELETED and self.inline is None

    @property
    def verifiable(self) -> bool:
        """Whether there is a checksum to verify the value by."""
        return self.checksum != UNKNOWN_CHECKSUM

    @property
    def size(self) -> int | None:
        """How many bytes the value takes as stored; None when it is not known."""
        return None if self.length == UNKNOWN_LENGTH and not self.verifiable else self.length

    def once_read(self, value: bytes) -> Entry:
        """The entry once its value was read: length and checksum are known in any case."""
        return self if self.verifiable else msgspec.structs.replace(self, length=len(value), checksum=checksum(value))


class _Columns(msgspec.Struct, array_like=True):
    version: int
    packs: Annotated[list[bytes], msgspec.Meta(max_length=_MOST_KEYS)]
    keys: Annotated[list[str], msgspec.Meta(max_length=_MOST_KEYS)]
    timestamps: _Numbers
    """Each minus the one before."""
    pack_numbers: _Numbers
    """Position in ``packs``, or -1 where the key was deleted."""
    offsets: _Numbers
    """Each minus the end of the value before it."""
    lengths: _Numbers
    checksums: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Columns)


class IndexPart(Protocol):
    """A piece of the index, sorted by key."""

    @property
    def packs(self) -> Sequence[bytes]:
        """The packs that it names."""

    @property
    def keys(self) -> Sequence[str]:
        """Its keys."""

    def __len__(self) -> int: ...

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None."""

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A decoded segment: parallel columns sorted by key."""

    packs: Sequence[bytes]
    keys: Sequence[str]
    timestamps: Sequence[int]
    pack_numbers: Sequence[int]
    offsets: Sequence[int]
    lengths: Sequence[int]
    checksums: bytes

    def __len__(self) -> int:
        return len(self.keys)

    def entry_at(self, position: int) -> Entry:
        """The entry of the key at ``position``."""
        number = self.pack_numbers[position]
        return Entry(
            self.timestamps[position],
            DELETED if number < 0 else self.packs[number],
            self.offsets[position],
            self.lengths[position],
            self.checksums[position * CHECKSUM_BYTES : (position + 1) * CHECKSUM_BYTES],
        )

    def find(self, key: str) -> Entry | None:
        """The entry of ``key``, or None."""
        position = bisect_left(self.keys, key)
        if position < len(self.keys) and self.keys[position] == key:
            return self.entry_at(position)
        return None

    def items(self, start: str = "") -> Iterator[tuple[str, Entry]]:
        """All keys from ``start`` on with their entries, sorted."""
        first = bisect_left(self.keys, start) if start else 0
        packs, sums, size = self.packs, self.checksums, CHECKSUM_BYTES
        return zip(
            islice(self.keys, first, None),
            map(
                Entry,
                islice(self.timestamps, first, None),
                [DELETED if number < 0 else packs[number] for number in islice(self.pack_numbers, first, None)],
                islice(self.offsets, first, None),
                islice(self.lengths, first, None),
                [sums[at : at + size] for at in range(first * size, len(sums), size)],
            ),
            strict=True,
        )


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """The bytes of a segment as stored, and the id that derives from its content."""

    segment_id: str
    first: str
    keys: int
    body: bytes


def content_id(content: bytes) -> bytes:
    """The id of an immutable object: BLAKE2b of 16 bytes over its uncompressed content."""
    return blake2b(content, digest_size=PACK_ID_BYTES).digest()


def encode_columns(items: Iterable[tuple[str, Entry]], salt: int = 0) -> bytes:
    """Encode sorted keys and entries, uncompressed. ``salt``, a column that nobody reads, makes the id another one."""
    keys: list[str] = []
    entries: list[Entry] = []
    for key, entry in items:
        keys.append(key)
        entries.append(entry)
    packs = [entry.pack for entry in entries]
    named = [pack for pack in dict.fromkeys(packs) if pack != DELETED]
    numbers = {pack: number for number, pack in enumerate(named)} | {DELETED: -1}
    offsets = [entry.offset for entry in entries]
    lengths = [entry.length for entry in entries]
    return _encode(
        named,
        keys,
        [entry.timestamp for entry in entries],
        [numbers[pack] for pack in packs],
        list(map(sub, offsets, chain((0,), map(add, offsets, lengths)))),
        lengths,
        b"".join([entry.checksum for entry in entries]),
        salt,
    )


def encode_directory(
    keys: list[str], timestamps: list[int], lengths: list[int], checksums: bytes, pack: bytes, salt: int = 0
) -> bytes:
    """Encode what `encode_columns` would for values that lie one after another in one pack."""
    nought = [0] * len(keys)
    return _encode([pack], keys, timestamps, nought, nought, lengths, checksums, salt)


def _encode(
    packs: list[bytes],
    keys: list[str],
    timestamps: list[int],
    pack_numbers: list[int],
    gaps: list[int],
    lengths: list[int],
    checksums: bytes,
    salt: int,
) -> bytes:
    steps = list(map(sub, timestamps, chain((0,), timestamps)))
    columns = [_VERSION, packs, keys, steps, pack_numbers, gaps, lengths, checksums]
    return _encoder.encode([*columns, salt] if salt else columns)


def compress(content: bytes) -> bytes:
    """Compress the content of a segment or directory."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(content)


def decompress(body: bytes, what: str) -> bytes:
    """Undo `compress`, giving no more than any content can have; IntegrityError names ``what``."""
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= _MOST_BYTES:
            raise IntegrityError(f"{what} claims {size:,} bytes uncompressed; at most {_MOST_BYTES:,} are accepted.")
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=_MOST_BYTES, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"{what} is damaged: it cannot be decompressed ({error}).") from None


def encode_segment(items: Sequence[tuple[str, Entry]], salt: int = 0) -> EncodedSegment:
    """Encode sorted keys and entries as an object of the index."""
    content = encode_columns(items, salt)
    return EncodedSegment(content_id(content).hex(), items[0][0], len(items), compress(content))


def decode_columns(content: bytes, what: str) -> Segment:
    """Decode and check uncompressed columns; IntegrityError names ``what``."""
    try:
        columns = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: {error}.") from None
    if columns.version != _VERSION:
        raise UnsupportedFormatError(
            f"{what} has encoding {columns.version}; this program reads {_VERSION}.", hint="Upgrade booklet-catalog."
        )
    count = len(columns.keys)
    number_columns = (columns.timestamps, columns.pack_numbers, columns.offsets, columns.lengths)
    if any(len(column) != count for column in number_columns) or len(columns.checksums) != count * CHECKSUM_BYTES:
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if any(len(pack) != PACK_ID_BYTES for pack in columns.packs):
        raise IntegrityError(f"{what} is damaged: it names a pack with an id of the wrong length.")
    _check_keys(columns.keys, what)
    offsets = list(accumulate(map(add, columns.offsets, chain((0,), columns.lengths))))
    timestamps = list(accumulate(columns.timestamps))
    if count and not (
        _within(columns.pack_numbers, -1, len(columns.packs) - 1)
        and _within(columns.lengths, 0, _LONGEST_VALUE)
        and _within(offsets, 0, _MOST_OFFSET)
        and _within(timestamps, 0, _MOST_TIME - 1)
    ):
        raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    return Segment(columns.packs, columns.keys, timestamps, columns.pack_numbers, offsets, columns.lengths, columns.checksums)


def _within(numbers: Sequence[int], least: int, most: int) -> bool:
    return min(numbers) >= least and max(numbers) <= most


def _check_keys(keys: Sequence[str], what: str) -> None:
    if not all(map(lt, keys, islice(keys, 1, None))):
        raise IntegrityError(f"{what} is damaged: its keys are not sorted.")
    # at most four bytes a character: only long keys need counting
    longest = max(map(len, keys), default=0)
    if longest > _LONGEST_KEY // 4 and any(len(key.encode()) > _LONGEST_KEY for key in keys):
        raise IntegrityError(f"{what} is damaged: it holds a key that is too long.")
    for key in _RESERVED:
        position = bisect_left(keys, key)
        if position < len(keys) and keys[position] == key:
            raise IntegrityError(f"{what} is damaged: it holds a key that booklet reserves for itself.")


def decode_segment(body: bytes, segment_id: str, what: str) -> Segment:
    """Decode an object of the index, checking that its content has the id it is named by."""
    return decode_columns(segment_content(body, segment_id, what), what)


def segment_content(body: bytes, segment_id: str, what: str) -> bytes:
    """The uncompressed content of an object of the index, which has the id it is named by; IntegrityError names ``what``."""
    content = decompress(body, what)
    if content_id(content).hex() != segment_id:
        raise IntegrityError(f"{what} is damaged: its content does not match its name.")
    return content
