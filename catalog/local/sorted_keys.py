"""The keys of a database in another order than their own, in a temporary file, so that millions of them need little memory."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, Literal, NamedTuple, TypeVar

from typing_extensions import override

from catalog.errors import InvalidInputError
from catalog.processes.fork import OfOneProcess

if TYPE_CHECKING:
    import numpy as np

Order = Literal["size", "time"]
_UNKNOWN = -1
"""The size of a value that nobody knows; such keys come last."""


class Listed(NamedTuple):
    """What is kept of a key: its timestamp, the size of its value, and whether that can be verified."""

    key: str
    timestamp: int
    size: int | None
    verified: bool


class Columns(NamedTuple):
    """The same of many keys, sorted by them."""

    keys: Sequence[str]
    timestamps: Sequence[int]
    sizes: Sequence[int | None]
    verified: Sequence[bool]


T = TypeVar("T")


class SortedKeys(OfOneProcess, Generic[T]):
    """A list of keys by size, the largest first, or by time, the newest first. Safe from many threads; close it.

    ``read`` gives the keys in their order, in pieces; ``make`` turns those of a page into what it holds. In a forked child the
    keys are read again when they are first asked for, as they are then.
    """

    def __init__(self, read: Callable[[], Iterable[Columns]], order: Order, make: Callable[[Sequence[Listed]], list[T]]) -> None:
        if order not in ("size", "time"):
            raise InvalidInputError(f"Keys are not sorted by {order!r}.", hint="Use 'size' or 'time'.")
        self._read, self._order, self._make = read, order, make
        self._lock = threading.Lock()
        self._kept: _Kept | None = _keep(read(), order)
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._kept, self._lock = None, threading.Lock()

    def _open(self) -> _Kept:
        with self._lock:
            if self._kept is None:
                self._kept = _keep(self._read(), self._order)
            return self._kept

    def __len__(self) -> int:
        return len(self._open().order)

    def page_at(self, row: int, limit: int) -> list[T]:
        """Some keys from a row on; 0 is the first."""
        kept = self._open()
        return self._make([kept.at(int(place)) for place in kept.order[row : row + limit]])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._kept = None


@dataclass(frozen=True)
class _Kept:
    """Columns in a file, and the order of their rows. The file is gone when nobody has them any more."""

    names: np.ndarray[Any, np.dtype[np.uint8]]
    ends: np.ndarray[Any, np.dtype[np.int64]]
    timestamps: np.ndarray[Any, np.dtype[np.int64]]
    sizes: np.ndarray[Any, np.dtype[np.int64]]
    verified: np.ndarray[Any, np.dtype[np.bool_]]
    order: np.ndarray[Any, np.dtype[np.int64]]

    def at(self, place: int) -> Listed:
        """What is kept of one key."""
        start, end, size = int(self.ends[place - 1]) if place else 0, int(self.ends[place]), int(self.sizes[place])
        key = self.names[start:end].tobytes().decode("utf-8", "surrogatepass")
        return Listed(key, int(self.timestamps[place]), None if size == _UNKNOWN else size, bool(self.verified[place]))


def _keep(pieces: Iterable[Columns], order: Order) -> _Kept:
    import numpy as np  # noqa: PLC0415 - only who sorts needs it

    ends, timestamps, sizes, verified = list[Any](), list[Any](), list[Any](), list[Any]()
    total = 0
    with tempfile.TemporaryFile() as names:
        for piece in pieces:
            total = _write_names(names, piece.keys, total, ends)
            timestamps.append(np.array(piece.timestamps, np.int64))
            known = [_UNKNOWN if size is None else size for size in piece.sizes] if None in piece.sizes else piece.sizes
            sizes.append(np.array(known, np.int64))
            verified.append(np.array(piece.verified, np.bool_))
        columns = [
            np.concatenate([np.zeros(0, kind), *column])
            for kind, column in ((np.int64, ends), (np.int64, timestamps), (np.int64, sizes), (np.bool_, verified))
        ]
        # Equal ones stay in the order of their keys.
        sorted_by = columns[2] if order == "size" else columns[1]
        columns.append(np.argsort(-sorted_by, kind="stable"))
        return _Kept(_mapped(names, np.uint8, total), *map(_moved, columns))


def _write_names(file: BinaryIO, keys: Sequence[str], start: int, ends: list[Any]) -> int:
    """Write keys one behind the other, and note where each ends; gives where the last does."""
    import numpy as np  # noqa: PLC0415

    text = "".join(keys).encode("utf-8", "surrogatepass")
    file.write(text)
    sizes = map(len, keys) if text.isascii() else (len(key.encode("utf-8", "surrogatepass")) for key in keys)
    ends.append(start + np.cumsum(np.fromiter(sizes, np.int64, len(keys))))
    return start + len(text)


def _moved(column: Any) -> Any:
    """The same numbers in a file."""
    with tempfile.TemporaryFile() as file:
        file.write(column.data)
        return _mapped(file, column.dtype, len(column))


def _mapped(file: Any, kind: Any, count: int) -> Any:
    """What a file has, as numbers that are read when they are looked at; the file may be closed then."""
    import numpy as np  # noqa: PLC0415

    file.flush()
    return np.memmap(file, kind, "r", shape=(count,)) if count else np.zeros(0, kind)
