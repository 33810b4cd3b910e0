"""Lays out the parts of a row: what bends to the left, what stays to the right; names beside what they name."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from .text_view import continued

Fact = tuple[str, Content]
"""A name and what it names."""


def shorten(text: str, width: int) -> str:
    """Cut a name in its middle: keys that stand beside each other often differ at their end."""
    if cell_len(text) <= width:
        return text
    tail = max(0, (width - 1) * 2 // 3)
    head = max(0, width - 1 - tail)
    end = text[len(text) - tail :]
    while cell_len(end) > tail:
        end = end[1:]
    return f"{set_cell_size(text, head)}…{end}"


def spread(left: Content, right: Content, width: int) -> Content:
    """Put ``left`` and ``right`` at the two ends of ``width`` cells; ``left`` is cut when there is no room for both."""
    room = width - right.cell_length - (1 if right else 0)
    if room < min(4, left.cell_length):
        return left.truncate(width, ellipsis=True)
    left = left.truncate(room, ellipsis=True)
    return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)


def beside(facts: Iterable[Fact], width: int, name_width: int, style: str = "$quiet", indent: int = 2) -> list[Content]:
    """Put each name to the left of what it names, which takes as many rows as it needs."""
    rows = []
    for name, value in facts:
        for place, line in enumerate(continued(value, max(width - name_width - indent, 8))):
            rows.append(Content.assemble((" " * indent + (name if place == 0 else "").ljust(name_width), style), line))
    return rows
