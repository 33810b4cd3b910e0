"""Settle: what a commit of our own brought up is an edit no more.

A commit stays noted as a draft while its outcome is not known. Whoever builds on a newer commit looks for drafts in it first, so
that our own values are never taken for someone else's.
"""

from __future__ import annotations

import contextlib

import msgspec

from catalog.changes.change import METADATA
from catalog.changes.diff import incoming
from catalog.changes.pull import fetch_copies, move_base, plan_pull
from catalog.errors import CatalogError, GoneError
from catalog.format.head import Metadata, StoredHead
from catalog.local.writer import Writer
from catalog.progress import Progress
from catalog.session.session import KeptMetadata, Session


class Draft(msgspec.Struct, frozen=True):
    """A commit that was sent: edits up to number ``up_to`` are in it, of ``keys`` (None: of all)."""

    number: int
    id: str
    up_to: int
    keys: list[str] | None


_decode = msgspec.json.Decoder(list[Draft]).decode


def _drafts(session: Session) -> list[Draft]:
    noted = session.sidecar.get("drafts")
    return _decode(noted) if noted is not None else []


def note_draft(session: Session, draft: Draft) -> None:
    """Note a commit that is about to be sent."""
    with session.sidecar.transaction(durable=True):
        session.sidecar.put("drafts", msgspec.json.encode([*_drafts(session), draft]))


def forget_draft(session: Session, draft: Draft) -> None:
    """Forget a commit that was surely not made."""
    left = [noted for noted in _drafts(session) if noted.id != draft.id]
    session.sidecar.put("drafts", msgspec.json.encode(left) if left else None)


def settle_drafts(session: Session, writer: Writer) -> None:
    """Find out about commits whose outcome was not known, and build on the newest of them that was made.

    Sends no request when there are none. Where garbage collection took the history, the outcome is never known. Raises what the
    store raises, and IntegrityError for an answer that was damaged: a commit of our own must not be taken for someone else's.
    """
    drafts = {draft.id: draft for draft in _drafts(session)}
    if not drafts or (newest := session.refresh()) is None:
        return
    first = min(draft.number for draft in drafts.values())
    with contextlib.suppress(GoneError):
        for stored in session.remote.history(newest):
            if stored.head.number < first:
                break
            if stored.commit_id in drafts:
                settle(session, writer, stored, drafts[stored.commit_id], _parent_of(session, stored), Progress())
                session.remember_seen(newest)
                break


def settle(
    session: Session, writer: Writer, made: StoredHead, draft: Draft, parent: StoredHead | None, progress: Progress
) -> None:
    """Build on a commit of our own: what it brought up is an edit no more, what was edited since stays one."""
    on_our_base = parent is None or parent.commit_id == session.base_id
    foreign = _foreign(session, parent) if parent is not None and not on_our_base else set()
    with writer.held():
        writer.flush()
        if on_our_base:
            with session.sidecar.transaction(durable=True):
                session.remember_base(made)
                session.table.settle(draft.keys, draft.up_to)
                if session.metadata() == _kept(made.head.metadata):
                    session.sidecar.put("metadata_edited", None)
                for name in ("replacing", "drafts"):
                    session.sidecar.put(name, None)
                session.sidecar.run("DELETE FROM uploaded")
            return
        session.remember_seen(made)
        plan = plan_pull(session, made, foreign)
        move_base(session, writer, made, plan)
    # The commit is made: copies that cannot be fetched now are fetched when they are read.
    with contextlib.suppress(CatalogError):
        fetch_copies(session, writer, plan.refetch, progress)


def _parent_of(session: Session, made: StoredHead) -> StoredHead | None:
    parent = made.head.parent
    return None if parent is None else session.remote.commit(parent.number, parent.id)


def _foreign(session: Session, parent: StoredHead) -> set[str]:
    """The keys that others changed between our base and the parent of a commit of our own, the metadata's too."""
    foreign = {key for key, _, _ in incoming(session, parent)}
    ours = session.base.stored.head.metadata if session.base is not None else None
    if parent.head.metadata != ours:
        foreign.add(METADATA)
    return foreign


def _kept(metadata: Metadata | None) -> KeptMetadata | None:
    return KeptMetadata(bytes(metadata.value), metadata.timestamp) if metadata is not None else None
