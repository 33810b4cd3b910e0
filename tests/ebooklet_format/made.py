"""Remotes as ebooklet writes them, made of what a test wants in them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.group_object import encode_group
from catalog.ebooklet_format.identity import Identity
from catalog.ebooklet_format.image import encode_image
from catalog.ebooklet_format.names import EbookletNames
from catalog.ebooklet_format.payload import UserMetadata, encode_payload
from catalog.local.booklet_header import new_header
from catalog.store.interface import ObjectStore

UUID = uuid.UUID(int=5)
Values = Mapping[str, tuple[int, bytes]]


def header(name: str = "orjson") -> bytes:
    """The header of a local file, as ebooklet stores it."""
    return new_header(name, 64).fresh(64, UUID).raw


@dataclass(frozen=True)
class Made:
    """A remote to be written at a key of a store."""

    store: ObjectStore
    db_key: str

    def put(self, values: Values, timestamp: int, *, grouped: bool = True, each: int = 3, shift: int = 0) -> None:
        """Write a commit in format 3, or in format 2 with an object per value; ``shift`` makes the index point elsewhere."""
        names = EbookletNames(self.db_key)
        manifest: dict[int, str] = {}
        entries: dict[str, IndexEntry] = {}
        stream = iter(values.items())
        if not grouped:
            for key, (time, value) in values.items():
                self.store.put(names.value(key), value, metadata={"timestamp": str(time)})
                entries[key] = IndexEntry(time)
            stream = iter(())
        while some := list(islice(stream, each)):
            group = len(manifest)
            manifest[group] = secrets.token_hex(7)[:13]
            body, offsets = encode_group((key, time, value) for key, (time, value) in some)
            self.store.put(names.group(group, manifest[group]), body)
            for (key, (time, value)), offset in zip(some, offsets, strict=True):
                entries[key] = IndexEntry(time, offset + shift, len(value), group)
        self.put_head(entries, manifest, timestamp, width=19 if grouped else 15)

    def put_head(self, entries: Mapping[str, IndexEntry], manifest: Mapping[int, str], timestamp: int, width: int = 19) -> None:
        """Write the object that is the commit."""
        image = encode_image(entries.items(), width, 7, 1, UUID)
        identity = Identity(UUID, "database", timestamp, header(), 3 if width == 19 else 2, None, 700 if width == 19 else None)
        body = encode_payload(manifest, UserMetadata(1, b'{"a": 1}'), image)
        self.store.put(self.db_key, body, metadata=identity.encode())


def some_values(count: int, time: int = 100) -> dict[str, tuple[int, bytes]]:
    """As many keys with values and times."""
    return {f"key {number:03}": (time + number, b"%d" % number) for number in range(count)}


def names_below(store: ObjectStore, prefix: str) -> Sequence[str]:
    """The objects whose names begin so."""
    return sorted(found.name for found in store.list(prefix))
