"""Lineage: whether a head comes after the commit that a working copy builds on."""

from __future__ import annotations

from catalog.errors import ForkedError, IntegrityError, LineageError, RemoteWentBackError
from catalog.format.head import StoredHead
from catalog.remote.remote import Remote


def parting(remote: Remote, base: StoredHead, newest: StoredHead) -> LineageError | None:
    """The error that says how ``newest`` parted from ``base``; None where it is ``base`` or comes after it.

    No request where ``base`` is its parent or told of in the head, else one: the log, which is kept for good. What ebooklet made
    has no lineage, and another database is no later state of this one: neither is looked at here.
    """
    if newest.head.uuid != base.head.uuid or base.head.from_ebooklet or newest.commit_id == base.commit_id:
        return None
    if newest.head.number > base.head.number and remote.log.has(newest, base.head.number, base.commit_id):
        return None
    kind = RemoteWentBackError if _is_behind(remote, base, newest) else ForkedError
    return kind(remote.where, base.commit, newest.commit)


def _is_behind(remote: Remote, base: StoredHead, newest: StoredHead) -> bool:
    """Whether ``base`` comes after ``newest``. Where a bundle of its log is gone, the numbers have to do."""
    if newest.head.from_ebooklet or newest.head.number >= base.head.number:
        return newest.head.from_ebooklet
    try:
        return remote.log.has(base, newest.head.number, newest.commit_id)
    except IntegrityError:
        return True
