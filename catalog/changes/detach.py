"""Forgetting a remote that is no more: what is local is all there is, and can be pushed again."""

from __future__ import annotations

from catalog.local.writer import Writer
from catalog.session.session import Session


def forget_remote(session: Session, writer: Writer) -> None:
    """The remote was deleted: what is local is all there is, and can be pushed again."""
    with session.sidecar.transaction(durable=True):
        writer.claim_copies()
        if (kept := session.metadata()) is not None:
            session.sidecar.put("metadata", kept.value)
            session.sidecar.put("metadata_time", kept.timestamp)
            session.sidecar.put("metadata_edited", 1)
        session.remember_base(None)
