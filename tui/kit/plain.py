"""Text of databases as it may reach a screen: nothing in it acts on a terminal, and all of it can be seen."""

from __future__ import annotations

from catalog import escape as plain

TAB_WIDTH = 4

__all__ = ["key_name", "plain", "plain_lines"]


def key_name(key: str) -> str:
    """Name a key on a screen; the empty key stands for the metadata of a database."""
    return plain(key) if key else "(metadata)"


def plain_lines(text: str) -> list[str]:
    """Give the lines of ``text``, each made harmless; tabs become spaces."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [plain(line.expandtabs(TAB_WIDTH)) for line in lines]
