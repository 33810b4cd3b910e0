"""Make the demo: publish its databases as the colleague, take them over here, and let both go on working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from catalog.database.database import Database
from catalog.demo.databases import GROUPS, Copy, DemoDatabase, DemoGroup
from catalog.demo.edits import COLLEAGUE, US, Edits, Story
from catalog.demo.folder import DemoFolder
from catalog.demo.remotes import Remotes
from catalog.groups.catalog import Catalog
from catalog.groups.entry import Entry
from catalog.groups.group import ConnectionGroup
from catalog.groups.open import open as open_database

PUBLISHED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PUSHED_AT = datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
EDITED_AT = datetime(2026, 3, 10, 8, 15, tzinfo=UTC)

Say = Callable[[str], None]


def make_demo(folder: DemoFolder, remotes: Remotes, say: Say, *, fresh: bool = False) -> bool:
    """Make the demo in ``folder`` unless it is there already; whether it was made now.

    Raises:
        InvalidInputError: when the folder is not the demo's.
        LocalFileError: when it cannot be written.
        LockTimeoutError: when another process is making it and does not finish.
    """
    with folder.lock():
        if folder.is_outdated():
            say("the demo here was made by another version of this program: it is made anew")
        if folder.claim(fresh=fresh):
            return False
        here = Catalog(folder.catalog)
        for group in GROUPS:
            say(f"making the group {group.name}")
            _make_group(folder, remotes, here, group, say)
        folder.finish()
    return True


def colleague_file(folder: DemoFolder, group: str, database: str) -> Path:
    """Where the colleague's working copy of a database is."""
    return folder.colleague / f"{group}-{database}.blt"


def _make_group(folder: DemoFolder, remotes: Remotes, here: Catalog, group: DemoGroup, say: Say) -> None:
    stories = {database.name: database.story(database.records()) for database in group.databases}
    here.add_group(group.name, remotes.connection(f"groups/{group.name}"))
    with here.open_group(group.name, "c", lock="commit", author=COLLEAGUE) as opened:
        for database in group.databases:
            say(f"  publishing {database.name}: {len(stories[database.name].published):,} keys")
            _publish(folder, remotes, opened, group, database, stories[database.name])
        opened.changes().push(message=f"Describe {len(group.databases)} databases")
    for entry in here.entries(group.name):
        database = next(database for database in group.databases if database.name == entry.name)
        if database.copy is not Copy.NOTHING:
            _take_over(here, entry, database)
        _go_on(folder, here, entry, group, database, stories[database.name])


def _publish(
    folder: DemoFolder, remotes: Remotes, group: ConnectionGroup, of: DemoGroup, database: DemoDatabase, story: Story
) -> None:
    connection = remotes.connection(f"{of.name}/{database.name}")
    path = colleague_file(folder, of.name, database.name)
    path.parent.mkdir(exist_ok=True)
    with open_database(connection, path, "n", database.serializer, lock="commit", author=COLLEAGUE) as opened:
        _set_all(opened, Edits(story.published), PUBLISHED_AT)
        opened.changes().push(message=f"Publish {database.name}")
    group.add(connection, name=database.name, description=database.description, tags=database.tags)


def _take_over(here: Catalog, entry: Entry, database: DemoDatabase) -> None:
    with here.open(entry, "w", lock="commit", author=US) as opened:
        if database.copy is Copy.VALUES:
            opened.load_items()


def _go_on(folder: DemoFolder, here: Catalog, entry: Entry, group: DemoGroup, database: DemoDatabase, story: Story) -> None:
    if story.theirs:
        path = colleague_file(folder, group.name, database.name)
        with open_database(entry.connection, path, "w", lock="commit", author=COLLEAGUE) as opened:
            _set_all(opened, story.theirs, PUSHED_AT)
            opened.changes().push(message=_message(story.theirs))
    if story.ours:
        with here.open(entry, "w", lock="commit", pull=False, author=US) as opened:
            _set_all(opened, story.ours, EDITED_AT)


def _set_all(database: Database, edits: Edits, at: datetime) -> None:
    timestamp = int(at.timestamp() * 1_000_000)
    for key, value in edits.put.items():
        database.set(key, value, timestamp)
    for key in edits.delete:
        del database[key]


def _message(edits: Edits) -> str:
    keys = sorted(edits.put)
    return f"Update {keys[0]}" if len(keys) == 1 else f"Update {len(keys)} keys, {keys[0]} to {keys[-1]}"
