"""Blame: which commit made the version of a key that a remote has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from catalog.changes.change import METADATA, Change, Version, metadata_version, version_of_entry
from catalog.format.head import Commit, StoredHead
from catalog.remote.remote import Remote


def blame(remote: Remote, newest: StoredHead, changes: Iterable[Change]) -> dict[str, Commit]:
    """The commits that made the remote's versions of some changed keys, by key; those of a given-up history are left out.

    Goes back in the history, one small request for each commit, only until all are found.
    """
    wanted = {change.key: change.remote for change in changes}
    found: dict[str, Commit] = {}
    later = newest
    for stored in islice(remote.history(newest), 1, None):
        if not wanted:
            return found
        snapshot = remote.snapshot(stored)
        snapshot.prefetch(key for key in wanted if key != METADATA)
        made = [key for key, version in wanted.items() if _at(remote, stored, key) != version]
        found.update((key, later.commit) for key in made)
        wanted = {key: version for key, version in wanted.items() if key not in found}
        later = stored
    if later.head.parent is None:
        found.update((key, later.commit) for key, version in wanted.items() if version is not None)
    return found


def _at(remote: Remote, stored: StoredHead, key: str) -> Version | None:
    if key == METADATA:
        return metadata_version(stored.head.metadata)
    return version_of_entry(remote.snapshot(stored).find(key))
