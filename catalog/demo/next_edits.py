"""One more small edit on either side, so that a demo which was pushed and pulled has something to show again."""

from __future__ import annotations

from catalog.database.database import Database
from catalog.demo.build import colleague_file
from catalog.demo.edits import COLLEAGUE, US
from catalog.demo.folder import DemoFolder
from catalog.groups.catalog import Catalog
from catalog.groups.entry import Entry
from catalog.groups.open import open as open_database
from catalog.session.key_info import KeyState


def edit_here(here: Catalog, entry: Entry, prefix: str) -> str:
    """Mark the next day below ``prefix`` as checked, without pushing it; the key.

    The day follows from the number of the last commit, so that the same run gives the same edit.
    """
    with here.open(entry, "w", lock="commit", pull=False, author=US) as opened:
        return _check_next(opened, prefix, US)


def push_as_colleague(folder: DemoFolder, group: str, entry: Entry, prefix: str) -> str:
    """Let the colleague mark the next month below ``prefix`` as checked, and push that; the key."""
    path = colleague_file(folder, group, entry.name)
    with open_database(entry.connection, path, "w", lock="commit", author=COLLEAGUE) as opened:
        key = _check_next(opened, prefix, COLLEAGUE)
        opened.changes().push(message=f"Check {key}")
    return key


def _check_next(database: Database, prefix: str, who: str) -> str:
    number = database.commit.number if database.commit else 0
    keys = [info.key for info in database.page(prefix=prefix) if info.state is not KeyState.DELETED]
    key = keys[number % len(keys)]
    database[key] = {**database[key], "checked": f"{who}, round {number}"}
    return key
