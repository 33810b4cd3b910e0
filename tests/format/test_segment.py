"""Segments keep every key and entry exactly, and give nothing but a typed error when they are not what was written."""

from __future__ import annotations

import hashlib
import tracemalloc
from typing import Any

import msgspec
import pytest
import zstandard
from booklet import utils as booklet_format
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.errors import FormatError, IntegrityError, UnsupportedFormatError
from catalog.format.segment import (
    DELETED,
    Entry,
    content_id,
    decode_columns,
    decode_segment,
    encode_columns,
    encode_segment,
)

from .entries import ITEMS, KEYS

ENTRY = Entry(1_700_000_000_000_000, bytes(range(16)), 100, 20, b"checksum")
FEW = [("a", ENTRY), ("b", replace(ENTRY, offset=120)), ("ü", Entry(5, DELETED, 0, 0, bytes(8)))]
GOOD: list[Any] = msgspec.msgpack.decode(encode_columns(FEW))
VERSION, PACKS, NAMES, TIMES, NUMBERS, OFFSETS, LENGTHS, CHECKSUMS = range(8)


@given(ITEMS, KEYS)
def test_every_key_and_entry_comes_back(items: list[tuple[str, Entry]], other: str) -> None:
    """A decoded segment has the same items, from any start on, finds each key, and no key that is not in it."""
    encoded = encode_segment(items)
    segment = decode_segment(encoded.body, encoded.segment_id, "it")

    assert list(segment.items()) == items
    assert len(segment) == encoded.keys == len(items)
    assert all(segment.find(key) == entry for key, entry in items)
    assert list(segment.items(other)) == [(key, entry) for key, entry in items if key >= other]
    assert segment.find(other) == dict(items).get(other)


@given(ITEMS)
def test_the_same_items_have_the_same_name(items: list[tuple[str, Entry]]) -> None:
    """Encoding is deterministic, so a killed push finds what is up already by its name."""
    assert encode_segment(items) == encode_segment(list(items))


def test_a_million_keys_take_about_twenty_bytes_each() -> None:
    """A large segment compresses to at most 22 bytes a key, checksum and timestamp included."""
    items = []
    for number in range(20_000):
        checksum = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
        items.append(
            (f"station/{number:08d}", Entry(1_700_000_000_000_000 + number * 37, b"p" * 16, number * 900, 900, checksum))
        )

    assert len(encode_segment(items).body) < 22 * len(items)


def test_every_flipped_bit_and_every_truncation_is_found() -> None:
    """No damage to the bytes of a segment gives data, or any other error than an IntegrityError."""
    encoded = encode_segment(FEW)
    body = encoded.body

    for length in range(len(body)):
        with pytest.raises(IntegrityError):
            decode_segment(body[:length], encoded.segment_id, "it")
    for at in range(len(body)):
        for bit in range(8):
            spoiled = body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
            try:
                found = decode_segment(spoiled, encoded.segment_id, "it")
            except IntegrityError:
                continue
            # a bit of the frame that means nothing, such as that of its dictionary's absence
            assert list(found.items()) == FEW


def test_what_follows_a_segment_is_refused() -> None:
    """Bytes after the compressed frame are damage."""
    encoded = encode_segment(FEW)

    with pytest.raises(IntegrityError):
        decode_segment(encoded.body + b"\0", encoded.segment_id, "it")


@given(st.data())
def test_any_content_decodes_or_is_a_format_error(data: st.DataObject) -> None:
    """Content whose name is right but whose bytes are a stranger's invention raises nothing but FormatErrors."""
    raw = bytearray(encode_columns(FEW))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    try:
        segment = decode_columns(bytes(raw), "it")
    except FormatError:
        return
    found = list(segment.items())
    assert [key for key, _ in found] == sorted({key for key, _ in found})
    assert decode_columns(encode_columns(found), "it") is not None


def changed(column: int, value: Any) -> bytes:
    """Good content with one column replaced."""
    columns = list(GOOD)
    columns[column] = value
    return msgspec.msgpack.encode(columns)


