"""Lists on stdout: tables for people, JSON for programs, and numbers in words."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from catalog.cli.terminal import cell_width, cut_to_width
from catalog.text import escape

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns; on a terminal the last one is cut to fit."""
    lines = [list(heads), *([escape(cell) for cell in row] for row in rows)]
    widths = [max(cell_width(line[column]) for line in lines) for column in range(len(heads))]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for number, line in enumerate(lines):
        padded = [cell + " " * (width - cell_width(cell)) for cell, width in zip(line, widths, strict=True)]
        text = cut_to_width("  ".join(padded).rstrip(), room)
        click.echo(click.style(text, bold=True) if number == 0 else text)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON that is plain ASCII, so that a terminal obeys nothing in it."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str).replace("\x7f", "\\u007f"))


def count(number: int, noun: str) -> str:
    """``1 key``, ``2,000 keys``; a noun in -y gets -ies where English wants it."""
    plural = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def size(number: int | None) -> str:
    """A number of bytes as people say it: ``812 B``, ``1.4 MB``; ``?`` where nobody knows it."""
    if number is None:
        return "?"
    if number < 1000:
        return f"{number} B"
    amount = float(number)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"
