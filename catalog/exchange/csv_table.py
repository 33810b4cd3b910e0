"""CSV: a header, then one row for each key; the other columns are the fields of its value."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from catalog.errors import name_some
from catalog.exchange.columns import Columns, json_cell, learn_columns
from catalog.exchange.rows import FileFormat, InputOptions, Items, OutputOptions, Prepared, Row, key_columns, key_of, wrong
from catalog.exchange.text_lines import LONGEST_LINE, TextLines

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: Mapping[str, Any] = {"": None, "true": True, "false": False}
_SMALLEST, _LARGEST = -(1 << 63), 1 << 63
_LONGEST_NUMBER = 20
_FORMULA = "=+-@\t\r"
"""What a formula of a spreadsheet begins with."""
_SEPARATORS = ";\t|"


class CsvTable:
    """Comma-separated values; a ``.tsv`` file has tabs."""

    name = FileFormat.CSV
    endings = (".csv", ".tsv")

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return path.stat().st_size

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row]:
        """Read the rows after the header, which must have as many cells as it."""
        lines = TextLines(path, reading.encoding)
        cells = _cells(path, lines, _delimiter(path, reading))
        header = next(cells, None)
        if header is None:
            raise wrong(path, "", "it is empty: there is no header.", "The first line names the columns.")
        key = key_columns(path, reading.key, header, _other_separator(header))
        if repeated := sorted(name for name, count in Counter(header).items() if count > 1):
            raise wrong(path, "line 1", f"more than one column is called {name_some(repeated)}.", "Rename one of them.")
        places = [header.index(name) for name in key]
        fields = [(name, place) for place, name in enumerate(header) if place not in places]
        read = str if reading.as_text else cell_value
        while True:
            start = lines.number + 1
            row = next(cells, None)
            if row is None:
                return
            place = f"line {start:,}"
            if len(row) != len(header):
                raise wrong(
                    path, place, f"it has {len(row):,} cells, the header {len(header):,}.", "Is a quote or comma missing?"
                )
            found = key_of(path, place, (row[index] for index in places))
            yield Row(place, found, {name: read(row[index]) for name, index in fields}, lines.read)

    def prepare(self, items: Items, writing: OutputOptions, ending: str) -> Prepared:
        """Learn the columns: a header and a row for each key, with JSON for what is neither text nor number."""
        read = str if items.serializer == "str" else cell_value
        cell = _safe_cell if writing.excel_safe else _cell

        def look(columns: Columns, key: str, fields: Mapping[str, Any]) -> None:
            columns.returns.compare(writing.key, key, key, cell(key))
            for name, content in fields.items():
                columns.returns.compare(name, key, content, read(cell(content)))

        columns = learn_columns(items, writing.key, look)

        def write(out: BinaryIO) -> None:
            text = io.TextIOWrapper(out, "utf-8", newline="")
            put = _row_writer(text, "\t" if ending == ".tsv" else ",")
            put([cell(name) for name in (writing.key, *columns.names)])
            for key, value in items:
                fields = columns.fields_of(key, value)
                put([cell(key), *(cell(fields.get(name)) for name in columns.names)])
            text.flush()
            text.detach()

        return Prepared(columns.changes, write)


def _row_writer(text: io.TextIOWrapper, delimiter: str) -> Callable[[list[str]], None]:
    plain = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    # Python puts no quotes around a carriage return, which ends a line for every reader.
    quoting = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    return lambda row: (quoting if any("\r" in cell for cell in row) else plain).writerow(row)


def _cells(path: Path, lines: TextLines, delimiter: str) -> Iterator[Sequence[str]]:
    # The limit belongs to the whole process; the ordinary one is too small for JSON in a cell.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    try:
        yield from (row for row in csv.reader(lines, delimiter=delimiter, strict=True) if row)
    except csv.Error as error:
        raise wrong(path, lines.place, f"it is no CSV: {error}.", "Is a quote missing, or one too many?") from None


def _delimiter(path: Path, reading: InputOptions) -> str:
    chosen = reading.delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
    chosen = {"\\t": "\t", "tab": "\t"}.get(chosen, chosen)
    if len(chosen) != 1 or chosen in '\r\n"':
        raise wrong(path, "", f"{chosen!a} cannot separate cells.", "Use one character, such as ; or tab.")
    return chosen


def _other_separator(header: Sequence[str]) -> str:
    """What to say when the header looks as if it were separated by something else."""
    if len(header) == 1:
        for separator in _SEPARATORS:
            if separator in header[0]:
                shown = "tab" if separator == "\t" else separator
                return f"Its cells seem to be separated by {shown!r}: say --delimiter '{shown}'."
    return ""


def cell_value(cell: str) -> Any:
    """What a cell means: nothing, true, false, or a number where writing it gives the same cell; all else is text."""
    if cell in _WORDS:
        return _WORDS[cell]
    if (written := _NUMBER.fullmatch(cell)) is None:
        return cell
    if written[2] is None and written[3] is None:
        number = int(cell) if len(cell) <= _LONGEST_NUMBER else _LARGEST
        return number if _SMALLEST <= number < _LARGEST and str(number) == cell else cell
    decimal = float(cell)
    return decimal if repr(decimal) == cell else cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(value))
    return str(value) if isinstance(value, int) else json_cell(value)


def _safe_cell(value: Any) -> str:
    cell = _cell(value)
    return f"'{cell}" if isinstance(value, str) and cell.startswith(tuple(_FORMULA)) else cell
