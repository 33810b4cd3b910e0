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
from catalog.format.checksum import checksum
from catalog.format.content import content_id, decompress
from catalog.format.head import decode_changes, encode_changes
from catalog.format.segment import (
    DELETED,
    Entry,
    Keys,
    Outline,
    Segment,
    decode_entries,
    decode_keys,
    decode_segment,
    encode_contents,
    encode_segment,
)

from .entries import ITEMS, KEYS, SMALL

ENTRY = Entry(1_700_000_000_000_000, bytes(range(16)), 100, 20, b"checksum", None, 5_000)
FEW = [("a", ENTRY), ("b", replace(ENTRY, offset=120)), ("ü", Entry(5, DELETED, 0, 0, bytes(8)))]
CONTENTS = encode_contents(FEW)
GOOD_KEYS: list[Any] = msgspec.msgpack.decode(CONTENTS.keys)
GOOD_ENTRIES: list[Any] = msgspec.msgpack.decode(CONTENTS.entries)
ENTRIES_ID, NAMES, TIMES, LENGTHS = range(1, 5)
PACKS, SIZES, COMPRESSIONS, NUMBERS, OFFSETS, CHECKSUMS = range(1, 7)


def decode(keys: bytes, entries: bytes) -> Segment:
    """A segment of these contents."""
    return decode_entries(entries, decode_keys(keys, "it"), "it")


@given(ITEMS, KEYS)
def test_every_key_and_entry_comes_back(items: list[tuple[str, Entry]], other: str) -> None:
    """A decoded segment has the same items, from any start on, finds each key, and no key that is not in it."""
    encoded = encode_segment(items)
    segment = decode_segment(encoded.keys_body, encoded.entries_body, encoded.segment_id, "it")

    assert list(segment.items()) == items
    assert len(segment) == encoded.keys == len(items)
    assert all(segment.find(key) == entry for key, entry in items)
    assert list(segment.items(other)) == [(key, entry) for key, entry in items if key >= other]
    assert segment.find(other) == dict(items).get(other)


@given(ITEMS, KEYS)
def test_the_frame_of_keys_is_enough_to_count(items: list[tuple[str, Entry]], other: str) -> None:
    """It says alone which keys there are, of when their values are and how long, and which were deleted."""
    encoded = encode_segment(items)
    keys = decode_keys(decompress(encoded.keys_body, "it"), "it")

    said = {key: Outline(entry.timestamp, -1 if entry.deleted else entry.length) for key, entry in items}
    assert list(keys.keys) == list(said)
    assert all(keys.find(key) == outline for key, outline in said.items())
    assert keys.find(other) == said.get(other)


@given(SMALL, KEYS)
def test_changes_hold_values_themselves(items: list[tuple[str, Entry]], other: str) -> None:
    """Inline values come back with their entries, beside such as lie in packs."""
    segment = decode_changes(encode_changes(items), "it")

    assert list(segment.items()) == items
    assert list(segment.items(other)) == [(key, entry) for key, entry in items if key >= other]
    assert all(segment.find(key) == entry for key, entry in items)


def test_a_segment_of_the_index_holds_no_values() -> None:
    """An inline value is no part of a segment, neither written nor read."""
    inline = [("a", Entry(5, DELETED, 0, 3, checksum(b"abc"), b"abc"))]
    with pytest.raises(ValueError, match="no values"):
        encode_segment(inline)
    contents = encode_contents(inline)
    with pytest.raises(IntegrityError):
        decode(contents.keys, contents.entries)


@given(ITEMS)
def test_the_same_items_have_the_same_name(items: list[tuple[str, Entry]]) -> None:
    """Encoding is deterministic, so a killed push finds what is up already by its name; a salt makes it another."""
    assert encode_segment(items) == encode_segment(list(items))
    assert encode_segment(items, 7).segment_id != encode_segment(items).segment_id


