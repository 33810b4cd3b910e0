"""Packs describe themselves: their directories give back every key, value and place, and damage is found."""

from __future__ import annotations

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.errors import FormatError, IntegrityError
from catalog.format.checksum import checksum
from catalog.format.pack import (
    MAGIC,
    TRAILER_BYTES,
    PlannedPack,
    PlannedValue,
    decode_directory,
    directory_range,
    plan_pack,
)
from catalog.format.segment import Entry, compress, content_id, encode_columns

from .entries import KEYS, TIMES

CONTENTS = st.dictionaries(KEYS, st.tuples(TIMES, st.binary(max_size=50)), min_size=1, max_size=20)


def plan(contents: dict[str, tuple[int, bytes]]) -> tuple[PlannedPack, bytes]:
    """A pack of values, and its bytes."""
    ordered = sorted(contents.items())
    values = [PlannedValue(key, timestamp, 0, len(value), checksum(value)) for key, (timestamp, value) in ordered]
    pack = plan_pack(values)
    return pack, b"".join(value for _, (_, value) in ordered) + pack.footer


def read(body: bytes, pack_id: bytes) -> dict[str, tuple[Entry, bytes]]:
    """What a pack says of itself, read from its end as a rebuild of the index does."""
    start, length = directory_range(body[-TRAILER_BYTES:], len(body), "it")
    segment = decode_directory(body[start : start + length], pack_id, "it")
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
    """The same values make the same pack, wherever they lie in the local file; another value makes another."""
    pack, _ = plan(contents)
    moved = plan_pack([replace(value, offset=value.offset + 1000) for value in pack.values])
    key = min(contents)
    other, _ = plan({**contents, key: (contents[key][0], contents[key][1] + b"x")})

    assert (moved.pack_id, moved.footer) == (pack.pack_id, pack.footer)
    assert other.pack_id != pack.pack_id


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
    for length in (len(BODY), 1 << 32, (1 << 64) - 1):
        with pytest.raises(IntegrityError):
            directory_range(length.to_bytes(8, "little") + MAGIC, len(BODY), "it")
    with pytest.raises(IntegrityError):
        directory_range((1 << 30).to_bytes(8, "little") + MAGIC, 1 << 40, "it")
    with pytest.raises(IntegrityError):
        directory_range(bytes(16), len(BODY), "it")


def test_bombs_are_refused_by_what_they_claim() -> None:
    """A directory that would become gigabytes is refused by its header."""
    bomb = zstandard.compress(bytes(300 << 20), 1)

    with pytest.raises(IntegrityError, match="claims"):
        decode_directory(bomb, PACK.pack_id, "it")


@given(st.binary(max_size=60))
def test_any_directory_with_the_right_name_decodes_or_is_a_format_error(content: bytes) -> None:
    """A stranger's directory with a right name raises nothing but FormatErrors."""
    try:
        decode_directory(compress(content), content_id(content), "it")
    except FormatError:
        return


def test_a_directory_names_no_other_pack() -> None:
    """Whatever pack a directory names, its entries lie in the pack that it came from."""
    content = encode_columns([("a", Entry(5, b"x" * 16, 0, 3, bytes(8)))])
    segment = decode_directory(compress(content), content_id(content), "it")

    assert segment.entry_at(0).pack == content_id(content)
    assert msgspec.msgpack.decode(content)[1] == [b"x" * 16]
