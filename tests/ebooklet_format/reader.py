"""A whole remote of ebooklet read from its objects, with nothing but the pure parts of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.group_object import decode_group, header_bytes, read_header
from catalog.ebooklet_format.identity import Identity
from catalog.ebooklet_format.image import ImageReader
from catalog.ebooklet_format.names import METADATA_KEY, EbookletNames, hash_group
from catalog.ebooklet_format.payload import (
    MAGIC,
    PREFIX_BYTES,
    PayloadLayout,
    UserMetadata,
    check_json,
    decode_manifest,
    decode_metadata,
)

from .fixtures import StoredObject


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    """The body in pieces of a size, as it would arrive."""
    return (body[at : at + size] for at in range(0, len(body), size))


class ReadRemote:
    """What one database of a bucket holds: its identity, metadata, index and values."""

    def __init__(self, objects: Mapping[str, StoredObject], db_key: str) -> None:
        self._objects, self._names = objects, EbookletNames(db_key)
        head = objects[db_key]
        self.identity = Identity.parse(head.metadata, "it")
        self.metadata: UserMetadata | None = None
        self._manifest: Mapping[int, str] = {}
        if head.body.startswith(MAGIC):
            layout = PayloadLayout.parse(head.body[:PREFIX_BYTES], len(head.body), "it")
            metadata_at = PREFIX_BYTES + layout.manifest
            self._manifest = decode_manifest(head.body[PREFIX_BYTES:metadata_at], "it")
            self.metadata = decode_metadata(head.body[metadata_at : layout.index_at], "it")
            self.reader = ImageReader(pieces(head.body[layout.index_at :], 100), "it")
        else:
            self.reader = ImageReader(pieces(head.body, 100), "it")
        self.index = dict(self.reader.entries())
        if (entry := self.index.pop(METADATA_KEY, None)) is not None:
            stored = next(objects[name] for name in self._names.metadata if name in objects)
            self.metadata = UserMetadata(entry.timestamp, check_json(stored.body, "it"))

    def values(self) -> dict[str, tuple[int, bytes]]:
        """Every value with its time."""
        return {key: (entry.timestamp, self._value(key, entry)) for key, entry in self.index.items()}

    def _value(self, key: str, entry: IndexEntry) -> bytes:
        group = entry.group
        if group is None:
            if self.identity.num_groups is None:
                return self._objects[self._names.value(key)].body
            group = hash_group(key, self.identity.num_groups)
        body = self._objects[self._names.group(group, self._manifest.get(group))].body
        member = decode_group(body, "it")[key]
        if self.reader.header.width > 7:
            at = entry.offset
            assert (at, entry.length) == (member.offset, member.length)
            assert read_header(body[at - header_bytes(key) : at], key) == (entry.timestamp, entry.length)
        assert member.timestamp == entry.timestamp
        return body[member.offset : member.offset + member.length]
