"""JSON lines: one object in each line, with its key in a field; any value that is JSON comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from catalog.codecs.json_text import read_json
from catalog.codecs.tree import check_text_keys, json_bytes
from catalog.errors import InvalidInputError, InvalidJsonError, InvalidValueError
from catalog.exchange.columns import not_plain
from catalog.exchange.returns import Returns
from catalog.exchange.rows import KEY, FileFormat, InputOptions, Items, OutputOptions, Prepared, Row, key_columns, key_of, wrong
from catalog.exchange.text_lines import TextLines

_VALUE = "value"
_ARE_JSON = ("orjson", "orjson_zstd", "json", "str")
"""Serializers whose values are JSON, or are refused when they are written."""


class JsonLines:
    """Lines of the form ``{"key": …, "value": …}``; without ``value`` all other fields together are the value."""

    name = FileFormat.JSON_LINES
    endings = (".jsonl", ".ndjson", ".jsonlines")

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return path.stat().st_size

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row]:
        """Read every line that is not empty."""
        lines = TextLines(path, reading.encoding)
        wanted = reading.key or KEY
        for line in lines:
            if not line.strip():
                continue
            place = lines.place
            fields = _object(path, place, line)
            if not all(name in fields for name in wanted):
                key_columns(path, reading.key, fields, _no_key(reading, place, fields))
            key = key_of(path, place, [fields.pop(name) for name in wanted])
            value = fields[_VALUE] if len(fields) == 1 and _VALUE in fields else fields
            yield Row(place, key, value, lines.read)

    def prepare(self, items: Items, writing: OutputOptions, ending: str) -> Prepared:  # noqa: ARG002
        """A line for each key; where values can be more than JSON, find out first what becomes of them."""
        if writing.key == _VALUE:
            raise InvalidInputError("A field of JSON lines cannot be both key and value.", hint="Choose another name with --key.")
        returns = Returns()
        if items.serializer not in _ARE_JSON:
            for key, value in items:
                returns.compare(_VALUE, key, value, read_json(_written(key, value)))

        def write(out: BinaryIO) -> None:
            for key, value in items:
                line = b'{%b:%b,"value":%b}\n' % (json_bytes(writing.key), json_bytes(key), _written(key, value))
                out.write(line)

        return Prepared(returns.changes, write)


def _written(key: str, value: Any) -> bytes:
    try:
        return json_bytes(value)
    except (InvalidValueError, TypeError) as error:
        try:
            # Whole numbers of any length are JSON, though not for orjson.
            written = json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
            check_text_keys(value)
            read_json(written)
        except (ValueError, TypeError, RecursionError):
            raise not_plain(key, error.message if isinstance(error, InvalidValueError) else str(error)) from None
        return written


def _object(path: Path, place: str, line: str) -> dict[str, Any]:
    try:
        found = read_json(line)
    except InvalidJsonError as error:
        raise wrong(path, place, f"{error.what} at column {error.column:,}.", error.hint) from None
    if not isinstance(found, dict):
        raise wrong(path, place, f"it is a {type(found).__name__}, not an object.", 'Each line is {"key": …, "value": …}.')
    return found


def _no_key(reading: InputOptions, place: str, fields: dict[str, Any]) -> str:
    names = ", ".join(repr(name) for name in list(fields)[:20]) or "none"
    return f"In {place} the fields are {names}" + (". Say which to use with --key." if not reading.key else ".")
