"""How a database is to be opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from catalog.changes.versions import Version
from catalog.codecs.codec import check_serializer
from catalog.codecs.contract import Nan
from catalog.errors import InvalidInputError, ReadOnlyError
from catalog.local.booklet_header import DEFAULT_BUCKETS, FEWEST_BUCKETS, Header, new_header
from catalog.progress import Progress
from catalog.store.observed import Observer

Flag = Literal["r", "w", "c", "n"]


class More(TypedDict, total=False):
    """The keyword arguments of `catalog.open` that are ours, not ebooklet's."""

    lock: Literal["session", "commit"]
    lock_timeout: float
    force_lock: bool
    offline: bool | Literal["auto"]
    pull: bool
    trust: bool
    progress: Progress | None
    author: str | None
    version: Version | None
    trust_connection: bool
    observer: Observer | None
    nan: Nan


@dataclass(frozen=True, slots=True)
class Options:
    """How a database is to be opened; see `catalog.open`."""

    flag: Flag
    value_serializer: Any
    n_buckets: int | None
    buffer_size: int
    lock: Literal["session", "commit"]
    lock_timeout: float
    force_lock: bool
    offline: bool | Literal["auto"]
    pull: bool
    trust: bool
    author: str
    type: Literal["database", "group"] | None
    """None takes an existing one as what it is, and makes a new one a database."""
    version: Version | None
    trust_connection: bool
    observer: Observer | None = None
    nan: Nan = "refuse"
    as_booklet: bool = False
    """Whether values are converted as booklet does, which loses some."""

    def __post_init__(self) -> None:
        if self.flag not in ("r", "w", "c", "n"):
            raise InvalidInputError(f"There is no flag {self.flag!r}.", hint="Use 'r', 'w', 'c' or 'n'.")
        if self.lock not in ("session", "commit"):
            raise InvalidInputError(f"There is no lock {self.lock!r}.", hint="Use 'session' or 'commit'.")
        if self.offline not in (True, False, "auto"):
            raise InvalidInputError(f"offline is True, False or 'auto', not {self.offline!r}.")
        if self.n_buckets is not None and not 1 <= self.n_buckets <= 1 << 28:
            raise InvalidInputError(f"{self.n_buckets} is no usable number of buckets.")
        if self.version is not None and self.flag != "r":
            raise ReadOnlyError("An earlier version can only be read.", hint="Open it with flag='r', or use revert().")
        if self.nan not in ("refuse", "null"):
            raise InvalidInputError(f"nan is 'refuse' or 'null', not {self.nan!r}.")
        check_serializer(self.value_serializer)

    def new_header(self) -> Header:
        """The header of a new local file."""
        return new_header(self.value_serializer, max(self.n_buckets or DEFAULT_BUCKETS, FEWEST_BUCKETS))

    @property
    def writing(self) -> bool:
        """Whether the database may be changed."""
        return self.flag != "r"
