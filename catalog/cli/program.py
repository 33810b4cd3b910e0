"""The program `catalog`: its options, its commands, and the one place where errors become messages."""

from __future__ import annotations

import importlib
import io
import logging
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import click

from catalog.cli.failure import INTERRUPTED, report_failure
from catalog.cli.overview import write_sections
from catalog.cli.selection import Selection
from catalog.cli.terminal import wants_color

COMMANDS = {
    "add": "databases",
    "add-group": "groups",
    "approvals": "approvals",
    "collect-garbage": "garbage",
    "compare": "history",
    "copy": "remotes",
    "create": "create",
    "credentials": "credentials",
    "databases": "databases",
    "delete": "remotes",
    "demo": "demo",
    "diff": "changes",
    "discard": "changes",
    "doctor": "doctor",
    "edit": "arranging",
    "export": "exchange",
    "forget": "garbage",
    "get": "keys",
    "groups": "groups",
    "history": "history",
    "import": "exchange",
    "keys": "keys",
    "lock": "lock",
    "move": "arranging",
    "pull": "changes",
    "push": "changes",
    "push-group": "groups",
    "relocate": "arranging",
    "remove": "arranging",
    "remove-group": "groups",
    "resolve": "changes",
    "revert": "history",
    "search": "search",
    "set": "values",
    "settings": "screen",
    "settle": "settle",
    "show": "history",
    "status": "status",
    "tag": "history",
    "tui": "screen",
    "undo": "history",
    "unset": "values",
}
"""Which module of this package has which command; it is imported when the command is named."""

_ATTRIBUTES = {"import": "import_", "set": "set_"}
"""What is called otherwise in its module, because Python has its name."""


class _Text(click.ParamType):  # type: ignore[type-arg]
    """Text as people write it: bytes that are no UTF-8 could be no name and no key."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the text."""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("this is not text in UTF-8.", param, ctx)
        return value


def _take_only_text(command: click.Command) -> None:
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = _TEXT
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _take_only_text(inner)


_TEXT = _Text()


class Program(click.Group):
    """A group of commands that are imported when needed, and whose failures are told in words, never as tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[cmd_name]}", __package__)
        command: click.Command = getattr(module, _ATTRIBUTES.get(cmd_name) or cmd_name.replace("-", "_"))
        _take_only_text(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write what each command is for, without loading any."""
        write_sections(formatter)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was named; one that was mistyped is answered with those that are like it."""
        if args[0] not in COMMANDS and (alike := get_close_matches(args[0], COMMANDS, 2)):
            ctx.fail(f"No such command {args[0]!r}. Do you mean {' or '.join(map(repr, alike))}?")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **more: Any) -> NoReturn:
        """Run and exit: 0 done, 1 failed, 2 wrongly used, 130 interrupted."""
        try:
            code = super().main(*args, **{**more, "standalone_mode": False})
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 -- this is the one place
            sys.exit(report_failure(error))
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--catalog",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CATALOG_DIR",
    show_envvar=True,
    metavar="DIR",
    help="The catalog's folder. Default: the user data folder.",
)
@click.version_option(package_name="booklet-catalog", prog_name="catalog")
@click.pass_context
def cli(ctx: click.Context, folder: Path | None) -> None:
    """Keep key/value databases in step with S3.

    Alone, `catalog` opens the screen program. `catalog demo` shows everything on real data, without an account or a server.
    """
    ctx.obj = Selection(folder)
    # Commands tell by themselves what an opening finds out.
    logging.getLogger("catalog").addHandler(logging.NullHandler())
    if not wants_color():
        ctx.color = False
    if ctx.invoked_subcommand is not None:
        return
    if sys.stdin.isatty() and sys.stdout.isatty():
        from catalog.cli.screen import open_screen

        open_screen(ctx.obj)
    else:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Run the program `catalog`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli.main(prog_name="catalog")
