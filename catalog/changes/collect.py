"""Collecting garbage: old commits are given up, objects that nothing needs any more are deleted, thin packs written anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from catalog.errors import InvalidInputError
from catalog.progress import Progress
from catalog.remote import index
from catalog.remote.garbage import Garbage, Keep, Kept, choose_commits, find_garbage, needed_names
from catalog.remote.head import Head, SegmentRef, StoredHead
from catalog.remote.index_segment import DELETED, EncodedSegment, Entry
from catalog.remote.object_names import ObjectNames
from catalog.remote.pack import TARGET_BYTES
from catalog.remote.remote import Remote
from catalog.remote.repack import live_bytes, repack
from catalog.remote.upload import Uploads
from catalog.session import Session

from .push import HeldLease
from .versions import commit_over, following

_THIN = 0.3
"""The share of a pack that must still be needed, below which its values move to a new one."""

_BATCH = 1000
_SHORTEST_GRACE = timedelta(hours=25)
"""A push that was cut short takes up packs that it finds for 24 hours."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection found, or did: commits kept and given up, objects and bytes freed, objects too young to
    touch, and packs written anew.
    """

    dry_run: bool
    commits_kept: int
    commits_given_up: int
    packs: int
    segments: int
    commits: int
    bytes_freed: int
    too_young: int
    packs_rewritten: int


def check_grace(grace: timedelta) -> None:
    """Raise InvalidInputError for a grace period that would endanger running pushes."""
    if grace < _SHORTEST_GRACE:
        raise InvalidInputError(
            f"A grace period of {grace} would endanger running pushes.", hint=f"Give at least {_SHORTEST_GRACE}."
        )


def collect(
    session: Session,
    newest: StoredHead,
    keep: Keep,
    grace: timedelta,
    author: str,
    lease: HeldLease | None,
    progress: Progress,
    *,
    dry_run: bool,
) -> tuple[Collected, StoredHead]:
    """Free what no kept commit needs, and the newest head after it. With ``dry_run`` only say what would be freed.

    The history is shortened by a commit first, so that from then on nobody builds on what is being deleted; then the objects are
    deleted. A collection that was cut short is finished by repeating it.
    """
    remote = session.remote
    progress.begin("reading the history")
    kept = choose_commits(remote, newest, keep)
    thin = _thin_packs(remote, kept)
    given_up = kept.oldest - newest.head.oldest
    current = newest
    if not dry_run:
        current = _shorten(session, newest, kept, thin, author, lease, progress)
        kept.row.insert(0, current)
    progress.begin("looking for what nobody needs")
    garbage = find_garbage(remote, needed_names(remote, kept.all, progress), grace)
    if not dry_run:
        _delete(remote, garbage, progress)
    return _report(remote.names, garbage, kept, given_up, len(thin), dry_run=dry_run), current


def _thin_packs(remote: Remote, kept: Kept) -> set[bytes]:
    """Packs of which the newest commit needs something, but all kept ones together need little."""
    snapshots = [remote.snapshot(stored) for stored in kept.all]
    needed = live_bytes(snapshots)
    current = live_bytes(snapshots[:1])
    small = {pack for pack, size in needed.items() if pack in current and size < TARGET_BYTES * _THIN}
    sizes = {pack: remote.store.head(remote.names.pack(pack)).size for pack in small}
    return {pack for pack in small if needed[pack] < sizes[pack] * _THIN}


def _shorten(
    session: Session,
    newest: StoredHead,
    kept: Kept,
    thin: Collection[bytes],
    author: str,
    lease: HeldLease | None,
    progress: Progress,
) -> StoredHead:
    message = f"Collect garbage: keep the history from commit {kept.oldest} on"
    runs = rewrite(session, newest, thin, (), progress) if thin else newest.head.runs
    shortened = msgspec.structs.replace(
        newest.head,
        oldest=max(kept.oldest, newest.head.oldest),
        runs=runs,
        message=message,
        **following(newest.head, newest.commit_id, author),
    )
    return commit_over(session.remote, shortened, newest, lease)


def rewrite(
    session: Session, newest: StoredHead, packs: Collection[bytes], without: Collection[str], progress: Progress
) -> tuple[tuple[SegmentRef, ...], ...]:
    """Write the values of ``packs`` anew and delete the keys ``without``; the runs of the index that say so."""
    remote = session.remote
    snapshot = remote.snapshot(newest)
    progress.begin("writing packs anew")

    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:

        def put(segment: EncodedSegment) -> None:
            session.sidecar.put_segment(segment.segment_id, segment.body)
            uploads.put(remote.names.segment(segment.segment_id), lambda: segment.body, len(segment.body))

        moved = repack(remote, snapshot, packs, without, uploads, progress)
        deleted = ((key, Entry(newest.head.time, DELETED, 0, 0, bytes(8))) for key in sorted(without))
        keys_each = index.keys_per_segment(newest.head.keys)
        entries = index.newest([deleted, moved])
        return index.extend(newest.head.runs, entries, newest.head.keys, keys_each, remote.load_segment, put)


def _delete(remote: Remote, garbage: Garbage, progress: Progress) -> None:
    names = [found.name for found in garbage.objects]
    progress.begin("deleting", 0, len(names))
    for start in range(0, len(names), _BATCH):
        remote.store.delete_many(names[start : start + _BATCH])
        progress.advance(0, len(names[start : start + _BATCH]))


def _report(names: ObjectNames, garbage: Garbage, kept: Kept, given_up: int, rewritten: int, *, dry_run: bool) -> Collected:
    def count(prefix: str) -> int:
        return sum(found.name.startswith(prefix) for found in garbage.objects)

    return Collected(
        dry_run=dry_run,
        commits_kept=len(kept.all),
        commits_given_up=given_up,
        packs=count(names.packs),
        segments=count(names.segments),
        commits=count(names.commits),
        bytes_freed=garbage.size,
        too_young=garbage.young,
        packs_rewritten=rewritten,
    )


def without_keys(newest: Head, removed: int, removed_bytes: int) -> dict[str, int]:
    """The totals of a head after keys were removed."""
    return {"keys": newest.keys - removed, "value_bytes": newest.value_bytes - removed_bytes}
