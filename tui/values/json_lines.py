"""JSON on lines: indented, with short innermost lists and objects kept on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
from textual.content import Content, Span

from tui.kit.plain import plain

_LONGEST_FLAT = 40
_DEEPEST = 60
_UNWRITABLE = "…"
_TOKENS = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|(?P<number>-?\d[\d.]*(?:[eE][+-]?\d+)?)|(?P<word>\b(?:true|false|null)\b)|(?P<mark>[{}\[\],])"""
)
_STYLES = {"string": "$json-string", "number": "$json-number", "word": "$json-word", "mark": "$quiet"}


def _dumps(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=repr).decode()
    except TypeError:
        # What can be read may be nested too deep, or hold half a character, to be written.
        return _UNWRITABLE


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _flat(value: Any, room: int) -> str | None:
    """Give a scalar, or a container of a few scalars, on one line; None where it does not fit."""
    if _is_scalar(value) or not value:
        return _dumps(value)
    items = value.values() if isinstance(value, dict) else value
    if len(value) > _LONGEST_FLAT or not all(_is_scalar(item) for item in items):
        return None
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{_dumps(str(name))}: {_dumps(item)}" for name, item in value.items()) + "}"
    else:
        text = "[" + ", ".join(_dumps(item) for item in value) + "]"
    return text if len(text) <= room else None


def _rows(items: list[Any], room: int) -> Iterator[str]:
    """Give a long list of scalars in rows that are as full as they can be."""
    row = ""
    for number, item in enumerate(items):
        text = _dumps(item) + ("," if number < len(items) - 1 else "")
        if row and len(row) + 1 + len(text) > room:
            yield row
            row = text
        else:
            row = f"{row} {text}" if row else text
    if row:
        yield row


def _block(value: Any, lead: str, tail: str, depth: int, width: int) -> Iterator[str]:
    pad = "  " * depth
    flat = None if depth == 0 and isinstance(value, dict) and value else _flat(value, width - len(pad + lead + tail))
    if flat is not None or depth > _DEEPEST:
        yield f"{pad}{lead}{_dumps(value) if flat is None else flat}{tail}"
    elif isinstance(value, dict):
        yield f"{pad}{lead}{{"
        last = len(value) - 1
        for number, (name, item) in enumerate(value.items()):
            yield from _block(item, f"{_dumps(str(name))}: ", "," if number < last else "", depth + 1, width)
        yield f"{pad}}}{tail}"
    else:
        yield f"{pad}{lead}["
        if all(_is_scalar(item) and not isinstance(item, str) for item in value):
            yield from (f"{pad}  {row}" for row in _rows(value, width - len(pad) - 2))
        else:
            last = len(value) - 1
            for number, item in enumerate(value):
                yield from _block(item, "", "," if number < last else "", depth + 1, width)
        yield f"{pad}]{tail}"


def json_lines(value: Any, width: int = 72) -> Iterator[str]:
    """Give the lines of a JSON value one by one, so that a reader may stop early."""
    return _block(value, "", "", 0, width)


def highlight_json(line: str) -> Content:
    """Colour one line of JSON: names, strings, numbers, words and marks."""
    text = plain(line)
    spans = []
    for token in _TOKENS.finditer(text):
        group = token.lastgroup or ""
        if group == "colon":
            spans.append(Span(*token.span("string"), "$json-name"))
            spans.append(Span(*token.span("colon"), "$quiet"))
        else:
            spans.append(Span(*token.span(), _STYLES[group]))
    return Content(text, spans)
