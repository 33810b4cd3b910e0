"""The header of a booklet file: its first bytes, understood and made."""

from __future__ import annotations

import io
import uuid as uuid_module
from dataclasses import dataclass, replace
from typing import Any

from catalog.errors import IntegrityError, UnsupportedFormatError
from catalog.format.timestamp import microseconds

HEADER_BYTES = 200
POSITION_BYTES = 6
"""How many bytes say where a block is."""
UUID_AT = 49
"""Where the uuid lies, of 16 bytes."""

MARK_BYTES = 16
MARK_AT = 168
"""Where our mark lies: booklet and ebooklet use bytes 168 to 199 for nothing, and keep what is there."""

NO_MARK = bytes(MARK_BYTES)
DEFAULT_BUCKETS = 12_007
FEWEST_BUCKETS = 64
"""booklet damages its own file when it grows one of fewer than six buckets that was pruned before."""

_MAGIC = b"O~\x8a?\xe7\\GP\xadC\nr\x8f\xe3\x1c\xfe"
_FIXED_LENGTH_MAGIC = b"\x04\xd3\xb2\x94\xf2\x10Ab\x95\x8d\x04\x00s\x8c\x9e\n"
_UNSET_POSITION = 52_983_525_027_888


@dataclass(frozen=True, slots=True)
class Header:
    """The first 200 bytes of a booklet file, understood."""

    raw: bytes
    n_buckets: int
    n_keys: int
    has_timestamps: bool
    value_serializer: int
    key_serializer: int
    uuid: uuid_module.UUID
    index_at: int
    blocks_at: int

    @classmethod
    def parse(cls, raw: bytes, path: str) -> Header:
        """Understand a header; UnsupportedFormatError when the file is no variable-length booklet of format 4 or 5."""
        if raw[:16] == _FIXED_LENGTH_MAGIC:
            raise UnsupportedFormatError(
                f"{path} is a fixed-length booklet.", hint="Only variable-length booklets (booklet.open) can be synced."
            )
        if len(raw) < HEADER_BYTES or raw[:16] != _MAGIC:
            raise UnsupportedFormatError(f"{path} is not a booklet file.", hint="Give another path for the local file.")
        version = int.from_bytes(raw[16:18], "little")
        if version not in (4, 5) or tuple(raw[18:21]) != (6, 2, 4):
            raise UnsupportedFormatError(
                f"{path} is a booklet of format {version}; 4 and 5 are supported.",
                hint="Open it once for writing with a current booklet, or upgrade booklet-catalog.",
            )
        buckets = int.from_bytes(raw[21:25], "little")
        index_at, blocks_at = int.from_bytes(raw[65:71], "little"), int.from_bytes(raw[71:77], "little")
        index_at = HEADER_BYTES if index_at in (0, _UNSET_POSITION) else index_at
        if blocks_at in (0, _UNSET_POSITION):
            blocks_at = HEADER_BYTES + buckets * POSITION_BYTES
        if not buckets:
            raise IntegrityError(f"{path} is damaged: its header names no buckets.")
        return cls(
            raw=raw[:HEADER_BYTES],
            n_buckets=buckets,
            n_keys=int.from_bytes(raw[33:37], "little"),
            has_timestamps=bool(raw[41]),
            value_serializer=int.from_bytes(raw[29:31], "little"),
            key_serializer=int.from_bytes(raw[31:33], "little"),
            uuid=uuid_module.UUID(bytes=raw[49:65]),
            index_at=index_at,
            blocks_at=blocks_at,
        )

    def fresh(self, n_buckets: int, uuid: uuid_module.UUID | None = None) -> Header:
        """The header of a new, empty file of the same kind, without a mark."""
        raw = bytearray(self.raw)
        raw[21:25] = n_buckets.to_bytes(4, "little")
        raw[33:37] = bytes(4)
        raw[65:77] = bytes(12)
        raw[MARK_AT:] = bytes(HEADER_BYTES - MARK_AT)
        if uuid is not None:
            raw[49:65] = uuid.bytes
        return Header.parse(bytes(raw), "a new header")

    @property
    def mark(self) -> bytes:
        """The mark that our last writer left; zeros where there is none."""
        return self.raw[MARK_AT : MARK_AT + MARK_BYTES]

    def marked(self, mark: bytes) -> Header:
        """The same header with a mark."""
        return replace(self, raw=self.raw[:MARK_AT] + mark + self.raw[MARK_AT + MARK_BYTES :])

    @property
    def portable(self) -> bytes:
        """The header as a remote stores it: of an empty file with the default number of buckets."""
        return self.fresh(DEFAULT_BUCKETS).raw


def new_header(value_serializer: Any, n_buckets: int) -> Header:
    """The header of a new booklet with string keys, made by booklet itself; InvalidInputError for a clock that is far off."""
    import booklet  # noqa: PLC0415 - it imports numpy and pandas where they are

    # booklet writes the time into it, and cannot write one that no value can have
    microseconds(None)
    buffer = io.BytesIO()
    made = booklet.open(buffer, "n", key_serializer="str", value_serializer=value_serializer, n_buckets=64)
    made.sync()
    raw = buffer.getvalue()[:HEADER_BYTES]
    return Header.parse(raw, "a new header").fresh(n_buckets)


def buckets_for(keys: int) -> int:
    """How many buckets a file of ``keys`` keys gets: the steps of booklet's own growth."""
    for buckets in (DEFAULT_BUCKETS, 144_013, 1_728_017):
        if keys <= buckets:
            return buckets
    return 20_736_017
