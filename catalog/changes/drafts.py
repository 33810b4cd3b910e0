"""Drafts: changes that are brought up apart and committed together, from any number of processes and machines.

What a draft names lies in the remote, and nothing refers to it. One that is never committed is rubbish, which garbage collection
takes once it is old enough.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from heapq import merge as heap_merge
from itertools import chain, islice, starmap

from catalog.changes.options import HeldLease, PushOptions, PushResult
from catalog.changes.pack_plan import Kept, plan_entries
from catalog.changes.pack_upload import PackUploads
from catalog.changes.pull import pull, spell_out
from catalog.changes.push import MOST_TRIES, aim_of, pause_after_loss
from catalog.changes.stage import Sink, Tally, chosen_edits, head_of, index_writer, movable, outgoing_values, own_changes, salt_of
from catalog.errors import (
    ConflictError,
    DatabaseMismatchError,
    GoneError,
    InvalidInputError,
    ObjectMissingError,
    PreconditionFailedError,
    RemoteMissingError,
    name_some,
)
from catalog.format import runs
from catalog.format.head import Changes, StoredHead, decode_changes, encode_changes, encode_head
from catalog.format.segment import Entry
from catalog.format.table import SegmentRef, decode_table, encode_table
from catalog.format.version import METADATA
from catalog.locking.head_writer import HeadWriter
from catalog.progress import Progress
from catalog.remote.index_writer import MOST_CHANGES, Index
from catalog.remote.remote import Remote
from catalog.remote.upload import Uploads
from catalog.session.session import WriteSession

_BATCH = 5_000
_SAFE = timedelta(hours=24)
"""How old what a draft brought up can be that a collection of garbage since then has surely left alone."""

_AGAIN = "Nothing was pushed. Prepare the draft again."

Item = tuple[str, Entry]


@dataclass(frozen=True, slots=True)
class Draft:
    """Changes whose values are in the remote and which nobody sees yet; small, and made to be pickled.

    ``keys`` is how many it has. It goes into a commit by ``changes().push(drafts=[…])`` of any working copy of the database.
    """

    uuid: str
    number: int
    """The commit that it was made on top of."""
    commit_id: str
    salt: int
    keys: int
    held: tuple[bytes, bytes, bytes] | None
    table: bytes | None

    def items(self, remote: Remote) -> Iterator[Item]:
        """Its keys, sorted, with their entries; those of a large one are read from the remote."""
        if self.held is not None:
            return decode_changes(Changes(*self.held), "The draft").items()
        return remote.index_writer(lambda *_: None, self.salt).read_run(self.refs())

    def refs(self) -> tuple[SegmentRef, ...]:
        """The segments of a large one."""
        return decode_table(self.table, "The draft") if self.table is not None else ()


def prepare(session: WriteSession, options: PushOptions, progress: Progress) -> Draft:
    """Bring the changes of a session up, without a commit; they stay unpushed here until somebody commits the draft.

    Raises ConflictError for what somebody else changed too, InvalidInputError where there is nothing to bring up, or metadata.
    """
    remote = session.remote
    with session.lock:
        spell_out(session)
        session.writer.sync()
        aim = aim_of(session, options)
        if aim.target is None:
            raise RemoteMissingError(f"{remote.where}: there is no database yet.", hint="Push it first.")
        if any(edit.row.key == METADATA for edit in chosen_edits(session, options)):
            raise InvalidInputError("A draft holds keys, not metadata.", hint="Push the metadata by themselves.")
        with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:
            sink = _sink(session, uploads)
            progress.begin("uploading")
            outgoing = outgoing_values(session, options, aim.target, aim.arriving, Tally(), sink)
            own = own_changes(session, outgoing, aim.target, sink, session.table.count_edited())
    keys = len(own.items) + sum(ref.keys for ref in own.run)
    if not keys:
        raise InvalidInputError(f"{session.copy.path} has no changes to prepare.", hint="Set some keys first.")
    changes = encode_changes(own.items) if own.items else None
    held = (changes.keys, changes.entries, changes.values) if changes is not None else None
    table = encode_table(own.run) if own.run else None
    return Draft(aim.target.head.uuid.hex(), aim.target.head.number, aim.target.commit_id, own.salt, keys, held, table)


def push_drafts(
    session: WriteSession, drafts: Sequence[Draft], options: PushOptions, lease: HeldLease | None, progress: Progress
) -> PushResult:
    """Commit drafts together, in one commit; edits of this working copy stay unpushed.

    Raises InvalidInputError when two of them have the same key, ConflictError when somebody committed one of their keys since
    they were made, DatabaseMismatchError for one of another database, GoneError when what one brought up is gone.
    """
    remote = session.remote
    with session.lock, HeadWriter(remote.place, lease, progress) as heads:
        traffic = remote.store.traffic
        requests, bytes_up = traffic.total_requests, traffic.bytes_up
        spell_out(session)
        for lost in range(MOST_TRIES):
            began = time.monotonic()
            target = session.refresh()
            if target is None:
                raise RemoteMissingError(f"{remote.where}: there is no database to push to.")
            _check(remote, drafts, target, progress)
            made, keys = _staged(session, drafts, target, options, progress)
            progress.begin("committing")
            outcome = heads.commit(made, target, partial(pause_after_loss, lost, time.monotonic() - began, progress))
            if isinstance(outcome, StoredHead):
                session.remember_seen(outcome)
                pull(session, progress)
                return PushResult(outcome.commit, keys, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            session.see_newest(outcome.current)
        raise PreconditionFailedError(remote.where, remote.names.head)


def _sink(session: WriteSession, uploads: Uploads) -> Sink:
    def put(name: str, body: bytes) -> None:
        uploads.put(name, lambda: body, len(body))

    return Sink(put, PackUploads(session, uploads, set()).put)


def _staged(
    session: WriteSession, drafts: Sequence[Draft], target: StoredHead, options: PushOptions, progress: Progress
) -> tuple[StoredHead, int]:
    """The head of a commit of drafts on top of ``target``, whose objects are up, and how many keys it has of them."""
    remote, tally = session.remote, Tally()
    with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:
        sink = _sink(session, uploads)
        progress.begin("joining drafts", 0, sum(draft.keys for draft in drafts))
        items = _counted(remote, target, _joined(remote, drafts), tally)
        index = _index(session, target, items, sum(draft.keys for draft in drafts), sink)
        made = encode_head(head_of(session, options, target, index, tally, sink.put), index.tables)
        sink.put(remote.names.commit(made.head.number, made.commit_id), made.commit_body)
    return made, tally.pushed


def _index(session: WriteSession, target: StoredHead, items: Iterator[Item], expected: int, sink: Sink) -> Index:
    writer, total = index_writer(session, target, sink), target.head.keys + expected
    few = list(islice(items, MOST_CHANGES + 1))
    if len(few) <= MOST_CHANGES and (found := writer.hold(target, few)) is not None:
        return found
    held = list(target.changes.items()) if target.changes is not None else []
    merged = runs.newest([chain(few, items), held])
    entries = plan_entries(map(movable, starmap(Kept, merged)), sink.put_pack, salt_of(target))
    return writer.extend(target, entries, expected, total)


def _joined(remote: Remote, drafts: Sequence[Draft]) -> Iterator[Item]:
    """The keys of all drafts, sorted; InvalidInputError for one that two of them have."""
    last: str | None = None
    for key, _, entry in heap_merge(*(_numbered(draft.items(remote), number) for number, draft in enumerate(drafts))):
        if key == last:
            raise InvalidInputError(
                f"Two drafts have the key {name_some([key])}. Nothing was pushed.", hint="Give each key to one worker only."
            )
        last = key
        yield key, entry


def _numbered(items: Iterator[Item], number: int) -> Iterator[tuple[str, int, Entry]]:
    return ((key, number, entry) for key, entry in items)


def _counted(remote: Remote, target: StoredHead, items: Iterator[Item], tally: Tally) -> Iterator[Item]:
    """The same, counting what they do to the totals of ``target``."""
    snapshot = remote.snapshot(target)
    while batch := list(islice(items, _BATCH)):
        snapshot.prefetch((key for key, _ in batch), keys_only=True)
        for key, entry in batch:
            there = snapshot.outline(key)
            tally.pushed += 1
            tally.keys += (not entry.deleted) - (there is not None)
            tally.value_bytes += entry.length - (there.length if there is not None else 0)
            tally.set += not entry.deleted
            tally.deleted += entry.deleted
            yield key, entry


def _check(remote: Remote, drafts: Sequence[Draft], target: StoredHead, progress: Progress) -> None:
    if not drafts:
        raise InvalidInputError("There are no drafts to push.")
    for draft in drafts:
        if draft.uuid != target.head.uuid.hex():
            raise DatabaseMismatchError(f"A draft is of another database than {remote.where}. Nothing was pushed.")
    progress.begin("comparing")
    _check_conflicts(remote, drafts, target)
    for draft in drafts:
        if draft.salt != salt_of(target):
            _check_there(remote, draft)


def _check_conflicts(remote: Remote, drafts: Sequence[Draft], target: StoredHead) -> None:
    newest, clashes = remote.snapshot(target), set[str]()
    bases = {(draft.number, draft.commit_id) for draft in drafts if draft.commit_id != target.commit_id}
    for number, commit_id in sorted(bases):
        if not remote.log.has(target, number, commit_id):
            raise DatabaseMismatchError(f"{remote.where} went back, or another way, since a draft was made. Nothing was pushed.")
        try:
            arrived = {key for key, _, _ in remote.snapshot(remote.commit(number, commit_id)).differing(newest)}
        except GoneError as error:
            raise GoneError(f"{error.message} A draft was made on top of it.", hint=_AGAIN) from None
        for draft in drafts:
            if arrived and draft.commit_id == commit_id:
                clashes.update(key for key, _ in draft.items(remote) if key in arrived)
    if clashes:
        raise ConflictError(sorted(clashes), remote.where)


def _check_there(remote: Remote, draft: Draft) -> None:
    """Garbage was collected since a draft was made: raise GoneError unless all that it brought up is there, and young enough."""
    names = {remote.names.index_file(ref.file) for ref in draft.refs()}
    names.update(remote.names.pack(entry.pack) for _, entry in draft.items(remote) if entry.pack)
    now = remote.store.head(remote.names.head).modified
    for name in sorted(names):
        try:
            found = remote.store.head(name).modified
        except ObjectMissingError:
            found = None
        if found is None or (now is not None and now - found > _SAFE):
            raise GoneError(
                f"{remote.where}: garbage was collected since a draft was made, and took {name!r} or may take it.",
                hint=_AGAIN,
            )
