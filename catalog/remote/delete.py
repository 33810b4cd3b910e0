"""Deleting what lies below a database's key, once its head says that it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from catalog.errors import PreconditionFailedError
from catalog.format.names import ObjectNames
from catalog.progress import Progress
from catalog.remote.commit import read_head
from catalog.remote.objects import list_objects
from catalog.store.interface import ObjectStore

_BATCH = 1000


def delete_objects(store: ObjectStore, names: ObjectNames, confirm: Callable[[], None], progress: Progress) -> int:
    """Delete the packs, the index, the commits and at last the head of a database; how many objects it had.

    The caller holds the lease, which ``confirm`` makes sure of before each request that deletes. Raises what that raises, and
    PreconditionFailedError, having deleted nothing more, when the head is a database's.
    """
    count = 1
    for batch in _batches(found.name for found in list_objects(store, names)):
        confirm()
        store.delete_many(batch)
        count += len(batch)
        progress.advance(0, len(batch))
    confirm()
    if read_head(store, names) is not None:
        raise PreconditionFailedError(store.where, names.head)
    store.delete(names.head)
    return count


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, _BATCH)):
        yield batch
