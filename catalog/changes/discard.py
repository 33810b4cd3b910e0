"""Discard: give local changes up and see the base commit again."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.changes.change import METADATA
from catalog.changes.pull import follow_header, spell_out
from catalog.local.writer import Writer
from catalog.session.session import Session


def discard(session: Session, writer: Writer, keys: Iterable[str] | None) -> int:
    """Forget the edits of ``keys`` (None: all, the metadata's too); how many there were."""
    with session.lock, writer.held():
        writer.flush()
        if keys is not None:
            spell_out(session, writer)
        chosen = None if keys is None else set(keys)
        edited = [row.key for row in session.table.edited() if chosen is None or row.key in chosen]
        writer.drop(edited)
        count = len(edited)
        if (chosen is None or METADATA in chosen) and session.sidecar.get("metadata_edited") is not None:
            base = session.base.stored.head.metadata if session.base else None
            writer.set_metadata(bytes(base.value) if base else None, base.timestamp if base else 0, edited=False)
            session.sidecar.put("metadata_conflict", None)
            count += 1
        if chosen is None:
            session.sidecar.put("replacing", None)
            if session.base is not None:
                follow_header(session, writer, session.base.stored)
        return count
