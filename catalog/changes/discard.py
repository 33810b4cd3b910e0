"""Discard: give local changes up and see the base commit again."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.changes.pull import bring_metadata, follow_header, spell_out
from catalog.format.version import METADATA
from catalog.session.session import WriteSession


def discard(session: WriteSession, keys: Iterable[str] | None) -> int:
    """Forget the edits of ``keys`` (None: all, the metadata's too, whose key is `METADATA`); how many there were."""
    writer = session.writer
    with session.lock, writer.held():
        writer.flush()
        if keys is not None:
            spell_out(session)
        chosen = None if keys is None else set(keys)
        edited = [row.key for row in session.table.edited() if chosen is None or row.key in chosen]
        writer.drop(edited)
        if chosen is None:
            session.state.replacing = False
            if session.base is not None:
                follow_header(session, session.base.stored)
        if METADATA in edited:
            bring_metadata(session)
        return len(edited)
