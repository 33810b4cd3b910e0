"""Commands that free space in a remote, or remove values from its whole history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.cli.asking import agree
from catalog.cli.listing import as_json, count, print_json, size
from catalog.cli.over_option import over_of, over_option
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, choose, pass_selection
from catalog.errors import name_some
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.changes.collect import Collected

_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("database")
@click.option("--keep-days", type=click.FloatRange(min=0), default=30, show_default=True, help="Keep the commits of N days.")
@click.option("--keep-commits", type=click.IntRange(min=1), default=10, show_default=True, help="Keep at least N commits.")
@click.option("--apply", is_flag=True, help="Do it. Without this, only say what would be done.")
@over_option
@_yes
@as_json
@pass_selection
def collect_garbage(
    selection: Selection,
    database: str,
    keep_days: float,
    keep_commits: int,
    apply: bool,
    over: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Say how much space old versions of DATABASE take, and with --apply free it; tagged versions stay."""
    choice = choose(selection.catalog(), database)
    if apply and as_json and not yes:
        raise click.UsageError("With --json nothing can be asked: give --yes too.")
    with progress_line() as progress, selection.open(choice, "w" if apply else "r", progress=progress) as opened:
        found = opened.collect_garbage(keep_days, keep_commits, dry_run=True, progress=progress)
        if apply and found:
            if not as_json:
                click.echo(_plan(choice, found))
            if not yes:
                agree("Delete this for good?")
            goes_over = over_of(opened, over)
            found = opened.collect_garbage(keep_days, keep_commits, dry_run=False, over=goes_over, progress=progress)
    if as_json:
        print_json({name: getattr(found, name) for name in type(found).__slots__})
    elif found.dry_run:
        click.echo(_plan(choice, found))
    else:
        click.echo(f"{escape(choice.name)}: freed {size(found.bytes_freed)}.")


def _plan(choice: Choice, found: Collected) -> str:
    """What a collection would do, in a sentence or two."""
    if not found:
        return f"{escape(choice.name)}: there is no garbage." + _young(found)
    objects = found.packs + found.segments + found.commits
    words = (
        f"{escape(choice.name)}: {count(found.commits_given_up, 'version')} to be given up, "
        f"{count(found.commits_kept, 'version')} kept; {count(objects, 'object')} to be deleted, {size(found.bytes_freed)}."
    )
    if found.uploads:
        words += f" {count(found.uploads, 'upload')} that nobody finished to be ended."
    if found.packs_rewritten:
        words += f" {count(found.packs_rewritten, 'pack')} of which little is needed to be written anew."
    return words + _young(found)


def _young(found: Collected) -> str:
    return f" {count(found.too_young, 'object')} more is too young to be deleted yet." if found.too_young else ""


@click.command()
@click.argument("database")
@click.argument("keys", nargs=-1, required=True)
@over_option
@_yes
@pass_selection
def forget(selection: Selection, database: str, keys: tuple[str, ...], over: str | None, yes: bool) -> None:
    """Remove every version of KEYS from the remote of DATABASE, and the history before, for good."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        if not yes:
            commits = opened.remote_commit.number if opened.remote_commit else 0
            tags = opened.tags()
            click.echo(
                f"{escape(choice.name)}: every version of {name_some(keys)} is removed from the remote, and the history of "
                f"up to {count(commits, 'commit')} with it"
                + (f", with its tags {name_some(sorted(tags))}" if tags else "")
                + ". Copies that others fetched stay with them."
            )
            agree("Forget this for good?")
        found = opened.forget(keys, over=over_of(opened, over), progress=progress)
    click.echo(
        f"{escape(choice.name)}: {count(found.versions, 'version')} of {count(len(set(keys)), 'key')} forgotten, "
        f"{count(found.commits_given_up, 'commit')} given up."
    )
