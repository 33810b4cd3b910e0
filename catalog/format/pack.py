"""A pack: an immutable object with many values and, at its end, a directory of them.

Layout: the values one after another, then the directory's two frames (it is encoded as a segment), then their sizes, 4 bytes
little-endian each, then 8 bytes of magic. The id derives from the directory, and so from the content, before a value is moved:
planning the same values twice names the same packs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from catalog.errors import IntegrityError
from catalog.format.checksum import CHECKSUM_BYTES
from catalog.format.content import ID_BYTES, compress, content_id
from catalog.format.segment import Entry, Segment, decode_segment, encode_directory

TARGET_BYTES = 32 << 20
MAGIC = b"CATPACK2"
TRAILER_BYTES = 16
BLOCK_BYTES = 4 << 20
LARGE_VALUE = 8 << 20
"""A longer value has a checksum of each block of 4 MiB in its pack's directory."""

_MOST_FRAME = 1 << 28
_SIZE_BYTES = 4


class PlannedValue(msgspec.Struct, frozen=True, gc=False):
    """A value that is to go into a pack: its key and timestamp, and where its ``length`` bytes lie in the local file.

    ``inline`` are the bytes themselves, where the file has them not. ``blocks`` are the checksums of a large value's blocks.
    """

    key: str
    timestamp: int
    offset: int
    length: int
    checksum: bytes
    inline: bytes | None = None
    blocks: bytes = b""


@dataclass(frozen=True, slots=True)
class PlannedPack:
    """A pack before it is written: its id, its values in order, and the bytes that follow them."""

    pack_id: bytes
    values: Sequence[PlannedValue]
    value_bytes: int
    footer: bytes

    @property
    def size(self) -> int:
        """The size of the object in bytes."""
        return self.value_bytes + len(self.footer)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """The index entries of the values."""
        pack, size, offset = self.pack_id, self.size, 0
        for value in self.values:
            yield value.key, Entry(value.timestamp, pack, offset, value.length, value.checksum, None, size)
            offset += value.length


class BlockSums:
    """The checksums of a value's blocks, made as its bytes come by."""

    def __init__(self) -> None:
        self._sums = bytearray()
        self._block = blake2b(digest_size=CHECKSUM_BYTES)
        self._left = BLOCK_BYTES

    def update(self, piece: bytes | memoryview) -> None:
        """Take in the next bytes."""
        rest = memoryview(piece)
        while rest:
            part = rest[: self._left]
            self._block.update(part)
            self._left -= len(part)
            rest = rest[len(part) :]
            if not self._left:
                self._end()

    def _end(self) -> None:
        self._sums += self._block.digest()
        self._block, self._left = blake2b(digest_size=CHECKSUM_BYTES), BLOCK_BYTES

    def digest(self) -> bytes:
        """The checksums of all blocks, the last one shorter than the others."""
        if self._left < BLOCK_BYTES:
            self._end()
        return bytes(self._sums)


def plan_pack(values: Sequence[PlannedValue], salt: int = 0) -> PlannedPack:
    """Name a pack of these values and write its directory; ``salt`` is the head's. Reads nothing."""
    lengths = [value.length for value in values]
    contents = encode_directory(
        [value.key for value in values],
        [value.timestamp for value in values],
        lengths,
        b"".join([value.checksum for value in values]),
        {position: value.blocks for position, value in enumerate(values) if value.blocks},
        salt,
    )
    keys, entries = compress(contents.keys), compress(contents.entries)
    sizes = b"".join(len(frame).to_bytes(_SIZE_BYTES, "little") for frame in (keys, entries))
    return PlannedPack(content_id(contents.keys), values, sum(lengths), keys + entries + sizes + MAGIC)


def check_pack(pack: PlannedPack) -> None:
    """Raise IntegrityError where a reader could not use the directory of a pack that was just planned."""
    found = directory_range(pack.footer[-TRAILER_BYTES:], pack.size, "It")
    decode_directory(pack.footer[:-TRAILER_BYTES], found, pack.pack_id, pack.size, "It")


@dataclass(frozen=True, slots=True)
class DirectoryRange:
    """Where a directory lies in its pack: its start, and the sizes of its frames of keys and entries."""

    start: int
    keys_size: int
    entries_size: int

    @property
    def length(self) -> int:
        """The size of both frames."""
        return self.keys_size + self.entries_size


def directory_range(trailer: bytes, size: int, what: str) -> DirectoryRange:
    """Where the directory lies in a pack of ``size`` bytes whose last 16 bytes are ``trailer``."""
    if len(trailer) != TRAILER_BYTES or trailer[-len(MAGIC) :] != MAGIC:
        raise IntegrityError(f"{what} is damaged or cut off: it does not end as a pack does.")
    keys_size, entries_size = (int.from_bytes(trailer[at : at + _SIZE_BYTES], "little") for at in (0, _SIZE_BYTES))
    start = size - TRAILER_BYTES - keys_size - entries_size
    if start < 0 or max(keys_size, entries_size) > _MOST_FRAME:
        raise IntegrityError(f"{what} is damaged: its directory claims {keys_size + entries_size:,} bytes.")
    return DirectoryRange(start, keys_size, entries_size)


def decode_directory(body: bytes, place: DirectoryRange, pack_id: bytes, pack_size: int, what: str) -> Segment:
    """Decode a pack's directory, checking that its content has the id that the pack is named by, and fits into the pack."""
    segment = decode_segment(body[: place.keys_size], body[place.keys_size :], pack_id, what)
    if segment.packs != [bytes(ID_BYTES)] or any(segment.pack_numbers):
        raise IntegrityError(f"{what} is damaged: its directory is of another pack.")
    ends = map(int.__add__, segment.offsets, segment.lengths)
    if len(segment) and max(ends) > place.start:
        raise IntegrityError(f"{what} is damaged: its directory names bytes that it does not have.")
    _check_blocks(segment, what)
    return Segment(
        [pack_id],
        [pack_size],
        segment.keys,
        segment.timestamps,
        segment.pack_numbers,
        segment.offsets,
        segment.lengths,
        segment.checksums,
        b"",
        segment.blocks,
    )


def _check_blocks(segment: Segment, what: str) -> None:
    for position, sums in segment.blocks:
        if not 0 <= position < len(segment) or len(sums) != -(-segment.lengths[position] // BLOCK_BYTES) * CHECKSUM_BYTES:
            raise IntegrityError(f"{what} is damaged: its checksums of blocks are of another value.")
