"""Deleting a remote: a last commit says that it is deleted, so that nobody builds on it; then its objects go."""

from __future__ import annotations

from catalog.changes.options import HeldLease
from catalog.changes.versions import check_seen, commit_over
from catalog.errors import PreconditionFailedError
from catalog.format.head import DELETED, Commit
from catalog.progress import Progress
from catalog.remote.delete import delete_objects
from catalog.session.session import Session


def delete_remote(session: Session, author: str, lease: HeldLease, over: Commit | None, progress: Progress) -> int:
    """Delete a database with its history, exactly; how many objects it had.

    The last commit swaps the head, as a push does: one of both wins. Whoever wants to make a new database in its place waits for
    the lease. Raises UnseenCommitsError, having deleted nothing, when the remote is at another commit than the one that was last
    pulled, or ``over``: what came after is nowhere else;
    LineageError where it does not come after that one. A deletion that was cut short is finished by repeating it.
    """
    remote = session.remote
    progress.begin("deleting the remote")
    newest = remote.newest(None)
    if newest is not None:
        if over is None:
            session.check_lineage(newest)
        check_seen(remote, newest, over or session.built_on)
        emptied = {"keys": 0, "value_bytes": 0, "deleted": newest.head.keys, "metadata": None, "tags": None}
        try:
            commit_over(
                session,
                newest,
                author,
                lease,
                progress,
                tables={},
                type=DELETED,
                message="Delete the database",
                changes=None,
                runs=(),
                **emptied,
            )
        except PreconditionFailedError:
            # our own commit with a lost answer, or someone else's deletion, would be as good
            if remote.newest(None) is not None:
                raise
    return delete_objects(remote, newest, lease.confirm, progress)
