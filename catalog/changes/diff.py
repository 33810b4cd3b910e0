"""The three-way difference: base, working copy, remote. Reads indexes, never values.

The user's metadata are one of the keys here, under `METADATA`, and come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from catalog.changes.change import Change, Direction
from catalog.errors import GoneError
from catalog.format.head import StoredHead
from catalog.format.segment import Entry, Outline
from catalog.format.version import METADATA, Version
from catalog.local.table import Row, Status
from catalog.remote.snapshot import Snapshot
from catalog.session.key_info import join_rows
from catalog.session.session import Session

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Edit:
    """A row that differs from what it is based on; ``there`` is what the base commit says of its key without where it lies."""

    row: Row
    there: Outline | None
    base: Snapshot | None

    @property
    def entry(self) -> Entry | None:
        """The base commit's entry."""
        return self.base.find(self.row.key) if self.base is not None and self.there is not None else None

    @property
    def started(self) -> Entry | None:
        """What the edit is based on: what was kept of it, or else the base commit's entry."""
        return self.row.base_over(self.entry) if self.row.base is None else self.row.base.entry

    @property
    def says_something(self) -> bool:
        """Whether it differs from its base; reads where that lies only where time and length are the same."""
        row, there = self.row, self.there
        if row.base is not None:
            return True
        if row.status == Status.DELETED or there is None:
            return (row.status == Status.DELETED) != (there is None)
        return not row.may_say(there) or not says_the_same(row, self.entry)


def edits(session: Session, *, keys_only: bool = False) -> Iterator[Edit]:
    """The rows that differ from what they are based on, sorted by key. ``keys_only`` is for who needs few of their entries."""
    base = session.base
    rows = (row for row, _ in replacing_rows(session, base)) if session.replacing else session.table.edited()
    while batch := list(islice(rows, _BATCH)):
        if base is not None:
            base.prefetch((row.key for row in batch), keys_only=keys_only)
        for row in batch:
            edit = Edit(row, base.outline(row.key) if base is not None else None, base)
            if edit.says_something:
                yield edit


def replacing_rows(session: Session, over: Snapshot | None) -> Iterator[tuple[Row, Entry | None]]:
    """Every key of a commit and of the working copy, as if each were edited: what is not held here is deleted.

    Each with the commit's entry. Not so the metadata, which are edited or are not.
    """
    metadata = session.table.get(METADATA)
    if metadata is not None and metadata.edited:
        yield metadata, over.find(METADATA) if over is not None else None
    rows = (row for row in session.table.all(METADATA) if row.held)
    for key, entry, row in join_rows(over.items() if over is not None else iter(()), rows):
        if row is not None:
            yield row, entry
        elif entry is not None:
            yield Row(key, Status.DELETED, entry.timestamp, 0, 0, bytes(8), 0, None), entry


def says_the_same(row: Row, entry: Entry | None) -> bool:
    """Whether a row says the same as an entry."""
    return row.says(entry)


def agrees(row: Row, started: Entry | None, arrives: Entry | None) -> bool:
    """Whether an edit and what someone else made of the same key are no conflict.

    They are none when both are the same version, or when both made the same bytes of other ones (or of nothing): the timestamp is
    then the other's. Where only timestamps were changed, they are what was edited.
    """
    if says_the_same(row, arrives):
        return True
    mine = row.version
    if mine is None or arrives is None or mine.content != arrives.version.content:
        return False
    return started is None or started.version.content != mine.content


def incoming(session: Session, seen: StoredHead | None) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """The keys that a newer commit has otherwise than the base: with both entries, sorted."""
    base = session.base
    if seen is None or (base is not None and base.stored.commit_id == seen.commit_id):
        return iter(())
    newest = session.remote.snapshot(seen)
    if base is None:
        newest.prefetch_all()
        return ((key, None, entry) for key, entry in newest.everything())
    return base.differing(newest) if is_left(session, base, newest) else _differing_rows(session, newest)


def is_left(session: Session, base: Snapshot, newest: Snapshot | None = None) -> bool:
    """Whether what a base's index has and a newer one has not can still be read, here or in the remote.

    It may have been given up, or have been of a database that was deleted and made anew.
    """
    try:
        refs = base.unshared_refs(newest)
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
    for edit in edits(session):
        row, started = edit.row, edit.started
        if row.key in others:
            continue
        if row.base is not None:
            yield Change.between(row.key, Direction.CONFLICT, started, row.version, edit.entry)
        else:
            yield Change.between(row.key, Direction.OUTGOING, started, row.version, started)


def incoming_changes(session: Session, seen: StoredHead | None) -> Iterator[tuple[str, Change | None]]:
    """What a pull would bring, and the conflicts that it would meet: all of it, where everything is to be replaced.

    None for a key that both sides changed alike.
    """
    for key, before, after in incoming(session, seen):
        row = session.table.get(key)
        if session.replacing and key != METADATA:
            mine = row.version if row is not None else None
            same = mine == _version(after)
            yield key, None if same else Change.between(key, Direction.CONFLICT, before, mine, after)
        elif row is None or not row.edited or says_the_same(row, before):
            yield key, Change.between(key, Direction.INCOMING, before, _version(before), after)
        elif agrees(row, row.base_over(before), after):
            yield key, None
        else:
            yield key, Change.between(key, Direction.CONFLICT, row.base_over(before), row.version, after)


def all_changes(session: Session) -> list[Change]:
    """Every difference, sorted by key, so that the metadata's is the first."""
    session.flush()
    arriving = dict(incoming_changes(session, session.seen))
    changes = [change for change in arriving.values() if change is not None]
    changes.extend(outgoing_changes(session, arriving))
    changes.sort(key=lambda change: change.key)
    return changes


def _version(entry: Entry | None) -> Version | None:
    return entry.version if entry is not None else None
