"""The demo's tour as text: groups, databases, a difference, a push, a pull, a conflict, and what to try next."""

from __future__ import annotations

import os
import shlex
import shutil

import click

from catalog.cli.changes import print_change, pull_words, push_words
from catalog.cli.listing import count, print_table, size
from catalog.cli.selection import Choice, Selection, all_choices, choose
from catalog.cli.status import state_words
from catalog.cli.value_text import value_text
from catalog.demo.edits import COLLEAGUE, US
from catalog.demo.folder import DemoFolder
from catalog.demo.next_edits import edit_here, push_as_colleague
from catalog.errors import ConflictError
from catalog.groups.catalog import Catalog
from catalog.text import escape

_CHANGED_HERE = "earth/daily-weather"
_CHANGED_THERE = "earth/mauna-loa-co2"
_IN_CONFLICT = "america/airports"
_EXAMPLES = {
    "earth/daily-weather": "seattle/2012-01-04",
    "earth/hourly-temperature": "seattle/2010-07-28",
    "earth/mauna-loa-co2": "1958/05",
    "america/annual-messages": "1863/lincoln/003",
    "america/flights": "2013-01-01/JFK/B6725",
}
_MOST_SHOWN = 3
_MOST_LINES = 8


class Tour:
    """Shows the demo in ``folder``; it may be taken again and again, each time with new edits where the old are settled."""

    def __init__(self, folder: DemoFolder) -> None:
        self._folder = folder
        self._selection = Selection(folder.catalog)
        self._catalog = Catalog(folder.catalog)

    def show(self) -> None:
        """Print the whole tour."""
        variable = "set" if os.name == "nt" else "export"
        click.echo(f"\nYou are {US}; {COLLEAGUE} works on the same databases. All of it is in {escape(str(self._folder.path))}.")
        click.echo("The commands beside the titles can be typed after this:")
        click.echo(f"  {variable} CATALOG_DIR={escape(shlex.quote(str(self._folder.catalog)))}")
        self._prepare()
        self._show_groups()
        self._show_databases()
        self._show_values()
        self._push()
        self._pull()
        self._meet_a_conflict()
        self._suggest()

    def _choice(self, name: str) -> Choice:
        return choose(self._catalog, name)

    def _prepare(self) -> None:
        """Make a new edit on either side where an earlier tour has settled the last one."""
        ours, theirs = self._choice(_CHANGED_HERE), self._choice(_CHANGED_THERE)
        if not self._catalog.status(ours.entry, refresh=False).ahead:
            edit_here(self._catalog, ours.entry, "seattle/")
        if not self._catalog.status(theirs.entry).behind:
            push_as_colleague(self._folder, theirs.group, theirs.entry, "19")

    def _show_groups(self) -> None:
        _head("Groups, each a list of databases that can be shared", "catalog groups")
        print_table(
            ("GROUP", "DATABASES", "REMOTE"),
            (
                (record.name, str(len(self._catalog.entries(record.name))), str(record.connection))
                for record in self._catalog.groups()
            ),
        )

    def _show_databases(self) -> None:
        _head("Databases, and how they stand to their remotes", "catalog status")
        choices = all_choices(self._catalog)
        found = [(choice, self._catalog.status(choice.entry)) for choice in choices]
        print_table(
            ("DATABASE", "STATE", "KEYS", "SIZE", "DESCRIPTION"),
            (
                (choice.name, state_words(status), f"{status.keys:,}", size(status.size), choice.entry.description)
                for choice, status in found
            ),
        )

    def _show_values(self) -> None:
        _head("Values of all types", "catalog get earth/daily-weather seattle/2012-01-04")
        for name, key in _EXAMPLES.items():
            with self._selection.open(self._choice(name)) as opened:
                lines = value_text(opened.decode(opened.get_bytes(key))).splitlines()
            click.echo(click.style(f"{name}  {key}", fg="cyan"))
            for line in lines[:_MOST_LINES]:
                click.echo(f"    {_shortened(line)}")
            if len(lines) > _MOST_LINES:
                click.echo(f"    … {count(len(lines) - _MOST_LINES, 'more line')}")

    def _push(self) -> None:
        choice = self._choice(_CHANGED_HERE)
        _head("What you changed and did not push yet, before (-) and after (+)", f"catalog diff {choice.name}")
        with self._selection.open(choice, "w", author=US) as opened:
            changes = opened.changes()
            for change in changes.outgoing():
                print_change(opened, changes, change, with_values=True)
            _head("Push it", f"catalog push {choice.name} -m 'Correct two days'")
            click.echo(push_words(choice, changes.push(message="Correct what was published")))

    def _pull(self) -> None:
        choice = self._choice(_CHANGED_THERE)
        _head(f"What {COLLEAGUE} pushed meanwhile", f"catalog diff {choice.name}")
        with self._selection.open(choice, "w", author=US) as opened:
            changes = opened.changes()
            incoming = changes.incoming()
            for change in incoming[:_MOST_SHOWN]:
                print_change(opened, changes, change, with_values=True)
            if len(incoming) > _MOST_SHOWN:
                click.echo(f"  … and {count(len(incoming) - _MOST_SHOWN, 'more key')}")
            _head("Pull it", f"catalog pull {choice.name}")
            click.echo(pull_words(choice, changes.pull()))

    def _meet_a_conflict(self) -> None:
        choice = self._choice(_IN_CONFLICT)
        with self._selection.open(choice, "w", author=US) as opened:
            changes = opened.changes()
            conflicts = changes.conflicts()
            if not conflicts:
                return
            _head("The same key changed on both sides", f"catalog diff {choice.name}")
            for change in conflicts:
                print_change(opened, changes, change, with_values=True)
            _head("A push does not overwrite it", f"catalog push {choice.name}")
            try:
                click.echo(push_words(choice, changes.push()))
            except ConflictError as error:
                click.echo(escape(error.message))

    def _suggest(self) -> None:
        _head("Try next")
        for command, why in (
            ("catalog", "look around on the screen"),
            (
                "catalog keys america/flights --prefix 2013-02-14/JFK --limit 5",
                "some of 50,000; values come when they are read",
            ),
            ("catalog get earth/storms 2005/katrina", "a pickle, read without running code"),
            ("catalog resolve america/airports NV/LAS --mine", "end the conflict, then push"),
            ("catalog demo --fresh", "start over"),
        ):
            click.echo(f"  {command:<64} {why}")


def _head(title: str, command: str = "") -> None:
    click.echo(f"\n{click.style(title, bold=True)}{click.style('   $ ' + command, dim=True) if command else ''}")


def _shortened(line: str) -> str:
    room = max(40, shutil.get_terminal_size().columns - 4)
    return line if len(line) <= room else line[: room - 1] + "…"
