"""Blame: which commit made the version of a key that a remote has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from catalog.changes.change import Change
from catalog.format.head import Commit, StoredHead
from catalog.format.version import Version
from catalog.remote.remote import Remote
from catalog.remote.snapshot import Snapshot


def blame(remote: Remote, newest: StoredHead, changes: Iterable[Change]) -> dict[str, Commit]:
    """The commits that made the remote's versions of some changed keys, by key; those of a given-up history are left out.

    Goes back in the history, one small request for each commit, only until all are found.
    """
    wanted = {change.key: change.remote for change in changes}
    found: dict[str, Commit] = {}
    later = newest.commit
    for commit in islice(remote.kept(newest), 1, None):
        if not wanted:
            return found
        snapshot = remote.snapshot(remote.commit(commit.number, commit.id))
        snapshot.prefetch(wanted)
        made = [key for key, version in wanted.items() if _at(snapshot, key) != version]
        found.update((key, later) for key in made)
        wanted = {key: version for key, version in wanted.items() if key not in found}
        later = commit
    if later.parent is None:
        found.update((key, later) for key, version in wanted.items() if version is not None)
    return found


def _at(snapshot: Snapshot, key: str) -> Version | None:
    entry = snapshot.find(key)
    return entry.version if entry is not None else None
