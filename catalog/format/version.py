"""A version of a value: what is compared to know whether two sides say the same."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

METADATA = ""
"""The key under which the user's metadata stand among the keys of a database; no real key is empty."""

METADATA_NAME = "(metadata)"
"""How messages name that key."""


class Version(msgspec.Struct, frozen=True, gc=False):
    """One version of a value: microseconds since the epoch, bytes as stored, checksum."""

    timestamp: int
    length: int
    checksum: bytes

    @property
    def time(self) -> datetime:
        """The timestamp as a UTC time."""
        return datetime.fromtimestamp(self.timestamp / 1_000_000, UTC)

    @property
    def content(self) -> tuple[int, bytes]:
        """What two versions have in common whose bytes are the same, whenever they were written."""
        return self.length, self.checksum


def name_of_key(key: str) -> str:
    """A key as messages name it."""
    return METADATA_NAME if key == METADATA else key
