"""Finalize: what a commit of our own brought up is an edit no more.

A commit stays noted as an attempt while its outcome is not known. Whoever builds on a newer commit looks for attempts in it
first, so that our own values are never taken for someone else's.
"""

from __future__ import annotations

import contextlib

from catalog.changes.diff import incoming
from catalog.changes.pull import fetch_copies, move_base, plan_pull
from catalog.errors import CatalogError, GoneError
from catalog.format.head import StoredHead
from catalog.local.state import Attempt
from catalog.progress import Progress
from catalog.session.session import Session, WriteSession


def finalize_attempts(session: WriteSession) -> None:
    """Find out about commits whose outcome was not known, and build on the newest of them that was made.

    Sends no request when there are none. Where garbage collection took what reads the commit, nothing can be done.
    Raises what the store raises, and IntegrityError for a damaged answer: a commit of our own must not be taken for another's.
    """
    attempts = {attempt.id: attempt for attempt in session.state.attempts}
    if not attempts or (newest := session.refresh()) is None:
        return
    log = session.remote.log
    made = [attempt for attempt in attempts.values() if log.has(newest, attempt.number, attempt.id)]
    if not made:
        return
    attempt = max(made, key=lambda one: one.number)
    with contextlib.suppress(GoneError):
        stored = newest if newest.commit_id == attempt.id else session.remote.commit(attempt.number, attempt.id)
        finalize(session, stored, attempt, _parent_of(session, stored), Progress())
        session.remember_seen(newest)


def finalize(session: WriteSession, made: StoredHead, attempt: Attempt, parent: StoredHead | None, progress: Progress) -> None:
    """Build on a commit of our own: what it brought up is an edit no more, what was edited since stays one."""
    on_our_base = parent is None or parent.commit_id == session.base_id
    foreign = {key for key, _, _ in incoming(session, parent)} if parent is not None and not on_our_base else set()
    with session.writer.held():
        session.flush()
        if on_our_base:
            session.state.committed(made, attempt.keys, attempt.up_to)
            session.follow_base(made)
            return
        session.remember_seen(made)
        plan = plan_pull(session, made, foreign)
        move_base(session, made, plan)
    # The commit is made: copies that cannot be fetched now are fetched when they are read.
    with contextlib.suppress(CatalogError):
        fetch_copies(session, plan.refetch, progress)


def _parent_of(session: Session, made: StoredHead) -> StoredHead | None:
    parent = made.head.parent
    return None if parent is None else session.remote.commit(parent.number, parent.hex)
