"""The index as ebooklet stores it: the image of a fixed-length booklet, read in one pass and written.

200 bytes of header; a table of the first block of each bucket; blocks of ``key hash (13), next block of the bucket (6; 1 ends the
chain, 0 marks a dead block), key length (2), key, value``, all little-endian. When booklet gave a file more buckets, the table
lies between the blocks.
"""

from __future__ import annotations

import struct
import uuid as uuid_module
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2s
from itertools import chain

from catalog.errors import IntegrityError, UnsupportedFormatError

from .entries import IndexEntry, check_width, decode_entry, encode_entry

FIXED_MAGIC = bytes.fromhex("04d3b294f2104162958d0400738c9e0a")
HEADER_BYTES = 200

_VERSIONS = (4, 5)
_POSITION = 6
_WIDTHS = bytes((_POSITION, 2, 0))
_TEXT_KEYS = 2
"""booklet's number of the serializer of keys that are text."""
_UNSET = (0, int.from_bytes(b"000000", "little"))
_NOT_COUNTED = (1 << 32) - 1
_HINT = "Ask its owner to push again."
_HASH = 13
_BLOCK = struct.Struct(f"<{_HASH}s{_POSITION}sH")
_DEAD = bytes(_POSITION)
_CHAIN_END = (1).to_bytes(_POSITION, "little")


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The first 200 bytes of an image. ``keys`` is None where booklet did not close the file properly."""

    width: int
    buckets: int
    keys: int | None
    table_at: int
    blocks_at: int
    timestamp: int
    uuid: uuid_module.UUID

    @classmethod
    def parse(cls, raw: bytes, what: str) -> ImageHeader:
        """Understand a header; raises UnsupportedFormatError or IntegrityError, which name ``what``."""
        if len(raw) < HEADER_BYTES or raw[:16] != FIXED_MAGIC:
            raise IntegrityError(f"{what} is damaged: its index is no image of a fixed-length booklet.")
        number = int.from_bytes
        if number(raw[16:18], "little") not in _VERSIONS or raw[18:21] != _WIDTHS or number(raw[31:33], "little") != _TEXT_KEYS:
            raise UnsupportedFormatError(
                f"{what} has an index in a form of booklet that this program does not read.", hint="Upgrade booklet-catalog."
            )
        width, buckets, keys = number(raw[37:41], "little"), number(raw[21:25], "little"), number(raw[33:37], "little")
        check_width(width, what)
        if not buckets:
            raise IntegrityError(f"{what} is damaged: its index has no buckets.")
        table_at, blocks_at = number(raw[65:71], "little"), number(raw[71:77], "little")
        table_at = HEADER_BYTES if table_at in _UNSET else table_at
        blocks_at = HEADER_BYTES + _POSITION * buckets if blocks_at in _UNSET else blocks_at
        if min(table_at, blocks_at) < HEADER_BYTES or table_at < blocks_at < table_at + _POSITION * buckets:
            raise IntegrityError(f"{what} is damaged: the parts of its index overlap.")
        return cls(
            width,
            buckets,
            None if keys == _NOT_COUNTED else keys,
            table_at,
            blocks_at,
            number(raw[42:49], "little"),
            uuid_module.UUID(bytes=raw[49:65]),
        )

    @property
    def table_end(self) -> int:
        """Where the table ends."""
        return self.table_at + _POSITION * self.buckets


class _Pieces:
    """Bytes that arrive in pieces, taken from the front; never more than a piece and what is left of the last in memory."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.held = b""
        self.at = 0
        """Where ``held`` begins in the whole."""

    def have(self, count: int) -> bool:
        """Whether ``count`` bytes are held, after reading on for them."""
        while len(self.held) < count:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self.held += piece
        return True

    def drop(self, count: int) -> None:
        """Let go of ``count`` bytes that are held."""
        self.held = self.held[count:]
        self.at += count

    def skip_to(self, position: int) -> bool:
        """Go on at a position; False when there is nothing any more."""
        while self.at + len(self.held) < position:
            self.at += len(self.held)
            piece = next(self._pieces, None)
            if piece is None:
                self.held = b""
                return False
            self.held = piece
        self.drop(position - self.at)
        return True


