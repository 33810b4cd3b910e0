"""What ebooklet's own object of a database says in its S3 user metadata, and which of its formats that is."""

from __future__ import annotations

import base64
import binascii
import uuid as uuid_module
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from catalog.errors import IntegrityError, UnsupportedFormatError

from .image import FIXED_MAGIC
from .payload import MAGIC as PAYLOAD_MAGIC

NEWEST_FORMAT = 3
DEFAULT_GROUP_BYTES = 32 << 20
HEADER_BYTES = 200
FIRST_BYTES = 16
"""How many bytes of the object tell what it is."""

_PLAIN = bytes.fromhex("4f7e8a3fe75c4750ad430a728fe31cfe0500060204e72e0000000000000100020000000000000000000001").ljust(
    HEADER_BYTES, b"\0"
)
"""The header of an empty booklet whose values are bytes and whose keys are text."""
GROUP_HEADER = _PLAIN[:29] + (5).to_bytes(2, "little") + _PLAIN[31:]
"""The header of an empty booklet whose values are JSON, as those of a group are."""

_MOST_DIGITS = 17
_MOST_TIME = 1 << 56
_MOST_COUNT = 1 << 32
Type = Literal["database", "group"]
TYPES: Mapping[str, Type] = {"EVariableLengthValue": "database", "RemoteConnGroup": "group"}
"""What ebooklet calls a database and a group, and what we do."""


class Storage(StrEnum):
    """How a remote of ebooklet keeps its values."""

    PER_KEY = "per key"
    """Each in an object of its own."""
    HASHED = "hash groups"
    """In a fixed number of objects; the hash of a key says in which."""
    GROUPED = "write-order groups"
    """In objects of about the same size; the index says in which."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the user metadata of ebooklet's object say; None where a tool that copied the object dropped them.

    ``timestamp`` is the time of the commit in microseconds, ``booklet_header`` the first 200 bytes of the writer's local file.
    """

    uuid: uuid_module.UUID | None = None
    type: Type | None = None
    timestamp: int | None = None
    booklet_header: bytes | None = None
    format_version: int | None = None
    num_groups: int | None = None
    group_bytes: int | None = None

    @classmethod
    def parse(cls, metadata: Mapping[str, str], what: str) -> Identity:
        """Understand user metadata, whose other fields are passed over.

        Raises IntegrityError, which names ``what``, for fields that cannot be, and UnsupportedFormatError for a newer format.
        """
        metadata = {name.lower(): value for name, value in metadata.items()}
        version = _number(metadata, "format_version", what, _MOST_COUNT)
        if version is not None and version > NEWEST_FORMAT:
            raise UnsupportedFormatError(
                f"{what} has ebooklet's format {version}; this program reads 1 to {NEWEST_FORMAT}.",
                hint="Upgrade booklet-catalog.",
            )
        kind = metadata.get("type")
        if kind is not None and kind not in TYPES:
            raise UnsupportedFormatError(
                f"{what} is a {kind[:60]!a}, which ebooklet's databases and groups are not.", hint="Check the address."
            )
        return cls(
            uuid=_uuid(metadata.get("uuid"), what),
            type=TYPES[kind] if kind is not None else None,
            timestamp=_number(metadata, "timestamp", what, _MOST_TIME, 0),
            booklet_header=_header(metadata.get("init_bytes"), what),
            format_version=version,
            num_groups=_number(metadata, "num_groups", what, _MOST_COUNT),
            group_bytes=_number(metadata, "group_bytes", what, _MOST_COUNT),
        )

    def encode(self) -> dict[str, str]:
        """The user metadata that ebooklet writes for this."""
        found = {
            "uuid": self.uuid.hex if self.uuid is not None else None,
            "type": name_of_type(self.type) if self.type is not None else None,
            "timestamp": self.timestamp,
            "init_bytes": base64.urlsafe_b64encode(self.booklet_header).decode() if self.booklet_header is not None else None,
            "format_version": self.format_version,
            "num_groups": self.num_groups,
            "group_bytes": self.group_bytes,
        }
        return {name: str(value) for name, value in found.items() if value is not None}


def local_header(init_bytes: bytes | None, uuid: uuid_module.UUID) -> bytes:
    """The header of a local booklet of this database; of one with plain bytes, where nobody knows what its values are."""
    raw = bytearray(init_bytes if init_bytes is not None else _PLAIN)
    raw[49:65] = uuid.bytes
    return bytes(raw)


def name_of_type(kind: str) -> str:
    """What ebooklet calls a database or a group."""
    return next(name for name, known in TYPES.items() if known == kind)


def is_ebooklet(metadata: Mapping[str, str]) -> bool:
    """Whether user metadata are those of a database or group of ebooklet, of whatever version."""
    return metadata.get("type") in TYPES


def begins_as_ebooklet(first: bytes) -> bool:
    """Whether an object that begins with these bytes is one of ebooklet's: an index as it is, or one in a payload."""
    return first.startswith((PAYLOAD_MAGIC, FIXED_MAGIC))


def _number(metadata: Mapping[str, str], name: str, what: str, most: int, least: int = 1) -> int | None:
    text = metadata.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and least <= int(text) < most):
        raise IntegrityError(f"{what} is damaged: its {name} is {text[:40]!a}.")
    return int(text)


def _uuid(text: str | None, what: str) -> uuid_module.UUID | None:
    if text is None:
        return None
    try:
        return uuid_module.UUID(hex=text)
    except ValueError:
        raise IntegrityError(f"{what} is damaged: its uuid is {text[:60]!a}.") from None


def _header(text: str | None, what: str) -> bytes | None:
    if text is None:
        return None
    try:
        raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HEADER_BYTES:
        raise IntegrityError(f"{what} is damaged: its init_bytes are no header of a booklet.")
    return raw
