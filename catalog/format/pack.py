"""A pack: an immutable object with many values and, at its end, a directory of them.

Layout: the values one after another, then the directory (an index segment, see `index_segment`), then the directory's length
as 8 bytes little-endian, then 8 bytes of magic. The id derives from the directory, and so from the content, before any value
is read: planning the same values twice names the same packs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from catalog.errors import IntegrityError
from catalog.format.segment import Entry, Segment, compress, content_id, decode_columns, decompress, encode_directory

TARGET_BYTES = 32 << 20
MAGIC = b"CATPACK1"
TRAILER_BYTES = 16
_SELF = bytes(16)
_MOST_DIRECTORY = 256 << 20


class PlannedValue(msgspec.Struct, frozen=True, gc=False):
    """A value that is to go into a pack: its key and timestamp, and where its ``length`` bytes lie in the local file."""

    key: str
    timestamp: int
    offset: int
    length: int
    checksum: bytes


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
        pack, offset = self.pack_id, 0
        for value in self.values:
            yield value.key, Entry(value.timestamp, pack, offset, value.length, value.checksum)
            offset += value.length


def plan_pack(values: Sequence[PlannedValue], salt: int = 0) -> PlannedPack:
    """Name a pack of these values and write its directory; ``salt`` is the head's. Reads nothing."""
    lengths = [value.length for value in values]
    content = encode_directory(
        [value.key for value in values],
        [value.timestamp for value in values],
        lengths,
        b"".join([value.checksum for value in values]),
        _SELF,
        salt,
    )
    directory = compress(content)
    footer = directory + len(directory).to_bytes(8, "little") + MAGIC
    return PlannedPack(content_id(content), values, sum(lengths), footer)


def directory_range(trailer: bytes, size: int, what: str) -> tuple[int, int]:
    """Where the directory lies in a pack of ``size`` bytes whose last 16 bytes are ``trailer``: start and length."""
    if len(trailer) != TRAILER_BYTES or trailer[8:] != MAGIC:
        raise IntegrityError(f"{what} is damaged or cut off: it does not end as a pack does.")
    length = int.from_bytes(trailer[:8], "little")
    start = size - TRAILER_BYTES - length
    if start < 0 or length > _MOST_DIRECTORY:
        raise IntegrityError(f"{what} is damaged: its directory claims {length:,} bytes.")
    return start, length


def decode_directory(body: bytes, pack_id: bytes, what: str) -> Segment:
    """Decode a pack's directory, checking that its content has the id that the pack is named by."""
    content = decompress(body, what)
    if content_id(content) != pack_id:
        raise IntegrityError(f"{what} is damaged: its directory does not match its name.")
    segment = decode_columns(content, what)
    return Segment(
        [pack_id for _ in segment.packs],
        segment.keys,
        segment.timestamps,
        segment.pack_numbers,
        segment.offsets,
        segment.lengths,
        segment.checksums,
    )
