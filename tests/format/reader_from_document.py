"""A reader of remotes, written from docs/design/0001-remote-format.md alone: it uses nothing of this project."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import zstandard

Get = Callable[[str], bytes]


class Entry(NamedTuple):
    """What the columns say of one key."""

    timestamp: int
    pack: str | None
    offset: int
    length: int
    checksum: bytes


class Reader:
    """The state of a database that its head, or one of its commits, describes. ``get`` fetches an object by its name."""

    def __init__(self, get: Get, key: str, commit: str | None = None) -> None:
        self._get, self._key = get, key
        self.head, self.commit_id = read_head(get(key if commit is None else f"{key}/commits/{commit}"))

    def find(self, key: str) -> bytes | None:
        """The value of a key."""
        for run in self.head["runs"]:
            before = [ref for ref in run if ref["first"] <= key]
            if before and (entry := self._segment(before[-1]).get(key)) is not None:
                return None if entry.pack is None else self._value(entry)
        return None

    def items(self) -> Iterator[tuple[str, int, bytes]]:
        """All keys in their order, with timestamps and values."""
        merged: dict[str, Entry] = {}
        for run in reversed(self.head["runs"]):
            for ref in run:
                merged.update(self._segment(ref))
        for key, entry in sorted(merged.items()):
            if entry.pack is not None:
                yield key, entry.timestamp, self._value(entry)

    def history(self) -> Iterator[dict[str, Any]]:
        """The heads of this commit and those before it."""
        head = self.head
        yield head
        while head["parent"] is not None and head["parent"]["number"] >= head.get("oldest", 1):
            name = f"{self._key}/commits/{head['parent']['number']:010d}-{head['parent']['id']}"
            head, commit_id = read_head(self._get(name))
            assert name.endswith(commit_id)
            yield head

    def _segment(self, ref: dict[str, Any]) -> dict[str, Entry]:
        assert re.fullmatch("[0-9a-f]{32}", ref["id"])
        body = self._get(f"{self._key}/index/{ref['id']}")
        assert len(body) == ref["bytes"]
        entries = read_segment(body, ref["id"])
        assert len(entries) == ref["keys"]
        return entries

    def _value(self, entry: Entry) -> bytes:
        value = self._get(f"{self._key}/packs/{entry.pack}")[entry.offset : entry.offset + entry.length]
        assert blake2b(value, digest_size=8).digest() == entry.checksum
        return value


def read_head(body: bytes) -> tuple[dict[str, Any], str]:
    """A head and the id of its commit."""
    line, digest, rest = body.split(b"\n")
    assert rest == b""
    head: dict[str, Any] = json.loads(line)
    assert head["format"] == 100
    assert blake2b(line, digest_size=16).hexdigest() == digest.decode()
    return head, digest.decode()


def read_segment(body: bytes, name: str) -> dict[str, Entry]:
    """The entries of a segment or directory."""
    content = zstandard.ZstdDecompressor().decompress(body, max_output_size=256 << 20, allow_extra_data=False)
    assert blake2b(content, digest_size=16).hexdigest() == name
    version, packs, keys, timestamps, numbers, offsets, lengths, checksums, *_ = msgspec.msgpack.decode(content)
    assert version == 1
    entries: dict[str, Entry] = {}
    timestamp = end = 0
    for place, key in enumerate(keys):
        timestamp += timestamps[place]
        offset = end + offsets[place]
        end = offset + lengths[place]
        pack = None if numbers[place] == -1 else packs[numbers[place]].hex()
        entries[key] = Entry(timestamp, pack, offset, lengths[place], checksums[8 * place : 8 * place + 8])
    return entries


def read_pack(body: bytes, name: str) -> dict[str, tuple[int, bytes]]:
    """Timestamps and values of all keys of a pack, from nothing but the pack."""
    length, magic = int.from_bytes(body[-16:-8], "little"), body[-8:]
    assert magic == b"CATPACK1"
    directory = read_segment(body[-16 - length : -16], name)
    assert {entry.pack for entry in directory.values()} == {"00" * 16}
    return {key: (entry.timestamp, body[entry.offset : entry.offset + entry.length]) for key, entry in directory.items()}
