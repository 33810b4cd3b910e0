"""Commands about the databases of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.connection_options import connection_options
from catalog.cli.listing import as_json, count, print_json, print_table
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, all_choices, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection


@click.command()
@click.argument("group", required=False)
@as_json
@pass_selection
def databases(selection: Selection, group: str | None, as_json: bool) -> None:
    """List the databases of GROUP, or of all groups."""
    choices = all_choices(selection.catalog(), group)
    if as_json:
        print_json(
            [
                {
                    "group": choice.group,
                    "name": choice.entry.name,
                    "uuid": choice.entry.key,
                    "type": choice.entry.type,
                    "description": choice.entry.description,
                    "tags": list(choice.entry.tags),
                    "owner": choice.entry.owner,
                    "profile": choice.entry.profile,
                    "remote": choice.entry.connection.to_dict(),
                }
                for choice in choices
            ]
        )
    elif choices:
        print_table(
            ("DATABASE", "OWNER", "TAGS", "DESCRIPTION"),
            (
                (choice.name, choice.entry.owner or "", " ".join(choice.entry.tags), choice.entry.description or "")
                for choice in choices
            ),
        )
    else:
        click.echo("There are no databases here yet. `catalog add GROUP NAME` adds one.", err=True)


@click.command()
@click.argument("group")
@click.argument("name")
@connection_options
@click.option("--description", default="", metavar="TEXT", help="What is in it.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A tag; may be given more than once.")
@click.option("--key", metavar="KEY", help="The key of its entry, for a copy of what the group has. Default: its uuid.")
@pass_selection
def add(
    selection: Selection,
    group: str,
    name: str,
    connection: S3Connection | None,
    description: str,
    tags: tuple[str, ...],
    key: str | None,
) -> None:
    """Add a database that has a remote to GROUP, and call it NAME there; `push-group` then shares it."""
    if connection is None:
        raise click.UsageError("Say where the database is: --db-key and --bucket, or --url.")
    catalog = selection.catalog()
    all_choices(catalog, group)
    with progress_line() as progress:
        catalog.add(group, connection, name=name, description=description, tags=tags, key=key, progress=progress)
    total = len(catalog.entries(group))
    click.echo(f"Added {escape(name)} to {escape(group)}, which has {count(total, 'database')} now.")
