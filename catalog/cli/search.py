"""The command that searches the catalog."""

from __future__ import annotations

import click

from catalog.cli.listing import as_json, count, print_json, print_table
from catalog.cli.selection import Choice, Selection, all_choices, pass_selection


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="At most N databases.")
@as_json
@pass_selection
def search(selection: Selection, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find databases that have all WORDS somewhere in name, tags, description, owner, place or metadata."""
    from catalog.groups.search import SearchIndex

    index = SearchIndex((choice.group, choice.entry) for choice in all_choices(selection.catalog()))
    results = index.search(" ".join(words), limit)
    named = [(Choice(match.group, match.entry), match) for match in results.found]
    if as_json:
        print_json(
            [
                {"database": choice.name, "uuid": choice.entry.key, "field": match.field, "excerpt": match.excerpt}
                for choice, match in named
            ]
        )
        return
    if named:
        print_table(("DATABASE", "FOUND IN", ""), ((choice.name, match.field, match.excerpt) for choice, match in named))
    if results.total > len(named) or not named:
        more = f"{count(results.total, 'database')} found; {len(named):,} shown." if named else "Nothing was found."
        click.echo(more, err=True)
