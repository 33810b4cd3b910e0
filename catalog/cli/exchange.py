"""Commands that bring files into a database, and write a database into files."""

from __future__ import annotations

import sys
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
    from catalog.exchange.returns import Change
    from catalog.exchange.rows import InputOptions


_MOST_NAMED = 20


@click.command("import")
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@input_options
@click.option("-n", "--dry-run", is_flag=True, help="Check PATH from end to end and say what would be done.")
@pass_selection
def import_(selection: Selection, database: str, path: Path, reading: InputOptions, dry_run: bool) -> None:
    """Set keys of DATABASE from a CSV, JSON lines or Parquet file, or from a folder of files; - is standard input.

    Nothing is set unless all of PATH can be read; what is set are changes that `push` sends and `discard` takes back. What is
    the same already is no change.
    """
    from catalog.exchange.importing import import_file, plan_import

    choice = choose(selection.catalog(), database)
    source = sys.stdin.buffer if str(path) == "-" else path
    with progress_line() as progress, selection.open(choice, "r" if dry_run else "w", progress=progress) as opened:
        if dry_run:
            plan = plan_import(source, opened, reading, progress=progress)
        else:
            plan = import_file(opened, source, reading, progress=progress)
    tell_left_out(plan)
    sends = "" if dry_run or not (plan.new or plan.replaced) else " `catalog push` sends them."
    click.echo(f"{escape(choice.name)}: {plan_words(plan, done=not dry_run)}.{sends}")


def plan_words(plan: ImportPlan, *, done: bool) -> str:
    """``3 keys were set, 1 of them in place of what was there, 812 B of values``."""
    count_set = plan.new + plan.replaced
    verb = ("was set" if count_set == 1 else "were set") if done else "would be set"
    words = f"{count(count_set, 'key')} {verb}"
    if plan.replaced:
        words += f", {plan.replaced:,} of them in place of what was there"
    if plan.edits_replaced:
        words += f" ({plan.edits_replaced:,} of these not pushed yet)"
    if plan.same:
        words += f", {plan.same:,} {'is' if plan.same == 1 else 'are'} the same already"
    return f"{words}, {size(plan.value_bytes)} of values"


def tell_left_out(plan: ImportPlan) -> None:
    """Name what makes no key, on stderr."""
    for found in plan.left_out[:_MOST_NAMED]:
        click.echo(f"left out: {escape(found.name)}: {found.reason}", err=True)
    if (more := len(plan.left_out) - _MOST_NAMED) > 0:
        click.echo(f"left out: {more:,} more", err=True)


@click.command()
@click.argument("database")
@click.argument("path", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "format_", type=FORMATS, help="Default: by the ending of PATH; without one, a folder of files.")
@click.option("--prefix", default="", metavar="TEXT", help="Only keys that begin with TEXT.")
@click.option("--key", default="key", show_default=True, metavar="COLUMN", help="The name of the column of the keys.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there; a folder is never replaced.")
@click.option("--excel-safe", is_flag=True, help="In CSV put an apostrophe before text that a spreadsheet takes for a formula.")
@pass_selection
def export(
    selection: Selection,
    database: str,
    path: Path,
    format_: str | None,
    prefix: str,
    key: str,
    overwrite: bool,
    excel_safe: bool,
) -> None:
    """Write the keys and values of DATABASE to a CSV, JSON lines or Parquet file, or to a folder of files; - is standard output.

    JSON lines keep every value that is JSON as it is, a folder keeps the stored bytes; CSV and Parquet are tables of the
    fields that values have. What another import would not bring as it is, is said before. Devices and pipes are written
    through; a link stays.
    """
    from catalog.exchange.exporting import export_file
    from catalog.exchange.rows import OutputOptions

    choice = choose(selection.catalog(), database)
    options = OutputOptions(format_ or "", key, prefix, overwrite, excel_safe)
    is_stream = str(path) == "-"
    if is_stream and not format_:
        raise click.UsageError("Say with --format what standard output gets: csv, jsonl or parquet.")
    with progress_line() as progress, selection.open(choice, progress=progress) as opened:
        target = sys.stdout.buffer if is_stream else path
        done = export_file(opened, target, options, progress=progress, tell=_tell)
    place = "standard output" if is_stream else str(path)
    words = f"{escape(choice.name)}: {count(done.keys, 'key')} written to {escape(place)}, {size(done.file_bytes)}."
    # What goes to standard output is read by another program.
    click.echo(words, err=is_stream or place.startswith(("/dev/", "/proc/")))


def _tell(changes: tuple[Change, ...]) -> None:
    for change in changes[:_MOST_NAMED]:
        click.echo(f"not the same when imported: {escape(change.column)}: {escape(change.how)}", err=True)
    if (more := len(changes) - _MOST_NAMED) > 0:
        click.echo(f"not the same when imported: {more:,} more columns", err=True)
