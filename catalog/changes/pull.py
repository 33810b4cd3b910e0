"""Pull: build on the newest commit without losing a local edit."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from msgspec.structs import replace

from catalog.changes.content import drop_same_content
from catalog.changes.diff import agrees, incoming, is_left, replacing_rows, says_the_same
from catalog.errors import DatabaseMismatchError, InvalidInputError
from catalog.format.head import Commit, StoredHead
from catalog.format.segment import Entry
from catalog.format.version import METADATA
from catalog.local.booklet_header import Header
from catalog.local.table import KnownBase, Row, Status
from catalog.progress import Progress
from catalog.remote.fetch import Failure
from catalog.remote.snapshot import Snapshot
from catalog.session.session import Session, WriteSession

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull did: the commit now built on, how many keys changed here, keys left in conflict, bytes fetched."""

    commit: Commit | None
    keys: int
    conflicts: tuple[str, ...]
    bytes_down: int


@dataclass(slots=True)
class PullPlan:
    """What moving to another commit means for the rows of the table."""

    arriving: int = 0
    conflicts: list[Row] = field(default_factory=list)
    agreed: list[Row] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    foreign: Container[str] | None = None
    """The keys that others changed, where a commit of our own arrives with them; None: all that arrive."""
    refetch: list[tuple[str, Entry]] = field(default_factory=list)


def plan_pull(session: Session, target: StoredHead, foreign: Container[str] | None = None) -> PullPlan:
    """Decide for each arriving key what happens to its row. Changes nothing but that buffered edits get rows."""
    session.flush()
    plan = PullPlan(foreign=foreign)
    arriving = incoming(session, target)
    while batch := list(islice(arriving, _BATCH)):
        rows = session.table.get_many([key for key, _, _ in batch])
        plan.arriving += len(batch)
        for key, before, after in batch:
            row = rows.get(key)
            if row is not None and row.edited and session.state.uprooted and not row.says(after):
                # Nobody knows what it was based on.
                plan.conflicts.append(row if row.base is not None else replace(row, base=KnownBase.of(after)))
            elif row is not None:
                _plan_row(plan, row, before, after)
            elif key == METADATA and after is not None:
                # Plain booklet shows them from the file.
                plan.refetch.append((key, after))
    if session.state.uprooted:
        plan.stale.extend(_copies_of_nothing(session, target))
    return plan


def _copies_of_nothing(session: Session, target: StoredHead) -> Iterator[str]:
    """The keys of copies that a commit does not have; those that it has are met as they arrive."""
    snapshot = session.remote.snapshot(target)
    return (row.key for row in session.table.all() if row.status == Status.COPY and snapshot.outline(row.key) is None)


def _plan_row(plan: PullPlan, row: Row, before: Entry | None, after: Entry | None) -> None:
    if row.edited and row.version == (after.version if after is not None else None):
        plan.agreed.append(row)
    elif row.edited and plan.foreign is not None and row.key not in plan.foreign:
        # What arrives is our own commit, and the key was edited again since.
        return
    elif row.edited and not says_the_same(row, before) and not agrees(row, row.base_over(before), after):
        plan.conflicts.append(row if row.base is not None else replace(row, base=KnownBase.of(before)))
    else:
        plan.stale.append(row.key)
        if after is not None:
            plan.refetch.append((row.key, after))


def fast_forward(session: WriteSession, progress: Progress) -> None:
    """Build on the newest commit known; where the working copy holds nothing, without looking at the index."""
    target = session.seen
    if target is None or target.commit_id == session.base_id:
        return
    with session.lock, session.writer.held():
        session.flush()
        if next(session.table.all(METADATA), None) is None and session.table.get(METADATA) is None and not session.replacing:
            follow_header(session, target)
            move_base(session, target, PullPlan())
            bring_metadata(session)
            return
    pull(session, progress)


def bring_metadata(session: WriteSession) -> None:
    """Write the base's metadata into the booklet, where plain booklet shows them."""
    entry = session.base.find(METADATA) if session.base is not None else None
    if entry is not None:
        session.writer.keep([(METADATA, entry.timestamp, session.remote_value(METADATA, entry), entry.checksum)])


def pull(session: WriteSession, progress: Progress) -> PullResult:
    """Move the working copy to the newest commit known. Edits stay; those that meet another's edit become conflicts."""
    with session.lock:
        target = session.seen
        before = session.remote.store.traffic.bytes_down
        if target is None or (session.base is not None and session.base.stored.commit_id == target.commit_id):
            return PullResult(target.commit if target else None, 0, _conflicts(session), 0)
        progress.begin("comparing indexes")
        drop_same_content(session)
        with session.writer.held():
            session.flush()
            follow_header(session, target)
            spell_out(session)
            plan = plan_pull(session, target)
            move_base(session, target, plan)
        fetch_copies(session, plan.refetch, progress)
        return PullResult(target.commit, plan.arriving, _conflicts(session), session.remote.store.traffic.bytes_down - before)