class ImageReader:
    """An image that arrives in pieces: its header at once, its keys in one pass. ``what`` names it in errors.

    Memory: one piece and one key, whatever the image claims. Raises UnsupportedFormatError or IntegrityError.
    """

    def __init__(self, pieces: Iterable[bytes], what: str) -> None:
        self._pieces, self._what = _Pieces(pieces), what
        self._pieces.have(HEADER_BYTES)
        self.header = ImageHeader.parse(self._pieces.held[:HEADER_BYTES], what)

    def entries(self) -> Iterator[tuple[str, IndexEntry]]:
        """Every key with its entry, in the order of the image; once only."""
        header, pieces, counted = self.header, self._pieces, 0
        regions = (
            [(header.blocks_at, None)]
            if header.table_at < header.blocks_at
            else [
                (header.blocks_at, header.table_at),
                (header.table_end, None),
            ]
        )
        for start, end in regions:
            if not pieces.skip_to(start):
                raise self._damaged("it is cut off")
            for key, entry in self._blocks(end):
                counted += 1
                yield key, entry
        if header.keys is not None and counted < header.keys:
            raise self._damaged(f"it holds {counted:,} keys where its header says {header.keys:,}")

    def _blocks(self, end: int | None) -> Iterator[tuple[str, IndexEntry]]:
        """The living blocks from here to ``end``, or to the end of all."""
        width, pieces, prefix = self.header.width, self._pieces, _BLOCK.size
        while (end is None or pieces.at < end) and pieces.have(1):
            if not pieces.have(prefix):
                raise self._damaged("it is cut off")
            at, held = 0, pieces.held
            most = len(held) if end is None else min(len(held), end - pieces.at)
            while at + prefix <= most:
                digest, following, key_length = _BLOCK.unpack_from(held, at)
                stop = at + prefix + key_length + width
                if stop > most:
                    break
                if following != _DEAD:
                    key = held[at + prefix : stop - width]
                    if blake2s(key, digest_size=_HASH).digest() != digest:
                        raise self._damaged("the hash of a key does not match it")
                    yield self._text(key), decode_entry(held[stop - width : stop])
                at = stop
            if not at:
                key_length = _BLOCK.unpack_from(held, 0)[2]
                if (end is not None and pieces.at + prefix + key_length + width > end) or not pieces.have(
                    prefix + key_length + width
                ):
                    raise self._damaged("it is cut off")
            pieces.drop(at)

    def _text(self, key: bytes) -> str:
        try:
            return key.decode()
        except UnicodeDecodeError:
            raise self._damaged("it holds a key that is no text") from None

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(f"{self._what}: the index is damaged: {why}.", hint=_HINT)


class ImageTable:
    """A whole image in memory, in which keys are looked up as booklet does: along the chain of their bucket."""

    def __init__(self, image: bytes, what: str) -> None:
        self._image, self._what = image, what
        self.header = ImageHeader.parse(image[:HEADER_BYTES], what)

    def find(self, key: str) -> IndexEntry | None:
        """The entry of a key; None where there is none. IntegrityError where a chain leads out of the image or has no end."""
        raw, header = key.encode(), self.header
        digest = blake2s(raw, digest_size=_HASH).digest()
        slot = header.table_at + _POSITION * (int.from_bytes(digest, "little") % header.buckets)
        if slot + _POSITION > len(self._image):
            raise self._damaged()
        at = int.from_bytes(self._image[slot : slot + _POSITION], "little")
        for _ in range(len(self._image) // (_BLOCK.size + header.width) + 1):
            if at <= 1:
                return None
            if at < HEADER_BYTES or at + _BLOCK.size > len(self._image):
                raise self._damaged()
            found, following, length = _BLOCK.unpack_from(self._image, at)
            end = at + _BLOCK.size + length + header.width
            if end > len(self._image):
                raise self._damaged()
            if found == digest and following != _DEAD and self._image[end - length - header.width : end - header.width] == raw:
                return decode_entry(self._image[end - header.width : end])
            at = int.from_bytes(following, "little")
        raise self._damaged()

    def entries(self) -> Iterator[tuple[str, IndexEntry]]:
        """Every key with its entry, in the order of the image."""
        return ImageReader([self._image], self._what).entries()

    def _damaged(self) -> IntegrityError:
        return IntegrityError(f"{self._what}: the index is damaged: its table leads nowhere.", hint=_HINT)


def encode_image(
    items: Iterable[tuple[str, IndexEntry]], width: int, buckets: int, timestamp: int, uuid: uuid_module.UUID
) -> bytes:
    """The image of an index: no dead blocks, closed, the table before the blocks. Keys must be distinct."""
    table = [_DEAD] * buckets
    blocks: list[bytes] = []
    at = HEADER_BYTES + _POSITION * buckets
    for key, entry in items:
        raw = key.encode()
        digest = blake2s(raw, digest_size=_HASH).digest()
        bucket = int.from_bytes(digest, "little") % buckets
        following = table[bucket] if table[bucket] != _DEAD else _CHAIN_END
        table[bucket] = at.to_bytes(_POSITION, "little")
        block = _BLOCK.pack(digest, following, len(raw)) + raw + encode_entry(entry, width)
        blocks.append(block)
        at += len(block)
    header = bytearray(HEADER_BYTES)
    header[:21] = FIXED_MAGIC + (_VERSIONS[-1]).to_bytes(2, "little") + _WIDTHS
    header[21:25] = buckets.to_bytes(4, "little")
    header[31:33] = _TEXT_KEYS.to_bytes(2, "little")
    header[33:41] = len(blocks).to_bytes(4, "little") + width.to_bytes(4, "little")
    header[42:65] = timestamp.to_bytes(7, "little") + uuid.bytes
    return b"".join(chain((bytes(header),), table, blocks))
