"""Repacking: values of some packs written into new ones, so that the old packs are needed no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from catalog.format.pack import TARGET_BYTES, TRAILER_BYTES, PlannedValue, directory_range, plan_pack
from catalog.format.segment import Entry
from catalog.progress import Progress
from catalog.remote.fetch import Failure
from catalog.remote.remote import Remote
from catalog.remote.snapshot import Snapshot
from catalog.remote.upload import Uploads
from catalog.store.interface import ByteRange, ObjectStore

_MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class _Value:
    key: str
    entry: Entry


def live_bytes(snapshots: Collection[Snapshot]) -> dict[bytes, int]:
    """How many bytes of each pack some snapshot needs."""
    found: dict[bytes, dict[int, int]] = {}
    for snapshot in snapshots:
        for _key, entry in snapshot.items():  # noqa: PERF102 - a snapshot is no dict
            found.setdefault(entry.pack, {})[entry.offset] = entry.length
    return {pack: sum(lengths.values()) for pack, lengths in found.items()}


def value_bytes(store: ObjectStore, name: str) -> int:
    """How many bytes of a stored pack are values."""
    size = store.head(name).size
    trailer = store.get(name, ByteRange(max(size - TRAILER_BYTES, 0), TRAILER_BYTES)).body
    return directory_range(trailer, size, f"{store.where}: {name}")[0]


def repack(
    remote: Remote,
    snapshot: Snapshot,
    packs: Collection[bytes],
    without: Collection[str],
    salt: int,
    uploads: Uploads,
    progress: Progress,
) -> Iterator[tuple[str, Entry]]:
    """Write the values that a snapshot has in ``packs`` into new packs, leaving out some keys; their new entries, sorted.

    Each value is fetched and verified. At most one pack is in memory beside those that are being uploaded.
    """
    chosen: list[_Value] = []
    size = 0
    for key, entry in snapshot.items():
        if entry.pack not in packs or key in without:
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
    pack = plan_pack([PlannedValue(v.key, v.entry.timestamp, 0, v.entry.length, v.entry.checksum) for v in chosen], salt)
    body = b"".join(fetched[value.key] for value in chosen) + pack.footer
    uploads.put(remote.names.pack(pack.pack_id), lambda: body, pack.size)
    return list(pack.entries())
