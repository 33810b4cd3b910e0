"""Bytes as numbers and as the characters they might be."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content, Span
from typing_extensions import override

from .rows import Rows

_WIDTHS = (32, 16, 8, 4)


def _cells(columns: int) -> int:
    """How many cells a row of ``columns`` bytes takes: offset, numbers with a gap in the middle, characters."""
    return 8 + 2 + 3 * columns + 2 + columns


class HexRows(Rows):
    """The rows of a hex dump."""

    def __init__(self, raw: bytes, columns: int) -> None:
        self._raw = raw
        self._columns = columns

    def __len__(self) -> int:
        return (len(self._raw) + self._columns - 1) // self._columns

    @override
    def row(self, index: int) -> Content:
        start = index * self._columns
        chunk = self._raw[start : start + self._columns]
        half = self._columns // 2
        numbers = f"{chunk[:half].hex(' ')}  {chunk[half:].hex(' ')}".ljust(3 * self._columns)
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in chunk)
        text = f"{start:08x}  {numbers}  {letters}"
        first, middle = 10, 10 + len(numbers)
        zeros = [
            Span(first + 3 * place + (place >= half), first + 3 * place + (place >= half) + 2, "$quiet")
            for place, byte in enumerate(chunk)
            if byte == 0
        ]
        return Content(text, [Span(0, 8, "$quiet"), *zeros, Span(middle + 2, len(text), "$json-string")])


class HexDump:
    """The body of a document that shows bytes: as many in a row as fit."""

    wraps = False

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def fit(self, width: int) -> Sequence[Content]:
        """Give the rows for a width in cells."""
        columns = next((columns for columns in _WIDTHS if _cells(columns) <= width), _WIDTHS[-1])
        return HexRows(self._raw, columns)
