"""Write the table of all keys into docs/tui.md, out of the program's own list of commands.

::

    python screenshots/keys.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from textual.keys import format_key

from tui.command import Command, Place
from tui.features import ACTIONS, COMMANDS, MENUS

DOCUMENT = Path(__file__).parents[1] / "docs" / "tui.md"
BEGIN, END = "<!-- keys: made by screenshots/keys.py -->", "<!-- end of keys -->"
_SHOWN = {"escape": "esc", "left": "←", "right": "→", "up": "↑", "down": "↓", "enter": "enter", "space": "space"}


def _keys(command: Command) -> str:
    shown = [_SHOWN.get(key) or format_key(key).replace("^", "ctrl+") for key in command.keys.split(",")]
    return " ".join(f"`{key}`" if key != "`" else "`` ` ``" for key in shown)


def _where(command: Command) -> str:
    if not command.places:
        return "everywhere"
    if command.places == frozenset(Place):
        return "everywhere, also while typing"
    return ", ".join(place.value for place in Place if place in command.places)


def _lines() -> Iterator[str]:
    yield "| Keys | Command | Where | What it does |"
    yield "|---|---|---|---|"
    for command in COMMANDS:
        yield f"| {_keys(command)} | {command.words} | {_where(command)} | {command.help} |"
    for menu in MENUS.values():
        yield ""
        yield (
            f"**{menu.title}**, in the menu: "
            + ", ".join(f"`{each.letter}` {each.words.rstrip('…')}" for each in map(ACTIONS.__getitem__, menu.actions))
            + "."
        )


def table() -> str:
    """The table, and what the menus offer."""
    return "\n".join(_lines())


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    return re.sub(rf"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n\n{table()}\n\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
