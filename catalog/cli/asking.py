"""Questions before what cannot be undone; where nobody can answer, an option does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from catalog.errors import InvalidInputError


def agree(question: str, option: str = "--yes") -> None:
    """Ask whether to go on.

    Raises:
        click.Abort: when the answer is no.
        click.UsageError: when there is nobody to answer; it names the option that does.
    """
    with _somebody(option):
        answer = click.confirm(question, err=True)
    if not answer:
        raise click.Abort


def type_name(purpose: str, names: tuple[str, ...], option: str) -> None:
    """Have the name of a database typed, which nobody does by mistake; any of ``names`` will do.

    Raises:
        InvalidInputError: when something else is typed.
        click.UsageError: when there is nobody to type; it names the option that does.
    """
    with _somebody(option):
        typed = click.prompt(f"To {purpose}, type the name of the database", err=True)
    check_name(typed, names)


def check_name(typed: str, names: tuple[str, ...]) -> None:
    """Raise InvalidInputError when what was typed is none of ``names``."""
    if typed not in names:
        raise InvalidInputError(f"{typed!r} is not the name of the database: nothing was done.", hint=f"It is {names[0]!r}.")


@contextmanager
def _somebody(option: str) -> Iterator[None]:
    try:
        yield
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise click.UsageError(f"There is nobody here to answer: give {option}.") from None
