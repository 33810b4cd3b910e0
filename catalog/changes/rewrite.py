"""Rewriting: values of some packs move to new ones, and the index says so and nothing else of them any more."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from catalog.format import runs
from catalog.format.head import Metadata, StoredHead
from catalog.format.segment import DELETED, Entry
from catalog.format.version import METADATA
from catalog.progress import Progress
from catalog.remote.index_writer import Index
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
    *,
    files: Collection[bytes] = (),
) -> tuple[Index, Metadata | None]:
    """Write the values of ``packs``, and what the commit held itself, anew and leave the keys ``without`` out.

    The index and the metadata of a commit that knows neither any more; none of its segments lies in one of the index ``files``.
    """
    remote = session.remote
    snapshot = remote.snapshot(newest)
    progress.begin("writing packs anew")

    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:

        def put(name: str, body: bytes) -> None:
            uploads.put(name, lambda: body, len(body))

        writer = remote.index_writer(put, salt)
        moved = repack(remote, snapshot.items(), packs, without, salt, uploads, progress)
        entries = runs.newest([_deletions(newest, without), _held_elsewhere(newest, packs), moved])
        index = writer.extend(newest, entries, _EVERY_RUN, newest.head.keys, files)
        metadata = newest.head.metadata
        if metadata is not None and metadata.pack in packs:
            metadata = Metadata.of(next(repack(remote, [(METADATA, metadata.entry)], packs, (), salt, uploads, progress))[1])
        return index, metadata


def _held_elsewhere(newest: StoredHead, packs: Collection[bytes]) -> list[tuple[str, Entry]]:
    """What the commit held itself of values in other packs: these stay where they are, and are to be found all the same."""
    held = newest.changes.items() if newest.changes is not None else ()
    return [(key, entry) for key, entry in held if not entry.deleted and entry.inline is None and entry.pack not in packs]


def _deletions(newest: StoredHead, without: Collection[str]) -> list[tuple[str, Entry]]:
    """Deletions of keys, and of those that the commit held as deleted."""
    held = newest.changes.items() if newest.changes is not None else ()
    gone = {key: entry for key, entry in held if entry.deleted}
    gone.update((key, Entry(newest.head.time, DELETED, 0, 0, bytes(8))) for key in without)
    return sorted(gone.items())
