"""One more small edit on either side, so that a demo which was pushed and pulled has something to show again."""

from __future__ import annotations

import catalog
from catalog import Catalog, Database, Entry, KeyState

from .build import colleague_file
from .edits import COLLEAGUE, US
from .folder import DemoFolder


def edit_here(here: Catalog, entry: Entry, prefix: str) -> str:
    """Mark the next day below ``prefix`` as checked, without pushing it; the key.

    The day follows from the number of the last commit, so that the same run gives the same edit.
    """
    with here.open(entry, "w", lock="commit", pull=False, author=US) as opened:
        return _check_next(opened, prefix, US)


def push_as_colleague(folder: DemoFolder, group: str, entry: Entry, prefix: str) -> str:
    """Let the colleague mark the next month below ``prefix`` as checked, and push that; the key."""
    path = colleague_file(folder, group, entry.name)
    with catalog.open(entry.connection, path, "w", lock="commit", author=COLLEAGUE) as opened:
        key = _check_next(opened, prefix, COLLEAGUE)
        opened.changes().push(message=f"Check {key}")
    return key


def _check_next(database: Database, prefix: str, who: str) -> str:
    number = database.commit.number if database.commit else 0
    keys = [info.key for info in database.page(prefix=prefix) if info.state is not KeyState.DELETED]
    key = keys[number % len(keys)]
    database[key] = {**database[key], "checked": f"{who}, round {number}"}
    return key
