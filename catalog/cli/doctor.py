"""The command that tries a place and says what works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.cli.connection_options import connection_options
from catalog.cli.listing import as_json, print_json
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, ask_approval, choose, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.connection import S3Connection
    from catalog.doctor import Check, Diagnosis

_COLORS = {"works": "green", "limited": "yellow", "fails": "red", "not checked": "bright_black"}


@click.command()
@click.argument("database", required=False)
@connection_options
@click.option("--deep", is_flag=True, help="Fetch every value of the database and verify its checksum.")
@as_json
@pass_selection
@click.pass_context
def doctor(
    ctx: click.Context,
    selection: Selection,
    database: str | None,
    connection: S3Connection | None,
    deep: bool,
    as_json: bool,
) -> None:
    """Try what is needed of a place, and look its database over; exits with 1 if something fails.

    DATABASE is one of the catalog; or say with options which place. Nothing is left behind.
    """
    from catalog.doctor import examine

    if (database is None) == (connection is None):
        raise click.UsageError("Name a database of the catalog, or say where with --db-key and --bucket, or --url.")
    if database is not None:
        catalog = selection.catalog()
        choice = choose(catalog, database)
        ask_approval(catalog, choice)
        connection = choice.entry.connection
    assert connection is not None
    with progress_line() as progress:
        found = examine(connection, deep=deep, progress=progress)
    if as_json:
        print_json(_facts(found))
    else:
        _print(found)
    ctx.exit(0 if found.healthy else 1)


def _print(found: Diagnosis) -> None:
    click.echo(click.style(escape(found.where), bold=True))
    width = max(len(str(check.verdict)) for check in found.checks)
    for check in found.checks:
        verdict = click.style(f"{check.verdict!s:<{width}}", fg=_COLORS[str(check.verdict)])
        click.echo(f"  {verdict}  {check.name}: {escape(check.found)}")
        for line in (check.meaning, check.advice):
            if line:
                click.echo(f"  {'':<{width}}    {escape(line)}")


def _facts(found: Diagnosis) -> dict[str, Any]:
    return {"where": found.where, "healthy": found.healthy, "checks": [_check(check) for check in found.checks]}


def _check(check: Check) -> dict[str, str]:
    return {
        "name": check.name,
        "verdict": str(check.verdict),
        "found": check.found,
        "meaning": check.meaning,
        "advice": check.advice,
    }
