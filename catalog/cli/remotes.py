"""Commands about a whole remote: copying it to another place, and deleting it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from catalog.cli.asking import check_name, type_name
from catalog.cli.connection_options import connection_options
from catalog.cli.listing import count, size
from catalog.cli.over_option import over_of, over_option
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, all_choices, choose, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection
    from catalog.database.database import Database
    from catalog.groups.catalog import Catalog


@click.command()
@click.argument("database")
@connection_options
@pass_selection
def copy(selection: Selection, database: str, connection: S3Connection | None) -> None:
    """Copy the remote of DATABASE with its history to another place, where nothing is yet.

    The options say where to. A copy that was cut short goes on where it stopped when it is repeated.
    """
    if connection is None:
        raise click.UsageError("Say where to: --db-key and --bucket, with --endpoint where it is not AWS.")
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        done = opened.copy_remote(connection, progress)
        left = opened.changes().summary().outgoing
    name, place = escape(choice.name), escape(str(connection))
    if done.copied:
        click.echo(f"{name}: copied to {place}, {count(done.copied, 'object')}, {size(done.total_bytes)}.")
    else:
        click.echo(f"{name}: {place} is a copy of it already.")
    if left:
        click.echo(f"{count(left, 'change')} that you did not push yet {'is' if left == 1 else 'are'} not in the copy.", err=True)
    click.echo(f"`catalog add GROUP NAME {_as_options(connection)}` lists the copy in another group.", err=True)


def _as_options(place: S3Connection) -> str:
    """What a command needs to find a place."""
    named = {"--db-key": place.db_key, "--bucket": place.bucket, "--endpoint": place.endpoint_url, "--profile": place.profile}
    return " ".join(f"{option} {escape(shlex.quote(value))}" for option, value in named.items() if value)


@click.command()
@click.argument("database")
@click.option("--yes-delete", "typed", metavar="NAME", help="The name of the database once more, instead of being asked for it.")
@over_option
@pass_selection
def delete(selection: Selection, database: str, typed: str | None, over: str | None) -> None:
    """Delete the remote of DATABASE with its whole history, for everyone and for good.

    The working copy keeps every value: those that are only in the remote are fetched first. Nothing is deleted when someone
    pushed since the last pull; what --over goes on top of is gone. The group goes on listing it: `remove` takes it out of there.
    """
    catalog = selection.catalog()
    choice = choose(catalog, database)
    names = (choice.name, choice.entry.name, choice.entry.key)
    if typed is not None:
        check_name(typed, names)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        if typed is None:
            click.echo(_plan(catalog, choice, opened), err=True)
            type_name("delete it", names, f"--yes-delete {shlex.quote(choice.name)}")
        opened.delete_remote(progress, over=over_of(opened, over))
        path = opened.file_path
    click.echo(f"{escape(choice.name)}: its remote at {escape(str(choice.entry.connection))} is deleted.")
    next_steps = "`catalog push` makes a new remote of it, `catalog remove` takes it from its group."
    click.echo(f"{escape(str(path))} keeps every value{' that was pulled' if over else ''}. {next_steps}", err=True)


def _plan(catalog: Catalog, choice: Choice, opened: Database) -> str:
    """What would be deleted, in a sentence or two."""
    commit = opened.remote_commit
    words = f"{escape(choice.name)} at {escape(str(choice.entry.connection))}"
    if commit is None:
        return f"{words}: what an interrupted deletion has left there is to be deleted."
    words += f": {count(commit.keys, 'key')} and a history of {count(commit.number, 'commit')} are to be deleted, for everyone."
    place = choice.entry.connection.to_dict()
    listed = [other for other in all_choices(catalog) if other.entry.key == choice.entry.key and other.group != choice.group]
    others = [other.name for other in listed if other.entry.connection.to_dict() == place]
    return words + (f" It is also listed as {escape(', '.join(others))}." if others else "")
