"""Commands about what differs between a working copy and its remote."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import click

from catalog.cli.listing import as_json, count, print_json, size
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, choose, pass_selection
from catalog.cli.value_text import difference, value_text
from catalog.errors import EbookletFormatError, EntryMissingError, UntrustedValueError, name_some
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.changes.change import Change
    from catalog.changes.changes import Changes
    from catalog.changes.options import PushResult
    from catalog.changes.pull import PullResult
    from catalog.database.database import Database
    from catalog.progress import Progress

_MARKS = {"added": ("A", "green"), "modified": ("M", "yellow"), "deleted": ("D", "red")}
_WORDS = {
    "outgoing": "outgoing, not pushed yet",
    "incoming": "incoming, not pulled yet",
    "conflict": "changed on both sides",
}
_WHO = {"local": "here:  ", "remote": "there: "}
_MOST_SHOWN = 100


@click.command()
@click.argument("database")
@click.option("--limit", type=click.IntRange(min=1), default=_MOST_SHOWN, show_default=True, help="At most N of each kind.")
@click.option("--names", is_flag=True, help="Only the keys, without old and new values.")
@as_json
@pass_selection
def diff(selection: Selection, database: str, limit: int, names: bool, as_json: bool) -> None:
    """Show what DATABASE and its remote do not have in common, with old and new values."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        changes = opened.changes()
        parts = {"outgoing": changes.outgoing(), "incoming": changes.incoming(), "conflict": changes.conflicts()}
        if as_json:
            print_json({name: [_facts(change) for change in found] for name, found in parts.items()})
            return
        for name, found in parts.items():
            if found:
                click.echo(click.style(f"{count(len(found), 'key')} {_WORDS[name]}", bold=True))
                for change in islice(found, limit):
                    print_change(opened, changes, change, with_values=not names)
                if len(found) > limit:
                    click.echo(f"  … and {count(len(found) - limit, 'more key')}")
    if not any(parts.values()):
        click.echo(f"{escape(choice.name)} is in step with its remote.")


def print_change(database: Database, changes: Changes, change: Change, *, with_values: bool) -> None:
    """Print one changed key and, if asked, the lines of its value that differ: ``-`` before, ``+`` after."""
    mark, color = _MARKS[str(change.kind)]
    click.echo(f"  {click.style(mark, fg=color)} {escape(change.key) or '(metadata)'}")
    if not with_values:
        return
    direction = str(change.direction)
    for side in ("local", "remote") if direction == "conflict" else ("local",) if direction == "outgoing" else ("remote",):
        before, after = (_side(database, changes.value(change, name)) for name in ("base", side))
        who = _WHO[side] if direction == "conflict" else ""
        for sign, line in difference(before, after):
            click.echo(click.style(f"      {who}{sign} {line}", fg="red" if sign == "-" else "green"))


def _side(database: Database, stored: bytes | None) -> str:
    if stored is None:
        return ""
    try:
        return value_text(database.decode(stored))
    except UntrustedValueError as error:
        return f"({error.message})"


def _facts(change: Change) -> dict[str, Any]:
    sides = {"base": change.base, "local": change.local, "remote": change.remote}
    return {
        "key": change.key,
        "kind": str(change.kind),
        **{name: {"timestamp": side.timestamp, "bytes": side.length} if side else None for name, side in sides.items()},
    }


