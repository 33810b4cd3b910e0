"""The history of a remote: a walk from a head along its parents."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.format.head import StoredHead
from catalog.remote.commit import read_commit
from catalog.remote.place import Place


def walk(place: Place, newest: StoredHead) -> Iterator[StoredHead]:
    """The commit ``newest`` and those before it that are kept, newest first; IntegrityError where one is gone or damaged."""
    current = newest
    yield current
    while (parent := current.head.parent) is not None and parent.number >= newest.head.oldest:
        current = read_commit(place, parent.number, parent.id)
        yield current
