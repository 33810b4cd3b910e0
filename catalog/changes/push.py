"""Push: bring local changes up in one commit, or stop before anything is visible.

Packs and segments go up first; nothing refers to them. Then one conditional write of the head makes them the newest commit. When
someone else committed first, their changes are compared with ours: other keys, and ours is put on top of theirs; the same keys,
and it is a conflict.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from catalog.changes.content import drop_same_content
from catalog.changes.diff import agrees, incoming, says_the_same
from catalog.changes.finalize import finalize, finalize_attempts
from catalog.changes.options import HeldLease, PushOptions, PushResult
from catalog.changes.pack_upload import PackUploads
from catalog.changes.pull import pull, spell_out
from catalog.changes.stage import (
    Own,
    Sink,
    Tally,
    chosen_edits,
    first_index,
    head_of,
    index_on,
    outgoing_values,
    own_changes,
    salt_of,
)
from catalog.errors import (
    ConflictError,
    DatabaseMismatchError,
    GoneError,
    PreconditionFailedError,
    RemoteMissingError,
)
from catalog.format.head import StoredHead, encode_head
from catalog.format.names import check_new_key
from catalog.format.segment import Entry
from catalog.format.version import METADATA, name_of_key
from catalog.local.state import Attempt
from catalog.local.table import Row
from catalog.locking.head_writer import HeadWriter
from catalog.locking.queue import Queue
from catalog.progress import Progress
from catalog.remote.index_writer import Index
from catalog.remote.objects import check_place
from catalog.remote.upload import Uploads
from catalog.session.session import WriteSession

MOST_TRIES = 60
_ALONE = 5
"""Races that a push loses before it waits for its turn."""

_LONGEST_PAUSE = 10.0


def push(session: WriteSession, options: PushOptions, lease: HeldLease | None, progress: Progress) -> PushResult:
    """Push the changes of a session.

    Raises ConflictError, LeaseLostError, OutcomeUnknownError, and what the store raises; local changes then stay as they were.
    """
    remote = session.remote
    with session.lock, ExitStack() as held:
        traffic = remote.store.traffic
        requests, bytes_up = traffic.total_requests, traffic.bytes_up
        if options.keys is not None:
            spell_out(session)
        drop_same_content(session)
        session.writer.sync()
        up_to = session.writer.last_edit
        heads = held.enter_context(HeadWriter(remote.place, lease, progress))
        staged, lost = _Staged(_resumable(session)), 0
        progress.begin("comparing")
        _check_new(session)
        while lost < MOST_TRIES:
            began = time.monotonic()
            finalize_attempts(session)
            aim = _aim_from_here(session, options, progress)
            if aim.target is None and heads.hold():
                session.refresh()
                continue
            if aim.is_there:
                if aim.arrived:
                    pull(session, progress)
                return PushResult(None, 0, traffic.bytes_up - bytes_up, traffic.total_requests - requests)
            _take_identity(session, aim.target)
            made, attempt = staged.make(session, options, aim, up_to, progress)
            progress.begin("committing")
            session.state.note_attempt(attempt)
            outcome = heads.commit(made, aim.target, partial(pause_after_loss, lost, time.monotonic() - began, progress))
            if isinstance(outcome, StoredHead):
                finalize(session, outcome, attempt, aim.target, progress)
                sent = (traffic.bytes_up - bytes_up, traffic.total_requests - requests)
                return PushResult(outcome.commit, staged.tally.pushed, *sent)
            session.state.forget_attempt(attempt)
            session.see_newest(outcome.current)
            lost += 1
            if lost == _ALONE and heads.swaps:
                held.enter_context(Queue(remote.place, time.monotonic() - began, progress)).wait_for_turn()
                session.refresh()
        raise PreconditionFailedError(session.remote.where, session.remote.names.head)


def _check_new(session: WriteSession) -> None:
    """Raise InvalidInputError where a database is to be made at a place that is not the same everywhere, or not free."""
    if session.seen is None:
        check_new_key(session.remote.names.db_key)
        check_place(session.remote.place)


def _take_identity(session: WriteSession, target: StoredHead | None) -> None:
    """Be the database that is pushed to, which may have been made in the place of ours; a new one where ours was deleted."""
    mine, deleted = session.writer.data.header.uuid, session.state.continues
    wanted = target.head.database_uuid if target is not None else mine
    if target is None and deleted is not None and mine.bytes == deleted.uuid:
        wanted = uuid.uuid4()
    if wanted != mine:
        session.writer.become(wanted)
        session.copy.data.reload()


def pause_after_loss(lost: int, seconds: float, progress: Progress) -> None:
    """Wait after a lost race before looking at who won, for a random time that doubles; not where a turn is taken next."""
    if lost + 1 != _ALONE:
        progress.wait(random.uniform(0, min(seconds * 8 * 2**lost, _LONGEST_PAUSE)))  # noqa: S311 - it keeps nobody out


def _resumable(session: WriteSession) -> set[bytes]:
    """Packs of an earlier push that did not commit. What a collection may have taken is named otherwise from then on; what was
    deleted with a whole database is not, so that for a new one it is looked at what is there.
    """
    noted = session.state.resumable()
    if session.seen is not None or not noted:
        return noted
    store, names = session.remote.store, session.remote.names
    there = {found.name for found in store.list(names.packs)} if store.powers.lists else set()
    return {pack for pack in noted if names.pack(pack) in there}


@dataclass(frozen=True, slots=True)
class Aim:
    """The commit to push on top of, what others changed up to it, which of that is to be pushed too, and whether all of it is."""

    target: StoredHead | None
    arriving: Mapping[str, Entry | None]
    arrived: bool
    is_there: bool


def aim_of(session: WriteSession, options: PushOptions) -> Aim:
    """What a push would build on now; ConflictError where that is not possible."""
    target, arriving = _target_of(session, options)
    # The first commit is made whatever it changes, and so is one that takes the place of all that was there.
    made_anyway = target is None or session.replacing
    chosen = chosen_edits(session, options)
    if made_anyway or not arriving:
        is_there = not made_anyway and next(chosen, None) is None
        return Aim(target, arriving, arrived=False, is_there=is_there)
    there = [edit.row.key in arriving for edit in chosen]
    return Aim(target, arriving, any(there), all(there))


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
        for edit in chosen_edits(session, options):
            key = edit.row.key
            if session.replacing and key != METADATA:
                break
            if edit.row.base is None and key in arriving and not agrees(edit.row, edit.started, arriving[key]):
                clashes.add(key)
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
    base = session.base.stored if session.base is not None else None
    if base is not None and seen.head.uuid != base.head.uuid and not seen.continues(base):
        raise DatabaseMismatchError(
            f"{session.remote.where} was replaced by another database since your last pull.",
            hint="Pull to see it; to push yours instead, open it with flag='n'.",
        )
    if session.base is None and seen.head.database_uuid != session.writer.data.header.uuid:
        raise DatabaseMismatchError(
            f"{session.remote.where}: {seen.head.author} created a database here meanwhile. Nothing was pushed; yours is kept.",
            hint="To join it, open it with another file_path, copy your keys there (yours opens with offline=True) and push; "
            "or push yours to another db_key.",
        )


def _wanted(key: str, options: PushOptions) -> bool:
    return options.keys is None or key in options.keys


@dataclass(slots=True)
class _Staged:
    """What a push has brought up, of which a lost race sends nothing again but the commit and the head."""

    uploaded: set[bytes]
    own: Own | None = None
    tally: Tally = field(default_factory=Tally)

    def make(
        self, session: WriteSession, options: PushOptions, aim: Aim, up_to: int, progress: Progress
    ) -> tuple[StoredHead, Attempt]:
        """The head of the new commit, whose objects are up, and the note of it."""
        remote, target = session.remote, aim.target
        again = self.own is not None and self.own.salt == salt_of(target) and not aim.arrived
        with Uploads(remote.store, min(remote.threads, 4), progress) as uploads:

            def put(name: str, body: bytes) -> None:
                uploads.put(name, lambda: body, len(body))

            sink = Sink(put, PackUploads(session, uploads, self.uploaded).put)
            progress.begin("uploading", *(_expected(session, options) if not again else (0, 0)))
            index = self._index(session, options, aim, sink, again=again)
            made = encode_head(head_of(session, options, target, index, self.tally, put), index.tables)
            body = made.commit_body
            uploads.put(remote.names.commit(made.head.number, made.commit_id), lambda: body, len(body))
        names = self.tally.names if options.keys is not None else None
        return made, Attempt(made.head.number, made.commit_id, up_to, names)

    def _index(self, session: WriteSession, options: PushOptions, aim: Aim, sink: Sink, *, again: bool) -> Index:
        """The index of the new commit; after a lost race made of what is up by then, and of nothing of it made anew."""
        if again and self.own is not None:
            return index_on(session, self.own, aim.target, sink)
        first = self.own is None and not self.tally.pushed
        self.tally = Tally()
        outgoing = outgoing_values(session, options, aim.target, aim.arriving, self.tally, sink)
        expected = session.table.count_edited()
        if first:
            index, self.own = first_index(session, outgoing, aim.target, sink, expected)
            return index
        self.own = own_changes(session, outgoing, aim.target, sink, expected)
        return index_on(session, self.own, aim.target, sink)


def _expected(session: WriteSession, options: PushOptions) -> tuple[int, int]:
    """Bytes and keys that a push will move, about, for its progress."""
    if session.replacing or options.keys is not None:
        return 0, 0
    keys, size = session.table.edited_size()
    return size, keys
