"""Push: bring local changes up in one commit, or stop before anything is visible.

Packs and segments go up first; nothing refers to them. Then one conditional write of the head makes them the newest commit. When
someone else committed first, their changes are compared with ours: other keys, and ours is put on top of theirs; the same keys,
and it is a conflict.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader

import msgspec

from catalog.changes.content import drop_same_content
from catalog.changes.diff import agrees, edits, incoming, replacing_rows, says_the_same
from catalog.changes.finalize import settle, settle_drafts
from catalog.changes.pack_plan import Deletion, Kept, Outgoing, plan_entries
from catalog.changes.pull import pull, spell_out
from catalog.errors import (
    ConflictError,
    DatabaseMismatchError,
    GoneError,
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
from catalog.format.version import METADATA, name_of_key
from catalog.local.region import RegionStream, check_region
from catalog.local.state import Draft
from catalog.local.table import Row, Status
from catalog.locking.head_writer import HeadWriter
from catalog.locking.lease import Lease
from catalog.progress import Progress
from catalog.remote.commit import Beaten
from catalog.remote.snapshot import Snapshot
from catalog.remote.upload import STREAM_ABOVE, Uploads
from catalog.session.session import WriteSession
from catalog.store.interface import Source

_TRIES = 20
_GAP = 4 << 10
_MOST_AT_ONCE = 2 << 20
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
    metadata: Metadata | None = None
    pushed: int = 0
    names: list[str] = field(default_factory=list)
    draft: Draft = field(default_factory=lambda: Draft(0, "", 0, None))


def push(session: WriteSession, options: PushOptions, lease: HeldLease | None, progress: Progress) -> PushResult:
    """Push the changes of a session.

    Raises ConflictError, LeaseLostError, OutcomeUnknownError, and what the store raises; local changes then stay as they were.
    """
    remote = session.remote
    with session.lock, HeadWriter(remote.place, lease, progress) as heads:
        traffic = remote.store.traffic
        requests, bytes_up = traffic.total_requests, traffic.bytes_up
        if options.keys is not None:
            spell_out(session)
        drop_same_content(session)
        session.writer.sync()
        up_to = session.writer.last_edit
        progress.begin("comparing")
        for _ in range(_TRIES):
            settle_drafts(session)
            aim = _aim_from_here(session, options, progress)
            if aim.target is None and heads.hold():
                session.refresh()
                continue
            if aim.is_there:
                if any(row.key in aim.arriving for row, _, _ in chosen_edits(session, options)):
                    pull(session, progress)
                return PushResult(None, 0, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            outcome, tally = _try_commit(session, options, heads, aim, up_to, progress)
            if isinstance(outcome, StoredHead):
                settle(session, outcome, tally.draft, aim.target, progress)
                return PushResult(outcome.commit, tally.pushed, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            session.state.forget_draft(tally.draft)
            session.remember_seen(outcome.current)
        raise PreconditionFailedError(session.remote.where, session.remote.names.head)


def _resumable(session: WriteSession, target: StoredHead | None) -> set[bytes]:
    """Packs of an earlier push that did not commit. What a collection may have taken is named otherwise from then on; what was
    deleted with a whole database is not, so that for a new one it is looked at what is there.
    """
    noted = session.state.resumable()
    if target is not None or not noted:
        return noted
    store, names = session.remote.store, session.remote.names
    there = {found.name for found in store.list(names.packs)} if store.powers.lists else set()
    return {pack for pack in noted if names.pack(pack) in there}


@dataclass(frozen=True, slots=True)
class Aim:
    """The commit to push on top of, what others changed up to it, and whether all that is to be pushed is there already."""

    target: StoredHead | None
    arriving: Mapping[str, Entry | None]
    is_there: bool


def aim_of(session: WriteSession, options: PushOptions) -> Aim:
    """What a push would build on now; ConflictError where that is not possible."""
    target, arriving = _target_of(session, options)
    # The first commit is made whatever it changes, and so is one that takes the place of all that was there.
    made_anyway = target is None or session.replacing
    is_there = not made_anyway and all(row.key in arriving for row, _, _ in chosen_edits(session, options))
    return Aim(target, arriving, is_there)


def _aim_from_here(session: WriteSession, options: PushOptions, progress: Progress) -> Aim:
    try:
        return aim_of(session, options)
    except GoneError:
        # The index of our base was given up. A pull compares what is here with the newest commit.
        pull(session, progress)
        return aim_of(session, options)


def _target_of(session: WriteSession, options: PushOptions) -> tuple[StoredHead | None, dict[str, Entry | None]]:
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
    except (ConflictError, DatabaseMismatchError):
        newest = session.refresh()
        if newest is target:
            raise
        return newest, _arriving(session, newest, options)


def _arriving(session: WriteSession, seen: StoredHead | None, options: PushOptions) -> dict[str, Entry | None]:
    """What others changed since our base; ConflictError when it meets what we push."""
    _check_same_database(session, seen)
    arriving = {key: after for key, _, after in incoming(session, seen)}
    rows = session.table.get_many(list(arriving)) if session.replacing else {}
    clashes = {key for key, after in arriving.items() if session.replacing and key != METADATA and _differs(rows.get(key), after)}
    for row in session.table.conflicts():
        if _wanted(row.key, options) and not (row.key in arriving and says_the_same(row, arriving[row.key])):
            clashes.add(row.key)
    if arriving:
        for row, started, _ in chosen_edits(session, options):
            if session.replacing and row.key != METADATA:
                break
            if row.base is None and row.key in arriving and not agrees(row, started, arriving[row.key]):
                clashes.add(row.key)
    if clashes:
        raise ConflictError(map(name_of_key, sorted(clashes)), session.remote.where)
    return arriving


def _differs(row: Row | None, after: Entry | None) -> bool:
    """Whether a copy that stands for the whole database has another version of a key than what arrived."""
    mine = row.version if row is not None and row.held else None
    return mine != (after.version if after is not None else None)


def _check_same_database(session: WriteSession, seen: StoredHead | None) -> None:
    """Raise DatabaseMismatchError when another database than ours is in the remote."""
    if seen is None:
        return
    if session.base is not None and seen.head.uuid != session.base.stored.head.uuid:
        raise DatabaseMismatchError(
            f"{session.remote.where} was replaced by another database since your last pull.",
            hint="Pull to see it; to push yours instead, open it with flag='n'.",
        )
    if session.base is None and seen.head.uuid != session.writer.data.header.uuid.hex:
        raise DatabaseMismatchError(
            f"{session.remote.where}: {seen.head.author} created a database here meanwhile. Nothing was pushed; yours is kept.",
            hint="To join it, open it with another file_path, copy your keys there (yours opens with offline=True) and push; "
            "or push yours to another db_key.",
        )


def _wanted(key: str, options: PushOptions) -> bool:
    return options.keys is None or key in options.keys


def chosen_edits(session: WriteSession, options: PushOptions) -> Iterator[tuple[Row, Entry | None, Entry | None]]:
    """The edits that a push is told to take, as `edits` gives them."""
    if options.keys is None:
        return edits(session)
    return (edit for edit in edits(session) if edit[0].key in options.keys)


def _try_commit(
    session: WriteSession, options: PushOptions, heads: HeadWriter, aim: Aim, up_to: int, progress: Progress
) -> tuple[StoredHead | Beaten, Tally]:
    """Upload what is not up yet and try to make it the newest commit."""
    target = aim.target
    remote = session.remote
    uploaded = _resumable(session, target)
    tally = tally_on(session, target)
    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:
        progress.begin("uploading", *_expected(session, options))
        outgoing = outgoing_values(session, options, aim, tally)
        salt = target.head.salt if target is not None else 0
        entries = plan_entries(outgoing, lambda pack: _upload_pack(session, uploads, pack, uploaded), salt)
        runs = _new_runs(session, target, entries, uploads)
        draft = encode_head(head_of(session, options, target, runs, tally))
        name = remote.names.commit(draft.head.number, draft.commit_id)
        uploads.put(name, lambda: draft.body, len(draft.body))
    progress.begin("committing")
    names = tally.names if options.keys is not None else None
    tally.draft = Draft(draft.head.number, draft.commit_id, up_to, names)
    session.state.note_draft(tally.draft)
    return heads.commit(draft, target), tally


def _expected(session: WriteSession, options: PushOptions) -> tuple[int, int]:
    """Bytes and keys that a push will move, about, for its progress."""
    if session.replacing or options.keys is not None:
        return 0, 0
    keys, size = session.table.edited_size()
    return size, keys


def tally_on(session: WriteSession, target: StoredHead | None) -> Tally:
    """The totals that a commit on top of ``target`` starts from: those of the keys that it keeps, and the metadata."""
    if target is None or session.replacing:
        return Tally(0, 0, target.head.metadata if target is not None else None)
    return Tally(target.head.keys, target.head.value_bytes, target.head.metadata)


def outgoing_values(session: WriteSession, options: PushOptions, aim: Aim, tally: Tally) -> Iterator[Outgoing]:
    """The keys of the new commit that are not simply the target's, in order, counting what they do to its totals.

    Where everything is replaced these are all keys, those too that stay as they were.
    """
    on_top_of = _on_top_of(session, aim.target)
    whole = session.replacing
    for row, entry in replacing_rows(session, on_top_of) if whole else _chosen_rows(session, options):
        if row.key in aim.arriving and not whole:
            continue
        unchanged = whole and says_the_same(row, entry)
        tally.pushed += not unchanged and row.key != METADATA
        if options.keys is not None:
            tally.names.append(row.key)
        if row.key == METADATA:
            tally.metadata = _metadata_of(session, row)
            continue
        there = None
        if not whole and on_top_of is not None:
            there = entry if on_top_of is session.base else on_top_of.find(row.key)
        tally.keys += (row.status != Status.DELETED) - (there is not None)
        tally.value_bytes += row.length - (there.length if there is not None else 0)
        if unchanged and entry is not None:
            yield Kept(row.key, entry)
        elif row.status != Status.DELETED:
            yield PlannedValue(row.key, row.timestamp, row.offset, row.length, row.checksum)
        elif not whole:
            yield Deletion(row.key, row.timestamp)


def _on_top_of(session: WriteSession, target: StoredHead | None) -> Snapshot | None:
    if target is None:
        return None
    return session.base if session.base_id == target.commit_id else session.remote.snapshot(target)


def _chosen_rows(session: WriteSession, options: PushOptions) -> Iterator[tuple[Row, Entry | None]]:
    return ((row, entry) for row, _, entry in chosen_edits(session, options))


def _metadata_of(session: WriteSession, row: Row) -> Metadata | None:
    if row.status == Status.DELETED:
        return None
    value = session.local_bytes(row)
    return Metadata(row.timestamp, msgspec.Raw(value)) if value is not None else None


def _upload_pack(session: WriteSession, uploads: Uploads, pack: PlannedPack, uploaded: set[bytes]) -> None:
    if pack.pack_id in uploaded:
        return
    uploaded.add(pack.pack_id)
    name = session.remote.names.pack(pack.pack_id)

    def note() -> None:
        session.state.note_uploaded(pack.pack_id)

    if len(pack.values) == 1 and pack.size > STREAM_ABOVE:
        uploads.put_large(name, _stream(session, pack), note)
    else:
        uploads.put(name, lambda: _body(session, pack), pack.size, note if pack.size > 1 << 20 else None)


def _body(session: WriteSession, pack: PlannedPack) -> bytearray:
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


def _moved(session: WriteSession, value: PlannedValue) -> bytes:
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


def _stream(session: WriteSession, pack: PlannedPack) -> Source:
    value = pack.values[0]
    fd = session.writer.data.fd
    check_region(fd, value.offset, value.length, value.checksum, f"The local value of {value.key!r}")
    return Source(pack.size, lambda: BufferedReader(RegionStream(fd, value.offset, value.length, pack.footer)))


def _new_runs(
    session: WriteSession,
    target: StoredHead | None,
    entries: Iterator[tuple[str, Entry]],
    uploads: Uploads,
) -> tuple[tuple[SegmentRef, ...], ...]:
    """Write the index segments of a commit; the runs it consists of."""
    runs = target.head.runs if target is not None and not session.replacing else ()
    names, cache = session.remote.names, session.cache

    def put(segment: EncodedSegment) -> None:
        cache.put_segment(segment.segment_id, segment.body)
        uploads.put(names.segment(segment.segment_id), lambda: segment.body, len(segment.body))

    expected = session.table.count_edited()
    keys_each = index.keys_per_segment((target.head.keys if target else 0) + expected)
    salt = target.head.salt if target is not None else 0
    return index.extend(runs, entries, expected, keys_each, session.remote.load_segment, put, salt)


def head_of(
    session: WriteSession,
    options: PushOptions,
    target: StoredHead | None,
    runs: tuple[tuple[SegmentRef, ...], ...],
    tally: Tally,
) -> Head:
    """The head that the push is to make."""
    header = session.writer.data.header
    previous = target.head if target is not None else None
    return Head(
        uuid=header.uuid.hex,
        type=previous.type if previous else options.type,
        booklet_header=base64.b64encode(header.portable).decode(),
        number=previous.number + 1 if previous else 1,
        parent=Parent(target.head.number, target.commit_id) if target else None,
        time=max(time.time_ns() // 1000, previous.time + 1 if previous else 0),
        author=options.author,
        message=options.message,
        write_id=uuid.uuid4().hex,
        keys=tally.keys,
        value_bytes=tally.value_bytes,
        metadata=tally.metadata,
        tags=previous.tags if previous else (),
        oldest=previous.oldest if previous else 1,
        salt=previous.salt if previous else 0,
        runs=runs,
    )
