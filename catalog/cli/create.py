"""The command that makes a database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.connection_options import connection_options
from catalog.cli.exchange import plan_words, tell_left_out
from catalog.cli.input_options import input_options
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, pass_selection
from catalog.errors import InvalidInputError
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection
    from catalog.database.database import Database
    from catalog.exchange.importing import ImportPlan
    from catalog.exchange.rows import InputOptions


@click.command()
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.option("--serializer", metavar="NAME", help="How values are stored. Default: orjson (JSON), for a folder bytes.")
@click.option("--description", default="", metavar="TEXT", help="What is in it.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A tag; may be given more than once.")
@input_options
@connection_options
@pass_selection
def create(
    selection: Selection,
    database: str,
    path: Path | None,
    serializer: str | None,
    description: str,
    tags: tuple[str, ...],
    reading: InputOptions,
    connection: S3Connection | None,
) -> None:
    """Make DATABASE, named GROUP/NAME, from the file or folder PATH or empty; push it and add it to the group.

    With - it is made from standard input. It lies beside its group, or where the options of a connection say; there must be no
    database yet.
    """
    from catalog.exchange.importing import import_file
    from catalog.groups.create import NewDatabase, create_database

    group, _, name = database.partition("/")
    if not (group and name):
        raise click.UsageError("A new database is named GROUP/NAME.")
    place = connection or _beside(selection, group, name)
    kind = serializer or ("bytes" if path and _is_folder_of_files(path, reading) else "orjson")
    said = f"From {'standard input' if str(path) == '-' else path.name}" if path else ""
    wanted = NewDatabase(group, name, place, kind, description=description, tags=tags, message=said)
    plans: list[ImportPlan] = []
    with progress_line() as progress:

        def fill(made: Database) -> None:
            if path:
                source = sys.stdin.buffer if str(path) == "-" else path
                plans.append(import_file(made, source, reading, progress=progress))

        create_database(selection.catalog(), wanted, fill, progress)
    for plan in plans:
        tell_left_out(plan)
    words = plan_words(plans[0], done=True) if plans else "no keys yet"
    click.echo(f"Made {escape(database)} at {escape(str(place))}: {words}.")


def _is_folder_of_files(path: Path, reading: InputOptions) -> bool:
    from catalog.exchange.formats import input_format

    return path.is_dir() and input_format(path, reading.format).name == "folder"


def _beside(selection: Selection, group: str, name: str) -> S3Connection:
    from catalog.groups.create import place_beside

    place = place_beside(selection.catalog().group(group), name)
    if place is None:
        raise InvalidInputError(f"There is no place for {name!a} beside its group.", hint="Say where: --db-key and --bucket.")
    return place
