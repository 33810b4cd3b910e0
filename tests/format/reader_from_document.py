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
    """What the columns say of one key. ``pack`` is None for a deleted key; ``inline`` the value that a commit holds itself."""

    timestamp: int
    pack: str | None
    offset: int
    length: int
    checksum: bytes
    inline: bytes | None = None

    @property
    def deleted(self) -> bool:
        """Whether the key is no more."""
        return self.pack is None and self.inline is None


class Reader:
    """The state of a database that its head, or one of its commits, describes. ``get`` fetches an object by its name."""

    def __init__(self, get: Get, key: str, commit: str | None = None) -> None:
        self._get, self._below = get, f"{key}.d"
        self.line, self.commit, self._tables = read_head(get(key if commit is None else f"{self._below}/commits/{commit}"))

    def find(self, key: str) -> bytes | None:
        """The value of a key."""
        for entries in self._candidates(key):
            if (entry := entries.get(key)) is not None:
                return None if entry.deleted else self._value(entry)
        return None

    def _candidates(self, key: str) -> Iterator[dict[str, Entry]]:
        yield self._changes()
        for run in self.commit["runs"]:
            before = [ref for ref in self._refs(run) if ref["first"] <= key]
            if before:
                yield self._segment(before[-1])

    def items(self) -> Iterator[tuple[str, int, bytes]]:
        """All keys in their order, with timestamps and values."""
        merged: dict[str, Entry] = {}
        for run in reversed(self.commit["runs"]):
            for ref in self._refs(run):
                merged.update(self._segment(ref))
        merged.update(self._changes())
        for key, entry in sorted(merged.items()):
            if not entry.deleted:
                yield key, entry.timestamp, self._value(entry)

    def metadata(self) -> Any:
        """What the user wrote about the database; None where that is nothing."""
        kept = self.commit.get("metadata")
        if kept is None:
            return None
        pack = kept["pack"].hex() if "pack" in kept else None
        entry = Entry(kept["timestamp"], pack, kept.get("offset", 0), kept["length"], kept["checksum"], kept.get("inline"))
        return json.loads(self._value(entry))

    def tags(self) -> dict[str, tuple[int, str]]:
        """The tags, with numbers and ids of their commits."""
        if "tags" not in self.commit:
            return {}
        id_, size = self.commit["tags"]
        body = self._get(f"{self._below}/tags/{id_.hex()}")
        assert len(body) == size
        version, tags, *_ = msgspec.msgpack.decode(content_of(body, id_))
        assert version == 1
        return {name: (number, commit.hex()) for name, number, commit in tags}

    def log(self) -> list[dict[str, Any]]:
        """The summaries of the commits before this one, oldest first."""
        summaries: list[dict[str, Any]] = []
        for first, last, id_, size in self.commit["bundles"]:
            body = self._get(f"{self._below}/log/{last:010d}-{id_.hex()}")
            assert len(body) == size
            found = read_log(content_of(body, id_))
            assert (found[0]["number"], found[-1]["number"]) == (first, last)
            summaries += found
        summaries += read_log(self.commit["log"])
        assert [summary["number"] for summary in summaries] == list(range(1, self.commit["number"]))
        return summaries

    def _changes(self) -> dict[str, Entry]:
        if self.commit["changes"] is None:
            return {}
        keys, entries, values = self.commit["changes"]
        return read_segment(keys, entries, values)

    def _refs(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        if "refs" in run:
            refs = read_table(run["refs"])
        elif run["table"] in self._tables:
            refs = read_table(self._tables[run["table"]])
        else:
            body = self._get(f"{self._below}/tables/{run['table'].hex()}")
            assert len(body) == run["size"]
            refs = read_table(content_of(body, run["table"]))
        assert (len(refs), sum(ref["keys"] for ref in refs)) == (run["segments"], run["keys"])
        return refs

    def _segment(self, ref: dict[str, Any]) -> dict[str, Entry]:
        body = self._get(f"{self._below}/index/{ref['file'].hex()}")
        keys = body[ref["keys_at"] : ref["keys_at"] + ref["keys_size"]]
        entries = body[ref["entries_at"] : ref["entries_at"] + ref["entries_size"]]
        found = read_frames(keys, entries, ref["id"])
        assert len(found) == ref["keys"]
        return found

    def _value(self, entry: Entry) -> bytes:
        value = entry.inline
        if value is None:
            value = self._get(f"{self._below}/packs/{entry.pack}")[entry.offset : entry.offset + entry.length]
        assert blake2b(value, digest_size=8).digest() == entry.checksum
        return value


def content_of(frame: bytes, id_: bytes | None = None) -> bytes:
    """The content of a frame, which has the id it is named by."""
    content = zstandard.ZstdDecompressor().decompress(frame, max_output_size=256 << 20, allow_extra_data=False)
    assert id_ is None or blake2b(content, digest_size=16).digest() == id_
    return content


def read_head(body: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[bytes, bytes]]:
    """The line of a head, its commit, and the contents of the tables that it has."""
    first, _, rest = body.partition(b"\n")
    line: dict[str, Any] = json.loads(first)
    assert line["format"] == 101
    assert re.fullmatch("[0-9a-f]{32}", line["id"])
    assert sum(line["parts"]) == len(rest)
    parts = []
    for size in line["parts"]:
        parts.append(rest[:size])
        rest = rest[size:]
    commit: dict[str, Any] = msgspec.msgpack.decode(content_of(parts[0], bytes.fromhex(line["id"])))
    assert (commit["type"], commit["uuid"].hex(), commit["number"]) == (line["type"], line["uuid"], line["number"])
    assert commit["checksum"] == "blake2b-8"
    assert not commit.get("reader_features")
    tables = [content_of(part) for part in parts[1:]]
    return line, commit, {blake2b(table, digest_size=16).digest(): table for table in tables}


def spell_out(coded: list[Any]) -> list[str]:
    """Front-coded strings."""
    shared, own, text = coded
    assert sum(shared) + sum(own) <= 1 << 26
    strings: list[str] = []
    last = ""
    for common, count in zip(shared, own, strict=True):
        last, text = last[:common] + text[:count], text[count:]
        strings.append(last)
    return strings


def sums(steps: list[int]) -> list[int]:
    """Numbers of which each is given minus the one before."""
    found, last = [], 0
    for step in steps:
        last += step
        found.append(last)
    return found


def pieces(joined: bytes, size: int) -> list[bytes]:
    """Byte strings of one size that lie one after another."""
    return [joined[at : at + size] for at in range(0, len(joined), size)]


def read_frames(keys: bytes, entries: bytes, id_: bytes) -> dict[str, Entry]:
    """The entries of a segment, or of a directory."""
    content = content_of(keys, id_)
    return read_segment(content, content_of(entries, msgspec.msgpack.decode(content)[1]))


def read_segment(keys: bytes, entries: bytes, values: bytes = b"") -> dict[str, Entry]:
    """The entries of the contents of two frames."""
    version, entries_id, coded, timestamps, lengths, *_ = msgspec.msgpack.decode(keys)
    assert version == 1
    assert blake2b(entries, digest_size=16).digest() == entries_id
    version, packs, _sizes, compressions, numbers, offsets, checksums, *_ = msgspec.msgpack.decode(entries)
    assert version == 1
    assert not any(compressions)
    found: dict[str, Entry] = {}
    end = 0
    for place, (key, timestamp) in enumerate(zip(spell_out(coded), sums(timestamps), strict=True)):
        length = max(lengths[place], 0)
        offset = end + offsets[place]
        end = offset + length
        number = numbers[place]
        assert (number == -1) == (lengths[place] == -1)
        found[key] = Entry(
            timestamp,
            packs[number].hex() if number >= 0 else None,
            offset,
            length,
            checksums[8 * place : 8 * place + 8],
            values[offset:end] if number == -2 else None,
        )
    return found


def read_table(content: bytes) -> list[dict[str, Any]]:
    """Where each segment of a run lies."""
    version, files, numbers, ids, firsts, keys, keys_at, keys_sizes, entries_at, entries_sizes, *_ = msgspec.msgpack.decode(
        content
    )
    assert version == 1
    refs = []
    ends: dict[bytes, tuple[int, int]] = {}
    for place, (id_, first) in enumerate(zip(pieces(ids, 16), spell_out(firsts), strict=True)):
        file = files[numbers[place]]
        keys_end, entries_end = ends.get(file, (0, 0))
        keys_start, entries_start = keys_end + keys_at[place], entries_end + entries_at[place]
        ends[file] = keys_start + keys_sizes[place], entries_start + entries_sizes[place]
        refs.append(
            {
                "id": id_,
                "first": first,
                "keys": keys[place],
                "file": file,
                "keys_at": keys_start,
                "keys_size": keys_sizes[place],
                "entries_at": entries_start,
                "entries_size": entries_sizes[place],
            }
        )
    return refs


def read_log(content: bytes) -> list[dict[str, Any]]:
    """Summaries of commits."""
    columns = msgspec.msgpack.decode(content)
    version, first, ids, write_ids, times, authors, made_by, messages, keys, value_bytes, were_set, deleted, *_ = columns
    assert version == 1
    return [
        {
            "number": first + place,
            "id": id_.hex(),
            "write_id": write_id.hex(),
            "time": time,
            "author": authors[author],
            "message": message,
            "keys": total,
            "value_bytes": size,
            "set": count,
            "deleted": gone,
        }
        for place, (id_, write_id, time, author, message, total, size, count, gone) in enumerate(
            zip(
                pieces(ids, 16),
                pieces(write_ids, 16),
                sums(times),
                made_by,
                messages,
                sums(keys),
                sums(value_bytes),
                were_set,
                deleted,
                strict=True,
            )
        )
    ]


def read_pack(body: bytes, name: str) -> dict[str, tuple[int, bytes]]:
    """Timestamps and values of all keys of a pack, from nothing but the pack."""
    keys_size, entries_size = int.from_bytes(body[-16:-12], "little"), int.from_bytes(body[-12:-8], "little")
    assert body[-8:] == b"CATPACK2"
    start = len(body) - 16 - keys_size - entries_size
    directory = read_frames(body[start : start + keys_size], body[start + keys_size : -16], bytes.fromhex(name))
    assert {entry.pack for entry in directory.values()} == {"00" * 16}
    return {key: (entry.timestamp, body[entry.offset : entry.offset + entry.length]) for key, entry in directory.items()}
