"""JSON lines: one object in each line, with its key in a field; any value that is JSON comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from catalog.exchange.columns import not_plain
from catalog.exchange.rows import FileFormat, InputOptions, Items, OutputOptions, Row, key_columns, key_of, wrong
from catalog.exchange.text_lines import TextLines

_VALUE = "value"
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


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
        for line in lines:
            if not line.strip():
                continue
            fields = _object(path, lines.place, line)
            names = key_columns(path, reading.key, fields, _no_key(reading, lines.place, fields))
            key = key_of(path, lines.place, [fields.pop(name) for name in names])
            value = fields[_VALUE] if fields.keys() == {_VALUE} else fields
            yield Row(lines.place, key, value, lines.read)

    def write(self, path: Path, items: Items, writing: OutputOptions) -> None:
        """Write a line for each key."""
        with path.open("xb") as file:
            for key, value in items:
                try:
                    file.write(orjson.dumps({writing.key: key, _VALUE: value}, option=_OPTIONS))
                except TypeError as error:
                    raise not_plain(key, error) from None


def _object(path: Path, place: str, line: str) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise wrong(path, place, f"it is no JSON: {error.msg} at column {error.colno}.") from None
    if not isinstance(found, dict):
        raise wrong(path, place, f"it is a {type(found).__name__}, not an object.", 'Each line is {"key": …, "value": …}.')
    return found


def _no_key(reading: InputOptions, place: str, fields: dict[str, Any]) -> str:
    names = ", ".join(repr(name) for name in list(fields)[:20]) or "none"
    return f"In {place} the fields are {names}" + (". Say which to use with --key." if not reading.key else ".")
