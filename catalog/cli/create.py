"""The command that makes a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.errors import InvalidInputError
from catalog.plain_text import escape

from .connection_options import connection_options
from .exchange import plan_words
from .input_options import input_options
from .progress_line import progress_line
from .selection import Selection, pass_selection

if TYPE_CHECKING:
    from catalog import Database, ImportPlan, InputOptions, S3Connection


@click.command()
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path), required=False)
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

    It lies beside its group, or where the options of a connection say; there must be no database yet.
    """
    from catalog import NewDatabase, create_database, import_file  # noqa: PLC0415 -- `--help` must not wait for the engine

    group, _, name = database.partition("/")
    if not (group and name):
        raise click.UsageError("A new database is named GROUP/NAME.")
    place = connection or _beside(selection, group, name)
    kind = serializer or ("bytes" if path and path.is_dir() else "orjson")
    said = f"From {path.name}" if path else ""
    wanted = NewDatabase(group, name, place, kind, description=description, tags=tags, message=said)
    plans: list[ImportPlan] = []
    with progress_line() as progress:

        def fill(made: Database) -> None:
            if path:
                plans.append(import_file(made, path, reading, progress=progress))

        create_database(selection.catalog(), wanted, fill, progress)
    words = plan_words(plans[0], done=True) if plans else "no keys yet"
    click.echo(f"Made {escape(database)} at {escape(str(place))}: {words}.")


def _beside(selection: Selection, group: str, name: str) -> S3Connection:
    from catalog import place_beside  # noqa: PLC0415

    place = place_beside(selection.catalog().group(group), name)
    if place is None:
        raise InvalidInputError(f"There is no place for {name!a} beside its group.", hint="Say where: --db-key and --bucket.")
    return place
