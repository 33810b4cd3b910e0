"""What a working copy holds or says of each key, on top of the commit it is based on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import chain, islice
from typing import Any

import msgspec

from catalog.format.segment import Entry, Outline
from catalog.format.version import METADATA, UNKNOWN_CHECKSUM, Version
from catalog.local.data_file import METADATA_KEY
from catalog.local.sidecar import Sidecar, damaged

_BATCH = 10_000
_PARAMETERS = 500
_TOGETHER = 100


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
    inline: bytes | None = None

    @classmethod
    def of(cls, entry: Entry | None) -> KnownBase:
        """What is kept of the entry that an edit was based on; None: the key was not there."""
        if entry is None:
            return cls(0, b"", 0, 0, b"")
        return cls(entry.timestamp, entry.pack, entry.offset, entry.length, entry.checksum, entry.inline)

    @property
    def entry(self) -> Entry | None:
        """What the edit was based on."""
        return Entry(*msgspec.structs.astuple(self)) if self.checksum else None


UNKNOWN_BASE = KnownBase(0, b"", 0, 0, UNKNOWN_CHECKSUM)
"""Of an edit of which nobody can say any more what it was based on."""

_encode_base = msgspec.msgpack.Encoder().encode
_decode_base = msgspec.msgpack.Decoder(KnownBase).decode


class Row(msgspec.Struct, frozen=True, gc=False):
    """One key of the table. ``edit`` numbers edits in their order; ``base`` is set where the edit conflicts.

    ``by_content`` marks an edit that is none where the base has the same bytes, which was not known when it was made.
    """

    key: str
    status: int
    timestamp: int
    offset: int
    length: int
    checksum: bytes
    edit: int
    base: KnownBase | None
    by_content: bool = False

    @property
    def edited(self) -> bool:
        """Whether this says something that the base commit does not."""
        return self.status in (Status.EDITED, Status.DELETED)

    @property
    def deleted(self) -> bool:
        """Whether the key was deleted here."""
        return self.status == Status.DELETED

    @property
    def held(self) -> bool:
        """Whether the data file has the value."""
        return self.status in (Status.COPY, Status.EDITED)

    @property
    def version(self) -> Version | None:
        """The version that the working copy has of the key; None where it was deleted."""
        return Version(self.timestamp, self.length, self.checksum) if self.status != Status.DELETED else None

    def says(self, entry: Entry | None) -> bool:
        """Whether this is what an entry says: the same version, or the same bytes where only these count, or both nothing."""
        mine = self.version
        if entry is None or mine is None:
            return entry is None and mine is None
        return mine == entry.version or (self.by_content and mine.content == entry.version.content)

    def is_copy_of(self, entry: Entry) -> bool:
        """Whether this has the version of an entry."""
        same = self.timestamp == entry.timestamp and self.checksum == entry.checksum and self.length == entry.length
        return same or self.version == entry.version

    def may_say(self, outline: Outline) -> bool:
        """Whether this can be what an entry with this outline says; False only where it surely is not."""
        return self.timestamp == outline.timestamp or (self.by_content and self.length == outline.length)

    def base_over(self, entry: Entry | None) -> Entry | None:
        """What the edit was based on: what was kept of it, or else ``entry``, which the base commit has."""
        return entry if self.base is None else self.base.entry


_COLUMNS = "key, status, timestamp, offset, length, checksum, edit, base, by_content"


def block_key(key: str) -> bytes:
    """Under which key a value lies in the data file: the metadata where booklet keeps them, all others under their own."""
    return key.encode() if key != METADATA else METADATA_KEY


def count_keys(keys: Iterable[str]) -> int:
    """How many keys booklet counts: all but the metadata."""
    return sum(key != METADATA for key in keys)


class LocalTable:
    """The table of local keys in a sidecar. The user's metadata are one of its rows, and are counted as no key."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def _row(self, values: tuple[Any, ...]) -> Row:
        """A row of the file, which anyone can write to: IntegrityError where its values are none of ours."""
        key, status, timestamp, offset, length, checksum, edit, base, by_content = values
        if (
            type(key) is str
            and type(status) is int
            and type(timestamp) is int
            and type(offset) is int
            and type(length) is int
            and length >= 0
            and type(checksum) is bytes
            and type(edit) is int
        ):
            known = self._base(key, base) if base is not None else None
            return Row(key, status, timestamp, offset, length, checksum, edit, known, by_content == 1)
        raise damaged(self._sidecar.path, f"what it says of the key {key!a:.100}")

    def _base(self, key: str, packed: object) -> KnownBase:
        try:
            return _decode_base(packed)  # type: ignore[arg-type]  # what is no bytes is a TypeError
        except (msgspec.DecodeError, TypeError):
            raise damaged(self._sidecar.path, f"what it says of the key {key!a:.100}") from None

    def get(self, key: str) -> Row | None:
        """The row of a key, or None."""
        values = self._sidecar.row(f"SELECT {_COLUMNS} FROM local WHERE key = ?", (key,))  # noqa: S608
        return self._row(values) if values else None

    def get_with_base(self, key: str) -> tuple[Row | None, str | None]:
        """The row of a key and, of the same instant, the id of the commit that the working copy is based on."""
        values = self._sidecar.row(
            f"SELECT (SELECT value FROM state WHERE name = 'base_id'), {_COLUMNS} FROM (SELECT 1) LEFT JOIN local ON key = ?",  # noqa: S608
            (key,),
        )
        assert values is not None
        return (self._row(values[1:]) if values[1] is not None else None), values[0]

    def get_many(self, keys: Sequence[str]) -> dict[str, Row]:
        """The rows of those of ``keys`` that have one."""
        found: dict[str, Row] = {}
        for start in range(0, len(keys), _PARAMETERS):
            some = tuple(keys[start : start + _PARAMETERS])
            marks = ",".join("?" * len(some))
            for values in self._sidecar.rows(f"SELECT {_COLUMNS} FROM local WHERE key IN ({marks})", some):  # noqa: S608
                found[values[0]] = self._row(values)
        return found

    def any_between(self, first: str, last: str) -> bool:
        """Whether any key from ``first`` to ``last``, both included, has a row."""
        return self._sidecar.row("SELECT 1 FROM local WHERE key BETWEEN ? AND ? LIMIT 1", (first, last)) is not None

    def contents(self, keys: Sequence[str]) -> dict[str, tuple[int, tuple[int, bytes]]]:
        """Of those of ``keys`` that have a row: its status, and the length and checksum of its value."""
        found: dict[str, tuple[int, tuple[int, bytes]]] = {}
        for start in range(0, len(keys), _PARAMETERS):
            some = tuple(keys[start : start + _PARAMETERS])
            marks = ",".join("?" * len(some))
            query = f"SELECT key, status, length, checksum FROM local WHERE key IN ({marks})"  # noqa: S608
            found.update((key, (status, (length, summed))) for key, status, length, summed in self._sidecar.rows(query, some))
        return found

    def put(self, rows: Iterable[Row]) -> None:
        """Insert or replace rows."""
        stream = map(msgspec.structs.astuple, rows)
        with self._sidecar.transaction():
            while some := list(islice(stream, _TOGETHER)):
                values = ((*row[:7], None if row[7] is None else _encode_base(row[7]), row[8]) for row in some)
                self._insert("INSERT OR REPLACE", "(?, ?, ?, ?, ?, ?, ?, ?, ?)", list(values))

    def _insert(self, how: str, marks: str, rows: Sequence[tuple[Any, ...]]) -> None:
        # one statement for many rows: executemany hands the interpreter over to other threads at each row
        statement = f"{how} INTO local VALUES {','.join([marks] * len(rows))}"
        self._sidecar.change(statement, tuple(chain.from_iterable(rows)))

    def put_copies(self, copies: Iterable[tuple[str, int, int, int, bytes]]) -> None:
        """Insert rows of copies: key, timestamp, offset, length, checksum."""
        stream = iter(copies)
        while some := list(islice(stream, _TOGETHER)):
            self._insert("INSERT", "(?, 0, ?, ?, ?, ?, 0, NULL, 0)", some)

    def remove(self, keys: Iterable[str]) -> None:
        """Forget keys."""
        self._sidecar.change_many("DELETE FROM local WHERE key = ?", ((key,) for key in keys))

    def clear(self) -> None:
        """Forget all keys, the metadata too."""
        self._sidecar.change("DELETE FROM local")

    def claim_copies(self, edit: int) -> None:
        """Turn copies into edits with this number, forget deletions, and leave no edit in conflict."""
        with self._sidecar.transaction():
            self._sidecar.change("UPDATE local SET status = 1, edit = ? WHERE status = 0", (edit,))
            self._sidecar.change("UPDATE local SET base = NULL WHERE base IS NOT NULL")
            self._sidecar.change("DELETE FROM local WHERE status = 2")

    def moved(self, offsets: Iterable[tuple[int, str]]) -> None:
        """The data file was written anew: values lie elsewhere, and what was to leave it has left."""
        with self._sidecar.transaction():
            self._sidecar.change_many("UPDATE local SET offset = ? WHERE key = ?", offsets)
            self._sidecar.change("UPDATE local SET offset = 0 WHERE status = 2")
            self._sidecar.change("DELETE FROM local WHERE status = 3")

    def edited(self) -> Iterator[Row]:
        """Rows that say something the base does not, sorted by key; edits made meanwhile may or may not be among them."""
        return self._pages("status IN (1, 2)", "edited", None)

    def edited_keys(self) -> Iterator[Row]:
        """As `edited`, but for the metadata."""
        return self._pages("status IN (1, 2)", "edited", METADATA)

    def unsure(self) -> Iterator[Row]:
        """Edits that are none where the base has the same bytes."""
        return self._pages("by_content = 1", "by_content", None)

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
        return [self._row(row) for row in values]

    def conflicts(self) -> list[Row]:
        """Rows that were edited here and, since, elsewhere."""
        values = self._sidecar.rows(
            f"SELECT {_COLUMNS} FROM local WHERE status IN (1, 2) AND base IS NOT NULL ORDER BY key"  # noqa: S608
        )
        return [self._row(row) for row in values]

    def count_edited(self) -> int:
        """How many rows say something the base may not."""
        return self.edited_size()[0]

    def edited_size(self) -> tuple[int, int]:
        """How many rows say something the base may not, and the bytes of their values."""
        row = self._sidecar.row("SELECT COUNT(*), COALESCE(SUM(length), 0) FROM local WHERE status IN (1, 2)")
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def held_size(self) -> tuple[int, int]:
        """How many keys have a value in the data file, and the bytes of these values."""
        row = self._sidecar.row("SELECT COUNT(*), COALESCE(SUM(length), 0) FROM local WHERE status IN (0, 1) AND key <> ''")
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def copies_before(self, timestamp: int) -> list[str]:
        """The keys of copies that are older than a timestamp."""
        rows = self._sidecar.rows("SELECT key FROM local WHERE status = 0 AND timestamp < ? AND key <> ''", (timestamp,))
        return [row[0] for row in rows]

    def every(self, rows_apart: int) -> tuple[list[tuple[int, str]], int]:
        """Every so manieth key in the sorted list of those that are listed, with its row; and how many are listed in all."""
        listed = "key <> '' AND (status IN (0, 1) OR (status = 2 AND base IS NOT NULL))"
        found = self._sidecar.rows(
            f"SELECT row, key FROM (SELECT row_number() OVER (ORDER BY key) - 1 AS row, key FROM local WHERE {listed})"  # noqa: S608
            " WHERE row % ? = 0",
            (rows_apart,),
        )
        total = self._sidecar.row(f"SELECT COUNT(*) FROM local WHERE {listed}")  # noqa: S608
        return found, int(total[0]) if total else 0

    def finalize(self, keys: Iterable[str] | None, up_to: int) -> None:
        """Edits up to number ``up_to`` (of ``keys``, or all) are the base's now."""
        if keys is None:
            with self._sidecar.transaction():
                self._sidecar.change("DELETE FROM local WHERE status = 2 AND edit <= ?", (up_to,))
                self._sidecar.change(
                    "UPDATE local SET status = 0, base = NULL, by_content = 0 WHERE status = 1 AND edit <= ?", (up_to,)
                )
            return
        listed = list(keys)
        with self._sidecar.transaction():
            self._sidecar.change_many(
                "DELETE FROM local WHERE key = ? AND status = 2 AND edit <= ?", ((key, up_to) for key in listed)
            )
            self._sidecar.change_many(
                "UPDATE local SET status = 0, base = NULL, by_content = 0 WHERE key = ? AND status = 1 AND edit <= ?",
                ((key, up_to) for key in listed),
            )

    def _pages(self, condition: str, index: str, after: str | None) -> Iterator[Row]:
        indexed = f"INDEXED BY {index}" if index else ""
        low, comparison = ("", ">=") if after is None else (after, ">")
        while True:
            values = self._sidecar.rows(
                f"SELECT {_COLUMNS} FROM local {indexed} WHERE {condition} AND key {comparison} ? ORDER BY key LIMIT ?",  # noqa: S608
                (low, _BATCH),
            )
            for row in values:
                yield self._row(row)
            if len(values) < _BATCH:
                return
            low, comparison = values[-1][0], ">"
