"""Expunging: values removed from a remote's whole history, for good."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from catalog.objectstore.interface import ByteRange
from catalog.progress import Progress
from catalog.remote.garbage import needed_names
from catalog.remote.head import StoredHead
from catalog.remote.index_segment import Entry
from catalog.remote.object_names import ObjectNames
from catalog.remote.objects import list_objects
from catalog.remote.pack import TRAILER_BYTES, decode_directory, directory_range
from catalog.remote.remote import Remote
from catalog.session import Session

from .collect import rewrite, without_keys
from .push import HeldLease
from .versions import commit_over, following


@dataclass(frozen=True, slots=True)
class Expunged:
    """What was removed: keys of the newest state, versions in all, packs, commits given up, and tags that went with them."""

    keys: int
    versions: int
    packs: int
    commits_given_up: int
    tags: tuple[str, ...]


def expunge(
    session: Session, newest: StoredHead, keys: Collection[str], author: str, lease: HeldLease | None, progress: Progress
) -> tuple[Expunged, StoredHead]:
    """Remove every version of ``keys`` from the remote: from the newest state, the history, and packs that nobody needs.

    Other values of the same packs are written anew. All earlier commits are given up, since they would refer to what is gone; so
    are their tags. What others fetched before stays with them.
    """
    remote, wanted = session.remote, set(keys)
    progress.begin("looking for the keys in the history")
    history = list(remote.history(newest))
    holding = {stored.head.number: found for stored in history if (found := _versions(remote, stored, wanted))}
    entries = {entry for found in holding.values() for entry in found.values()}
    packs = {entry.pack for entry in entries} | _packs_with(remote, wanted, progress)
    current = holding.get(newest.head.number, {})
    oldest = newest.head.number + 1
    tags = tuple(tag for tag in newest.head.tags if tag.number >= oldest)
    cleaned = msgspec.structs.replace(
        newest.head,
        runs=rewrite(session, newest, packs, set(current), progress),
        oldest=oldest,
        tags=tags,
        message=f"Expunge {len(wanted):,} keys",
        **without_keys(newest.head, len(current), sum(entry.length for entry in current.values())),
        **following(newest.head, newest.commit_id, author),
    )
    made = commit_over(remote, cleaned, newest, lease)
    progress.begin("deleting")
    needed = needed_names(remote, [made], progress)
    gone = [found.name for found in list_objects(remote.store, remote.names) if _is_old(found.name, needed, remote.names, packs)]
    remote.store.delete_many(gone)
    lost = tuple(tag.name for tag in newest.head.tags if tag.number < oldest)
    return Expunged(len(current), len(entries), len(packs), len(history), lost), made


def _versions(remote: Remote, stored: StoredHead, keys: Collection[str]) -> dict[str, Entry]:
    snapshot = remote.snapshot(stored)
    return {key: entry for key in keys if (entry := snapshot.find(key)) is not None}


def _packs_with(remote: Remote, keys: set[str], progress: Progress) -> set[bytes]:
    """All packs, needed or not, whose directories name one of the keys."""
    found: set[bytes] = set()
    for listed in list_objects(remote.store, remote.names):
        if not listed.name.startswith(remote.names.packs):
            continue
        what = f"{remote.where}: {listed.name}"
        trailer = remote.store.get(listed.name, ByteRange(listed.size - TRAILER_BYTES, TRAILER_BYTES)).body
        start, length = directory_range(trailer, listed.size, what)
        pack = bytes.fromhex(listed.name.rpartition("/")[2])
        directory = decode_directory(remote.store.get(listed.name, ByteRange(start, length), most=length).body, pack, what)
        if not keys.isdisjoint(directory.keys):
            found.add(pack)
        progress.advance(0, 1)
    return found


def _is_old(name: str, needed: set[str], names: ObjectNames, packs: Collection[bytes]) -> bool:
    """Whether an object is to go now: what named the keys, or is a state that held them."""
    if name in needed:
        return False
    if name.startswith(names.packs):
        return bytes.fromhex(name.rpartition("/")[2]) in packs
    return True
