"""Bringing a file into a database: it is checked from end to end before the first key is set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.changes.change import Direction
from catalog.codecs.codec import Codec, check_serializer, codec_of
from catalog.database.database import Database
from catalog.errors import CancelledError, CatalogError, InvalidInputError
from catalog.exchange.formats import input_format
from catalog.exchange.rows import FileFormat, InputOptions, Row, wrong
from catalog.exchange.seen_keys import SeenKeys
from catalog.local.booklet_header import new_header
from catalog.progress import Progress
from catalog.session.keys import check_key

_TOLD_EVERY = 500
_SAMPLE = 5


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: how many keys, how many of them are there already, bytes of values, the first keys.

    ``edits_replaced`` counts keys whose unpushed change is replaced, which no discard brings back.
    """

    format: FileFormat
    keys: int
    replaced: int
    value_bytes: int
    first: tuple[str, ...]
    edits_replaced: int = 0


def plan_import(
    path: str | os.PathLike[str],
    into: Database | str | None,
    reading: InputOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportPlan:
    """Check a file or folder from end to end, and count; ``into`` is a database, or the serializer of one to be made.

    Memory is bounded whatever the size of the input. Raises InvalidInputError with the line of what is wrong: a bad row, a
    missing key or key column, a key that comes twice, bytes that are no text, a value that the serializer refuses.
    """
    source = _Source(Path(path).expanduser(), into, reading or InputOptions())
    keys = replaced = edits_replaced = value_bytes = 0
    edited = _edited_keys(into)
    first: list[str] = []
    with SeenKeys() as seen:
        for row, raw in source.go_through("checking", progress or Progress()):
            if before := seen.meet(row.key, row.place):
                raise source.wrong(row, f"the key {row.key[:80]!a} is that of {before} too.", "Each key can have one value.")
            keys += 1
            value_bytes += len(raw)
            replaced += isinstance(into, Database) and row.key in into
            edits_replaced += row.key in edited
            if len(first) < _SAMPLE:
                first.append(row.key)
    return ImportPlan(source.format.name, keys, replaced, value_bytes, tuple(first), edits_replaced)


def _edited_keys(into: Database | str | None) -> frozenset[str]:
    if not isinstance(into, Database):
        return frozenset()
    return frozenset(change.key for change in into.changes().all() if change.direction is not Direction.INCOMING)


def import_file(
    database: Database,
    path: str | os.PathLike[str],
    reading: InputOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ImportPlan:
    """Check a file or folder, then set its keys as unpushed changes; what was done.

    Raises what `plan_import` raises, with nothing set. Cancelled while keys are set, those that were stay: discard them.
    """
    watched = progress or Progress()
    chosen = reading or InputOptions()
    plan = plan_import(path, database, chosen, progress=watched)
    done = 0
    try:
        for row, raw in _Source(Path(path).expanduser(), database, chosen).go_through("importing", watched):
            database.set(row.key, raw, encode_value=False)
            done += 1
    except CancelledError as error:
        error.hint = f"{done:,} of {plan.keys:,} keys were set; discard takes them back. Nothing was pushed."
        raise
    database.sync()
    return plan


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
        self._reading = InputOptions(
            reading.format, reading.key, reading.encoding, reading.delimiter, reading.as_text or self._serializer == "str"
        )

    def wrong(self, row: Row, what: str, hint: str = "") -> InvalidInputError:
        """An error about a row."""
        return wrong(self._path, row.place, what, hint)

    def go_through(self, phase: str, progress: Progress) -> Iterator[tuple[Row, bytes]]:
        """Every row with the bytes that would be stored, telling how far that is."""
        progress.begin(phase, self.format.size(self._path))
        told = 0
        for count, row in enumerate(self.format.rows(self._path, self._reading), 1):
            yield row, self._stored(row)
            if count % _TOLD_EVERY == 0:
                progress.advance(row.read - told, _TOLD_EVERY)
                told = row.read
        progress.check()

    def _stored(self, row: Row) -> bytes:
        try:
            check_key(row.key)
            if row.is_stored:
                self._codec.decode(row.value)
                stored: bytes = row.value
                return stored
            encoded: bytes = self._codec.encode(self._fitting(row))
        except InvalidInputError as error:
            raise self.wrong(row, error.message, error.hint) from None
        except CatalogError as error:
            kind = {"str": "text in UTF-8", "orjson": "JSON"}.get(self._serializer, f"what {self._serializer!r} stores")
            raise self.wrong(row, f"it is not {kind}. {error.message}") from None
        return encoded

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