def look_ahead(session: Session) -> PullResult:
    """Read from the newest commit known, without writing that down: the file is somebody else's to write to."""
    before, target = session.remote.store.traffic.bytes_down, session.seen
    changed = sum(1 for _ in incoming(session, target))
    session.base = session.remote.snapshot(target) if target is not None else None
    down = session.remote.store.traffic.bytes_down - before
    return PullResult(target.commit if target is not None else None, changed, _conflicts(session), down)


def move_base(session: WriteSession, target: StoredHead, plan: PullPlan) -> None:
    """Build on another commit: rows and base change together."""
    writer = session.writer
    with session.state.transaction(durable=True):
        writer.leave(plan.stale)
        session.table.put(plan.conflicts)
        session.table.put(replace(row, status=Status.COPY, base=None) for row in plan.agreed if row.status == Status.EDITED)
        session.table.remove(row.key for row in plan.agreed if row.status == Status.DELETED)
        session.build_on(target)
        session.state.forget_attempts()
    writer.remove_leaving()


def fetch_copies(session: WriteSession, wanted: Iterable[tuple[str, Entry]], progress: Progress) -> list[Failure]:
    """Fetch values into the data file; what fails stays in the remote and is fetched when it is read."""
    failures = []
    for fetched in session.remote.values(wanted, progress):
        if isinstance(fetched, Failure):
            failures.append(fetched)
        else:
            session.writer.keep((key, entry.timestamp, value, entry.checksum) for key, entry, value in fetched)
    return failures


def follow_header(session: WriteSession, target: StoredHead) -> None:
    """Take over another kind of values, when the remote was replaced by a database with another serializer."""
    theirs = Header.parse(target.head.header, session.remote.where)
    mine = session.writer.data.header
    if (theirs.value_serializer, theirs.uuid) == (mine.value_serializer, mine.uuid):
        return
    base = session.base.stored if session.base is not None else None
    if theirs.value_serializer == mine.value_serializer and base is not None and target.continues(base):
        session.writer.become(theirs.uuid)
        session.copy.data.reload()
        return
    if session.table.count_edited() or (base is not None and theirs.uuid != mine.uuid):
        raise DatabaseMismatchError(
            f"{session.remote.where} was replaced by another database, or one of another kind, than {session.copy.path} holds.",
            hint="Open the other one with another file_path. Of the same database: discard unpushed changes, then pull.",
        )
    session.writer.start_over(theirs.fresh(mine.n_buckets), replacing=False)
    session.copy.data.reload()


def spell_out(session: WriteSession) -> None:
    """Turn "this is the whole database" into a deletion of each other key, so that each can meet what others did."""
    base, writer = session.base, session.writer
    if not session.replacing:
        return
    if base is None and session.state.uprooted and session.seen is not None:
        base = session.remote.snapshot(session.seen)
    if base is None:
        session.state.replacing = False
        return
    theirs = Header.parse(base.stored.head.header, session.remote.where)
    if theirs.value_serializer != writer.data.header.value_serializer:
        raise InvalidInputError(
            f"{session.copy.path} is to replace a database of another kind of values: that goes only as a whole.",
            hint="Push everything, or discard everything.",
        )
    cleared = _cleared(session, base)
    with writer.held():
        writer.flush()
        with session.state.transaction(durable=True):
            while batch := list(islice(cleared, _BATCH)):
                session.table.put(batch)
            session.state.replacing = False


def _cleared(session: WriteSession, base: Snapshot) -> Iterator[Row]:
    """The keys that a copy which stands for the whole database has not, as deletions.

    Where nobody knows any more which keys its base had, those of the newest commit that are older than the base are in conflict:
    they may have been among them.
    """
    uprooted = session.state.uprooted
    if not uprooted and (is_left(session, base) or session.seen is None or session.seen.commit_id == base.commit_id):
        rows = (row for row, _ in replacing_rows(session, base))
        yield from (row for row in rows if row.status == Status.DELETED and row.key != METADATA)
        return
    assert session.seen is not None
    newest, moment = session.remote.snapshot(session.seen), base.stored.head.time
    newest.prefetch_all()
    for row, entry in replacing_rows(session, newest):
        if entry is not None and (uprooted or entry.timestamp <= moment) and not row.held and row.key != METADATA:
            yield replace(row, base=KnownBase.of(entry))


def _conflicts(session: Session) -> tuple[str, ...]:
    return tuple(row.key for row in session.table.conflicts())
