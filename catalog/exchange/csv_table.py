"""CSV: a header, then one row for each key; the other columns are the fields of its value."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from catalog.errors import name_some
from catalog.exchange.columns import Columns, json_cell, learn_columns
from catalog.exchange.rows import FileFormat, InputOptions, Items, OutputOptions, Prepared, Row, key_columns, key_of, wrong
from catalog.exchange.text_lines import LONGEST_LINE, TextLines

_WORDS: Mapping[str, Any] = {"": None, "true": True, "false": False}
_NO_TEXT = frozenset({*"-0123456789", *(word[:1] for word in _WORDS)})
"""How cells begin that can be more than text; most are seen to be text by this."""
_SMALLEST, _LARGEST = -(1 << 63), 1 << 63
_MOST_DIGITS = 19
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
        others = [place for place in range(len(header)) if place not in places]
        names = [header[place] for place in others]
        key_cells, other_cells = _picked(places), _picked(others)
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
            found = key_of(path, place, key_cells(row))
            yield Row(place, found, dict(zip(names, map(read, other_cells(row)), strict=True)), lines.read)

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


def _picked(places: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """What takes the cells at these places out of a row."""
    if len(places) < 2:
        return lambda row: [row[place] for place in places]
    return itemgetter(*places)


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
    if cell[:1] not in _NO_TEXT:
        return cell
    if cell in _WORDS:
        return _WORDS[cell]
    digits = cell.removeprefix("-")
    if digits.isdecimal() and digits.isascii():
        return _whole(cell, digits)
    # Python writes every number that is not whole with one of these.
    return _decimal(cell) if "." in cell or "e" in cell else cell


def _whole(cell: str, digits: str) -> int | str:
    if len(digits) > _MOST_DIGITS or (digits[0] == "0" and cell != "0"):
        return cell
    number = int(cell)
    return number if _SMALLEST <= number < _LARGEST else cell


def _decimal(cell: str) -> float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return number if repr(number) == cell and isfinite(number) else cell


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
