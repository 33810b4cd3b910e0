"""Rows and columns of text, aligned, with as many columns as fit."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from typing_extensions import override

from tui.kit.plain import plain

from .rows import Rows

_MEASURED = 200
_WIDEST = 32
_GAP = 2
_NUMBER = re.compile(r"-?[\d,]*\.?\d+(?:[eE][+-]?\d+)?%?|nan|NaN|")
_DELIMITERS = ",\t;|"
_PROBED_LINES = 20
_ENDINGS = {".csv": ",;", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
Row = Sequence[str]


class TableRows(Rows):
    """The rows of a table; the first is the names."""

    def __init__(self, names: Row, rows: Sequence[Row], width: int) -> None:
        self._names, self._rows = names, rows
        sample = [names, *rows[:_MEASURED]]
        # A table may have thousands of columns: only those that could be in view are measured.
        measured = range(min(len(names), width // _GAP + 2))
        self._widths = [min(max((cell_len(row[at]) for row in sample if at < len(row)), default=1), _WIDEST) for at in measured]
        self._right = [
            all(_NUMBER.fullmatch(row[at].strip()) for row in sample[1:] if at < len(row)) and len(sample) > 1 for at in measured
        ]
        self._shown = self._fitting(width)

    def _fitting(self, width: int) -> int:
        used = 0
        for at, wide in enumerate(self._widths):
            used += wide + (_GAP if at else 0)
            if used > width - (3 if at + 1 < len(self._names) else 0):
                return max(at, 1)
        return len(self._widths)

    @property
    def hidden(self) -> int:
        """How many columns do not fit."""
        return len(self._names) - self._shown

    def __len__(self) -> int:
        return len(self._rows) + 1

    @override
    def row(self, index: int) -> Content:
        row = self._names if index == 0 else self._rows[index - 1]
        cells = [self._cell(row[at] if at < len(row) else "", at) for at in range(self._shown)]
        text = Content.styled((" " * _GAP).join(cells), "bold $json-name" if index == 0 else "")
        more = f"  +{self.hidden}" if index == 0 and self.hidden else ("  …" if self.hidden else "")
        return Content.assemble(text, (more, "$quiet"))

    def _cell(self, text: str, at: int) -> str:
        wide = self._widths[at]
        if cell_len(text) > wide:
            return f"{set_cell_size(text, wide - 1)}…"
        blank = " " * (wide - cell_len(text))
        return blank + text if self._right[at] else text + blank


class Table:
    """The body of a document that is a table."""

    wraps = False

    def __init__(self, names: Row, rows: Sequence[Row]) -> None:
        self.names = [plain(name) for name in names]
        self.rows = rows

    def fit(self, width: int) -> Sequence[Content]:
        """Give the rows for a width in cells."""
        return TableRows(self.names, self.rows, width)


def delimiter_of(text: str, name: str) -> str:
    """What separates the columns of a text that is a table; nothing when it is none."""
    lines = [line for line in text[:20_000].splitlines()[: _PROBED_LINES + 1] if line.strip()][:_PROBED_LINES]
    expected = next((marks for ending, marks in _ENDINGS.items() if name.lower().endswith(ending)), "")
    for mark in expected or _DELIMITERS:
        counts = Counter(_cells(line, mark) for line in lines)
        columns, often = counts.most_common(1)[0] if counts else (0, 0)
        if columns > 1 and len(lines) > 1 and ((often == len(lines) and len(lines) > 2) or expected):
            return mark
    return ""


def _cells(line: str, mark: str) -> int:
    return line.count(mark) + 1 if '"' not in line else len(next(csv.reader([line], delimiter=mark), ()))


def read_table(text: str, delimiter: str, most: int) -> tuple[Table, bool] | None:
    """Read the first rows of a table, and whether there are more; None where it cannot be read as one."""
    # A cell is bounded, so that a quote that never ends cannot make one of a whole file.
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        names = next(reader)
        rows = [tuple(plain(cell) for cell in row) for row in islice(reader, most)]
        is_more = next(reader, None) is not None
    except (csv.Error, StopIteration):
        return None
    return Table(names, rows), is_more
