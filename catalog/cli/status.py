"""The command that says how databases stand to their remotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.cli.listing import as_json, count, print_json, print_table, size
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Choice, Selection, all_choices, choose, pass_selection

if TYPE_CHECKING:
    from catalog.groups.status import Status


@click.command()
@click.argument("database", required=False)
@click.option("--offline", is_flag=True, help="Say what was last seen, without asking any remote.")
@as_json
@pass_selection
def status(selection: Selection, database: str | None, offline: bool, as_json: bool) -> None:
    """Say how DATABASE, or every database, stands to its remote."""
    catalog = selection.catalog()
    choices = [choose(catalog, database)] if database else all_choices(catalog)
    with progress_line() as progress:
        found = [
            (choice, catalog.status(choice.entry, refresh=not offline, progress=progress, origin=choice.group))
            for choice in choices
        ]
    if as_json:
        print_json([_facts(choice, state) for choice, state in found])
        return
    if not found:
        click.echo("There are no databases here yet. `catalog add GROUP NAME` adds one.", err=True)
        return
    print_table(
        ("DATABASE", "STATE", "KEYS", "SIZE", "COMMIT", ""),
        ((choice.name, state_words(state), *_totals(state), state.problem) for choice, state in found),
    )


def state_words(status: Status) -> str:
    """``in step``, ``3 ahead, 2 behind``, ``1 conflict, 2 ahead``, or what keeps the state from being known."""
    parts = []
    if status.conflicts:
        parts.append(count(status.conflicts, "conflict"))
    if status.ahead:
        parts.append(f"{status.ahead:,} ahead")
    if status.behind:
        parts.append(f"{status.behind:,} behind")
    return ", ".join(parts) or str(status.state)


def _totals(status: Status) -> tuple[str, str, str]:
    made = status.commit
    number = "-" if made is None else "ebooklet" if made.from_ebooklet else str(made.number)
    return f"{status.keys:,}", size(status.size), number


def _facts(choice: Choice, status: Status) -> dict[str, Any]:
    return {
        "database": choice.name,
        "uuid": choice.entry.key,
        "state": str(status.state),
        "ahead": status.ahead,
        "behind": status.behind,
        "conflicts": status.conflicts,
        "keys": status.keys,
        "value_bytes": status.size,
        "commit": status.commit.number if status.commit else None,
        "remote_commit": status.remote_commit.number if status.remote_commit else None,
        "working_copy": status.file_exists,
        "problem": status.problem,
    }
