"""Chooses how a decoded value is shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from textual.content import Content

from catalog import CatalogError
from tui.amounts import quantity
from tui.plain import plain, plain_lines

from .array import array_document
from .chart import chart
from .document import EMPTY_BODY, Document, StyledLines
from .hex_dump import HexDump
from .json_lines import highlight_json, json_lines
from .python_lines import highlight_python, python_lines

FIRST_LINES = 2_000
_LONGEST_LINE = 4_000
_PROBED = 4096
_FEWEST_CHARTED = 8
_WIDEST_JSON = 88


def without_comma(line: str) -> str:
    """The part of a line of a list or an object that counts: whether another line follows does not."""
    return line.removesuffix(",")


def _in_pieces(lines: list[str]) -> list[str]:
    """Break lines that no reader and no terminal could take whole."""
    if all(len(line) <= _LONGEST_LINE for line in lines):
        return lines
    return [line[at : at + _LONGEST_LINE] for line in lines for at in range(0, max(len(line), 1), _LONGEST_LINE)]


def _text(kind: str, text: str, most: int) -> Document:
    # A value may be far longer than what is shown: only as much as can be shown is cleaned.
    lines = _in_pieces(text.replace("\r\n", "\n").split("\n"))
    shown = [line for piece in lines[:most] for line in plain_lines(piece)]
    return Document(f"{kind}, {quantity(len(lines), 'line')}", StyledLines(shown), left_out=len(lines) - len(shown))


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

    def fit(self, width: int) -> Sequence[Content]:
        """Indent the value for ``width`` cells."""
        lines = list(islice(json_lines(self._value, min(width, _WIDEST_JSON)), self._most))
        return StyledLines(_in_pieces(lines), highlight_json)


def _json(value: Any, most: int) -> Document:
    is_long = sum(1 for _ in islice(json_lines(value, _WIDEST_JSON), most + 1)) > most
    preface = chart(value) if _is_series(value) else ()
    return Document(
        _json_kind(value), JsonLines(value, most), preface=preface, left_out=-1 if is_long else 0, compared=without_comma
    )


def _python(value: Any, most: int) -> Document:
    lines = python_lines(value, most_items=most)
    kind = f"Python {type(value).__name__}"
    preface = chart(value) if _is_series(value) else ()
    return Document(
        kind,
        StyledLines(_in_pieces(lines[:most]), highlight_python),
        preface=preface,
        left_out=max(len(lines) - most, 0),
        compared=without_comma,
    )


def _bytes(raw: bytes, most: int) -> Document:
    try:
        # A cut may fall inside a character: only a fault well before the end speaks against text.
        probe = raw[:_PROBED].decode("utf-8") if len(raw) <= _PROBED else raw[: _PROBED - 4].decode("utf-8", errors="ignore")
        printable = sum(char.isprintable() or char in "\n\r\t" for char in probe)
        if probe and printable == len(probe):
            return _text("bytes that are text", raw.decode("utf-8"), most)
    except UnicodeDecodeError:
        pass
    return Document("bytes", HexDump(raw))


def describe(value: Any, *, json: bool, most: int = FIRST_LINES) -> Document:
    """Describe a decoded value.

    Args:
        value: The value.
        json: True where the database stores JSON, so that lists and objects are shown as such.
        most: How many lines to make at most.
    """
    if isinstance(value, np.ndarray | np.generic):
        return array_document(np.asarray(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value), most)
    if isinstance(value, str) and not json:
        return _text("text", value, most)
    return _json(value, most) if json else _python(value, most)


def explain(error: CatalogError, raw: bytes | None) -> Document:
    """Describe a value that was not decoded: why, and its bytes when they are there."""
    warning = "\n".join(plain(part) for part in (error.message, error.hint) if part)
    return Document("not opened", EMPTY_BODY if raw is None else HexDump(raw), warning=warning)
