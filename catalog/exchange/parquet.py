"""Parquet: a table with a column of keys; it needs pyarrow, which is installed with ``booklet-catalog[parquet]``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from catalog.errors import InvalidInputError, UnsupportedFormatError, name_some
from catalog.exchange.columns import Columns, Kind, learn_columns
from catalog.exchange.rows import FileFormat, InputOptions, Items, OutputOptions, Row, key_columns, key_of, wrong
from catalog.exchange.text_lines import unreadable

_BATCH = 2_000
"""Rows that are in memory at once."""
_COPIED = 16 << 20
"""Bytes of one text, in all rows at once."""


class Parquet:
    """Apache Parquet, through pyarrow."""

    name = FileFormat.PARQUET
    endings = (".parquet", ".pq")

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return path.stat().st_size

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row]:
        """Read the table some thousand rows at a time."""
        pa, parquet = _pyarrow()
        try:
            # A text that stands in a file once can be that of every row: it is kept once here too, and copied for few rows.
            texts = [field.name for field in parquet.read_schema(path) if field.type in (pa.string(), pa.binary())]
            with parquet.ParquetFile(path, read_dictionary=texts) as file:
                names = file.schema_arrow.names
                if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
                    raise wrong(path, "", f"more than one column is called {name_some(repeated)}.")
                key = key_columns(path, reading.key, names)
                share = self.size(path) / max(file.metadata.num_rows, 1)
                number = 0
                for batch in file.iter_batches(_BATCH):
                    for fields in _rows_of(pa, batch):
                        number += 1
                        place = f"row {number:,}"
                        found = key_of(path, place, [fields.pop(name) for name in key])
                        value = {name: _plain(content) for name, content in fields.items()}
                        yield Row(place, found, value, int(number * share))
        except OSError as error:
            if type(error).__module__.startswith("pyarrow") or error.errno is None:
                raise wrong(path, "", "it is damaged, or no Parquet.") from None
            raise unreadable(error, path) from None
        except pa.ArrowException:
            raise wrong(path, "", "it is damaged, or no Parquet.") from None

    def write(self, path: Path, items: Items, writing: OutputOptions) -> None:
        """Write the table some thousand rows at a time; a column of mixed kinds holds JSON text."""
        pa, parquet = _pyarrow()
        columns = learn_columns(items, writing.key)
        types = {
            Kind.NOTHING: pa.string(),
            Kind.BOOL: pa.bool_(),
            Kind.INT: pa.int64(),
            Kind.FLOAT: pa.float64(),
            Kind.TEXT: pa.string(),
            Kind.JSON: pa.string(),
        }
        fields = [(writing.key, pa.string()), *((name, types[kind]) for name, kind in columns.kinds.items())]
        schema = pa.schema(fields)
        waiting = iter(items)
        with parquet.ParquetWriter(path, schema) as file:
            while rows := [_row(columns, writing.key, key, value) for key, value in islice(waiting, _BATCH)]:
                file.write_table(pa.Table.from_pylist(rows, schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is large, and only some have it
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UnsupportedFormatError(
            "Parquet needs pyarrow, which is not installed.", hint="pip install 'booklet-catalog[parquet]'"
        ) from None
    return pa, parquet


def _rows_of(pa: Any, batch: Any) -> Iterator[dict[str, Any]]:
    """The rows of a batch, as many at once as fit into a bounded memory."""
    from pyarrow import compute  # noqa: PLC0415

    shared = [column.dictionary for column in batch.columns if isinstance(column, pa.DictionaryArray)]
    longest = max((compute.max(compute.binary_length(texts)).as_py() or 1 for texts in shared), default=1)
    step = max(1, _COPIED // longest)
    for start in range(0, batch.num_rows, step):
        columns = batch.slice(start, step).columns
        plain = [column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column for column in columns]
        yield from pa.RecordBatch.from_arrays(plain, batch.schema.names).to_pylist()


def _plain(value: Any) -> Any:
    """What JSON knows, of what Parquet knows beyond it."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        raise InvalidInputError("A column holds bytes, which are no JSON.", hint="Leave that column out, or write it as text.")
    return value


def _row(columns: Columns, key_name: str, key: str, value: Any) -> dict[str, Any]:
    fields = columns.fields_of(key, value)
    row: dict[str, Any] = {key_name: key}
    for name, kind in columns.kinds.items():
        content = fields.get(name)
        row[name] = _json(content) if kind is Kind.JSON and content is not None else content
    return row


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
