"""Parquet: a table with a column of keys; it needs pyarrow, which is installed with ``booklet-catalog[parquet]``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from catalog.errors import UnsupportedFormatError, name_some
from catalog.exchange.arrow_values import UnfitCellError, UnfitRowError, column_values
from catalog.exchange.columns import Columns, Kind, json_cell, kind_of, learn_columns
from catalog.exchange.csv_table import cell_value
from catalog.exchange.returns import shown
from catalog.exchange.rows import (
    FileFormat,
    InputOptions,
    Items,
    LeftOut,
    OutputOptions,
    Prepared,
    Row,
    key_columns,
    key_of,
    wrong,
)
from catalog.exchange.text_lines import unreadable

_BATCH = 2_000
"""Rows that are in memory at once."""
_COPIED = 16 << 20
"""Bytes of one text, in all rows at once."""
_ENDINGS = (".parquet", ".pq")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class Parquet:
    """Apache Parquet, through pyarrow: a file, or a folder of files that are one table together."""

    name = FileFormat.PARQUET
    endings = _ENDINGS

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return sum(file.stat().st_size for file in _parts(path)) if path.is_dir() else path.stat().st_size

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row | LeftOut]:
        """Read the table some thousand rows at a time; in a folder each file, with what the names of its folders say."""
        if not path.is_dir():
            yield from _rows(path, path, {}, reading, 0)
            return
        read = 0
        for file in _parts(path):
            yield from _rows(path, file, _fields_of_folders(file.relative_to(path)), reading, read)
            read += file.stat().st_size

    def prepare(self, items: Items, writing: OutputOptions, ending: str) -> Prepared:  # noqa: ARG002
        """Learn the columns, then write some thousand rows at a time; a column of mixed kinds holds JSON text."""
        pa, parquet = _pyarrow()
        examples: dict[tuple[str, Kind], tuple[str, Any]] = {}

        def look(_: Columns, key: str, fields: Mapping[str, Any]) -> None:
            for name, content in fields.items():
                examples.setdefault((name, kind_of(content)), (key, content))

        columns = learn_columns(items, writing.key, look)
        _compare(columns, examples)
        types = {
            Kind.NOTHING: pa.string(),
            Kind.BOOL: pa.bool_(),
            Kind.INT: pa.int64(),
            Kind.LONG: pa.int64(),
            Kind.FLOAT: pa.float64(),
            Kind.TEXT: pa.string(),
            Kind.JSON: pa.string(),
        }
        fields = [(writing.key, pa.string()), *((name, types[kind]) for name, kind in columns.kinds.items())]
        schema = pa.schema(fields)

        def write(out: BinaryIO) -> None:
            waiting = iter(items)
            with parquet.ParquetWriter(pa.PythonFile(out, mode="w"), schema) as file:
                while rows := [_row(columns, writing.key, key, value) for key, value in islice(waiting, _BATCH)]:
                    file.write_table(pa.Table.from_pylist(rows, schema=schema))

        return Prepared(columns.changes, write)


def is_dataset(path: Path) -> bool:
    """Whether a folder is one table in many files, as Spark, Dask and pyarrow write them: by its name, or those in it."""
    if path.suffix.lower() in _ENDINGS:
        return next(iter(_parts(path)), None) is not None
    marked = any((path / name).exists() for name in ("_SUCCESS", "_metadata", "_common_metadata"))
    return (marked or any("=" in file.relative_to(path).parent.as_posix() for file in _parts(path))) and all(
        file.suffix.lower() in _ENDINGS for file in _data_files(path)
    )


def _data_files(path: Path) -> Iterator[Path]:
    """The files below a folder but for those that only say something about it, whose names begin with ``_`` or ``.``."""
    for file in sorted(path.rglob("*")):
        if not any(part.startswith(("_", ".")) for part in file.relative_to(path).parts) and file.is_file():
            yield file


def _parts(path: Path) -> Iterator[Path]:
    return (file for file in _data_files(path) if file.suffix.lower() in _ENDINGS)


def _fields_of_folders(relative: Path) -> dict[str, Any]:
    """The columns that the names of folders make, such as ``year=2026/month=01``."""
    pairs = (part.partition("=") for part in relative.parts[:-1] if "=" in part)
    return {unquote(name): None if value == _NO_VALUE else cell_value(unquote(value)) for name, _, value in pairs}


def _rows(path: Path, file: Path, added: dict[str, Any], reading: InputOptions, before: int) -> Iterator[Row]:
    """The rows of one file; ``added`` are columns that it has beside its own."""
    pa, parquet = _pyarrow()
    part = "" if file == path else f"{file.relative_to(path).as_posix()}, "
    try:
        # A text that stands in a file once can be that of every row: it is kept once here too, and copied for few rows.
        texts = [field.name for field in parquet.read_schema(file) if field.type in (pa.string(), pa.binary())]
        with parquet.ParquetFile(file, read_dictionary=texts) as opened:
            names = [*added, *opened.schema_arrow.names]
            if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
                raise wrong(path, part.removesuffix(", "), f"more than one column is called {name_some(repeated)}.")
            key = key_columns(path, reading.key, names)
            share = file.stat().st_size / max(opened.metadata.num_rows, 1)
            number = 0
            for batch in opened.iter_batches(_BATCH):
                for own in _rows_of(pa, path, part, batch, number):
                    number += 1
                    place = f"{part}row {number:,}"
                    fields = {**own, **added}
                    found = key_of(path, place, [fields.pop(name) for name in key])
                    yield Row(place, found, fields, before + int(number * share))
    except OSError as error:
        if type(error).__module__.startswith("pyarrow") or error.errno is None:
            raise wrong(path, part.removesuffix(", "), "it is damaged, or no Parquet.") from None
        raise unreadable(error, file) from None
    except pa.ArrowException:
        raise wrong(path, part.removesuffix(", "), "it is damaged, or no Parquet.") from None


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is large, and only some have it
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UnsupportedFormatError(
            "Parquet needs pyarrow, which is not installed.", hint="pip install 'booklet-catalog[parquet]'"
        ) from None
    return pa, parquet


def _rows_of(pa: Any, path: Path, part: str, batch: Any, before: int) -> Iterator[dict[str, Any]]:
    """The rows of a batch, as many at once as fit into a bounded memory."""
    from pyarrow import compute  # noqa: PLC0415

    shared = [column.dictionary for column in batch.columns if isinstance(column, pa.DictionaryArray)]
    texts = [kind for kind in shared if pa.types.is_string(kind.type) or pa.types.is_binary(kind.type)]
    longest = max((compute.max(compute.binary_length(kind)).as_py() or 1 for kind in texts), default=1)
    step = max(1, _COPIED // longest)
    names = batch.schema.names
    for start in range(0, batch.num_rows, step):
        columns = batch.slice(start, step).columns
        values = [_values(pa, path, part, name, column, before + start) for name, column in zip(names, columns, strict=True)]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))


def _values(pa: Any, path: Path, part: str, name: str, column: Any, before: int) -> list[Any]:
    plain = column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
    try:
        return column_values(pa, plain)
    except UnfitCellError as unfit:
        raise wrong(path, f"{part}column {name!r}", f"{unfit}.", unfit.hint) from None
    except UnfitRowError as unfit:
        place = f"{part}row {before + unfit.row + 1:,}, column {name!r}"
        raise wrong(path, place, f"{unfit}.", unfit.hint) from None


def _compare(columns: Columns, examples: Mapping[tuple[str, Kind], tuple[str, Any]]) -> None:
    """Take note of what a column of its kind does not give back."""
    for (name, kind), (key, content) in examples.items():
        becomes = columns.kinds[name]
        if becomes is Kind.JSON and kind is not Kind.NOTHING:
            columns.returns.compare(name, key, content, json_cell(content))
        elif becomes is Kind.FLOAT and kind is Kind.INT:
            columns.returns.add(name, f"{shown(content)} of {key[:30]!a} comes back as {shown(float(content))}")


def _row(columns: Columns, key_name: str, key: str, value: Any) -> dict[str, Any]:
    fields = columns.fields_of(key, value)
    row: dict[str, Any] = {key_name: key}
    for name, kind in columns.kinds.items():
        content = fields.get(name)
        row[name] = json_cell(content) if kind is Kind.JSON and content is not None else content
    return row
