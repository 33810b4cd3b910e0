"""Commands about the keys and values of one database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.listing import as_json, print_json, print_table, size
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, choose, pass_selection
from catalog.cli.value_text import value_text
from catalog.errors import EntryMissingError
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.database.database import Database
    from catalog.session.key_info import KeyInfo

_PAGE = 1000


@click.command()
@click.argument("database")
@click.argument("key")
@click.option("--raw", is_flag=True, help="Write the stored bytes as they are, for a file or another program.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the stored bytes to a new file, or with - to standard output.",
)
@pass_selection
def get(selection: Selection, database: str, key: str, raw: bool, path: Path | None) -> None:
    """Print the value of KEY in DATABASE."""
    raw = raw or str(path) == "-"
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        try:
            stored = opened.get_bytes(key)
        except KeyError:
            raise EntryMissingError(
                f"{choice.name} has no key {key!r}.", hint=f"`catalog keys {choice.name} --prefix …` lists keys."
            ) from None
        if path is not None and not raw:
            from catalog.exchange.exporting import write_value

            write_value(stored, path)
            return
        shown = "" if raw else value_text(opened.decode(stored))
    click.echo(stored if raw else shown, nl=not raw)


@click.command()
@click.argument("database")
@click.option("--prefix", default="", metavar="TEXT", help="Only keys that begin with TEXT.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N keys.")
@click.option("--long", "long", is_flag=True, help="With size, time and state.")
@as_json
@pass_selection
def keys(selection: Selection, database: str, prefix: str, limit: int | None, long: bool, as_json: bool) -> None:
    """List the keys of DATABASE in order; --long and --json include those whose deletion is not pushed yet."""
    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        listed = _all_keys(opened, prefix)
        if not (long or as_json):
            listed = (info for info in listed if str(info.state) != "deleted")
        found = islice(listed, limit)
        if as_json:
            print_json(
                [
                    {
                        "key": info.key,
                        "bytes": info.size,
                        "timestamp": info.timestamp,
                        "state": str(info.state),
                        "verified": info.verified,
                    }
                    for info in found
                ]
            )
        elif long:
            print_table(
                ("KEY", "SIZE", "TIME", "STATE"),
                [(info.key, size(info.size), time_words(info.timestamp), str(info.state)) for info in found],
            )
        else:
            for info in found:
                click.echo(escape(info.key))


def time_words(microseconds: int) -> str:
    """A timestamp as UTC date and time."""
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} µs"
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def _all_keys(database: Database, prefix: str) -> Iterator[KeyInfo]:
    after = None
    while page := database.page(after, _PAGE, prefix):
        yield from page
        after = page[-1].key
