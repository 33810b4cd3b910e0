"""Packs describe themselves: their directories give back every key, value and place, and damage is found."""

from __future__ import annotations

import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.errors import FormatError, IntegrityError
from catalog.format.checksum import checksum
from catalog.format.content import compress, content_id
from catalog.format.pack import (
    BLOCK_BYTES,
    MAGIC,
    TRAILER_BYTES,
    BlockSums,
    DirectoryRange,
    PlannedPack,
    PlannedValue,
    decode_directory,
    directory_range,
    plan_pack,
)
from catalog.format.segment import Entry, encode_contents, encode_directory

from .entries import KEYS, TIMES

CONTENTS = st.dictionaries(KEYS | st.just(""), st.tuples(TIMES, st.binary(max_size=50)), min_size=1, max_size=20)


def plan(contents: dict[str, tuple[int, bytes]]) -> tuple[PlannedPack, bytes]:
    """A pack of values, and its bytes."""
    ordered = sorted(contents.items())
    values = [PlannedValue(key, timestamp, 0, len(value), checksum(value)) for key, (timestamp, value) in ordered]
    pack = plan_pack(values)
    return pack, b"".join(value for _, (_, value) in ordered) + pack.footer


def read(body: bytes, pack_id: bytes) -> dict[str, tuple[Entry, bytes]]:
    """What a pack says of itself, read from its end as a rebuild of the index does."""
    place = directory_range(body[-TRAILER_BYTES:], len(body), "it")
    segment = decode_directory(body[place.start : place.start + place.length], place, pack_id, len(body), "it")
    return {key: (entry, body[entry.offset : entry.offset + entry.length]) for key, entry in segment.items()}


@given(CONTENTS)
def test_an_index_can_be_rebuilt_from_packs_alone(contents: dict[str, tuple[int, bytes]]) -> None:
    """A pack alone gives each key, its timestamp, its verified value and the entry that the index has."""
    pack, body = plan(contents)
    found = read(body, pack.pack_id)

    assert pack.size == len(body)
    assert {key: (entry.timestamp, value) for key, (entry, value) in found.items()} == contents
    assert all(checksum(value) == entry.checksum for entry, value in found.values())
    assert [(key, entry) for key, (entry, _) in found.items()] == list(pack.entries())


@given(CONTENTS)
def test_the_name_derives_from_the_content(contents: dict[str, tuple[int, bytes]]) -> None:
    """The same values make the same pack, wherever they lie in the local file; another value, or a salt, makes another."""
    pack, _ = plan(contents)
    moved = plan_pack([replace(value, offset=value.offset + 1000) for value in pack.values])
    key = min(contents)
    other, _ = plan({**contents, key: (contents[key][0], contents[key][1] + b"x")})

    assert (moved.pack_id, moved.footer) == (pack.pack_id, pack.footer)
    assert other.pack_id != pack.pack_id
    assert plan_pack(pack.values, 9).pack_id != pack.pack_id


PACK, BODY = plan({"a": (5, b"value of a"), "b": (6, b""), "ü": (7, b"\0" * 30)})


def test_every_damage_of_a_footer_is_found() -> None:
    """No flipped bit of directory or trailer, and no truncation, gives anything but an IntegrityError or the same directory."""
    footer_at = PACK.value_bytes
    good = read(BODY, PACK.pack_id)
    for length in range(len(BODY)):
        with pytest.raises(IntegrityError):
            read(BODY[:length], PACK.pack_id)
    for at in range(footer_at, len(BODY)):
        for bit in range(8):
            spoiled = BODY[:at] + bytes([BODY[at] ^ 1 << bit]) + BODY[at + 1 :]
            try:
                found = read(spoiled, PACK.pack_id)
            except IntegrityError:
                continue
            # a bit of the compressed frame that means nothing
            assert found == good


