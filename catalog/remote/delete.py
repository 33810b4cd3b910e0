"""Deleting what lies below a database's key, once its head says that it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from catalog.errors import PreconditionFailedError
from catalog.progress import Progress
from catalog.remote.commit import read_head
from catalog.remote.objects import list_objects
from catalog.remote.place import Place

_BATCH = 1000


def delete_objects(place: Place, confirm: Callable[[], None], progress: Progress) -> int:
    """Delete the packs, the index, the commits and at last the head of a database; how many objects it had.

    The caller holds the lease, which ``confirm`` makes sure of before each request that deletes. Raises what that raises, and
    PreconditionFailedError, having deleted nothing more, when the head is a database's.
    """
    count = 1
    for batch in _batches(found.name for found in list_objects(place)):
        confirm()
        place.store.delete_many(batch)
        count += len(batch)
        progress.advance(0, len(batch))
    confirm()
    if read_head(place) is not None:
        raise PreconditionFailedError(place.store.where, place.names.head)
    place.store.delete(place.names.head)
    return count


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, _BATCH)):
        yield batch
