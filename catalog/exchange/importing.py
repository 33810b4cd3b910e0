"""Bringing a file into a database: it is checked from end to end before the first key is set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from catalog.changes.change import Direction
from catalog.codecs.codec import Codec, check_serializer, codec_of
from catalog.codecs.tree import NAN_HINT, nan_as_null, path_step
from catalog.database.database import Database
from catalog.errors import CancelledError, CatalogError, InvalidInputError, InvalidValueError
from catalog.exchange.formats import input_format
from catalog.exchange.rows import FileFormat, InputOptions, LeftOut, Row, wrong
from catalog.exchange.seen_keys import SeenKeys
from catalog.exchange.streams import in_a_file
from catalog.local.booklet_header import new_header
from catalog.progress import Progress
from catalog.session.keys import check_key

_BATCH, _BATCH_BYTES = 500, 8 << 20
"""Rows, and bytes of their values, that are checked, compared and set together."""
_SAMPLE = 5
_NAN_HINT = "Say --nan null to set null in its place, or make the database with another serializer, such as pickle."


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: to how many keys, bytes of values, the first keys.

    Of the ``keys``, ``replaced`` have another value so far and ``same`` the same one already, which is no change; the rest is
    ``new``. ``edits_replaced`` counts keys whose unpushed change is replaced, which no discard brings back; ``left_out`` is
    what makes no key, with the reasons.
    """

    format: FileFormat
    keys: int
    replaced: int
    value_bytes: int
    first: tuple[str, ...]
    edits_replaced: int = 0
    same: int = 0
    left_out: tuple[LeftOut, ...] = ()

    @property
    def new(self) -> int:
        """How many keys are not there yet."""
        return self.keys - self.replaced - self.same


