"""What a working copy holds or says of each key, on top of the commit it is based on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import chain, islice

import msgspec

from catalog.local.sidecar import Sidecar

_BATCH = 10_000
_PARAMETERS = 500
_COPIES = 100


class Status(IntEnum):
    """Why a key is in the table."""

    COPY = 0
    """The value is in the data file and is the base commit's."""
    EDITED = 1
    """The value is in the data file and was set here."""
    DELETED = 2
    """The key was deleted here."""
    LEAVING = 3
    """The value is to be removed from the data file; nothing is said of the key."""


class KnownBase(msgspec.Struct, frozen=True, array_like=True):
    """What an edit was based on, kept once the base commit has moved past it; ``checksum`` empty: the key was not there."""

    timestamp: int
    pack: bytes
    offset: int
    length: int
    checksum: bytes


_encode_base = msgspec.msgpack.Encoder().encode
_decode_base = msgspec.msgpack.Decoder(KnownBase).decode


class Row(msgspec.Struct, frozen=True, gc=False):
    """One key of the table. ``edit`` numbers edits in their order; ``base`` is set where the edit conflicts."""

    key: str
    status: int
    timestamp: int
    offset: int
    length: int
    checksum: bytes
    edit: int
    base: KnownBase | None

    @property
    def edited(self) -> bool:
        """Whether this says something that the base commit does not."""
        return self.status in (Status.EDITED, Status.DELETED)


_COLUMNS = "key, status, timestamp, offset, length, checksum, edit, base"


def _row(values: tuple[str, int, int, int, int, bytes, int, bytes | None]) -> Row:
    base = values[7]
    return Row(*values[:7], _decode_base(base) if base is not None else None)


class LocalTable:
    """The table of local keys in a sidecar."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def get(self, key: str) -> Row | None:
        """The row of a key, or None."""
        values = self._sidecar.row(f"SELECT {_COLUMNS} FROM local WHERE key = ?", (key,))  # noqa: S608
        return _row(values) if values else None

    def get_with_base(self, key: str) -> tuple[Row | None, str | None]:
        """The row of a key and, of the same instant, the id of the commit that the working copy is based on."""
        values = self._sidecar.row(
            f"SELECT (SELECT value FROM state WHERE name = 'base_id'), {_COLUMNS} FROM (SELECT 1) LEFT JOIN local ON key = ?",  # noqa: S608
            (key,),
        )
        assert values is not None
        return (_row(values[1:]) if values[1] is not None else None), values[0]

    def get_many(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows of those of ``keys`` that have one."""
        found: dict[str, Row] = {}
        for start in range(0, len(keys), _PARAMETERS):
            some = tuple(keys[start : start + _PARAMETERS])
            marks = ",".join("?" * len(some))
            for values in self._sidecar.rows(f"SELECT {_COLUMNS} FROM local WHERE key IN ({marks})", some):  # noqa: S608
                found[values[0]] = _row(values)
        return found

    def any_between(self, first: str, last: str) -> bool:
        """Whether any key from ``first`` to ``last``, both included, has a row."""
        return self._sidecar.row("SELECT 1 FROM local WHERE key BETWEEN ? AND ? LIMIT 1", (first, last)) is not None

    def put(self, rows: Iterable[Row]) -> None:
        """Insert or replace rows."""
        self._sidecar.run_many(
            "INSERT OR REPLACE INTO local VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((*msgspec.structs.astuple(row)[:7], None if row.base is None else _encode_base(row.base)) for row in rows),
        )

    def put_copies(self, copies: Iterable[tuple[str, int, int, int, bytes]]) -> None:
        """Insert rows of copies: key, timestamp, offset, length, checksum."""
        stream = iter(copies)
        while some := list(islice(stream, _COPIES)):
            marks = ",".join(["(?, 0, ?, ?, ?, ?, 0, NULL)"] * len(some))
            # one statement for many rows: executemany hands the interpreter over to other threads at each row
            self._sidecar.run(f"INSERT INTO local VALUES {marks}", tuple(chain.from_iterable(some)))  # noqa: S608

    def remove(self, keys: Iterable[str]) -> None:
        """Forget keys."""
        self._sidecar.run_many("DELETE FROM local WHERE key = ?", ((key,) for key in keys))

    def edited(self) -> Iterator[Row]:
        """Rows that say something the base does not, sorted by key; edits made meanwhile may or may not be among them."""
        return self._pages("status IN (1, 2)", "edited", None)

    def leaving(self) -> Iterator[Row]:
        """Rows whose values are to be removed from the data file."""
        return self._pages("status = 3", "leaving", None)

    def all(self, after: str | None = None) -> Iterator[Row]:
        """All rows, sorted by key."""
        return self._pages("1", "", after)

    def page(self, start: str, limit: int, *, after: bool) -> list[Row]:
        """Some rows in the order of keys, from ``start`` on, or only what comes after it."""
        values = self._sidecar.rows(
            f"SELECT {_COLUMNS} FROM local WHERE key {'>' if after else '>='} ? AND status <> 3 ORDER BY key LIMIT ?",  # noqa: S608
            (start, limit),
        )
        return [_row(row) for row in values]

    def conflicts(self) -> list[Row]:
        """Rows that were edited here and, since, elsewhere."""
        values = self._sidecar.rows(
            f"SELECT {_COLUMNS} FROM local WHERE status IN (1, 2) AND base IS NOT NULL ORDER BY key"  # noqa: S608
        )
        return [_row(row) for row in values]

    def count_edited(self) -> int:
        """How many rows say something the base may not."""
        row = self._sidecar.row("SELECT COUNT(*) FROM local WHERE status IN (1, 2)")
        return int(row[0]) if row else 0

    def settle(self, keys: Iterable[str] | None, up_to: int) -> None:
        """Edits up to number ``up_to`` (of ``keys``, or all) are the base's now."""
        if keys is None:
            with self._sidecar.transaction():
                self._sidecar.run("DELETE FROM local WHERE status = 2 AND edit <= ?", (up_to,))
                self._sidecar.run("UPDATE local SET status = 0, base = NULL WHERE status = 1 AND edit <= ?", (up_to,))
            return
        listed = list(keys)
        with self._sidecar.transaction():
            self._sidecar.run_many(
                "DELETE FROM local WHERE key = ? AND status = 2 AND edit <= ?", ((key, up_to) for key in listed)
            )
            self._sidecar.run_many(
                "UPDATE local SET status = 0, base = NULL WHERE key = ? AND status = 1 AND edit <= ?",
                ((key, up_to) for key in listed),
            )

    def last_edit(self) -> int:
        """The number of the newest edit."""
        return int(self._sidecar.get("last_edit") or 0)

    def _pages(self, condition: str, index: str, after: str | None) -> Iterator[Row]:
        indexed = f"INDEXED BY {index}" if index else ""
        low, comparison = ("", ">=") if after is None else (after, ">")
        while True:
            values = self._sidecar.rows(
                f"SELECT {_COLUMNS} FROM local {indexed} WHERE {condition} AND key {comparison} ? ORDER BY key LIMIT ?",  # noqa: S608
                (low, _BATCH),
            )
            for row in values:
                yield _row(row)
            if len(values) < _BATCH:
                return
            low, comparison = values[-1][0], ">"
