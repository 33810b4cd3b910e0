"""The option that lets a command go on top of commits that were not pulled here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from catalog.database.database import Database
    from catalog.format.head import Commit

over_option = click.option(
    "--over",
    metavar="VERSION",
    help="Go on top of what others pushed and was not pulled here, if VERSION is the newest of it.",
)


def over_of(opened: Database, version: str | None) -> Commit | None:
    """The commit that the option names; EntryMissingError when there is none."""
    return opened.commit_at(version) if version is not None else None
