"""Commands that set and remove single keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.listing import count
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, choose, pass_selection
from catalog.errors import EntryMissingError, InvalidInputError, LocalFileError, name_some
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.database.database import Database


@click.command("set")
@click.argument("database")
@click.argument("key")
@click.argument("value", required=False, type=click.UNPROCESSED)
@click.option(
    "--file",
    "path",
    type=click.Path(allow_dash=True),
    metavar="PATH",
    help="Take the value from a file, or with - from standard input.",
)
@pass_selection
def set_(selection: Selection, database: str, key: str, value: str | None, path: str | None) -> None:
    """Set KEY of DATABASE to VALUE, as a change that `push` sends and `discard` takes back.

    VALUE is text where the database stores text or bytes, and JSON elsewhere: '{"mm": 1.5}', 12, '"a word"'. With - it is taken
    from standard input.
    """
    if (value is None) == (path is None):
        raise click.UsageError("Give the value, or --file.")
    # What is no text in an argument are bytes of the system's, which are meant as they are.
    given = os.fsencode(value) if value not in (None, "-") else _read(path or "-")
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        opened[key] = _value(opened, given)
    click.echo(f"{escape(choice.name)}: {escape(key)} is set. `catalog push` sends it.")


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LocalFileError(f"{path}: {error.strerror or 'it cannot be read'}.", path=path, hint="Check its name.") from None


def _value(database: Database, given: bytes) -> Any:
    """What was given, as the database stores it."""
    from catalog.codecs.json_text import read_json
    from catalog.errors import InvalidJsonError

    kind = database.serializer
    if kind in {"bytes", "zstd"}:
        return given
    if kind == "str":
        try:
            return given.decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"This is no text: {error}.", hint="Give text in UTF-8.") from None
    try:
        return read_json(given)
    except InvalidJsonError as error:
        hint = error.hint or "Put quotes around text: '\"a word\"'."
        raise InvalidInputError(f"This is no JSON to keep. {error.message}", hint=hint) from None


@click.command()
@click.argument("database")
@click.argument("keys", nargs=-1, required=True)
@pass_selection
def unset(selection: Selection, database: str, keys: tuple[str, ...]) -> None:
    """Remove KEYS from DATABASE, as changes that `push` sends and `discard` takes back."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        if missing := [key for key in keys if key not in opened]:
            raise EntryMissingError(
                f"{choice.name} has no key {name_some(missing)}.",
                hint=f"`catalog keys {choice.name} --prefix …` lists keys. Nothing was removed.",
            )
        chosen = dict.fromkeys(keys)
        for key in chosen:
            del opened[key]
    click.echo(f"{escape(choice.name)}: {count(len(chosen), 'key')} removed. `catalog push` sends that.")
