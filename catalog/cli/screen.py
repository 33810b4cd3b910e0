"""The commands that open the screen program, on a terminal or for a browser, and that show its settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from catalog.cli.selection import Selection, pass_selection
from catalog.locations import config_folder, data_folder
from catalog.text import escape

_SETTINGS = "tui.toml"
_settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file with settings. Default: the one that `catalog settings` names.",
)


@click.command()
@click.option("--read-only", is_flag=True, help="Look, but change nothing.")
@_settings_option
@click.option("--web", is_flag=True, help="Serve it to browsers of this machine, at an address that holds a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="With --web. Default: any that is free.")
@pass_selection
def tui(selection: Selection, read_only: bool, settings_file: Path | None, web: bool, port: int) -> None:
    """Open the screen program."""
    if settings_file is not None and not settings_file.exists():
        raise click.BadParameter(f"there is no file {escape(str(settings_file))}.", param_hint="--settings")
    if web:
        _serve(selection, read_only, settings_file, port)
        return
    if not (_is_served() or (sys.stdin.isatty() and sys.stdout.isatty())):
        raise click.ClickException("The screen program needs a terminal. `catalog --help` lists what works without one.")
    open_screen(selection, read_only=read_only, settings_file=settings_file)


@click.command()
def settings() -> None:
    """Print where the settings of the screen program are, and a file with all of them to begin with.

    The first line goes to stderr, so that `catalog settings > FILE` writes a file that can be used.
    """
    from tui.settings import annotated

    path = settings_path()
    there = "is read at the start" if path.exists() else "does not exist yet; every setting has its default"
    click.echo(f"{escape(str(path))} {there}.", err=True)
    click.echo(annotated(), nl=False)


def settings_path() -> Path:
    """Where the settings of the screen program are; the file need not exist."""
    return config_folder() / _SETTINGS


def open_screen(selection: Selection, *, read_only: bool = False, settings_file: Path | None = None) -> None:
    """Run the screen program on the selected catalog until it is left."""
    from tui.app import is_busy, run

    keeps = selection.folder.absolute() if selection.folder else data_folder()
    code = run(selection.catalog, read_only=read_only, settings_file=settings_file or settings_path(), keeps=keeps)
    if is_busy():
        # As it ends, the interpreter stops such a thread where it is; inside a foreign library that can abort the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    if code:
        raise click.exceptions.Exit(code)


def _is_served() -> bool:
    """Whether a web server of ours runs this, in place of a terminal."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith("WebDriver")


def _serve(selection: Selection, read_only: bool, settings_file: Path | None, port: int) -> None:
    try:
        from tui.web.server import serve
    except ModuleNotFoundError as error:
        raise click.ClickException("This needs a web server: `pip install 'booklet-catalog[web]'`.") from error
    command = [sys.executable, "-m", "catalog.cli"]
    command += ["--catalog", str(selection.folder.absolute())] if selection.folder else []
    command += ["tui", "--read-only"] if read_only else ["tui"]
    command += ["--settings", str(settings_file.absolute())] if settings_file else []

    def tell(address: str) -> None:
        click.echo(f"Open {address}\nOnly this machine can reach it, and only with this address. Ctrl-C ends it.")

    try:
        serve(command, port, tell)
    except OSError as error:
        raise click.ClickException(f"Port {port} cannot be used: {error.strerror}.") from None
