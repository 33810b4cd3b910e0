"""Commands that arrange the databases of groups; they change what groups say, never data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.connection_options import connection_options
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, choose, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection
    from catalog.groups.entry import Entry


@click.command()
@click.argument("database")
@click.option("--name", metavar="TEXT", help="What it is called from now on.")
@click.option("--description", metavar="TEXT", help="What is in it.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="Its tags from now on; may be given more than once.")
@click.option("--no-tags", is_flag=True, help="It has no tags from now on.")
@click.option("--owner", metavar="TEXT", help="Whose it is.")
@pass_selection
def edit(
    selection: Selection,
    database: str,
    name: str | None,
    description: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    owner: str | None,
) -> None:
    """Change what a group says of DATABASE; what is not given stays, and `push-group` shares it."""
    if name is None and description is None and owner is None and not tags and not no_tags:
        raise click.UsageError("Say what to change: --name, --description, --tag, --no-tags or --owner.")
    catalog = selection.catalog()
    choice = choose(catalog, database)
    new_tags = tags if tags or no_tags else None
    entry = catalog.edit(choice.group, choice.entry.key, name=name, description=description, tags=new_tags, owner=owner)
    _say_left_out(entry)
    click.echo(f"Changed what {escape(choice.group)} says of {escape(entry.name)}.")


@click.command()
@click.argument("database")
@click.argument("group")
@pass_selection
def move(selection: Selection, database: str, group: str) -> None:
    """Move DATABASE to GROUP; its remote and its working copy stay where they are."""
    catalog = selection.catalog()
    choice = choose(catalog, database)
    _say_left_out(catalog.move(choice.entry.key, choice.group, group))
    click.echo(f"Moved {escape(choice.name)} to {escape(group)}. `catalog push-group` shares both groups.")


@click.command()
@click.argument("database")
@connection_options
@pass_selection
def relocate(selection: Selection, database: str, connection: S3Connection | None) -> None:
    """Say that DATABASE has moved: to another provider, to another name of the server, with a bucket that was copied.

    The options say where it is now. Without them its working copy follows what its group says by now. Nothing is changed unless
    what is there comes after what is here; unpushed changes go along.
    """
    catalog = selection.catalog()
    choice = choose(catalog, database)
    with progress_line() as progress:
        entry = catalog.relocate(choice.group, choice.entry.key, connection, progress=progress)
    click.echo(f"{escape(choice.name)} is at {escape(str(entry.connection))} now. `catalog push-group` shares that.")


@click.command()
@click.argument("database")
@pass_selection
def remove(selection: Selection, database: str) -> None:
    """Remove DATABASE from its group; no data is deleted, here or there, and `add` brings it back."""
    catalog = selection.catalog()
    choice = choose(catalog, database)
    catalog.remove(choice.group, choice.entry.key)
    click.echo(f"Removed {escape(choice.name)}; its data stays at {escape(str(choice.entry.connection))}.")


def _say_left_out(entry: Entry) -> None:
    """Say which fields that no entry has were left out of one, if there were some."""
    if entry.left_out:
        click.echo(f"Left out of its entry, where it does not belong: {escape(', '.join(entry.left_out))}.", err=True)
