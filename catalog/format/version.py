"""A version of a value: what is compared to know whether two sides say the same."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from catalog.format.checksum import CHECKSUM_BYTES

METADATA = ""
"""The key under which the user's metadata stand among the keys of a database; no real key is empty."""

METADATA_NAME = "(metadata)"
"""How messages name that key."""


UNKNOWN_CHECKSUM = bytes(CHECKSUM_BYTES)
"""The checksum of a value that whoever wrote it kept none of, as ebooklet does."""


class Version(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One version of a value: microseconds since the epoch, bytes as stored, checksum.

    Where one side has no checksum, versions of the same timestamp are equal: it is all that there is to compare.
    """

    timestamp: int
    length: int
    checksum: bytes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        if self.timestamp != other.timestamp:
            return False
        return UNKNOWN_CHECKSUM in (self.checksum, other.checksum) or self.content == other.content

    def __ne__(self, other: object) -> bool:
        # The base class has one of its own, which knows nothing of the other.
        return not self == other

    def __hash__(self) -> int:
        return hash(self.timestamp)

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
