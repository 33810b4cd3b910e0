"""The command for a remote that went back, or took another line than the working copy."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from catalog.cli.asking import agree
from catalog.cli.listing import count
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, choose, pass_selection
from catalog.errors import InvalidInputError
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.changes.parting import WayOut
    from catalog.database.database import Database
    from catalog.groups.create import NewDatabase
    from catalog.progress import Progress

_MOST_NAMED = 10


@click.command()
@click.argument("database")
@click.option("--put-on-top", "way", flag_value="put-on-top", help="Push what is here on top of what is there, as one commit.")
@click.option("--follow", "way", flag_value="follow", help="Go on with what is there; what only is here is kept aside in a file.")
@click.option("--keep-as", "name", metavar="NAME", help="Keep what is here as a new database of this name, beside its group.")
@click.option("--yes", is_flag=True, help="Do it without being asked.")
@pass_selection
def settle(selection: Selection, database: str, way: str | None, name: str | None, yes: bool) -> None:
    """Settle that the remote of DATABASE went back, or took another line than what is here.

    So it does when a bucket is restored from a backup. Nothing is followed by itself then, as what is here may be nowhere else.
    Without an option it shows what each way out would add and remove; with one it shows that, asks, and does it.
    """
    if way and name:
        raise click.UsageError("Choose one way.")
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        if opened.parted is None:
            click.echo(f"{escape(choice.name)} is in line with its remote: there is nothing to settle.")
            return
        if name is not None:
            _keep(selection, choice, opened, name, progress, yes=yes)
        elif way is None:
            _show_all(opened)
        else:
            _take(choice, opened, way, progress, yes=yes)


def _show_all(opened: Database) -> None:
    for option, title, plan in (
        ("--put-on-top", "Put what is here on top, for everyone. In the remote:", opened.put_on_top()),
        ("--follow", "Follow the remote, and keep aside what it has not. Here:", opened.follow()),
    ):
        click.echo(f"{click.style(option, bold=True)}  {title}")
        _tell(plan)
    click.echo(f"{click.style('--keep-as NAME', bold=True)}  Keep what is here as a new database: {count(len(opened), 'key')}.")


def _take(choice: Choice, opened: Database, way: str, progress: Progress, *, yes: bool) -> None:
    act = opened.put_on_top if way == "put-on-top" else opened.follow
    _tell(act())
    if not yes:
        agree("Do that to the remote, for everyone?" if way == "put-on-top" else "Do that to what is here?")
    done = act(dry_run=False, progress=progress)
    if done.commit is not None:
        click.echo(f"{escape(choice.name)}: what was here is commit {done.commit.number} now.")
    elif way == "put-on-top":
        click.echo(f"{escape(choice.name)}: the remote has all that is here.")
    else:
        click.echo(f"{escape(choice.name)} follows its remote again.")
    if done.aside is not None:
        click.echo(f"What was dropped is kept in {escape(str(done.aside))}.")


def _keep(selection: Selection, choice: Choice, opened: Database, name: str, progress: Progress, *, yes: bool) -> None:
    from catalog.groups.create import keep_database

    wanted = _wanted(selection, choice, opened, name)
    if not yes:
        agree(f"Make a new database of {count(len(opened), 'key')} at {escape(str(wanted.connection))}?")
    done = keep_database(selection.catalog(), wanted, opened, progress)
    _tell_missing(done)
    click.echo(f"Made {escape(choice.group)}/{escape(name)}: {count(len(done.added), 'key')}.")
    click.echo(f"`catalog settle {escape(choice.name)} --follow` brings {escape(choice.name)} back in line.", err=True)


def _wanted(selection: Selection, choice: Choice, opened: Database, name: str) -> NewDatabase:
    from catalog.groups.create import NewDatabase, place_beside

    place = place_beside(selection.catalog().group(choice.group), name)
    if place is None:
        raise InvalidInputError(f"There is no place for {name!a} beside its group.", hint="Choose another name.")
    return NewDatabase(choice.group, name, place, opened.serializer, message=f"Keep what {choice.name} held here")


def _tell(plan: WayOut) -> None:
    for mark, color, keys in (("A", "green", plan.added), ("M", "yellow", plan.changed), ("D", "red", plan.removed)):
        for key in islice(keys, _MOST_NAMED):
            click.echo(f"  {click.style(mark, fg=color)} {escape(key) or '(metadata)'}")
        if len(keys) > _MOST_NAMED:
            click.echo(f"  {click.style(mark, fg=color)} … and {count(len(keys) - _MOST_NAMED, 'more key')}")
    if not (plan.added or plan.changed or plan.removed):
        click.echo("  nothing changes")
    _tell_missing(plan)


def _tell_missing(plan: WayOut) -> None:
    for key in islice(plan.missing, _MOST_NAMED):
        click.echo(f"  {escape(key)}: its value is neither here nor in the remote any more", err=True)
    if len(plan.missing) > _MOST_NAMED:
        click.echo(f"  … and of {count(len(plan.missing) - _MOST_NAMED, 'more key')}", err=True)
