"""Deleting a remote: the head first, so that nobody sees a half of it, then what it named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from catalog.errors import PreconditionFailedError
from catalog.objectstore.interface import ObjectStore
from catalog.progress import Progress

from .commit import read_head
from .head import StoredHead
from .object_names import ObjectNames
from .objects import list_objects

_BATCH = 1000


def delete_remote(store: ObjectStore, names: ObjectNames, known: StoredHead | None, progress: Progress) -> int:
    """Delete a database with its history, exactly; how many objects it had.

    Raises PreconditionFailedError, having deleted nothing, when the remote is not at the commit ``known`` any more. A deletion
    that was cut short is finished by repeating it.
    """
    progress.begin("deleting the remote")
    newest = read_head(store, names)
    if newest is not None and (known is None or newest.commit_id != known.commit_id):
        raise PreconditionFailedError(store.where, names.head)
    if newest is not None:
        store.delete(names.head)
    count = int(newest is not None)
    for batch in _batches(found.name for found in list_objects(store, names)):
        store.delete_many(batch)
        count += len(batch)
        progress.advance(0, len(batch))
    return count


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, _BATCH)):
        yield batch
