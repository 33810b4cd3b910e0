"""Commands that bring files into a database, and write a database into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.input_options import FORMATS, input_options
from catalog.cli.listing import count, size
from catalog.cli.progress_line import progress_line
from catalog.cli.selection import Selection, choose, pass_selection
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.exchange.importing import ImportPlan
    from catalog.exchange.rows import InputOptions


@click.command("import")
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path))
@input_options
@click.option("-n", "--dry-run", is_flag=True, help="Check PATH from end to end and say what would be done.")
@pass_selection
def import_(selection: Selection, database: str, path: Path, reading: InputOptions, dry_run: bool) -> None:
    """Set keys of DATABASE from a CSV, JSON lines or Parquet file, or from a folder of files.

    Nothing is set unless all of PATH can be read; what is set are changes that `push` sends and `discard` takes back.
    """
    from catalog.exchange.importing import import_file, plan_import

    choice = choose(selection.catalog(), database)
    with progress_line() as progress, selection.open(choice, "r" if dry_run else "w", progress=progress) as opened:
        if dry_run:
            plan = plan_import(path, opened, reading, progress=progress)
        else:
            plan = import_file(opened, path, reading, progress=progress)
    click.echo(f"{escape(choice.name)}: {plan_words(plan, done=not dry_run)}.{'' if dry_run else ' `catalog push` sends them.'}")


def plan_words(plan: ImportPlan, *, done: bool) -> str:
    """``3 keys were set, 1 of them in place of what was there, 812 B of values``."""
    verb = ("was set" if plan.keys == 1 else "were set") if done else "would be set"
    replaced = f", {plan.replaced:,} of them in place of what was there" if plan.replaced else ""
    if plan.edits_replaced:
        replaced += f" ({plan.edits_replaced:,} of these not pushed yet)"
    return f"{count(plan.keys, 'key')} {verb}{replaced}, {size(plan.value_bytes)} of values"


@click.command()
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=FORMATS, help="Default: by the ending of PATH; without one, a folder of files.")
@click.option("--prefix", default="", metavar="TEXT", help="Only keys that begin with TEXT.")
@click.option("--key", default="key", show_default=True, metavar="COLUMN", help="The name of the column of the keys.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there; a folder is never replaced.")
@pass_selection
def export(selection: Selection, database: str, path: Path, format_: str | None, prefix: str, key: str, overwrite: bool) -> None:
    """Write the keys and values of DATABASE to a CSV, JSON lines or Parquet file, or to a folder of files.

    JSON lines keep every value that is JSON as it is, a folder keeps the stored bytes; CSV and Parquet are tables of the
    fields that values have.
    """
    from catalog.exchange.exporting import export_file
    from catalog.exchange.rows import OutputOptions

    choice = choose(selection.catalog(), database)
    options = OutputOptions(format_ or "", key, prefix, overwrite)
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        done = export_file(opened, path, options, progress=progress)
    click.echo(f"{escape(choice.name)}: {count(done.keys, 'key')} written to {escape(str(path))}, {size(done.file_bytes)}.")
