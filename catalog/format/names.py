"""The names of a database's objects in its bucket. A user's keys are never part of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectNames:
    """The names of everything that belongs to the database at ``db_key``."""

    db_key: str

    @property
    def head(self) -> str:
        """The one mutable object, which names all others."""
        return self.db_key

    @property
    def lease(self) -> str:
        """The write lock."""
        return f"{self.db_key}.lock"

    @property
    def folder(self) -> str:
        """The prefix of all immutable objects of this database, and of no other's."""
        return f"{self.db_key}/"

    @property
    def packs(self) -> str:
        """The prefix of all packs."""
        return f"{self.db_key}/packs/"

    @property
    def segments(self) -> str:
        """The prefix of all index segments."""
        return f"{self.db_key}/index/"

    @property
    def commits(self) -> str:
        """The prefix of all commits."""
        return f"{self.db_key}/commits/"

    def pack(self, pack_id: bytes) -> str:
        """The pack with this id."""
        return f"{self.packs}{pack_id.hex()}"

    def segment(self, segment_id: str) -> str:
        """The index segment with this id."""
        return f"{self.segments}{segment_id}"

    def commit(self, number: int, commit_id: str) -> str:
        """The copy of the head that commit ``number`` made."""
        return f"{self.commits}{number:010d}-{commit_id}"
