"""Converting: a database that ebooklet wrote becomes one in our format at another place, all of it or nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from catalog.changes.options import HeldLease, PushOptions
from catalog.changes.push import push
from catalog.errors import GoneError, IntegrityError
from catalog.format.head import StoredHead
from catalog.format.version import METADATA
from catalog.local.booklet_header import Header, buckets_for
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.progress import Progress
from catalog.remote.copy import CopyResult
from catalog.remote.fetch import Failure
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.session.session import Session, WriteSession

_MOST_EXPECTED_KEYS = 1_728_017
_FILE_TIMEOUT = 60.0


def convert(session: Session, stored: StoredHead, target: Place, author: str, lease: HeldLease, progress: Progress) -> CopyResult:
    """Copy keys, values, their times, the metadata and the identity of a commit of ebooklet to a place in our format.

    Everything passes through a file beside the working copy; what was pushed is read back and verified. The caller holds the
    target's ``lease``. Raises GoneError, which names the keys, where the source lacks values that its index names.
    """
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=session.copy.path.parent) as folder:
        path = Path(folder) / "converted.blt"
        header = Header.parse(stored.head.header, session.remote.where)
        WorkingCopy.create(path, header.fresh(buckets_for(min(stored.head.keys, _MOST_EXPECTED_KEYS)), header.uuid))
        copy = WorkingCopy(path)
        try:
            writer = Writer(copy, timeout=_FILE_TIMEOUT, progress=progress)
            try:
                made = WriteSession(copy, Remote(target, copy.cache, session.remote.threads), writer)
                _fill(session, stored, writer, progress)
                options = PushOptions(author, f"Copied from ebooklet's {session.remote.where}", type=stored.head.type)
                result = push(made, options, lease, progress)
                _read_back(made, stored, progress)
            finally:
                writer.abandon()
        finally:
            copy.close()
    return CopyResult(result.requests, 0, 0, result.bytes_up)


def _fill(session: Session, stored: StoredHead, writer: Writer, progress: Progress) -> None:
    """Bring everything here."""
    progress.begin("fetching", stored.head.value_bytes, stored.head.keys)
    lost: dict[str, Failure] = {}
    for found in session.remote.values(session.remote.snapshot(stored).items_ahead(), progress):
        if isinstance(found, Failure):
            lost.update(dict.fromkeys(found.keys, found))
        else:
            for key, entry, value in found:
                writer.put(key, value, entry.timestamp)
    if lost:
        first = next(iter(lost.values())).error
        if len(lost) == 1 or not isinstance(first, GoneError):
            raise first
        raise GoneError(f"{len(lost):,} values cannot be had: {first.message}", key=next(iter(lost)), hint=first.hint)
    if (metadata := stored.metadata) is not None and metadata.inline is not None:
        writer.put(METADATA, metadata.inline, metadata.timestamp)


def _read_back(made: Session, stored: StoredHead, progress: Progress) -> None:
    """Fetch every value of the new database, each verified by the checksum of what was read from the old one."""
    newest = made.refresh()
    if newest is None or newest.head.keys != stored.head.keys:
        raise IntegrityError(f"{made.remote.where}: the copy is not what was copied.", hint="Delete it, and copy again.")
    progress.begin("verifying", newest.head.value_bytes, newest.head.keys)
    for found in made.remote.values(made.remote.snapshot(newest).items_ahead(), progress):
        if isinstance(found, Failure):
            raise found.error
