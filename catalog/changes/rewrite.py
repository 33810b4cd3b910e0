"""Rewriting: values of some packs move to new ones, and the index says so and nothing else of them any more."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from catalog.format import runs as index
from catalog.format.head import SegmentRef, StoredHead
from catalog.format.segment import DELETED, EncodedSegment, Entry
from catalog.progress import Progress
from catalog.remote.repack import repack
from catalog.remote.upload import Uploads
from catalog.session.session import Session

_EVERY_RUN = 1 << 53
"""So many expected keys that all runs are merged into one, which names no pack that no value is read from."""


def new_salt() -> int:
    """A salt that no head had before."""
    return secrets.randbits(52) | 1


def rewrite(
    session: Session,
    newest: StoredHead,
    packs: Collection[bytes],
    without: Collection[str],
    salt: int,
    progress: Progress,
) -> tuple[tuple[SegmentRef, ...], ...]:
    """Write the values of ``packs`` anew and leave the keys ``without`` out; the runs of an index that knows neither any more."""
    remote = session.remote
    snapshot = remote.snapshot(newest)
    progress.begin("writing packs anew")

    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:

        def put(segment: EncodedSegment) -> None:
            session.cache.put_segment(segment.segment_id, segment.body)
            uploads.put(remote.names.segment(segment.segment_id), lambda: segment.body, len(segment.body))

        moved = repack(remote, snapshot, packs, without, salt, uploads, progress)
        deleted = ((key, Entry(newest.head.time, DELETED, 0, 0, bytes(8))) for key in sorted(without))
        keys_each = index.keys_per_segment(newest.head.keys)
        entries = index.newest([deleted, moved])
        return index.extend(newest.head.runs, entries, _EVERY_RUN, keys_each, remote.load_segment, put, salt)