@click.command()
@click.argument("database")
@click.option("-m", "--message", default="", metavar="TEXT", help="What this push is about.")
@click.option("--key", "only", multiple=True, metavar="KEY", help="Push only this key; may be given more than once.")
@click.option("--skip-conflicts", is_flag=True, help="Leave keys that someone else changed too for later, and push the rest.")
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.option("--create", is_flag=True, help="Where the remote was deleted, make it anew of what is on this machine.")
@pass_selection
def push(
    selection: Selection, database: str, message: str, only: tuple[str, ...], skip_conflicts: bool, dry_run: bool, create: bool
) -> None:
    """Send the unpushed changes of DATABASE to its remote."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "c" if create else "w", progress=progress) as opened:
        changes = opened.changes()
        _check_changed(choice, changes, only)
        result = changes.push(
            message=message, progress=progress, keys=only or None, skip_conflicts=skip_conflicts, dry_run=dry_run
        )
    if dry_run:
        click.echo(
            f"{escape(choice.name)}: a push would send {count(result.keys, 'key')}, {size(result.bytes_up)} in about "
            f"{count(result.requests, 'request')}."
        )
    else:
        click.echo(push_words(choice, result))


def _check_changed(choice: Choice, changes: Changes, keys: tuple[str, ...]) -> None:
    """Raise EntryMissingError for a key without a change of this machine."""
    if missing := sorted(set(keys) - {change.key for change in changes.iter_changes()} if keys else ()):
        raise EntryMissingError(
            f"{choice.name} has no unpushed change of {name_some(missing)}.",
            hint=f"`catalog diff {choice.name}` lists what has changed. Nothing was done.",
        )


@click.command()
@click.argument("database")
@pass_selection
def pull(selection: Selection, database: str) -> None:
    """Bring what others pushed into the working copy of DATABASE."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, _open_to_pull(selection, choice, progress) as opened:
        result = opened.changes().pull(progress=progress)
    click.echo(pull_words(choice, result))


def _open_to_pull(selection: Selection, choice: Choice, progress: Progress) -> Database:
    try:
        return selection.open(choice, "w", progress=progress)
    except EbookletFormatError:
        # A reader brings what ebooklet's programs pushed.
        return selection.open(choice, "r", progress=progress)


def push_words(choice: Choice, result: PushResult) -> str:
    """What a push did, in a sentence."""
    if result.commit is None or not result.keys:
        return f"{escape(choice.name)}: nothing to push."
    return (
        f"{escape(choice.name)}: pushed {count(result.keys, 'key')}, {size(result.bytes_up)} in "
        f"{count(result.requests, 'request')}, as commit {result.commit.number}."
    )


def pull_words(choice: Choice, result: PullResult) -> str:
    """What a pull did, in a sentence or two."""
    if not result.keys and not result.conflicts:
        return f"{escape(choice.name)}: nothing to pull."
    commit = result.commit
    place = "ebooklet's newest" if commit is not None and commit.from_ebooklet else f"commit {commit.number if commit else 0}"
    words = f"{escape(choice.name)}: pulled {count(result.keys, 'key')}, {size(result.bytes_down)}; now at {place}."
    if result.conflicts:
        words += (
            f" {count(len(result.conflicts), 'key')} changed on both sides and kept as here: "
            f"{name_some(result.conflicts)}. See `catalog diff {escape(choice.name)}`."
        )
    return words


@click.command()
@click.argument("database")
@click.argument("keys", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Discard every unpushed change.")
@pass_selection
def discard(selection: Selection, database: str, keys: tuple[str, ...], everything: bool) -> None:
    """Give up unpushed changes of DATABASE: of the named KEYS, or --all."""
    if bool(keys) == everything:
        raise click.UsageError("Name the keys whose changes are to be discarded, or give --all.")
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        changes = opened.changes()
        _check_changed(choice, changes, keys)
        discarded = changes.discard(None if everything else keys)
    click.echo(f"{escape(choice.name)}: {count(discarded, 'change')} discarded.")


@click.command()
@click.argument("database")
@click.argument("keys", nargs=-1, required=True)
@click.option("--mine", is_flag=True, help="Keep the value here; the next push puts it over theirs.")
@click.option("--theirs", is_flag=True, help="Take the remote's value; the edit here is given up.")
@pass_selection
def resolve(selection: Selection, database: str, keys: tuple[str, ...], mine: bool, theirs: bool) -> None:
    """Pull DATABASE and end the conflict of each of KEYS: keep --mine or take --theirs."""
    if mine == theirs:
        raise click.UsageError("Say whose value is to stay: --mine or --theirs.")
    side: Literal["mine", "theirs"] = "mine" if mine else "theirs"
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "w", progress=progress) as opened:
        changes = opened.changes()
        missing = sorted(set(keys) - {change.key for change in changes.conflicts()})
        if missing:
            raise EntryMissingError(
                f"{choice.name} has no conflict about {name_some(missing)}.",
                hint=f"`catalog diff {choice.name}` lists conflicts. Nothing was resolved.",
            )
        changes.pull(progress=progress)
        changes.resolve(keys, side)
    click.echo(f"{escape(choice.name)}: {count(len(set(keys)), 'conflict')} resolved, {side} kept.")
