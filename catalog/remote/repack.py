"""Repacking: values of some packs written into new ones, so that the old packs are needed no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from catalog.format.pack import LARGE_VALUE, TARGET_BYTES, TRAILER_BYTES, BlockSums, PlannedValue, directory_range, plan_pack
from catalog.format.segment import Entry
from catalog.progress import Progress
from catalog.remote.fetch import Failure
from catalog.remote.remote import Remote
from catalog.remote.upload import Uploads
from catalog.store.interface import ByteRange

_MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class _Value:
    key: str
    entry: Entry


def value_bytes(remote: Remote, pack: bytes, size: int) -> int:
    """How many bytes of a pack of ``size`` bytes are values."""
    name = remote.names.pack(pack)
    trailer = remote.store.get(name, ByteRange(max(size - TRAILER_BYTES, 0), TRAILER_BYTES), most=TRAILER_BYTES).body
    return directory_range(trailer, size, f"{remote.store.where}: {name}").start


def repack(
    remote: Remote,
    items: Iterable[tuple[str, Entry]],
    packs: Collection[bytes],
    without: Collection[str],
    salt: int,
    uploads: Uploads,
    progress: Progress,
) -> Iterator[tuple[str, Entry]]:
    """Write those of some values that lie in ``packs``, or in a commit, into new packs; their new entries, sorted.

    Keys ``without`` are left out.

    Each value is fetched and verified. At most one pack is in memory beside those that are being uploaded.
    """
    chosen: list[_Value] = []
    size = 0
    for key, entry in items:
        if (entry.inline is None and entry.pack not in packs) or key in without:
            continue
        if chosen and (size + entry.length > TARGET_BYTES or len(chosen) >= _MOST_VALUES):
            yield from _write(remote, chosen, salt, uploads, progress)
            chosen, size = [], 0
        chosen.append(_Value(key, entry))
        size += entry.length
    if chosen:
        yield from _write(remote, chosen, salt, uploads, progress)


def _write(remote: Remote, chosen: list[_Value], salt: int, uploads: Uploads, progress: Progress) -> list[tuple[str, Entry]]:
    fetched: dict[str, bytes] = {}
    for part in remote.values([(value.key, value.entry) for value in chosen], progress):
        if isinstance(part, Failure):
            raise part.error
        fetched.update((key, value) for key, _, value in part)
    pack = plan_pack([_planned(value, fetched[value.key]) for value in chosen], salt)
    body = b"".join(fetched[value.key] for value in chosen) + pack.footer
    uploads.put(remote.names.pack(pack.pack_id), lambda: body, pack.size)
    return list(pack.entries())


def _planned(value: _Value, found: bytes) -> PlannedValue:
    entry, blocks = value.entry, BlockSums()
    if entry.length > LARGE_VALUE:
        blocks.update(found)
    return PlannedValue(value.key, entry.timestamp, 0, entry.length, entry.checksum, None, blocks.digest())
