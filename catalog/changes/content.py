"""Edits that set the bytes that the base has: they change nothing, which is found out where the index is at hand."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

from catalog.errors import GoneError
from catalog.session.session import WriteSession

_BATCH = 5_000


def drop_same_content(session: WriteSession) -> None:
    """Compare what was set while the base was not known here, and give back the base's timestamp to what is the same.

    Reads the index of the keys concerned, and no value of the remote.
    """
    session.flush()
    base = session.base
    if base is None:
        return
    unsure = session.table.unsure()
    # Where the index of the base was given up, a pull compares with the newest.
    with suppress(GoneError), session.writer.held():
        while batch := list(islice(unsure, _BATCH)):
            base.prefetch((row.key for row in batch), keys_only=True)
            for row in batch:
                there = base.outline(row.key)
                if there is None or row.base is not None or not row.may_say(there) or not row.says(base.find(row.key)):
                    continue
                if (value := session.local_bytes(row)) is not None:
                    session.writer.put(row.key, value, there.timestamp)
    session.flush()
