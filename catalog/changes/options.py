"""What a push is told, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.errors import InvalidInputError
from catalog.format.head import Commit, Origin
from catalog.locking.lease import Lease

_MOST_TEXT = 10_000

HeldLease = Lease
"""The write lock of a session, of either kind."""


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What a push is told: who pushes, why, of which keys (None: all), and as what type of database.

    A first commit says of what it is a copy, where it is one.
    """

    author: str
    message: str = ""
    keys: frozenset[str] | None = None
    type: str = "database"
    copied_from: Origin | None = None

    def __post_init__(self) -> None:
        for name, text in (("author", self.author), ("message", self.message)):
            if len(text) > _MOST_TEXT:
                raise InvalidInputError(f"The {name} has {len(text):,} characters; at most {_MOST_TEXT:,} are accepted.")


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did: the commit it made (None: there was nothing to push), and what went over the network."""

    commit: Commit | None
    keys: int
    bytes_up: int
    requests: int

    def __bool__(self) -> bool:
        return self.commit is not None
