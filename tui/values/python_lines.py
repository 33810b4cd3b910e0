"""A plain Python value on lines, as its literal would be written."""

from __future__ import annotations

import re
from typing import Any

from rich.pretty import pretty_repr
from textual.content import Content, Span

from tui.kit.plain import plain

_TOKENS = re.compile(
    r"""(?P<string>b?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))(?P<colon>:)?|(?P<number>(?<![\w.])-?\d[\d.]*(?:[eE][+-]?\d+)?)|(?P<word>\b(?:True|False|None|nan|inf)\b)|(?P<mark>[{}\[\](),:])"""
)
_STYLES = {"string": "$json-string", "number": "$json-number", "word": "$json-word", "mark": "$quiet"}


_WIDTH = 72


def python_lines(value: Any, most_items: int | None, most_text: int | None) -> list[str]:
    """Give the literal of ``value`` on lines, with so many items of each container and characters of each text; None is all."""
    return pretty_repr(value, max_width=_WIDTH, max_length=most_items, max_string=most_text, indent_size=2).split("\n")


def highlight_python(line: str) -> Content:
    """Colour one line of a Python literal."""
    text = plain(line)
    spans = []
    for token in _TOKENS.finditer(text):
        if token["colon"]:
            spans += [Span(*token.span("string"), "$json-name"), Span(*token.span("colon"), "$quiet")]
        else:
            spans.append(Span(*token.span(), _STYLES[token.lastgroup or ""]))
    return Content(text, spans)
