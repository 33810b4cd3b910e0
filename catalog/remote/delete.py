"""Deleting what lies below a database's prefix, once its head says that it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from catalog.errors import GoneError, PreconditionFailedError
from catalog.format.head import DELETED, StoredHead
from catalog.progress import Progress
from catalog.remote.commit import read_any_head
from catalog.remote.objects import list_objects, unfinished_uploads
from catalog.remote.reach import kept_commits, reach
from catalog.remote.remote import Remote

_BATCH = 1000


def delete_objects(remote: Remote, last: StoredHead | None, confirm: Callable[[], None], progress: Progress) -> int:
    """Delete all that the database had, and at last its head; how many objects that were.

    What its commits reach is deleted whatever a listing shows, what a listing shows besides, and unfinished uploads. ``last`` is
    the commit before the one that says that it is deleted, where that is known. The caller holds the lease, which ``confirm``
    makes sure of before each request that deletes. Raises what that raises, and PreconditionFailedError, having deleted nothing
    more, when the head is a database's.
    """
    place, count = remote.place, 0
    found = dict.fromkeys(_reached(remote, last, progress))
    found.update(dict.fromkeys(listed.name for listed in list_objects(place)))
    progress.begin("deleting the remote", 0, len(found))
    # commits last: a repetition finds by them what is left
    ordered = sorted(found, key=lambda name: name.startswith((place.names.commits, place.names.log)))
    for batch in _batches(ordered):
        confirm()
        place.store.delete_many(batch)
        count += len(batch)
        progress.advance(0, len(batch))
    for upload in unfinished_uploads(place):
        confirm()
        place.store.end_upload(upload)
    confirm()
    head = read_any_head(place)
    if head is not None and head.head.type != DELETED:
        raise PreconditionFailedError(place.store.where, place.names.head)
    place.store.delete(place.names.head)
    return count + (head is not None)


def _reached(remote: Remote, last: StoredHead | None, progress: Progress) -> Iterable[str]:
    """What the commits of a database need; of one whose deletion was cut short, what its listing shows has to do."""
    head = read_any_head(remote.place)
    newest = last if last is not None else head
    found = [remote.names.commit(head.head.number, head.commit_id)] if head is not None else []
    if newest is None:
        return found
    try:
        commits = kept_commits(remote, newest, progress)
        return [*reach(remote, newest, commits, progress).objects, *found]
    except GoneError:
        return found


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    stream = iter(names)
    while batch := list(islice(stream, _BATCH)):
        yield batch
