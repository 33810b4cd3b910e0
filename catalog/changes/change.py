"""A change: one key that differs between a working copy and its remote."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from catalog.format.segment import Entry
from catalog.format.version import Version, name_of_key


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
class Sides:
    """Where the bytes of a change's versions lie in the remote."""

    base: Entry | None = None
    remote: Entry | None = None


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
    entries: Sides = field(default=Sides(), repr=False, compare=False)

    @classmethod
    def between(cls, key: str, direction: Direction, base: Entry | None, local: Version | None, remote: Entry | None) -> Change:
        """A change of what the entry ``base`` says to what is here, or where nothing was changed here, in the remote."""
        after = remote if direction == Direction.INCOMING else local
        return cls(key, direction, kind_of(base, after), _version(base), local, _version(remote), Sides(base, remote))

    def __str__(self) -> str:
        return f"{self.direction} {self.kind} {name_of_key(self.key)} (local {_when(self.local)}, remote {_when(self.remote)})"

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


def _version(entry: Entry | None) -> Version | None:
    return entry.version if entry is not None else None


def kind_of(before: object | None, after: object | None) -> Kind:
    """What led from one version to the other; None stands for the absence of one."""
    if before is None:
        return Kind.ADDED
    return Kind.DELETED if after is None else Kind.MODIFIED
