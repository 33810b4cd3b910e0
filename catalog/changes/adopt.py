"""Adopting a local file of ebooklet: it goes on here with its copies, its unpushed changes, and what they are based on.

ebooklet compares times: a value is an edit when it is newer than what the index kept beside the file says, a copy when it is as
old, and out of date when it is older. Versions from 0.10 on keep a journal besides, which is followed where there is one.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from catalog.ebooklet_format.local_file import Journal, decode_journal, decode_remote_state, index_path
from catalog.ebooklet_format.names import JOURNAL_KEY, REMOTE_STATE_KEY
from catalog.ebooklet_format.payload import UserMetadata
from catalog.errors import FormatError, LocalFileError
from catalog.format.head import Metadata, StoredHead
from catalog.format.segment import UNKNOWN_LENGTH
from catalog.format.timestamp import microseconds
from catalog.format.version import METADATA, UNKNOWN_CHECKSUM
from catalog.local.booklet_header import MARK_AT, NO_MARK
from catalog.local.data_file import DataFile, system_error
from catalog.local.table import KnownBase, Row, Status
from catalog.local.working_copy import WorkingCopy
from catalog.progress import Progress
from catalog.remote.ebooklet_index import KeptIndex, kept_keys, translate_kept
from catalog.remote.snapshot import Snapshot
from catalog.session.session import Session, WriteSession

_BATCH = 5_000
_TIMESTAMP_AT = slice(42, 49)


@dataclass(frozen=True, slots=True)
class _Left:
    """What ebooklet left in and beside a local file. ``timestamp`` (µs) is that of the commit that the index is of."""

    index: Path
    timestamp: int
    journal: Journal | None
    metadata: UserMetadata | None

    @property
    def written(self) -> Collection[str]:
        """The keys that surely were set here."""
        return frozenset(self.journal.written) if self.journal is not None else ()


class _Unfinished(msgspec.Struct):
    """An adoption whose deletions are still to be noted: of which keys, and the time (µs) of what they were based on."""

    deletes: list[str]
    timestamp: int


def _left_in(copy: WorkingCopy) -> _Left | None:
    """What ebooklet left; None where it kept no index, so that nothing says what the file is based on."""
    index = index_path(copy.path)
    if not index.exists():
        return None
    journal, state = _slot(copy.data, JOURNAL_KEY), _slot(copy.data, REMOTE_STATE_KEY)
    known = decode_remote_state(state, str(copy.path)) if state is not None else None
    timestamp = int.from_bytes(copy.header.raw[_TIMESTAMP_AT], "little")
    return _Left(
        index,
        known.timestamp if known is not None and known.timestamp else timestamp,
        decode_journal(journal, str(copy.path)) if journal is not None else None,
        known.metadata if known is not None else None,
    )


def _slot(data: DataFile, key: str) -> bytes | None:
    block = data.find(key.encode())
    return data.read(block.offset, block.length) if block is not None else None


def adopt(session: WriteSession, progress: Progress) -> None:
    """Build on the commit that a file of ebooklet is based on, if it is one and nothing was built on yet.

    The newest commit is known. Local copies of what was deleted in the remote meanwhile leave the file, of which a copy is kept.
    Raises LocalFileError when what ebooklet left cannot be read.
    """
    newest = session.seen
    if session.base is not None or newest is None or (left := _left_in(session.copy)) is None:
        return
    progress.begin(f"adopting {session.copy.path.name} from ebooklet")
    with session.lock, session.writer.held():
        session.flush()
        stored = _base_of(session, left, newest)
        base = session.remote.snapshot(stored)
        plan = _plan(session, left, base)
        deletes = left.journal.deletes if left.journal is not None else list(_deleted(session, left, base, newest))
        if plan.gone:
            _copy_aside(session.copy.path)
        with session.state.transaction(durable=True):
            session.writer.leave([*plan.gone, *plan.outdated])
            session.table.put(plan.copies)
            session.state.unfinished_adoption = msgspec.json.encode(_Unfinished(deletes, left.timestamp))
            session.build_on(stored)
            session.remember_seen(newest)
        session.writer.remove_leaving()


def finish_adoption(session: WriteSession) -> None:
    """Note what was deleted before the file was adopted, once the working copy builds on the newest commit."""
    noted = session.state.unfinished_adoption
    if noted is None or session.base is None:
        return
    found = msgspec.json.decode(noted, type=_Unfinished)
    with session.lock, session.writer.held():
        for key in found.deletes:
            entry, row = session.base.find(key), session.table.get(key)
            if entry is None or (row is not None and row.edited):
                continue
            session.writer.delete(key, microseconds(None))
            if entry.timestamp > found.timestamp:
                session.flush()
                row = session.table.get(key)
                assert row is not None
                known = KnownBase(found.timestamp, b"", 0, UNKNOWN_LENGTH, UNKNOWN_CHECKSUM)
                session.table.put([replace(row, base=known)])
        session.writer.sync()
        session.state.unfinished_adoption = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the rows of a file are: copies of the base; copies that are out of date; keys that were deleted in the remote."""

    copies: list[Row]
    outdated: list[str]
    gone: list[str]


