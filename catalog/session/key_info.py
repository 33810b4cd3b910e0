"""What is said of a key without its value: from what the base commit and the working copy know of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from catalog.format.segment import Entry
from catalog.local.table import Row, Status


class KeyState(StrEnum):
    """Where the value of a key is, or what was done to it since the last push."""

    LOCAL = "local"
    REMOTE = "remote"
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    CONFLICT = "conflict"


class KeyInfo(msgspec.Struct, frozen=True, gc=False):
    """One key without its value: microseconds since the epoch, bytes as stored, and its state.

    ``size`` is None where nobody knows it before the value is fetched. ``verified`` says whether the remote keeps a checksum that
    the value is compared with; ebooklet's keep none.
    """

    key: str
    timestamp: int
    size: int | None
    state: KeyState
    verified: bool = True


def of_entry(key: str, entry: Entry, state: KeyState, size: int | None = None) -> KeyInfo:
    """What to say of a key that is as an entry says; ``size`` is what is known of it from elsewhere."""
    return KeyInfo(key, entry.timestamp, size if entry.size is None else entry.size, state, entry.verifiable)


def join_rows(entries: Iterator[tuple[str, Entry]], rows: Iterator[Row]) -> Iterator[tuple[str, Entry | None, Row | None]]:
    """Join two sorted streams on their keys."""
    entry, row = next(entries, None), next(rows, None)
    while entry is not None or row is not None:
        if row is None or (entry is not None and entry[0] < row.key):
            assert entry is not None
            yield entry[0], entry[1], None
            entry = next(entries, None)
        elif entry is None or row.key < entry[0]:
            yield row.key, None, row
            row = next(rows, None)
        else:
            yield entry[0], entry[1], row
            entry, row = next(entries, None), next(rows, None)


def describe_key(key: str, entry: Entry | None, row: Row | None, *, has_base: bool) -> KeyInfo | None:
    """What to say of a key that the base, the table or both know; None when it does not exist."""
    if row is None or row.status == Status.LEAVING:
        return of_entry(key, entry, KeyState.REMOTE) if entry else None
    if row.status == Status.COPY:
        if entry is not None:
            known = entry.version == row.version
            return of_entry(key, entry, KeyState.LOCAL, row.length if known else None)
        return None if has_base else KeyInfo(key, row.timestamp, row.length, KeyState.LOCAL)
    if row.base is not None:
        return KeyInfo(key, row.timestamp, row.length, KeyState.CONFLICT)
    if row.status == Status.DELETED:
        return of_entry(key, entry, KeyState.DELETED) if entry else None
    if entry is not None and row.says(entry):
        return of_entry(key, entry, KeyState.LOCAL, row.length)
    return KeyInfo(key, row.timestamp, row.length, KeyState.ADDED if entry is None else KeyState.MODIFIED)


def while_prefixed(infos: Iterator[KeyInfo], prefix: str) -> Iterator[KeyInfo]:
    """Those of sorted keys that begin with ``prefix``."""
    for info in infos:
        if not info.key.startswith(prefix):
            if info.key > prefix:
                return
            continue
        yield info
