"""The writes of the program: each opens the database for itself, acts, and closes it again."""

from __future__ import annotations

from collections.abc import Sequence

from catalog import Catalog, Database, Entry, Progress

from .messages import Discarded, Pulled, Pushed, Resolved
from .trust import Vouching


def _open(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Database:
    return catalog.open(entry, "w", lock="commit", pull=False, progress=progress, **vouching)


def push(catalog: Catalog, entry: Entry, vouching: Vouching, message: str, progress: Progress) -> Pushed:
    """Send the unpushed changes of a database to its remote."""
    with _open(catalog, entry, vouching, progress) as database:
        return Pushed(entry, database.changes().push(message=message, progress=progress))


def pull(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Pulled:
    """Bring the changes of others into the working copy."""
    with _open(catalog, entry, vouching, progress) as database:
        return Pulled(entry, database.changes().pull(progress=progress))


def keep_mine(catalog: Catalog, entry: Entry, vouching: Vouching, key: str, progress: Progress) -> Resolved:
    """End the conflict of a key with the value of this copy."""
    with _open(catalog, entry, vouching, progress) as database:
        database.changes().resolve(key, "mine")
        return Resolved(entry, key)


def discard(
    catalog: Catalog, entry: Entry, vouching: Vouching, keys: Sequence[str] | None, count: int, progress: Progress
) -> Discarded:
    """Give up unpushed changes: those of ``keys``, or all."""
    with _open(catalog, entry, vouching, progress) as database:
        database.changes().discard(keys)
        return Discarded(entry, count)