def test_every_damage_of_a_value_is_found_by_its_checksum() -> None:
    """A flipped bit of a value does not match the checksum of its directory."""
    for at in range(PACK.value_bytes):
        spoiled = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        assert any(checksum(value) != entry.checksum for entry, value in read(spoiled, PACK.pack_id).values())


def test_wild_lengths_are_refused() -> None:
    """A trailer that claims a directory longer than the pack, or than memory, is refused before it is read."""
    for sizes in ((len(BODY), 0), (0, len(BODY)), ((1 << 32) - 1, 1)):
        with pytest.raises(IntegrityError):
            directory_range(b"".join(size.to_bytes(4, "little") for size in sizes) + MAGIC, len(BODY), "it")
    with pytest.raises(IntegrityError):
        directory_range((1 << 30).to_bytes(4, "little") + bytes(4) + MAGIC, 1 << 40, "it")
    with pytest.raises(IntegrityError):
        directory_range(bytes(16), len(BODY), "it")


def test_bombs_are_refused_by_what_they_claim() -> None:
    """A directory that would become gigabytes is refused by its header."""
    bomb = zstandard.compress(bytes(300 << 20), 1)

    with pytest.raises(IntegrityError, match="claims"):
        decode_directory(bomb, DirectoryRange(0, len(bomb), 0), PACK.pack_id, len(bomb), "it")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_directory_with_the_right_name_decodes_or_is_a_format_error(keys: bytes, entries: bytes) -> None:
    """A stranger's directory with a right name raises nothing but FormatErrors."""
    body = compress(keys) + compress(entries)
    place = DirectoryRange(0, len(compress(keys)), len(compress(entries)))
    try:
        decode_directory(body, place, content_id(keys), len(body), "it")
    except FormatError:
        return


def test_a_directory_names_no_other_pack() -> None:
    """A directory whose values lie in another pack, or beyond the end of its own, or were deleted, is refused."""
    entry = Entry(5, bytes(16), 0, 3, bytes(8))
    for hostile in (replace(entry, pack=b"x" * 16), replace(entry, offset=1), Entry(5, b"", 0, 0, bytes(8))):
        contents = encode_contents([("a", hostile)])
        keys, entries = compress(contents.keys), compress(contents.entries)
        with pytest.raises(IntegrityError):
            decode_directory(keys + entries, DirectoryRange(3, len(keys), len(entries)), content_id(contents.keys), 100, "it")


def test_large_values_have_checksums_of_their_blocks() -> None:
    """Each block of 4 MiB can be checked by itself, however the bytes came."""
    value = random.Random(3).randbytes(2 * BLOCK_BYTES + 5)
    whole, pieces = BlockSums(), BlockSums()
    whole.update(value)
    for at in range(0, len(value), 1_000_003):
        pieces.update(value[at : at + 1_000_003])
    blocks = whole.digest()

    assert pieces.digest() == blocks
    assert blocks == b"".join(checksum(value[at : at + BLOCK_BYTES]) for at in range(0, len(value), BLOCK_BYTES))
    pack = plan_pack([PlannedValue("k", 5, 0, 3, bytes(8)), PlannedValue("l", 5, 0, len(value), checksum(value), None, blocks)])
    body = bytes(3) + value + pack.footer
    place = directory_range(body[-TRAILER_BYTES:], len(body), "it")
    directory = decode_directory(body[place.start : place.start + place.length], place, pack.pack_id, len(body), "it")
    assert list(directory.blocks) == [(1, blocks)]


def test_checksums_of_blocks_that_fit_no_value_are_refused() -> None:
    """As many as the value has blocks, of a value that is there."""
    for blocks in ({0: bytes(16)}, {5: bytes(8)}, {-1: bytes(8)}):
        contents = encode_directory(["k"], [5], [10], bytes(8), blocks)
        keys, entries = compress(contents.keys), compress(contents.entries)
        with pytest.raises(IntegrityError, match="blocks"):
            decode_directory(keys + entries, DirectoryRange(10, len(keys), len(entries)), content_id(contents.keys), 100, "it")
