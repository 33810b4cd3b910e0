"""The command that opens the screen program."""

from __future__ import annotations

import sys

import click

from .selection import Selection, pass_selection


@click.command()
@click.option("--read-only", is_flag=True, help="Look, but change nothing.")
@pass_selection
def tui(selection: Selection, read_only: bool) -> None:
    """Open the screen program."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("The screen program needs a terminal. `catalog --help` lists what works without one.")
    open_screen(selection, read_only=read_only)


def open_screen(selection: Selection, *, read_only: bool = False) -> None:
    """Run the screen program on the selected catalog until it is left."""
    from tui.app import run  # noqa: PLC0415 -- Textual is loaded when it is shown

    code = run(selection.catalog(), read_only=read_only)
    if code:
        raise click.exceptions.Exit(code)
