"""Chooses how a decoded value is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson
from textual.content import Content

from catalog import CatalogError
from tui.kit.amounts import quantity
from tui.kit.plain import plain, plain_lines
from tui.kit.trouble import way_on

from .array import array_document
from .chart import chart
from .code import coloured
from .document import EMPTY_BODY, Document, StyledLines, in_pieces
from .frame import frame_document, series_document
from .hex_dump import HexDump
from .image import image_document, image_kind
from .json_lines import highlight_json, json_lines
from .loaded import loaded
from .python_lines import highlight_python, python_lines
from .table import delimiter_of, read_table

FIRST_LINES = 2_000
_PROBED = 4096
_FEWEST_CHARTED = 8
_LONGEST_JSON = 20_000_000
_WIDEST_JSON = 88
_MOST_TEXT = 4_000
"""Characters that are shown of a text inside of a Python value."""


def without_comma(line: str) -> str:
    """The part of a line of a list or an object that counts: whether another line follows does not."""
    return line.removesuffix(",")


def _text(kind: str, text: str, most: int, name: str) -> Document:
    if (value := _json_in(text)) is not None:
        document = _json(value, most)
        return replace(document, kind=f"{kind} that is {document.kind}")
    if (delimiter := delimiter_of(text, name)) and (found := read_table(text, delimiter, most)):
        table, is_more = found
        rows = f"more than {len(table.rows):,} rows" if is_more else quantity(len(table.rows), "row")
        words = f"{kind}, table of {rows} × {quantity(len(table.names), 'column')}"
        return Document(words, table, left_out=-1 if is_more else 0)
    # A value may be far longer than what is shown: only as much as can be shown is parted and cleaned.
    first = text.replace("\r\n", "\n").split("\n", most)
    others = first.pop().count("\n") + 1 if len(first) > most else 0
    lines = in_pieces(first)
    shown = [line for piece in lines[:most] for line in plain_lines(piece)]
    body = coloured(shown, name) or StyledLines(shown)
    count = len(lines) + others
    return Document(f"{kind}, {quantity(count, 'line')}", body, left_out=count - len(shown))


def _json_in(text: str) -> Any:
    """The JSON object or list that a text is; None when it is something else."""
    if len(text) > _LONGEST_JSON or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None


def _json_kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"JSON object, {quantity(len(value), 'member')}"
    if isinstance(value, list):
        return f"JSON list, {quantity(len(value), 'item')}"
    return f"JSON {'null' if value is None else type(value).__name__}"


def _is_series(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= _FEWEST_CHARTED
        and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
    )


class JsonLines:
    """The first lines of a JSON value."""

    wraps = True

    def __init__(self, value: Any, most: int) -> None:
        self._value = value
        self._most = most
        self._fitted: tuple[int, StyledLines] | None = None

    def fit(self, width: int) -> Sequence[Content]:
        """Indent the value for ``width`` cells; the same width again costs nothing."""
        width = min(width, _WIDEST_JSON)
        if self._fitted is None or self._fitted[0] != width:
            lines = list(islice(json_lines(self._value, width), self._most))
            self._fitted = width, StyledLines(in_pieces(lines), highlight_json)
        return self._fitted[1]


def _json(value: Any, most: int) -> Document:
    is_long = sum(1 for _ in islice(json_lines(value, _WIDEST_JSON), most + 1)) > most
    preface = chart(value) if _is_series(value) else ()
    return Document(
        _json_kind(value),
        JsonLines(value, most),
        preface=preface,
        left_out=-1 if is_long else 0,
        compared=without_comma,
        folds=True,
    )


def _python(value: Any, most: int) -> Document:
    lines = python_lines(value, most, _MOST_TEXT)
    kind = f"Python {type(value).__name__}"
    preface = chart(value) if _is_series(value) else ()
    return Document(
        kind,
        StyledLines(in_pieces(lines[:most]), highlight_python),
        preface=preface,
        left_out=max(len(lines) - most, 0),
        compared=without_comma,
        folds=True,
    )


def _bytes(raw: bytes, most: int, name: str) -> Document:
    if kind := image_kind(raw):
        return image_document(raw, kind)
    try:
        # A cut may fall inside a character: only a fault well before the end speaks against text.
        probe = raw[:_PROBED].decode("utf-8") if len(raw) <= _PROBED else raw[: _PROBED - 4].decode("utf-8", errors="ignore")
        printable = sum(char.isprintable() or char in "\n\r\t" for char in probe)
        if probe and printable == len(probe):
            return _text("bytes that are text", raw.decode("utf-8"), most, name)
    except UnicodeDecodeError:
        pass
    return Document("bytes", HexDump(raw))


def describe(value: Any, *, json: bool, most: int = FIRST_LINES, name: str = "") -> Document:
    """Describe a decoded value.

    Args:
        value: The value.
        json: True where the database stores JSON, so that lists and objects are shown as such.
        most: How many lines to make at most.
        name: The key of the value, whose ending may say what a text is.
    """
    numpy, pandas = loaded("numpy"), loaded("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return array_document(numpy.asarray(value))
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return frame_document(value, most)
    if pandas is not None and isinstance(value, pandas.Series):
        return series_document(value, most)
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value), most, name)
    if isinstance(value, str) and not json:
        return _text("text", value, most, name)
    return _json(value, most) if json else _python(value, most)


def explain(error: CatalogError, raw: bytes | None) -> Document:
    """Describe a value that was not decoded: why, and its bytes when they are there."""
    warning = "\n".join(plain(part) for part in (error.message, way_on(error)) if part)
    return Document("not opened", EMPTY_BODY if raw is None else HexDump(raw), warning=warning)
