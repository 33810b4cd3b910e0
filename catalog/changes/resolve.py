"""Resolve: end a conflict by choosing a side."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from catalog.local.writer import Writer
from catalog.session import Session

from .change import METADATA
from .discard import discard


class Side(StrEnum):
    """Whose version of a key is to stay."""

    MINE = "mine"
    THEIRS = "theirs"


def resolve(session: Session, writer: Writer, keys: Iterable[str], side: Side) -> None:
    """Keep one side's version of conflicting keys: ``MINE`` is pushed over theirs next, ``THEIRS`` is what is read now."""
    chosen = list(keys)
    if side == Side.THEIRS:
        discard(session, writer, chosen)
        return
    with session.lock, writer.held():
        writer.flush()
        rows = session.table.get_many(chosen)
        session.table.put(row._replace(base=None) for row in rows.values() if row.edited)
        if METADATA in chosen:
            session.sidecar.put("metadata_conflict", None)
