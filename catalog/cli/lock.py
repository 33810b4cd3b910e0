"""Commands about the write lock of a remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.cli.asking import type_name
from catalog.cli.listing import as_json, print_json
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, ask_approval, choose, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.locking.lease import LeaseHolder


@click.group()
def lock() -> None:
    """See or break the lock that one writer holds on a remote."""


@lock.command()
@click.argument("database")
@as_json
@pass_selection
def show(selection: Selection, database: str, as_json: bool) -> None:
    """Say who holds the write lock of DATABASE, and since when."""
    from catalog.locking.breaking import read_holder

    catalog = selection.catalog()
    choice = choose(catalog, database)
    ask_approval(catalog, choice)
    with progress_line() as progress:
        holder = read_holder(choice.entry.connection, progress=progress)
    if as_json:
        print_json(_facts(holder))
    elif holder is None:
        click.echo(f"Nobody holds the write lock of {escape(choice.name)}.")
    else:
        click.echo(f"{escape(choice.name)} is locked by {escape(str(holder))}.")


@lock.command("break")
@click.argument("database")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_selection
def break_(selection: Selection, database: str, yes: bool) -> None:
    """Take the write lock of DATABASE away from whoever holds it.

    For a holder that is gone for good; one that is alive cannot push any more, and keeps its changes.
    """
    from catalog.locking.breaking import break_lock, read_holder

    catalog = selection.catalog()
    choice = choose(catalog, database)
    ask_approval(catalog, choice)
    connection = choice.entry.connection
    with progress_line() as progress:
        holder = read_holder(connection, progress=progress)
    if holder is None:
        click.echo(f"Nobody holds the write lock of {escape(choice.name)}.")
        return
    if not yes:
        click.echo(f"{escape(choice.name)} is locked by {escape(str(holder))}.", err=True)
        type_name("break this lock", (choice.name, database), "--yes")
    broken = break_lock(connection, holder)
    click.echo(f"The lock of {escape(str(broken))} is broken." if broken else "The lock was given back in the meantime.")


def _facts(holder: LeaseHolder | None) -> dict[str, Any]:
    if holder is None:
        return {"held": False}
    return {"held": True, "owner": holder.owner, "since": holder.since, "seconds": holder.seconds, "renewals": holder.renewals}