def _plan(session: WriteSession, left: _Left, base: Snapshot) -> _Plan:
    plan = _Plan([], [], [])
    rows = (row for row in session.table.edited() if row.status == Status.EDITED)
    while batch := list(islice(rows, _BATCH)):
        base.prefetch(row.key for row in batch)
        for row in batch:
            if row.key == METADATA:
                _plan_metadata(plan, row, left, base)
            elif row.key not in left.written:
                _plan_row(plan, row, base, left.timestamp)
    return plan


def _plan_row(plan: _Plan, row: Row, base: Snapshot, timestamp: int) -> None:
    entry = base.find(row.key)
    if entry is None:
        if row.timestamp <= timestamp:
            plan.gone.append(row.key)
    elif row.timestamp == entry.timestamp:
        plan.copies.append(replace(row, status=Status.COPY, base=None))
    elif row.timestamp < entry.timestamp:
        plan.outdated.append(row.key)


def _plan_metadata(plan: _Plan, row: Row, left: _Left, base: Snapshot) -> None:
    known = base.find(METADATA)
    edited = row.timestamp > known.timestamp if known is not None else True
    if left.journal.meta_pending if left.journal is not None else edited:
        return
    if known is not None and known.timestamp == row.timestamp:
        plan.copies.append(replace(row, status=Status.COPY, base=None))
    else:
        plan.outdated.append(METADATA)


def _base_of(session: WriteSession, left: _Left, newest: StoredHead) -> StoredHead:
    """The commit that the file is based on, as a head."""
    try:
        kept = translate_kept(left.index, session.remote.keep_segments)
    except FormatError as error:
        raise LocalFileError(
            error.message,
            path=str(left.index),
            hint="Move it away and open again: every value in the file that differs from the remote's is then a conflict.",
        ) from None
    return kept.head(newest.head, left.timestamp, _base_metadata(session, left, kept, newest))


def _base_metadata(session: WriteSession, left: _Left, kept: KeptIndex, newest: StoredHead) -> Metadata | None:
    """The user's metadata of that commit; of older versions only the time is known, where they are not the newest's."""
    if left.metadata is not None:
        return Metadata.held(left.metadata.timestamp, left.metadata.data)
    if kept.metadata_timestamp is None:
        return None
    if newest.head.metadata is not None and newest.head.metadata.timestamp == kept.metadata_timestamp:
        return newest.head.metadata
    row = session.table.get(METADATA)
    mine = row is not None and row.held and row.timestamp == kept.metadata_timestamp
    value = session.local_bytes(row) if row is not None and mine else None
    return Metadata.held(kept.metadata_timestamp, value or b"null")


def _deleted(session: WriteSession, left: _Left, base: Snapshot, newest: StoredHead) -> Iterator[str]:
    """What a version without a journal deleted: the index kept here lacks it, though it is older than that."""
    for key, before, after in base.differing(session.remote.snapshot(newest)):
        if key != METADATA and before is None and after is not None and after.timestamp <= left.timestamp:
            yield key


def refuse_part(session: Session) -> None:
    """Raise LocalFileError where a file has only some values of a database of ebooklet: pushed, it would be all there is."""
    left = _left_in(session.copy)
    if session.base is not None and session.base.stored.head.from_ebooklet:
        missing, total = _missing(session, (key for key, _ in session.base.items()))
    elif session.base is None and left is not None:
        missing, total = _missing(session, kept_keys(left.index))
    else:
        return
    if missing:
        raise LocalFileError(
            f"{session.copy.path} holds {total - missing:,} of the {total:,} values of its database, as ebooklet fetched them: "
            "pushed from here, the others would be missing.",
            path=str(session.copy.path),
            hint="Open it with the connection of that database and flag='r' first, and call load_items() or copy_remote().",
        )


def _missing(session: Session, keys: Iterator[str]) -> tuple[int, int]:
    """Of how many of these keys the working copy says nothing, and how many there are."""
    missing = total = 0
    while batch := list(islice(keys, _BATCH)):
        rows = session.table.get_many(batch)
        missing += sum(key not in rows or rows[key].status == Status.LEAVING for key in batch)
        total += len(batch)
    return missing, total


def _copy_aside(path: Path) -> None:
    aside = path.with_name(f"{path.name}.before-catalog")
    if not aside.exists():
        try:
            shutil.copyfile(path, aside)
            # The file was as it is now, but for our mark.
            with aside.open("r+b") as copy:
                copy.seek(MARK_AT)
                copy.write(NO_MARK)
        except OSError as error:
            raise system_error(error, aside, "keeping a copy in") from None
