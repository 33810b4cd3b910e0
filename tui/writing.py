"""The writes of the program: each opens the database for itself, acts, and closes it again."""

from __future__ import annotations

from collections.abc import Sequence

from catalog import Catalog, Database, Entry, Progress

from .messages import Discarded, Pulled
from .trust import Vouching


def open_for_writing(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Database:
    """Open a database to change it; what others push meanwhile is met, not kept out."""
    return catalog.open(entry, "w", lock="commit", pull=False, progress=progress, **vouching)


def pull(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Pulled:
    """Bring the changes of others into the working copy."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        return Pulled(entry, database.changes().pull(progress=progress))


def discard(
    catalog: Catalog, entry: Entry, vouching: Vouching, keys: Sequence[str] | None, count: int, progress: Progress
) -> Discarded:
    """Give up unpushed changes: those of ``keys``, or all."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        database.changes().discard(keys)
        return Discarded(entry, count)