def test_a_key_takes_ten_bytes() -> None:
    """A large segment compresses to 10 bytes a key, 8 of them its checksum; the frame of keys to two at most."""
    items = []
    for number in range(20_000):
        digest = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
        items.append((f"station/{number:08d}", Entry(1_700_000_000_000_000 + number * 37, b"p" * 16, number * 900, 900, digest)))
    encoded = encode_segment(items)

    assert len(encoded.keys_body) < 2 * len(items)
    assert len(encoded.keys_body) + len(encoded.entries_body) < 10 * len(items)


def test_every_flipped_bit_and_every_truncation_is_found() -> None:
    """No damage to either frame gives data, or any other error than an IntegrityError."""
    encoded = encode_segment(FEW)
    for number, body in enumerate((encoded.keys_body, encoded.entries_body)):
        spoiled = [body[:length] for length in range(len(body))] + [body + b"\0"]
        spoiled += [body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :] for at in range(len(body)) for bit in range(8)]
        for piece in spoiled:
            frames = [encoded.keys_body, encoded.entries_body]
            frames[number] = piece
            try:
                found = decode_segment(frames[0], frames[1], encoded.segment_id, "it")
            except IntegrityError:
                continue
            # a bit of the frame that means nothing, such as that of its dictionary's absence
            assert len(piece) == len(body)
            assert list(found.items()) == FEW


@given(st.data())
def test_any_content_decodes_or_is_a_format_error(data: st.DataObject) -> None:
    """Content whose name is right but whose bytes are a stranger's invention raises nothing but FormatErrors."""
    raw = [bytearray(CONTENTS.keys), bytearray(CONTENTS.entries)]
    for _ in range(data.draw(st.integers(1, 5))):
        frame = data.draw(st.sampled_from(raw))
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        segment = decode(bytes(raw[0]), bytes(raw[1]))
    except FormatError:
        return
    found = list(segment.items())
    assert [key for key, _ in found] == sorted({key for key, _ in found})
    again = encode_contents(found)
    assert decode(again.keys, again.entries) is not None


def keys(column: int, value: Any) -> tuple[bytes, bytes]:
    """Good contents with one column of keys replaced."""
    return msgspec.msgpack.encode([*GOOD_KEYS[:column], value, *GOOD_KEYS[column + 1 :]]), CONTENTS.entries


def named(*names: str) -> tuple[bytes, bytes]:
    """Good contents with other keys."""
    return keys(NAMES, [[0] * len(names), [len(name) for name in names], "".join(names)])


def entries(column: int, value: Any) -> tuple[bytes, bytes]:
    """Good contents with one column of entries replaced."""
    return CONTENTS.keys, msgspec.msgpack.encode([*GOOD_ENTRIES[:column], value, *GOOD_ENTRIES[column + 1 :]])


HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "keys that are not sorted": named("a", "ü", "b"),
    "keys twice": named("a", "a", "b"),
    "a key too long for booklet": named("a", "b", "c" * 65_536),
    "a key too long in bytes": named("a", "b", "\U0010ffff" * 16_384),
    "a key of booklet's own": named("a", "adb01ebc1ba3433eb043527", "b"),
    "a reserved key": named("7c40d2ea915b4f3a8e6d201", "a", "b"),
    "a key that is no text": keys(NAMES, [[0, 0, 0], [1, 1, 1], b"abc"]),
    "a key that is no UTF-8": (CONTENTS.keys.replace("ü".encode(), b"\xed\xa0"), CONTENTS.entries),
    "too few keys": named("a", "b"),
    "too few checksums": entries(CHECKSUMS, bytes(23)),
    "too many times": keys(TIMES, [1, 2, 3, 4]),
    "an offset before the pack": entries(OFFSETS, [-1, 0, 0]),
    "an offset beyond everything": entries(OFFSETS, [1 << 60, 0, 0]),
    "a length that is less than none": keys(LENGTHS, [20, -2, -1]),
    "a length beyond booklet": keys(LENGTHS, [20, 1 << 32, -1]),
    "a time before 1970": keys(TIMES, [-1, 0, 0]),
    "a time beyond booklet": keys(TIMES, [1 << 56, 0, 0]),
    "a time beyond any integer": keys(TIMES, [(1 << 64) - 1, (1 << 64) - 1, 0]),
    "a number that is none": keys(LENGTHS, [1.5, 0, -1]),
    "a pack that is not named": entries(NUMBERS, [0, 1, -1]),
    "a pack before the first": entries(NUMBERS, [0, -3, -1]),
    "a value that is inline": entries(NUMBERS, [0, -2, -1]),
    "frames that differ in what is deleted": entries(NUMBERS, [0, -1, 0]),
    "a deleted key with a value": keys(LENGTHS, [20, 20, 0]),
    "a key with a value and no pack": entries(NUMBERS, [0, 0, 0]),
    "a pack with a path": entries(PACKS, [b"../../etc/passwd"[:15]]),
    "a pack without a size": entries(SIZES, []),
    "a pack of negative size": entries(SIZES, [-1]),
    "an id that is too short": keys(ENTRIES_ID, b"short"),
    "no columns": (b"", CONTENTS.entries),
    "no entries": (CONTENTS.keys, b""),
    "no array": (b"\x81\xa1a\x01", CONTENTS.entries),
    "too few columns": (msgspec.msgpack.encode(GOOD_KEYS[:4]), CONTENTS.entries),
    "nil": (CONTENTS.keys, b"\xc0"),
    "trailing bytes": (CONTENTS.keys, CONTENTS.entries + b"\0"),
    "a vast claim of keys": (b"\x95\x01\xc4\x10" + bytes(16) + b"\x93\xdd\xff\xff\xff\xff", CONTENTS.entries),
    "a vast claim of numbers": (CONTENTS.keys, b"\x97\x01\x90\xdd\xff\xff\xff\xff"),
    "a vast claim of packs": (CONTENTS.keys, b"\x97\x01\xdd\xff\xff\xff\xff"),
    "deep nesting": (CONTENTS.keys, b"\x97\x01\x90\x90\x90\x90\x90" + b"\x91" * 100_000),
    "more keys than a segment can have": keys(NAMES, [[0] * ((1 << 20) + 1), [0] * ((1 << 20) + 1), ""]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_refused(name: str) -> None:
    """Content that no push writes is refused before anyone uses it, in memory in proportion to its length."""
    contents = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError):
            decode(*contents)
        assert tracemalloc.get_traced_memory()[1] < 40 * sum(map(len, contents)) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_reserved_keys_are_those_of_booklet() -> None:
    """Every key that booklet keeps for itself is refused."""
    for key in booklet_format.reserved_key_bytes:
        with pytest.raises(IntegrityError):
            decode_keys(encode_contents([(key.decode(), ENTRY)]).keys, "it")


def test_newer_encodings_ask_for_an_upgrade() -> None:
    """A newer encoding or compression is no damage."""
    for contents in (keys(0, 2), entries(0, 2), entries(COMPRESSIONS, [1])):
        with pytest.raises(UnsupportedFormatError, match="Upgrade"):
            decode(*contents)


def test_more_columns_are_for_the_future() -> None:
    """Columns that a later program adds at the end are left aside."""
    more = msgspec.msgpack.encode([*GOOD_KEYS, [1, 2, 3]]), msgspec.msgpack.encode([*GOOD_ENTRIES, [], [1, 2, 3]])
    assert list(decode(*more).items()) == FEW


def test_frames_of_two_segments_do_not_mix() -> None:
    """A frame of entries that its frame of keys does not name is damage."""
    one, two = encode_segment(FEW), encode_segment([(key, replace(entry, checksum=b"another.")) for key, entry in FEW])
    with pytest.raises(IntegrityError, match="does not match"):
        decode_segment(one.keys_body, two.entries_body, one.segment_id, "it")


def test_bombs_are_refused_by_what_they_claim() -> None:
    """A small object that would become large is refused before it is decompressed."""
    content = bytes((256 << 20) + 1)
    bomb = zstandard.compress(content, 1)
    name = content_id(content)
    del content
    tracemalloc.start()
    try:
        for body in (bomb, zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))):
            with pytest.raises(IntegrityError):
                decode_segment(body, body, name, "it")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_an_empty_frame_has_no_key() -> None:
    """Nothing is found in a segment without keys."""
    assert Keys(bytes(16), [], [], []).find("a") is None
