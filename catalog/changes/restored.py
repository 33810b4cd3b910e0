"""A booklet that was restored from a backup: its edits are found by comparing it with the commit that it was based on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from msgspec.structs import replace

from catalog.changes.diff import agrees, says_the_same
from catalog.errors import GoneError, name_some
from catalog.format.segment import Entry
from catalog.local.state import Restored
from catalog.local.table import KnownBase, Row, Status
from catalog.remote.snapshot import Snapshot, same_version
from catalog.session.session import Session, WriteSession

_BATCH = 5_000


def settle_restored(session: WriteSession) -> None:
    """Tell edits from copies in a booklet of an earlier sync. Raises what the store raises; the next opening tries again then.

    What is as in the commit that it was based on is out of date and says nothing. What differs from it is an edit based on it.
    Where that commit is not kept any more, it stays in conflict, for a person to decide.
    """
    found = session.state.restored
    if found is None:
        return
    with session.lock, session.writer.held():
        session.flush()
        with suppress(GoneError):
            _compare(session, found, _snapshot(session, found))
        session.writer.sync()
        session.state.restored = None


def _snapshot(session: Session, found: Restored) -> Snapshot | None:
    """What the booklet was based on; None where it was based on nothing."""
    if found.number is None or found.commit_id is None:
        return None
    if session.base is not None and session.base_id == found.commit_id:
        return session.base
    return session.remote.snapshot(session.remote.commit(found.number, found.commit_id))


def _compare(session: WriteSession, found: Restored, then: Snapshot | None) -> None:
    deleted = frozenset(found.deleted)
    pending = (row for row in session.table.edited() if found.after < row.edit <= found.up_to)
    while batch := list(islice(pending, _BATCH)):
        for snapshot in {id(one): one for one in (then, session.base) if one is not None}.values():
            snapshot.prefetch(row.key for row in batch)
        session.writer.settle(list(_compared(session, batch, then, deleted)))


def _compared(session: Session, batch: list[Row], then: Snapshot | None, deleted: frozenset[str]) -> Iterator[Row]:
    now = session.base
    for row in batch:
        if row.status != Status.EDITED:
            continue
        before = then.find(row.key) if then is not None else None
        after = now.find(row.key) if now is not None else None
        yield _meaning(row, before, after, was_deleted=row.key in deleted)


def _meaning(row: Row, before: Entry | None, after: Entry | None, *, was_deleted: bool) -> Row:
    """What a value of the restored booklet is, which was based on ``before``, while the working copy is based on ``after``."""
    if says_the_same(row, before):
        if was_deleted:
            return replace(row, status=Status.DELETED, length=0, base=None)
        return replace(row, status=Status.COPY if says_the_same(row, after) else Status.LEAVING, base=None)
    if after is not None and (says_the_same(row, after) or agrees(row, before, after)):
        return replace(row, status=Status.COPY if row.version == after.version else Status.LEAVING, base=None)
    return replace(row, base=None if same_version(before, after) else KnownBase.of(before))


def notices(session: Session) -> Iterator[str]:
    """What is to be said of a booklet that was restored, or that lost its sidecar."""
    path = session.copy.path
    if session.copy.lost_sidecar:
        yield (
            f"{path} has lost its sidecar {path.name}.sync: what was deleted in it and not pushed cannot be known, "
            "and is there again."
        )
    lost = session.state.lost_edits
    if lost:
        yield (
            f"{path} was replaced by an earlier state of itself, and with what it was {len(lost):,} unpushed edits are gone: "
            f"{name_some(lost)}. If the replaced file is still somewhere, put it back."
        )
