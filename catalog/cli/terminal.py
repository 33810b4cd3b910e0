"""What the terminal is like: whether colours are wanted, and how wide a text is on it."""

from __future__ import annotations

import os
import unicodedata


def wants_color() -> bool:
    """Whether colours may be used: not when NO_COLOR is set to anything, or the terminal is a dumb one."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def cell_width(text: str) -> int:
    """How many columns ``text`` takes: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def cut_to_width(text: str, width: int) -> str:
    """Shorten ``text`` to at most ``width`` columns; an ellipsis stands for what is left out."""
    if cell_width(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        kept += character
    return kept + "…"


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
