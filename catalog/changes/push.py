"""Push: bring local changes up in one commit, or stop before anything is visible.

Packs and segments go up first; nothing refers to them. Then one conditional write of the head makes them the newest commit. When
someone else committed first, their changes are compared with ours: other keys, and ours is put on top of theirs; the same keys,
and it is a conflict.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader

import msgspec

from catalog.changes.change import METADATA
from catalog.changes.diff import agrees, edits, incoming, metadata_change
from catalog.changes.finalize import Draft, forget_draft, note_draft, settle, settle_drafts
from catalog.changes.pack_plan import Deletion, plan_entries
from catalog.changes.pull import pull, spell_out
from catalog.errors import (
    ConflictError,
    DatabaseMismatchError,
    IntegrityError,
    InvalidInputError,
    PreconditionFailedError,
    RemoteMissingError,
)
from catalog.format import runs as index
from catalog.format.checksum import checksum
from catalog.format.head import Commit, Head, Metadata, Parent, SegmentRef, StoredHead, encode_head
from catalog.format.pack import PlannedPack, PlannedValue
from catalog.format.segment import EncodedSegment, Entry
from catalog.local.region import RegionStream, check_region
from catalog.local.table import Row, Status
from catalog.local.writer import Writer
from catalog.locking.head_writer import HeadWriter
from catalog.locking.lease import Lease
from catalog.progress import Progress
from catalog.remote.commit import Beaten
from catalog.remote.snapshot import Snapshot
from catalog.remote.upload import STREAM_ABOVE, Uploads
from catalog.session.session import Session
from catalog.store.interface import Source

_TRIES = 20
_GAP = 4 << 10
_MOST_AT_ONCE = 2 << 20
_RESUMABLE_SECONDS = 24 * 3600
_MOST_TEXT = 10_000


HeldLease = Lease
"""The write lock of a session, of either kind."""


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What a push is told: who pushes, why, of which keys (None: all), and as what type of database."""

    author: str
    message: str = ""
    keys: frozenset[str] | None = None
    type: str = "database"

    def __post_init__(self) -> None:
        for name, text in (("author", self.author), ("message", self.message)):
            if len(text) > _MOST_TEXT:
                raise InvalidInputError(f"The {name} has {len(text):,} characters; at most {_MOST_TEXT:,} are accepted.")


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did: the commit it made (None: there was nothing to push), and what went over the network."""

    commit: Commit | None
    keys: int
    bytes_up: int
    requests: int

    def __bool__(self) -> bool:
        return self.commit is not None


@dataclass(slots=True)
class Tally:
    """Counts of what a draft changes."""

    keys: int
    value_bytes: int
    pushed: int = 0
    names: list[str] = field(default_factory=list)
    draft: Draft = field(default_factory=lambda: Draft(0, "", 0, None))


def push(session: Session, writer: Writer, options: PushOptions, lease: HeldLease | None, progress: Progress) -> PushResult:
    """Push the changes of a session.

    Raises ConflictError, LeaseLostError, OutcomeUnknownError, and what the store raises; local changes then stay as they were.
    """
    remote = session.remote
    with session.lock, HeadWriter(remote.place, lease, progress) as heads:
        traffic = remote.store.traffic
        requests, bytes_up = traffic.total_requests, traffic.bytes_up
        if options.keys is not None:
            spell_out(session, writer)
        writer.sync()
        up_to = writer.last_edit
        progress.begin("comparing")
        for _ in range(_TRIES):
            settle_drafts(session, writer)
            target, arriving = target_of(session, options)
            if target is None and heads.hold():
                session.refresh()
                continue
            made = _try_commit(session, writer, options, heads, target, arriving, up_to, progress)
            if made is None:
                if any(row.key in arriving for row, _, _ in chosen_edits(session, options)):
                    pull(session, writer, progress)
                return PushResult(None, 0, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            outcome, tally = made
            if isinstance(outcome, StoredHead):
                settle(session, writer, outcome, tally.draft, target, progress)
                return PushResult(outcome.commit, tally.pushed, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            forget_draft(session, tally.draft)
            session.remember_seen(outcome.current)
        raise PreconditionFailedError(session.remote.where, session.remote.names.head)


def _resumable(session: Session, target: StoredHead | None) -> set[bytes]:
    """Packs of an earlier push that did not commit. What a collection may have taken is named otherwise from then on; what was
    deleted with a whole database is not, so that for a new one it is looked at what is there.
    """
    since = int(time.time()) - _RESUMABLE_SECONDS
    noted = {bytes(row[0]) for row in session.sidecar.rows("SELECT pack FROM uploaded WHERE at > ?", (since,))}
    if target is not None or not noted:
        return noted
    store, names = session.remote.store, session.remote.names
    there = {found.name for found in store.list(names.packs)} if store.powers.lists else set()
    return {pack for pack in noted if names.pack(pack) in there}


def target_of(session: Session, options: PushOptions) -> tuple[StoredHead | None, dict[str, Entry | None]]:
    """The commit to push on top of, and what others changed up to it.

    What would be a conflict is first looked at again, in case it went away meanwhile.
    """
    target = session.seen
    if target is not None and not target.etag:
        target = session.refresh()
    if target is None and session.base is not None:
        raise RemoteMissingError(
            f"{session.remote.where}: the database was deleted since your last pull. Nothing was pushed.",
            hint="Your changes are kept. To push all that is local as a new database, open it again with flag='c'.",
        )
    try:
        return target, _arriving(session, target, options)
    except ConflictError:
        newest = session.refresh()
        if newest is target:
            raise
        return newest, _arriving(session, newest, options)


def _arriving(session: Session, seen: StoredHead | None, options: PushOptions) -> dict[str, Entry | None]:
    """What others changed since our base; ConflictError when it meets what we push."""
    base = session.base
    if base is not None and seen is not None and seen.head.uuid != base.stored.head.uuid:
        raise DatabaseMismatchError(
            f"{session.remote.where} was replaced by another database since your last pull.",
            hint="Pull to see it; to push yours instead, open it with flag='n'.",
        )
    arriving = {key: after for key, _, after in incoming(session, seen)}
    clashes = sorted(arriving) if session.replacing else []
    clashes.extend(row.key for row in session.table.conflicts() if _wanted(row.key, options))
    if arriving and not session.replacing:
        for row, started, _ in chosen_edits(session, options):
            if row.base is None and row.key in arriving and not agrees(row, started, arriving[row.key]):
                clashes.append(row.key)
    meta = metadata_change(session, seen)
    if meta is not None and meta.direction == "conflict" and _wanted(METADATA, options):
        clashes.insert(0, "(metadata)")
    if clashes:
        raise ConflictError(clashes, session.remote.where)
    return arriving


def _wanted(key: str, options: PushOptions) -> bool:
    return options.keys is None or key in options.keys


def chosen_edits(session: Session, options: PushOptions) -> Iterator[tuple[Row, Entry | None, Entry | None]]:
    """The edits that a push is told to take, as `edits` gives them."""
    if options.keys is None:
        return edits(session)
    return (edit for edit in edits(session) if edit[0].key in options.keys)


def _try_commit(
    session: Session,
    writer: Writer,
    options: PushOptions,
    heads: HeadWriter,
    target: StoredHead | None,
    arriving: dict[str, Entry | None],
    up_to: int,
    progress: Progress,
) -> tuple[StoredHead | Beaten, Tally] | None:
    """Upload what is not up yet and try to make it the newest commit; None when there is nothing to push."""
    metadata, metadata_pushed = metadata_of(session, options, target)
    new_head = target is None or (session.replacing and target.commit_id == session.base_id)
    if not (metadata_pushed or new_head) and all(row.key in arriving for row, _, _ in chosen_edits(session, options)):
        return None
    remote = session.remote
    uploaded = _resumable(session, target)
    tally = Tally(target.head.keys if target else 0, target.head.value_bytes if target else 0)
    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:
        progress.begin("uploading", *_expected(session, options))
        outgoing = outgoing_values(session, options, target, arriving, tally)
        salt = target.head.salt if target is not None else 0
        entries = plan_entries(outgoing, lambda pack: _upload_pack(session, writer, uploads, pack, uploaded), salt)
        runs = _new_runs(session, target, entries, uploads)
        draft = encode_head(head_of(session, writer, options, target, runs, tally, metadata))
        name = remote.names.commit(draft.head.number, draft.commit_id)
        uploads.put(name, lambda: draft.body, len(draft.body))
    progress.begin("committing")
    names = tally.names if options.keys is not None else None
    tally.draft = Draft(draft.head.number, draft.commit_id, up_to, names)
    note_draft(session, tally.draft)
    return heads.commit(draft, target), tally


def _expected(session: Session, options: PushOptions) -> tuple[int, int]:
    """Bytes and keys that a push will move, about, for its progress."""
    if session.replacing or options.keys is not None:
        return 0, 0
    row = session.sidecar.row("SELECT COALESCE(SUM(length), 0), COUNT(*) FROM local WHERE status IN (1, 2)")
    return (int(row[0]), int(row[1])) if row else (0, 0)


def outgoing_values(
    session: Session,
    options: PushOptions,
    target: StoredHead | None,
    arriving: dict[str, Entry | None],
    tally: Tally,
) -> Iterator[PlannedValue | Deletion]:
    """The changes to push, in order, counting what they do to the totals of the target."""
    base = session.base
    on_top_of: Snapshot | None = None
    if target is not None:
        same = base is not None and base.stored.commit_id == target.commit_id
        on_top_of = base if same else session.remote.snapshot(target)
    for row, _, entry in chosen_edits(session, options):
        if row.key in arriving:
            continue
        there = entry if on_top_of is base else (on_top_of.find(row.key) if on_top_of is not None else None)
        tally.pushed += 1
        if options.keys is not None:
            tally.names.append(row.key)
        if there is not None:
            tally.keys -= 1
            tally.value_bytes -= there.length
        if row.status == Status.DELETED:
            yield Deletion(row.key, row.timestamp)
        else:
            tally.keys += 1
            tally.value_bytes += row.length
            yield PlannedValue(row.key, row.timestamp, row.offset, row.length, row.checksum)


def _upload_pack(session: Session, writer: Writer, uploads: Uploads, pack: PlannedPack, uploaded: set[bytes]) -> None:
    if pack.pack_id in uploaded:
        return
    uploaded.add(pack.pack_id)
    name = session.remote.names.pack(pack.pack_id)

    def note() -> None:
        session.sidecar.run("INSERT OR REPLACE INTO uploaded VALUES (?, ?)", (pack.pack_id, int(time.time())))

    if len(pack.values) == 1 and pack.size > STREAM_ABOVE:
        uploads.put_large(name, _stream(writer, pack), note)
    else:
        uploads.put(name, lambda: _body(session, pack), pack.size, note if pack.size > 1 << 20 else None)


def _body(session: Session, pack: PlannedPack) -> bytearray:
    """The bytes of a pack: its values, read in long stretches and each compared with its checksum, and its footer."""
    body, end = bytearray(pack.size), 0
    data = session.copy.data
    region, start = memoryview(b""), 0
    for position, value in enumerate(pack.values):
        offset, length = value.offset, value.length
        if not start <= offset <= offset + length <= start + len(region):
            start = offset
            region = memoryview(data.read(start, _stretch(pack.values, position)))
        found: bytes | memoryview = region[offset - start : offset - start + length]
        if len(found) != length or checksum(found) != value.checksum:
            found = _moved(session, value)
        body[end : end + length] = found
        end += length
    body[end:] = pack.footer
    return body


def _moved(session: Session, value: PlannedValue) -> bytes:
    """A value that is not where it was when the pack was planned."""
    row = Row(value.key, Status.EDITED, value.timestamp, value.offset, value.length, value.checksum, 0, None)
    found = session.local_bytes(row)
    if found is None or len(found) != value.length:
        raise IntegrityError(
            f"{value.key!r} was changed while it was being pushed. Nothing was pushed.",
            key=value.key,
            hint="Push again.",
        )
    return found


def _stretch(values: Sequence[PlannedValue], position: int) -> int:
    """How many bytes to read at once from a value on: as far as the next ones follow it closely in the file."""
    start = values[position].offset
    end = start + values[position].length
    for following in range(position + 1, len(values)):
        value = values[following]
        if not end <= value.offset <= end + _GAP or value.offset + value.length - start > _MOST_AT_ONCE:
            break
        end = value.offset + value.length
    return end - start


def _stream(writer: Writer, pack: PlannedPack) -> Source:
    value = pack.values[0]
    fd = writer.data.fd
    check_region(fd, value.offset, value.length, value.checksum, f"The local value of {value.key!r}")
    return Source(pack.size, lambda: BufferedReader(RegionStream(fd, value.offset, value.length, pack.footer)))


def _new_runs(
    session: Session,
    target: StoredHead | None,
    entries: Iterator[tuple[str, Entry]],
    uploads: Uploads,
) -> tuple[tuple[SegmentRef, ...], ...]:
    """Write the index segments of a commit; the runs it consists of."""
    runs = target.head.runs if target is not None and not session.replacing else ()
    names, sidecar = session.remote.names, session.sidecar

    def put(segment: EncodedSegment) -> None:
        sidecar.put_segment(segment.segment_id, segment.body)
        uploads.put(names.segment(segment.segment_id), lambda: segment.body, len(segment.body))

    expected = session.table.count_edited()
    keys_each = index.keys_per_segment((target.head.keys if target else 0) + expected)
    salt = target.head.salt if target is not None else 0
    return index.extend(runs, entries, expected, keys_each, session.remote.load_segment, put, salt)


def head_of(
    session: Session,
    writer: Writer,
    options: PushOptions,
    target: StoredHead | None,
    runs: tuple[tuple[SegmentRef, ...], ...],
    tally: Tally,
    metadata: Metadata | None,
) -> Head:
    """The head that the push is to make."""
    header = writer.data.header
    if session.replacing:
        keys, size = sum(ref.keys for run in runs for ref in run), _local_bytes(session)
    else:
        keys, size = tally.keys, tally.value_bytes
    previous = target.head if target else None
    return Head(
        uuid=previous.uuid if previous else header.uuid.hex,
        type=previous.type if previous else options.type,
        booklet_header=base64.b64encode(header.portable).decode(),
        number=previous.number + 1 if previous else 1,
        parent=Parent(target.head.number, target.commit_id) if target else None,
        time=max(time.time_ns() // 1000, previous.time + 1 if previous else 0),
        author=options.author,
        message=options.message,
        write_id=uuid.uuid4().hex,
        keys=max(keys, 0),
        value_bytes=max(size, 0),
        metadata=metadata,
        tags=previous.tags if previous else (),
        oldest=previous.oldest if previous else 1,
        salt=previous.salt if previous else 0,
        runs=runs,
    )


def _local_bytes(session: Session) -> int:
    row = session.sidecar.row("SELECT COALESCE(SUM(length), 0) FROM local WHERE status IN (0, 1)")
    return int(row[0]) if row else 0


def metadata_of(session: Session, options: PushOptions, target: StoredHead | None) -> tuple[Metadata | None, bool]:
    """The metadata of the new head, and whether it is a change of ours."""
    change = metadata_change(session, target)
    if change is not None and change.direction == "outgoing" and _wanted(METADATA, options):
        kept = session.metadata()
        return (Metadata(kept.timestamp, msgspec.Raw(kept.value)) if kept else None), True
    if session.replacing:
        return None, False
    return (target.head.metadata if target else None), False