def plan_import(
    source: str | os.PathLike[str] | BinaryIO,
    into: Database | str | None,
    reading: InputOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportPlan:
    """Check a file or folder from end to end, and count; ``into`` is a database, or the serializer of one to be made.

    A stream, pipe or device is copied to a temporary file first. Memory is bounded whatever the size of the input. Raises
    InvalidInputError with the line of what is wrong: a bad row, a missing key or key column, a key that comes twice, bytes that
    are no text, a value that the serializer refuses; and when there is something, but nothing that makes a key.
    """
    with in_a_file(source) as path:
        return _plan(_Source(path, into, reading or InputOptions()), into, progress or Progress())


def _plan(source: _Source, into: Database | str | None, progress: Progress) -> ImportPlan:
    edited = _edited_keys(into)
    keys = value_bytes = same = replaced = edits_replaced = 0
    first: list[str] = []
    with SeenKeys() as seen:
        for batch in source.go_through("checking", progress):
            if met := seen.meet([(row.key, row.place) for row in batch.rows]):
                row, before = batch.rows[met[0]], met[1]
                raise source.wrong(row, f"the key {row.key[:80]!a} is that of {before} too.", "Each key can have one value.")
            keys += len(batch.rows)
            value_bytes += batch.value_bytes
            first.extend(islice(batch.values, _SAMPLE - len(first)))
            there = into.compare(batch.values) if isinstance(into, Database) else {}
            equal = sum(there.values())
            same += equal
            replaced += len(there) - equal
            edits_replaced += sum(not there[key] for key in edited & there.keys()) if edited else 0
    if not keys and source.left_out:
        raise source.nothing_left()
    left_out = tuple(source.left_out.values())
    return ImportPlan(source.format.name, keys, replaced, value_bytes, tuple(first), edits_replaced, same, left_out)


def _edited_keys(into: Database | str | None) -> frozenset[str]:
    if not isinstance(into, Database):
        return frozenset()
    return frozenset(change.key for change in into.changes().all() if change.direction is not Direction.INCOMING)


def import_file(
    database: Database,
    source: str | os.PathLike[str] | BinaryIO,
    reading: InputOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportPlan:
    """Check a file or folder, then set its keys as unpushed changes; what was done. What is the same already is no change.

    Raises what `plan_import` raises, with nothing set. Cancelled while keys are set, those that were stay: discard them.
    """
    watched = progress or Progress()
    with in_a_file(source) as path:
        opened = _Source(path, database, reading or InputOptions())
        plan = _plan(opened, database, watched)
        if plan.same == plan.keys:
            return plan
        done = 0
        try:
            for batch in opened.go_through("importing", watched):
                there = database.compare(batch.values) if plan.same else {}
                for key, raw in batch.values.items():
                    if not there.get(key):
                        database.set(key, raw, encode_value=False)
                        done += 1
        except CancelledError as error:
            error.hint = f"{done:,} of {plan.keys - plan.same:,} keys were set; discard takes them back. Nothing was pushed."
            raise
    database.sync()
    return plan


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some rows, and the bytes that would be stored of each."""

    rows: list[Row]
    values: dict[str, bytes]
    value_bytes: int


def _codec_named(serializer: str | None) -> Codec:
    check_serializer(serializer)
    return codec_of(new_header(serializer, 64).value_serializer)


class _Source:
    """An input together with the serializer that its values are for."""

    def __init__(self, path: Path, into: Database | str | None, reading: InputOptions) -> None:
        self._path = path
        self.format = input_format(path, reading.format)
        self._codec = into if isinstance(into, Database) else _codec_named(into)
        self._serializer = into.serializer if isinstance(into, Database) else into or "bytes"
        self._reading = replace(reading, as_text=reading.as_text or self._serializer == "str")
        self.left_out: dict[str, LeftOut] = {}

    def wrong(self, row: Row, what: str, hint: str = "") -> InvalidInputError:
        """An error about a row."""
        return wrong(self._path, row.place, what, hint)

    def nothing_left(self) -> InvalidInputError:
        """An error about an input in which nothing makes a key."""
        some = "; ".join(f"{found.name[:80]!a} is {found.reason}" for found in islice(self.left_out.values(), _SAMPLE))
        return InvalidInputError(
            f"Nothing in {self._path.name!a} makes a key: {some}.", hint="Give the place where the files are."
        )

    def go_through(self, phase: str, progress: Progress) -> Iterator[_Batch]:
        """All rows with the bytes that would be stored, some at a time, telling how far that is."""
        progress.begin(phase, self.format.size(self._path))
        told = 0
        for batch in self._batches():
            yield batch
            progress.advance(batch.rows[-1].read - told, len(batch.rows))
            told = batch.rows[-1].read
        progress.check()

    def _batches(self) -> Iterator[_Batch]:
        rows: list[Row] = []
        values: dict[str, bytes] = {}
        size = 0
        for row in self.format.rows(self._path, self._reading):
            if isinstance(row, LeftOut):
                self.left_out[row.name] = row
                continue
            raw = self._stored(row)
            rows.append(row)
            values[row.key] = raw
            size += len(raw)
            if len(rows) >= _BATCH or size > _BATCH_BYTES:
                yield _Batch(rows, values, size)
                rows, values, size = [], {}, 0
        if rows:
            yield _Batch(rows, values, size)

    def _stored(self, row: Row) -> bytes:
        try:
            check_key(row.key)
            if row.is_stored:
                self._codec.decode(row.value)
                stored: bytes = row.value
                return stored
            value = self._fitting(row)
            encoded: bytes = self._codec.encode(value if self._reading.nan == "refuse" else nan_as_null(value))
        except InvalidInputError as error:
            hint = _NAN_HINT if error.hint == NAN_HINT else error.hint
            raise wrong(self._path, self._place(row, error), error.message, hint) from None
        except CatalogError as error:
            kind = {"str": "text in UTF-8", "orjson": "JSON"}.get(self._serializer, f"what {self._serializer!r} stores")
            raise self.wrong(row, f"it is not {kind}. {error.message}") from None
        return encoded

    def _place(self, row: Row, error: InvalidInputError) -> str:
        """Where an error is: for a value in a table, its column too."""
        if self.format.name in (FileFormat.CSV, FileFormat.PARQUET) and isinstance(error, InvalidValueError):
            for name in row.value:
                if error.path.startswith(f"${path_step(name)}"):
                    return f"{row.place}, column {name!r}"
        return row.place

    def _fitting(self, row: Row) -> Any:
        """The value as the serializer wants it: for texts, the one field that there is."""
        value = row.value
        if self._serializer != "str" or not isinstance(value, Mapping):
            return value
        if len(value) != 1:
            raise InvalidInputError(
                f"values are texts here, and there are {len(value):,} fields beside the key.",
                hint="Make a database with the serializer orjson, or leave one column.",
            )
        return next(iter(value.values()))
