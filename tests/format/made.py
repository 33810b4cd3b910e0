"""Databases made without a working copy: what a push writes, of values that are in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from catalog.codecs.tree import encode_metadata
from catalog.format.checksum import checksum
from catalog.format.content import compress, content_id
from catalog.format.head import (
    MOST_INLINE_METADATA,
    Metadata,
    StoredHead,
    Tag,
    TagsRef,
    encode_head,
    encode_tags,
)
from catalog.format.pack import PlannedValue, plan_pack
from catalog.format.segment import DELETED, Entry
from catalog.remote.commit import Beaten, commit
from catalog.remote.index_writer import MOST_INLINE_VALUE, Index
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.store.interface import ObjectStore

from .entries import make_head

_NOW = 1_700_000_000_000_000


class Kept(dict[str, bytes]):
    """A cache."""

    def get_segment(self, object_id: str) -> bytes | None:
        """The body of an object, or None."""
        return self.get(object_id)

    def put_segment(self, object_id: str, body: bytes) -> None:
        """Keep the body of an object."""
        self[object_id] = body


class MadeDatabase:
    """A database in a store, and what it should hold: ``model`` has timestamps and values by key."""

    def __init__(self, store: ObjectStore, db_key: str, header: bytes | None = None) -> None:
        self._header = header
        self.remote = Remote(Place.at(store, db_key), Kept(), 2)
        self.head: StoredHead | None = None
        self.model: dict[str, tuple[int, bytes]] = {}

    def push(
        self,
        values: Mapping[str, bytes],
        deleted: Collection[str] = (),
        *,
        metadata: Any = None,
        tags: Collection[Tag] = (),
        **fields: Any,
    ) -> StoredHead:
        """Commit some values and deletions; ``fields`` are members of the head."""
        over, remote = self.head, self.remote
        number = 1 if over is None else over.head.number + 1
        now = _NOW + number * 1_000_000
        salt = over.head.salt if over is not None else 0
        held = list(over.changes.items()) if over is not None and over.changes is not None else []
        made = self._index(values, deleted, held, now, salt)
        for key in deleted:
            self.model.pop(key, None)
        self.model.update((key, (now, value)) for key, value in values.items())
        members: dict[str, Any] = {
            **remote.follow(over, remote.store.put),
            "time": now,
            "keys": len(self.model),
            "value_bytes": sum(len(value) for _, value in self.model.values()),
            "set": len(values),
            "deleted": len(deleted),
            "changes": made.changes,
            "runs": made.runs,
            "salt": salt,
        }
        if over is not None:
            members |= {"metadata": over.head.metadata, "tags": over.head.tags, "oldest": over.head.oldest}
        if self._header is not None:
            members["header"] = self._header
        if metadata is not None:
            members["metadata"] = self._metadata(encode_metadata(metadata), now, salt)
        if tags:
            content = encode_tags(tags, salt)
            remote.store.put(remote.names.tags(content_id(content)), compress(content))
            members["tags"] = TagsRef(content_id(content), len(compress(content)))
        head = encode_head(make_head(**(members | fields)), made.tables)
        remote.store.put(remote.names.commit(number, head.commit_id), head.commit_body)
        outcome = commit(remote.place, head, over)
        assert not isinstance(outcome, Beaten)
        self.head = outcome
        return outcome

    def _index(
        self, values: Mapping[str, bytes], deleted: Collection[str], held: list[tuple[str, Entry]], now: int, salt: int
    ) -> Index:
        writer = self.remote.index_writer(self.remote.store.put, salt)
        gone = {key: Entry(now, DELETED, 0, 0, bytes(8)) for key in deleted}
        small = {key: value for key, value in values.items() if len(value) <= MOST_INLINE_VALUE}
        inline = {key: Entry(now, DELETED, 0, len(value), checksum(value), value) for key, value in small.items()}
        large = self._packed({key: (now, value) for key, value in values.items() if key not in small}, salt)
        if (found := writer.hold(self.head, sorted((gone | inline | large).items()))) is not None:
            return found
        kept = {key: entry for key, entry in held if key not in gone and key not in values}
        moved = {key: (entry.timestamp, entry.inline) for key, entry in kept.items() if entry.inline is not None}
        packed = self._packed({key: (now, value) for key, value in values.items()} | moved, salt)
        entries = {key: entry for key, entry in kept.items() if entry.inline is None} | gone | packed
        return writer.extend(self.head, sorted(entries.items()), len(entries), len(self.model) + len(values))

    def _packed(self, values: Mapping[str, tuple[int, bytes]], salt: int) -> dict[str, Entry]:
        if not values:
            return {}
        ordered = sorted(values.items())
        planned = [PlannedValue(key, at, 0, len(value), checksum(value)) for key, (at, value) in ordered]
        pack = plan_pack(planned, salt)
        body = b"".join(value for _, (_, value) in ordered) + pack.footer
        self.remote.store.put(self.remote.names.pack(pack.pack_id), body)
        return dict(pack.entries())

    def _metadata(self, value: bytes, now: int, salt: int) -> Metadata:
        if len(value) <= MOST_INLINE_METADATA:
            return Metadata(now, len(value), checksum(value), value)
        return Metadata.of(self._packed({"": (now, value)}, salt)[""])
