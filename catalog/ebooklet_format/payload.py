"""The payload: what ebooklet's object of a database holds in formats 2 and 3, so that one write is one commit."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import msgspec
import orjson

from catalog.errors import IntegrityError, UnsupportedFormatError

MAGIC = b"ebooklet-db\0"
PREFIX_BYTES = 40
MOST_MANIFEST = 64 << 20
MOST_METADATA = 16 << 20

_VERSION = 2
_SIZES = struct.Struct(">HHQQQ")
_GENERATION = re.compile(r"[0-9a-f]{13}")
_MOST_GROUP = 1 << 32
_MOST_DIGITS = 10


class UserMetadata(NamedTuple):
    """What the user wrote about the database, as JSON, and when (µs)."""

    timestamp: int
    data: bytes


class _StoredMetadata(msgspec.Struct):
    timestamp: Annotated[int, msgspec.Meta(ge=0, lt=1 << 56)]
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class PayloadLayout:
    """How long the parts of a payload are, in bytes: the manifest of groups, the user's metadata, the image of the index."""

    manifest: int
    metadata: int
    index: int

    @classmethod
    def parse(cls, prefix: bytes, size: int, what: str) -> PayloadLayout:
        """Understand the first 40 bytes of a payload of ``size`` bytes.

        Raises UnsupportedFormatError for a newer payload and IntegrityError for a damaged one, both naming ``what``.
        """
        if len(prefix) < PREFIX_BYTES or not prefix.startswith(MAGIC):
            raise IntegrityError(f"{what} is damaged: it is cut off.")
        version, _, manifest, metadata, index = _SIZES.unpack_from(prefix, len(MAGIC))
        if version > _VERSION:
            raise UnsupportedFormatError(
                f"{what} has payload version {version} of ebooklet; this program reads {_VERSION}.",
                hint="Upgrade booklet-catalog.",
            )
        if PREFIX_BYTES + manifest + metadata + index != size:
            raise IntegrityError(f"{what} is damaged: it has {size:,} bytes, and its parts are not as long.")
        if manifest > MOST_MANIFEST or metadata > MOST_METADATA:
            raise IntegrityError(f"{what} claims a manifest or metadata of more bytes than are accepted.")
        return cls(manifest, metadata, index)

    @property
    def index_at(self) -> int:
        """Where the image of the index begins."""
        return PREFIX_BYTES + self.manifest + self.metadata


def decode_manifest(raw: bytes, what: str) -> dict[int, str]:
    """Which generation each group has: what its object's name ends with; IntegrityError names ``what``."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: its manifest cannot be read: {error}.") from None
    for group, generation in found.items():
        if not (_is_group(group) and _GENERATION.fullmatch(generation)):
            raise IntegrityError(f"{what} is damaged: its manifest names a group {group[:40]!a}, {generation[:40]!a}.")
    return {int(group): generation for group, generation in found.items()}


def _is_group(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and str(int(text)) == text and int(text) < _MOST_GROUP


def decode_metadata(raw: bytes, what: str) -> UserMetadata | None:
    """The user's metadata of a payload, or None; IntegrityError names ``what``."""
    if not raw:
        return None
    try:
        found = msgspec.json.decode(raw, type=_StoredMetadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: its metadata cannot be read: {error}.") from None
    return UserMetadata(found.timestamp, check_json(bytes(found.data), what))


def check_json(raw: bytes, what: str) -> bytes:
    """The user's metadata themselves, when they are JSON; IntegrityError names ``what``."""
    try:
        orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: its metadata are no JSON: {error}.") from None
    return raw


def encode_payload(manifest: Mapping[int, str], metadata: UserMetadata | None, index: bytes) -> bytes:
    """The payload of a manifest, the user's metadata and the image of an index."""
    first = msgspec.json.encode({str(group): generation for group, generation in manifest.items()})
    second = msgspec.json.encode(_StoredMetadata(metadata.timestamp, msgspec.Raw(metadata.data))) if metadata else b""
    sizes = _SIZES.pack(_VERSION, 0, len(first), len(second), len(index))
    return MAGIC + sizes + first + second + index
