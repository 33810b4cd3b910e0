"""The three-way difference: base, working copy, remote. Reads indexes, never values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from catalog.changes.change import (
    METADATA,
    Change,
    Direction,
    Version,
    kind_of,
    metadata_version,
    unpack_metadata,
    version_of_entry,
    version_of_row,
)
from catalog.errors import GoneError
from catalog.format.checksum import checksum
from catalog.format.head import StoredHead
from catalog.format.segment import Entry
from catalog.local.table import Row, Status
from catalog.remote.snapshot import Snapshot
from catalog.session.session import Session, base_of

_BATCH = 5_000


def edits(session: Session) -> Iterator[tuple[Row, Entry | None, Entry | None]]:
    """The rows that differ from what they are based on, sorted by key: each with that, and with the base commit's entry."""
    base = session.base
    rows = session.table.edited() if not session.replacing else replacing_rows(session)
    while batch := list(islice(rows, _BATCH)):
        if base is not None:
            base.prefetch(row.key for row in batch)
        for row in batch:
            entry = base.find(row.key) if base is not None else None
            started = base_of(row, entry)
            if row.base is not None or not says_the_same(row, started):
                yield row, started, entry


def replacing_rows(session: Session) -> Iterator[Row]:
    """Every key of the base and of the working copy, as if each were edited: what is not held here is deleted."""
    base = session.base
    rows = (row for row in session.table.all() if row.status in (Status.COPY, Status.EDITED))
    row = next(rows, None)
    for key, entry in base.items() if base is not None else ():
        while row is not None and row.key < key:
            yield row
            row = next(rows, None)
        if row is not None and row.key == key:
            yield row
            row = next(rows, None)
        else:
            yield Row(key, Status.DELETED, entry.timestamp, 0, 0, bytes(8), 0, None)
    while row is not None:
        yield row
        row = next(rows, None)


def says_the_same(row: Row, entry: Entry | None) -> bool:
    """Whether a row says the same as an entry."""
    if row.status == Status.DELETED or entry is None:
        return row.status == Status.DELETED and entry is None
    return entry.is_version(row.timestamp, row.length, row.checksum)


def agrees(row: Row, started: Entry | None, arrives: Entry | None) -> bool:
    """Whether an edit and what someone else made of the same key are no conflict.

    They are none when both are the same version, or when both made the same bytes of other ones (or of nothing): the timestamp is
    then the other's. Where only timestamps were changed, they are what was edited.
    """
    if says_the_same(row, arrives):
        return True
    if row.status == Status.DELETED or arrives is None or _bytes_of(row) != _bytes_of(arrives):
        return False
    return started is None or _bytes_of(started) != _bytes_of(row)


def _bytes_of(version: Row | Entry) -> tuple[int, bytes]:
    return version.length, version.checksum


def incoming(session: Session, seen: StoredHead | None) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The keys that a newer commit has otherwise than the base: with both entries, sorted."""
    base = session.base
    if seen is None or (base is not None and base.stored.commit_id == seen.commit_id):
        return iter(())
    newest = session.remote.snapshot(seen)
    if base is None:
        newest.prefetch_all()
        return ((key, None, entry) for key, entry in newest.items())
    if base.stored.head.number < seen.head.oldest and not _is_left(session, base, newest):
        return _differing_rows(session, newest)
    return base.differing(newest)


def _is_left(session: Session, base: Snapshot, newest: Snapshot) -> bool:
    """Whether the index of a base that garbage collection gave up can still be read, here or in the remote."""
    shared = {ref.id for ref in newest.all_refs()}
    refs = [ref for ref in base.all_refs() if ref.id not in shared]
    try:
        session.remote.prefetch_segments(refs)
        for ref in refs:
            session.remote.load_segment(ref)
    except GoneError:
        return False
    return True


def _differing_rows(session: Session, newest: Snapshot) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """As `incoming` where nobody knows the base any more: what is held here and differs, an edit as if it met another's."""
    newest.prefetch_all()
    for row in session.table.all():
        after = newest.find(row.key)
        if row.status == Status.LEAVING or says_the_same(row, after) or (row.edited and after is None):
            continue
        yield row.key, after if row.status == Status.DELETED else None, after


def outgoing_changes(session: Session, arriving: Iterable[str] = ()) -> Iterator[Change]:
    """What a push would bring up, and the conflicts already known; without the keys in ``arriving``."""
    others = set(arriving)
    for row, started, entry in edits(session):
        if row.key in others:
            continue
        before, mine = version_of_entry(started), version_of_row(row)
        if row.base is not None:
            yield Change(row.key, Direction.CONFLICT, kind_of(before, mine), before, mine, version_of_entry(entry))
        else:
            yield Change(row.key, Direction.OUTGOING, kind_of(before, mine), before, mine, before)


def incoming_changes(session: Session, seen: StoredHead | None) -> Iterator[tuple[str, Change | None]]:
    """What a pull would bring, and the conflicts that it would meet: all of it, where everything is to be replaced.

    None for a key that both sides changed alike.
    """
    for key, before, after in incoming(session, seen):
        row = session.table.get(key)
        base, theirs = version_of_entry(before), version_of_entry(after)
        if session.replacing:
            mine = version_of_row(row) if row is not None else None
            yield key, Change(key, Direction.CONFLICT, kind_of(base, mine), base, mine, theirs)
        elif row is None or not row.edited or says_the_same(row, before):
            yield key, Change(key, Direction.INCOMING, kind_of(base, theirs), base, base, theirs)
        elif agrees(row, base_of(row, before), after):
            yield key, None
        else:
            mine = version_of_row(row)
            started = version_of_entry(base_of(row, before))
            yield key, Change(key, Direction.CONFLICT, kind_of(started, mine), started, mine, theirs)


def all_changes(session: Session) -> list[Change]:
    """Every difference, the metadata's first, then sorted by key."""
    session.flush()
    seen = session.seen
    arriving = dict(incoming_changes(session, seen))
    changes = [change for change in arriving.values() if change is not None]
    changes.extend(change for change in outgoing_changes(session, arriving))
    changes.sort(key=lambda change: change.key)
    meta = metadata_change(session, seen)
    return [meta, *changes] if meta else changes


def metadata_change(session: Session, seen: StoredHead | None) -> Change | None:
    """How the user's metadata differs, the base's, the working copy's and that of a newer commit."""
    base = metadata_version(session.base.stored.head.metadata if session.base else None)
    theirs = metadata_version(seen.head.metadata if seen else None)
    edited = session.sidecar.get("metadata_edited") is not None
    kept = session.metadata() if edited else None
    mine = Version(kept.timestamp, len(kept.value), checksum(kept.value)) if kept else None
    arrives = theirs != base
    if edited and (packed := session.sidecar.get("metadata_conflict")) is not None:
        base = metadata_version(unpack_metadata(packed))
        return Change(METADATA, Direction.CONFLICT, kind_of(base, mine), base, mine, theirs)
    if edited and mine != base:
        if arrives and not _says_the_same(theirs, mine):
            return Change(METADATA, Direction.CONFLICT, kind_of(base, mine), base, mine, theirs)
        return Change(METADATA, Direction.OUTGOING, kind_of(base, mine), base, mine, base)
    if arrives:
        return Change(METADATA, Direction.INCOMING, kind_of(base, theirs), base, base, theirs)
    return None


def _says_the_same(left: Version | None, right: Version | None) -> bool:
    """Whether two versions of the metadata say the same, whenever they were written."""
    return left == right or (left is not None and right is not None and left.checksum == right.checksum)
