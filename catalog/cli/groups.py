"""Commands about groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.asking import agree
from catalog.cli.connection_options import connection_options
from catalog.cli.listing import as_json, count, print_json, print_table
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, pass_selection
from catalog.errors import CatalogError
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection
    from catalog.groups.catalog import Catalog


@click.command()
@as_json
@pass_selection
def groups(selection: Selection, as_json: bool) -> None:
    """List the groups of the catalog."""
    catalog = selection.catalog()
    records = catalog.groups()
    counts = [_count(catalog, record.name) for record in records]
    if as_json:
        print_json(
            [
                {
                    "name": record.name,
                    "databases": databases,
                    "file": str(record.file_path),
                    "remote": record.connection.to_dict(),
                }
                for record, databases in zip(records, counts, strict=True)
            ]
        )
    elif records:
        print_table(
            ("GROUP", "DATABASES", "REMOTE"),
            (
                (record.name, "-" if databases is None else f"{databases:,}", str(record.connection))
                for record, databases in zip(records, counts, strict=True)
            ),
        )
    else:
        click.echo(f"There are no groups in {selection.catalog().folder}. `catalog add-group NAME` makes one.", err=True)


def _count(catalog: Catalog, group: str) -> int | None:
    """How many databases a group has; None, and why on stderr, when it cannot be read now."""
    try:
        return len(catalog.entries(group))
    except CatalogError as error:
        click.echo(f"{click.style('warning:', fg='yellow')} {escape(f'{group} cannot be read: {error.message}')}", err=True)
        return None


@click.command()
@click.argument("name")
@connection_options
@pass_selection
def add_group(selection: Selection, name: str, connection: S3Connection | None) -> None:
    """Add a group called NAME: a new one of this machine, or one that a remote has."""
    record = selection.catalog().add_group(name, connection)
    click.echo(f"Added the group {escape(record.name)}.")


@click.command()
@click.argument("group")
@click.option("-y", "--yes", is_flag=True, help="Do not ask about what was not shared.")
@pass_selection
def remove_group(selection: Selection, group: str, yes: bool) -> None:
    """Take GROUP from the list of this machine; no data is deleted, for nobody, and `add-group` brings it back."""
    catalog = selection.catalog()
    record = catalog.group(group)
    kept = catalog.group_status(group, refresh=False).ahead
    if kept and not yes:
        words = f"{count(kept, 'entry')} of {escape(group)} {'is' if kept == 1 else 'are'} not shared yet"
        click.echo(f"{words}: adding the group again does not bring that back, `catalog push-group` keeps it.", err=True)
        agree("Remove the group anyway?")
    catalog.remove_group(group)
    click.echo(f"Removed {escape(group)} from this machine; its entries stay at {escape(str(record.connection))}.")


@click.command()
@click.argument("group")
@click.option("-m", "--message", default="", metavar="TEXT", help="What this push is about.")
@pass_selection
def push_group(selection: Selection, group: str, message: str) -> None:
    """Send what was added to GROUP to the group's own remote, for those who share it."""
    catalog = selection.catalog()
    with progress_line() as progress, catalog.open_group(group, "c", lock="commit", pull=False, progress=progress) as opened:
        result = opened.changes().push(message=message, progress=progress)
    if result.commit is None or not result.keys:
        click.echo(f"{escape(group)}: nothing to push.")
    else:
        click.echo(f"{escape(group)}: pushed {count(result.keys, 'entry')} as commit {result.commit.number}.")
