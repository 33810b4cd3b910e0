"""Detaching from a remote that is no more: what is local is all there is, and can be pushed again."""

from __future__ import annotations

from catalog.format.version import METADATA
from catalog.session.session import WriteSession


def detach(session: WriteSession) -> None:
    """The remote was deleted: every value that is here is an edit of ours from now on, the metadata too.

    Pushed again, it is a new database, which says what it continues.
    """
    writer = session.writer
    with writer.held():
        if (metadata := session.metadata()) is not None and session.table.get(METADATA) is None:
            writer.put(METADATA, metadata.value, metadata.timestamp)
        writer.flush()
        with session.state.transaction(durable=True):
            writer.claim_copies()
            if session.base is not None:
                session.state.continues = session.base.stored.origin
            session.build_on(None)
