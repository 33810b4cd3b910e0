"""Which catalog, group and database a command is about."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from catalog.errors import CatalogError, EntryMissingError, InvalidInputError, NotApprovedError, name_some
from catalog.text import escape

if TYPE_CHECKING:
    from catalog.database.database import Database
    from catalog.groups.catalog import Catalog
    from catalog.groups.entry import Entry


_MOST_ALIKE = 3
_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Choice:
    """One database of a catalog, and the name of its group."""

    group: str
    entry: Entry

    @property
    def name(self) -> str:
        """How a command names it: ``group/database``."""
        return f"{self.group}/{self.entry.name or self.entry.key}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the options before the command select; ``folder`` None is the user's own catalog."""

    folder: Path | None

    def catalog(self) -> Catalog:
        """The selected catalog."""
        from catalog.groups.catalog import Catalog

        return Catalog(self.folder)

    def open(self, choice: Choice, flag: Literal["r", "w", "c", "n"] = "r", **more: Any) -> Database:
        """Open the working copy of ``choice`` as commands do: nothing is pulled, the remote is locked for a push only.

        On a terminal, the first use of a place that a group suggests is asked about.
        """
        catalog = self.catalog()
        ask_approval(catalog, choice)
        opened = catalog.open(choice.entry, flag, origin=choice.group, pull=False, lock="commit", **more)
        if opened.parted is not None:
            click.echo(f"{click.style('warning:', fg='yellow')} {escape(opened.parted.message)}", err=True)
            click.echo(f"{click.style('hint:', fg='cyan')} `catalog settle {escape(choice.name)}` shows the ways out.", err=True)
        for notice in opened.notices:
            if opened.parted is None or notice != str(opened.parted):
                click.echo(f"{click.style('warning:', fg='yellow')} {escape(notice)}", err=True)
        return opened


def ask_approval(catalog: Catalog, choice: Choice) -> None:
    """Ask whether the place where ``choice`` is may be used, unless that was approved before; remember a yes.

    Raises:
        NotApprovedError: without a terminal to ask on.
        click.Abort: when the answer is no.
    """
    from catalog.credentials import approve

    try:
        catalog.require_approval(choice.entry, origin=choice.group)
    except NotApprovedError as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        click.echo(escape(error.message), err=True)
        what = "may files be written there" if choice.entry.connection.is_folder else "may your keys sign requests to it"
        click.confirm(f"Do you know this place, and {what}?", abort=True, err=True)
        approve(choice.entry.connection, choice.group)


pass_selection = click.make_pass_decorator(Selection)


def all_choices(catalog: Catalog, group: str | None = None) -> list[Choice]:
    """All databases of a catalog, or of one of its groups.

    Of all groups, those that cannot be read now are named on stderr and left out.

    Raises:
        EntryMissingError: when there is no such group.
        CatalogError: when the group, or each one, cannot be read.
    """
    names = [record.name for record in catalog.groups()]
    if group is not None and group not in names:
        raise EntryMissingError(
            f"There is no group {group!r} in this catalog.",
            hint=f"Its groups are {name_some(names)}." if names else "It has no groups yet: `catalog add-group NAME`.",
        )
    choices: list[Choice] = []
    problems: dict[str, CatalogError] = {}
    for name in names if group is None else (group,):
        try:
            choices += (Choice(name, entry) for entry in catalog.entries(name))
        except CatalogError as error:
            problems[name] = error
    if problems and len(problems) == (len(names) if group is None else 1):
        raise next(iter(problems.values()))
    for name, problem in problems.items():
        click.echo(f"{click.style('warning:', fg='yellow')} {escape(f'{name} is left out: {problem.message}')}", err=True)
    return choices


def choose(catalog: Catalog, text: str) -> Choice:
    """The database that ``text`` names: ``group/name``, a name that only one database has, or the id of one.

    Raises:
        EntryMissingError: when nothing is called that.
        InvalidInputError: when more than one database is.
    """
    group, slash, _ = text.partition("/")
    if slash and any(record.name == group for record in catalog.groups()):
        # No other group is asked for one that was named in full: it may be far away, or locked.
        found = [choice for choice in all_choices(catalog, group) if text == choice.name]
        if len(found) == 1:
            return found[0]
    choices = all_choices(catalog)
    found = [choice for choice in choices if text in (choice.name, choice.entry.key)]
    found = found or [choice for choice in choices if text == choice.entry.name]
    if len(found) == 1:
        return found[0]
    if found:
        names = {choice.name for choice in found}
        told = name_some(sorted(names) if len(names) == len(found) else (choice.entry.key for choice in found))
        raise InvalidInputError(f"{text!r} is the name of {len(found)} databases.", hint=f"Say which: {told}.")
    alike = get_close_matches(text, [choice.name for choice in choices], _MOST_ALIKE, _ALIKE)
    hint = f"Do you mean {name_some(alike)}? " if alike else ""
    raise EntryMissingError(f"There is no database {text!r} in this catalog.", hint=f"{hint}`catalog databases` lists them.")
