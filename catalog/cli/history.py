"""Commands about earlier versions of one database."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.changes import print_change
from catalog.cli.listing import as_json, count, print_json, print_table, size
from catalog.cli.over_option import over_of, over_option
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, choose, pass_selection
from catalog.cli.value_text import value_text
from catalog.errors import EntryMissingError
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.changes.change import Change
    from catalog.format.head import Commit

_VERSION = "VERSION is a commit number, the beginning of a commit id, a tag, or a time such as 2026-11-23T10:00."
_MOST_SHOWN = 100


@click.command()
@click.argument("database")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most N commits.")
@as_json
@pass_selection
def history(selection: Selection, database: str, limit: int, as_json: bool) -> None:
    """List the commits of DATABASE, newest first, with their tags."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        commits = list(opened.history(limit))
        names: dict[int, list[str]] = {}
        for name, number in opened.tags().items():
            names.setdefault(number, []).append(name)
    if as_json:
        print_json([{**_facts(commit), "tags": names.get(commit.number, [])} for commit in commits])
        return
    print_table(
        ("COMMIT", "ID", "TIME", "AUTHOR", "KEYS", "SIZE", "TAGS", "MESSAGE"),
        [
            (
                "ebooklet" if commit.from_ebooklet else str(commit.number),
                commit.id[:8],
                f"{commit.time:%Y-%m-%d %H:%M:%S}Z",
                commit.author,
                f"{commit.keys:,}",
                size(commit.size),
                " ".join(names.get(commit.number, [])),
                commit.message,
            )
            for commit in commits
        ],
    )


def _facts(commit: Commit) -> dict[str, Any]:
    return {
        "number": commit.number,
        "id": commit.id,
        "time": commit.time.isoformat(),
        "author": commit.author,
        "message": commit.message,
        "keys": commit.keys,
        "bytes": commit.size,
    }


@click.command(epilog=_VERSION)
@click.argument("database")
@click.argument("key")
@click.option("--at", "version", required=True, metavar="VERSION", help="Which state to read.")
@click.option("--raw", is_flag=True, help="Write the stored bytes as they are, for a file or another program.")
@pass_selection
def show(selection: Selection, database: str, key: str, version: str, raw: bool) -> None:
    """Print the value that KEY had in an earlier state of DATABASE."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, version=version, progress=progress) as opened:
        try:
            stored = opened.get_bytes(key)
        except KeyError:
            raise EntryMissingError(
                f"{choice.name} had no key {key!r} at {version}.", hint=f"`catalog history {choice.name}` lists its versions."
            ) from None
        shown = "" if raw else value_text(opened.decode(stored))
    click.echo(stored if raw else shown, nl=not raw)


@click.command(epilog=_VERSION)
@click.argument("database")
@click.argument("a", metavar="VERSION")
@click.argument("b", metavar="VERSION")
@click.option("--limit", type=click.IntRange(min=1), default=_MOST_SHOWN, show_default=True, help="At most N keys.")
@click.option("--names", is_flag=True, help="Only the keys, without old and new values.")
@as_json
@pass_selection
def compare(selection: Selection, database: str, a: str, b: str, limit: int, names: bool, as_json: bool) -> None:
    """Show what led from one version of DATABASE to another, with old and new values."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        found = opened.diff(a, b)
        if as_json:
            print_json([_sides(change) for change in found])
            return
        changes = opened.changes()
        shown = 0
        for change in islice(found, limit):
            print_change(opened, changes, change, with_values=not names)
            shown += 1
        more = sum(1 for _ in found)
    if not shown:
        click.echo(f"{escape(choice.name)}: {escape(a)} and {escape(b)} say the same.")
    if more:
        click.echo(f"  … and {count(more, 'more key')}")


def _sides(change: Change) -> dict[str, Any]:
    sides = {"before": change.base, "after": change.remote}
    return {
        "key": change.key,
        "kind": str(change.kind),
        **{name: {"timestamp": side.timestamp, "bytes": side.length} if side else None for name, side in sides.items()},
    }


@click.command(epilog=_VERSION)
@click.argument("database")
@click.argument("version")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
@over_option
@pass_selection
def revert(selection: Selection, database: str, version: str, message: str, over: str | None) -> None:
    """Make an earlier VERSION of DATABASE the newest, as a new commit; nothing in the history changes."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        commit = opened.revert(version, message=message, over=over_of(opened, over), progress=progress)
        conflicts = len(opened.changes().conflicts())
    click.echo(_made(choice, commit, f"is at {version} again", conflicts))


@click.command()
@click.argument("database")
@click.option("-m", "--message", default="", metavar="TEXT", help="Why.")
@over_option
@pass_selection
def undo(selection: Selection, database: str, message: str, over: str | None) -> None:
    """Take the last change of DATABASE back, as a new commit; to undo that too, run it again."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        commit = opened.undo(message=message, over=over_of(opened, over), progress=progress)
        conflicts = len(opened.changes().conflicts())
    click.echo(_made(choice, commit, "was taken back by one change", conflicts))


def _made(choice: Choice, commit: Commit, what: str, conflicts: int) -> str:
    words = f"{escape(choice.name)} {escape(what)}: commit {commit.number}, {count(commit.keys, 'key')}."
    if conflicts:
        words += f" {count(conflicts, 'unpushed change')} met it: see `catalog diff {escape(choice.name)}`."
    return words


@click.group()
def tag() -> None:
    """Name versions of a database: a tag opens by name, and keeps its version from garbage collection."""


@tag.command("add", epilog=_VERSION)
@click.argument("database")
@click.argument("name")
@click.option("--at", "version", metavar="VERSION", help="Which version to name. Default: the newest.")
@over_option
@pass_selection
def add_tag(selection: Selection, database: str, name: str, version: str | None, over: str | None) -> None:
    """Call a version of DATABASE by NAME."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        opened.tag(name, version, over=over_of(opened, over), progress=progress)
        number = opened.tags()[name]
    click.echo(f"{escape(choice.name)}: commit {number} is {escape(name)} now.")


@tag.command("remove")
@click.argument("database")
@click.argument("name")
@over_option
@pass_selection
def remove_tag(selection: Selection, database: str, name: str, over: str | None) -> None:
    """Remove the tag NAME; its version stays until garbage collection."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        opened.untag(name, over=over_of(opened, over), progress=progress)
    click.echo(f"{escape(choice.name)}: the tag {escape(name)} is removed.")


@tag.command("list")
@click.argument("database")
@as_json
@pass_selection
def list_tags(selection: Selection, database: str, as_json: bool) -> None:
    """List the tags of DATABASE with their commits."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        found = opened.tags()
    if as_json:
        print_json(found)
    elif found:
        print_table(("TAG", "COMMIT"), [(name, str(number)) for name, number in sorted(found.items())])
    else:
        click.echo(f"{escape(choice.name)} has no tags.", err=True)