HOSTILE: dict[str, bytes] = {
    "keys that are not sorted": changed(NAMES, ["a", "ü", "b"]),
    "keys twice": changed(NAMES, ["a", "a", "b"]),
    "a key too long for booklet": changed(NAMES, ["a", "b", "c" * 65_536]),
    "a key too long in bytes": changed(NAMES, ["a", "b", "\U0010ffff" * 16_384]),
    "a key of booklet's own": changed(NAMES, ["a", "adb01ebc1ba3433eb043527", "b"]),
    "a reserved key": changed(NAMES, ["7c40d2ea915b4f3a8e6d201", "a", "b"]),
    "a key that is no text": changed(NAMES, ["a", b"b", "c"]),
    "a key that is no UTF-8": encode_columns(FEW).replace("ü".encode(), b"\xed\xa0"),
    "half a surrogate": encode_columns([("a", ENTRY), ("b", ENTRY), ("日", ENTRY)]).replace("日".encode(), b"\xed\xa0\x80"),
    "too few keys": changed(NAMES, ["a", "b"]),
    "too few checksums": changed(CHECKSUMS, bytes(23)),
    "too many times": changed(TIMES, [1, 2, 3, 4]),
    "an offset before the pack": changed(OFFSETS, [-1, 0, 0]),
    "an offset beyond everything": changed(OFFSETS, [1 << 60, 0, 0]),
    "a negative length": changed(LENGTHS, [20, -1, 0]),
    "a length beyond booklet": changed(LENGTHS, [20, 1 << 32, 0]),
    "a time before 1970": changed(TIMES, [-1, 0, 0]),
    "a time beyond booklet": changed(TIMES, [1 << 56, 0, 0]),
    "a time beyond any integer": changed(TIMES, [(1 << 64) - 1, (1 << 64) - 1, 0]),
    "a number that is none": changed(LENGTHS, [1.5, 0, 0]),
    "a pack that is not named": changed(NUMBERS, [0, 1, -1]),
    "a pack before the first": changed(NUMBERS, [0, -2, -1]),
    "a pack with a path": changed(PACKS, [b"../../etc/passwd"[:15]]),
    "no columns": b"",
    "no array": b"\x81\xa1a\x01",
    "too few columns": msgspec.msgpack.encode(GOOD[:5]),
    "nil": b"\xc0",
    "trailing bytes": encode_columns(FEW) + b"\0",
    "a vast claim of keys": b"\x98\x01\x90\xdd\xff\xff\xff\xff",
    "a vast claim of numbers": b"\x98\x01\x90\x90\xdd\xff\xff\xff\xff",
    "a vast claim of packs": b"\x98\x01\xdd\xff\xff\xff\xff",
    "deep nesting": b"\x98\x01\x90\x90\x90\x90\x90\x90" + b"\x91" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_refused(name: str) -> None:
    """Content that no push writes is refused before anyone uses it, in memory in proportion to its length."""
    content = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError):
            decode_columns(content, "it")
        assert tracemalloc.get_traced_memory()[1] < 40 * len(content) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_reserved_keys_are_those_of_booklet() -> None:
    """Every key that booklet keeps for itself is refused."""
    for key in booklet_format.reserved_key_bytes:
        with pytest.raises(IntegrityError):
            decode_columns(encode_columns([(key.decode(), ENTRY)]), "it")


def test_another_version_asks_for_an_upgrade() -> None:
    """A newer encoding is no damage."""
    with pytest.raises(UnsupportedFormatError, match="Upgrade"):
        decode_columns(changed(VERSION, 2), "it")


def test_more_columns_are_for_the_future() -> None:
    """Columns that a later program adds at the end are left aside."""
    assert list(decode_columns(msgspec.msgpack.encode([*GOOD, [1, 2, 3]]), "it").items()) == FEW


def test_bombs_are_refused_by_what_they_claim() -> None:
    """A small object that would become large is refused before it is decompressed."""
    content = bytes((256 << 20) + 1)
    bomb = zstandard.compress(content, 1)
    assert len(bomb) < 1 << 15
    name = content_id(content).hex()
    del content
    tracemalloc.start()
    try:
        for body in (bomb, zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))):
            with pytest.raises(IntegrityError):
                decode_segment(body, name, "it")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_many_tiny_keys_are_refused_by_their_number() -> None:
    """Content of a few megabytes cannot become gigabytes of strings."""
    content = msgspec.msgpack.encode([1, [], ["a"] * 2_000_000, [], [], [], [], b""])
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError):
            decode_columns(content, "it")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
