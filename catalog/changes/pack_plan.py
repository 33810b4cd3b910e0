"""Planning what goes up: sorted changes become packs and index entries, in a stream and without reading a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from catalog.format.pack import TARGET_BYTES, PlannedPack, PlannedValue, plan_pack
from catalog.format.segment import DELETED, Entry

_FIRST_BYTES = 8 << 20
"""The first packs of many are smaller than the target, as the others are where they come near half of all before them:
uploading starts early, and never waits long for the last.
"""

_MOST_VALUES = 200_000
_MOST_KEY_CHARACTERS = 16 << 20


@dataclass(frozen=True, slots=True)
class Deletion:
    """A key that is to be deleted."""

    key: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A key whose value is in the remote already, and stays where it is."""

    key: str
    entry: Entry


Outgoing = PlannedValue | Deletion | Kept
"""What becomes of a key in the commit that is planned."""


def plan_entries(
    outgoing: Iterable[Outgoing], upload: Callable[[PlannedPack], object], salt: int = 0
) -> Iterator[tuple[str, Entry]]:
    """Turn sorted changes into sorted index entries, handing each pack to ``upload`` as soon as it is full.

    The same changes give the same packs. A value as large as a pack gets one of its own.
    """
    chunk: list[Outgoing] = []
    size = count = characters = 0
    target, planned = _FIRST_BYTES, 0
    for change in outgoing:
        length = change.length if isinstance(change, PlannedValue) else 0
        full = size + length > target or count >= _MOST_VALUES or characters >= _MOST_KEY_CHARACTERS
        if chunk and full:
            yield from _entries(chunk, upload, salt)
            planned += size
            target = min(max(_FIRST_BYTES, planned // 2), TARGET_BYTES)
            chunk, size, count, characters = [], 0, 0, 0
        chunk.append(change)
        size, count, characters = size + length, count + 1, characters + len(change.key)
    yield from _entries(chunk, upload, salt)


def _entries(chunk: list[Outgoing], upload: Callable[[PlannedPack], object], salt: int) -> Iterator[tuple[str, Entry]]:
    values = [change for change in chunk if isinstance(change, PlannedValue)]
    entries: Iterator[tuple[str, Entry]] = iter(())
    if values:
        pack = plan_pack(values, salt)
        upload(pack)
        entries = pack.entries()
    for change in chunk:
        if isinstance(change, Deletion):
            yield change.key, Entry(change.timestamp, DELETED, 0, 0, bytes(8))
        elif isinstance(change, Kept):
            yield change.key, change.entry
        else:
            yield next(entries)
