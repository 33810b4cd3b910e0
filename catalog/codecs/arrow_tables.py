"""Tables of strangers in Arrow's file format, checked before anything believes them.

pyarrow takes the offsets and lengths that a file claims as they are: one that lies outside its column makes it read memory
that is not its own, and a few bytes can claim more than there is. pandas reads a table through it without a check.
"""

from __future__ import annotations

import re
import struct
from typing import Any

import orjson

from catalog.errors import IntegrityError

MAGIC = b"ARROW1"
_STREAM = 8
"""Where the messages begin that a file consists of; what its end says about them is not asked."""
_DICTIONARY, _BATCH = 2, 3
_CELLS = 10_000_000
"""Cells that even a short file may have: those of some columns take no bytes."""
_CELLS_PER_BYTE = 8
_SIZED = re.compile(r"[0-9]{4}|[(]")


def checked_table(raw: bytes, most: int) -> bytes:
    """The same table as a file that was made here, with at most ``most`` bytes of content; IntegrityError for a bad one."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and needed only here

    messages = pa.py_buffer(raw).slice(_STREAM)
    _check_size(pa, messages, most, _CELLS + _CELLS_PER_BYTE * len(raw))
    with pa.ipc.open_stream(messages) as reader:
        for field in reader.schema:
            _check_type(pa, field.type, is_column=True)
        _check_notes((reader.schema.metadata or {}).get(b"pandas", b"{}"))
        table = reader.read_all()
    table.validate(full=True)
    made = pa.BufferOutputStream()
    with pa.ipc.new_file(made, table.schema) as writer:
        writer.write_table(table.unify_dictionaries())
    found: bytes = made.getvalue().to_pybytes()
    return found


def _check_size(pa: Any, messages: Any, most_bytes: int, most_cells: int) -> None:
    """Add up what the messages claim to hold, before any of it is decompressed."""
    for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(messages)):
        if message.body is None:
            continue
        claimed, cells = _claims(message.metadata.to_pybytes(), message.body)
        most_bytes -= claimed
        most_cells -= cells
        if most_bytes < 0 or most_cells < 0:
            raise IntegrityError(
                "This table claims much more content than its length explains; it was not read.",
                hint="If you trust who made this database, open it with trust=True.",
            )


def _claims(header: bytes, body: Any) -> tuple[int, int]:
    """How many bytes and cells a message of columns holds, by Arrow's description of it, which is a FlatBuffer."""
    root = _pointer(header, 0)
    kind = header[_field(header, root, 1)]
    batch = _pointer(header, _field(header, root, 2))
    if kind == _DICTIONARY:
        batch = _pointer(header, _field(header, batch, 1))
    elif kind != _BATCH:
        return 0, 0
    cells = sum(abs(length) for length, _ in _pairs(header, batch, 1))
    is_compressed = _field(header, batch, 3) != 0
    claimed = 0
    for start, length in _pairs(header, batch, 2):
        # A compressed buffer begins with its length, or -1 where it was left as it is.
        known = struct.unpack("<q", body.slice(start, 8).to_pybytes())[0] if is_compressed and length >= 8 else -1
        claimed += known if known >= 0 else abs(length)
    return claimed, cells


def _pointer(header: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", header, at)[0])


def _field(header: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffer's table is; 0 where it is left out."""
    entries = table - struct.unpack_from("<i", header, table)[0]
    size = struct.unpack_from("<H", header, entries)[0]
    at = 4 + 2 * number
    offset = struct.unpack_from("<H", header, entries + at)[0] if at < size else 0
    return table + offset if offset else 0


def _pairs(header: bytes, table: int, number: int) -> list[tuple[int, int]]:
    """A list of pairs of whole numbers in a FlatBuffer."""
    if not (field := _field(header, table, number)):
        return []
    start = _pointer(header, field)
    count = struct.unpack_from("<I", header, start)[0]
    return list(struct.iter_unpack("<qq", header[start + 4 : start + 4 + 16 * count]))


def _check_notes(notes: bytes) -> None:
    """Refuse what pandas was told of its columns where a type of theirs has a size, as one of a gigabyte for each cell has."""
    found = orjson.loads(notes)
    for column in (*found.get("columns", ()), *found.get("column_indexes", ())):
        if any(_SIZED.search(str(column.get(name))) for name in ("pandas_type", "numpy_type")):
            raise IntegrityError("What this table says about its columns is nothing that pandas wrote.")


def _check_type(pa: Any, kind: Any, *, is_column: bool = False) -> None:
    """Refuse types whose cells can share their content, so that no length bounds it, and those that others define."""
    known = pa.types
    if known.is_dictionary(kind) and is_column:
        return _check_type(pa, kind.value_type)
    if known.is_list(kind) or known.is_large_list(kind) or known.is_fixed_size_list(kind):
        return _check_type(pa, kind.value_type)
    if known.is_struct(kind):
        for field in kind:
            _check_type(pa, field.type)
        return None
    plain = (
        *(known.is_null, known.is_boolean, known.is_integer, known.is_floating, known.is_decimal, known.is_temporal),
        *(known.is_string, known.is_large_string, known.is_binary, known.is_large_binary, known.is_fixed_size_binary),
    )
    if not any(test(kind) for test in plain):
        raise IntegrityError(
            f"This table has a column of the type {str(kind)[:80]!a}, which is not read.",
            hint="If you trust who made this database, open it with trust=True.",
        )
    return None
