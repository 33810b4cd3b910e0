"""A change: one key that differs between a working copy and its remote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from catalog.format.checksum import checksum
from catalog.format.head import Metadata
from catalog.format.segment import Entry
from catalog.local.table import Row, Status

METADATA = ""
"""The key under which a change of the user's metadata is listed; no real key is empty."""


class Direction(StrEnum):
    """Where a change would go."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"
    CONFLICT = "conflict"


class Kind(StrEnum):
    """What happened to the key on the side that changed it; of a conflict, on this side."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a value: microseconds since the epoch, bytes as stored, checksum."""

    timestamp: int
    length: int
    checksum: bytes
    entry: Entry | None = field(default=None, repr=False, compare=False)
    """Where it lies in the remote; None for the working copy's own."""
    raw: bytes | None = field(default=None, repr=False, compare=False)
    """The bytes themselves, where a head has them: of the metadata."""

    @property
    def time(self) -> datetime:
        """The timestamp as a UTC time."""
        return datetime.fromtimestamp(self.timestamp / 1_000_000, UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs, with the version both sides started from, the working copy's and the remote's.

    None stands for: the key is not there. The empty key stands for the user's metadata.
    """

    key: str
    direction: Direction
    kind: Kind
    base: Version | None
    local: Version | None
    remote: Version | None

    def __str__(self) -> str:
        name = "(metadata)" if self.key == METADATA else self.key
        return f"{self.direction} {self.kind} {name} (local {_when(self.local)}, remote {_when(self.remote)})"

    @property
    def local_timestamp(self) -> int | None:
        """Microseconds since the epoch of the working copy's version."""
        return self.local.timestamp if self.local else None

    @property
    def remote_timestamp(self) -> int | None:
        """Microseconds since the epoch of the remote's version."""
        return self.remote.timestamp if self.remote else None


def _when(version: Version | None) -> str:
    return version.time.isoformat(sep=" ", timespec="seconds") if version else "absent"


def version_of_entry(entry: Entry | None) -> Version | None:
    """The version that an entry of the remote's index names."""
    return None if entry is None else Version(entry.timestamp, entry.length, entry.checksum, entry)


def version_of_row(row: Row) -> Version | None:
    """The version that the working copy holds."""
    return None if row.status == Status.DELETED else Version(row.timestamp, row.length, row.checksum)


def metadata_version(metadata: Metadata | None) -> Version | None:
    """The version that a head's metadata is."""
    if metadata is None:
        return None
    value = bytes(metadata.value)
    return Version(metadata.timestamp, len(value), checksum(value), raw=value)


_TIME_BYTES = 8


def pack_metadata(metadata: Metadata | None) -> bytes:
    """What a conflict about the metadata keeps of the version that both sides started from; never empty."""
    return b"\x00" if metadata is None else metadata.timestamp.to_bytes(_TIME_BYTES, "little") + bytes(metadata.value)


def unpack_metadata(packed: bytes) -> Metadata | None:
    """Undo `pack_metadata`."""
    if len(packed) <= _TIME_BYTES:
        return None
    return Metadata(int.from_bytes(packed[:_TIME_BYTES], "little"), msgspec.Raw(packed[_TIME_BYTES:]))


def kind_of(before: Version | None, after: Version | None) -> Kind:
    """What led from one version to the other."""
    if before is None:
        return Kind.ADDED
    return Kind.DELETED if after is None else Kind.MODIFIED
