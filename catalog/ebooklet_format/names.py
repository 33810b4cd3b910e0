"""The names of ebooklet's objects in a bucket, and which keys are never a user's."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

METADATA_KEY = "adb01ebc1ba3433eb043527"
"""booklet's own key of the user's metadata; in format 1 the index has it when there are any."""
JOURNAL_KEY = "7c40d2ea915b4f3a8e6d201"
REMOTE_STATE_KEY = "f19a5c3d7e2b48069ab34c5"
RESERVED_KEYS = frozenset((METADATA_KEY, JOURNAL_KEY, REMOTE_STATE_KEY))


@dataclass(frozen=True, slots=True)
class EbookletNames:
    """The names of everything that belongs to ebooklet's database at ``db_key``."""

    db_key: str

    @property
    def folder(self) -> str:
        """How the names of all but the head begin."""
        return f"{self.db_key}/"

    def value(self, key: str) -> str:
        """The object of one value, where each has its own."""
        return f"{self.db_key}/{key}"

    def group(self, group: int, generation: str | None) -> str:
        """A group object; without generations it is written in place."""
        return f"{self.db_key}/{group}" if generation is None else f"{self.db_key}/{group}.{generation}"

    @property
    def metadata(self) -> tuple[str, str]:
        """Where the user's metadata of format 1 can be, the likelier place first."""
        return f"{self.db_key}/_metadata", f"{self.db_key}/{METADATA_KEY}"


def hash_group(key: str, groups: int) -> int:
    """The group of a key, where its hash says it."""
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big") % groups
