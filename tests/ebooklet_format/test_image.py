"""The image of an index: booklet's own and ours are read alike, booklet reads ours, and no image does more than be refused."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import uuid
from collections.abc import Iterator
from hashlib import blake2s
from pathlib import Path

import booklet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ebooklet_format.entries import WIDTHS, IndexEntry, decode_entry, encode_entry
from catalog.ebooklet_format.image import HEADER_BYTES, ImageReader, ImageTable, encode_image
from catalog.errors import FormatError, IntegrityError, UnsupportedFormatError

from .reader import pieces

TIMES = st.integers(0, (1 << 56) - 1)
NUMBERS = st.integers(0, (1 << 32) - 1)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
ENTRIES = {
    7: TIMES.map(IndexEntry),
    15: st.builds(IndexEntry, TIMES, NUMBERS, NUMBERS, st.none()),
    19: st.builds(IndexEntry, TIMES, NUMBERS, NUMBERS, NUMBERS),
}
INDEXES = st.sampled_from(WIDTHS).flatmap(
    lambda width: st.tuples(st.just(width), st.dictionaries(KEYS, ENTRIES[width], max_size=20))
)
UUID = uuid.UUID(int=7)


def read(image: bytes, size: int = 64) -> list[tuple[str, IndexEntry]]:
    """What an image says that arrives in pieces of a size."""
    return list(ImageReader(pieces(image, size), "it").entries())


@given(INDEXES, st.integers(1, 20), st.integers(1, 300))
def test_every_key_comes_back(index: tuple[int, dict[str, IndexEntry]], buckets: int, size: int) -> None:
    """An encoded image has the same keys and entries, whatever pieces it arrives in, and its header says what it is."""
    width, entries = index
    image = encode_image(entries.items(), width, buckets, 5, UUID)
    header = ImageReader(pieces(image, size), "it").header

    assert dict(read(image, size)) == entries
    assert (header.width, header.buckets, header.keys, header.timestamp, header.uuid) == (width, buckets, len(entries), 5, UUID)


@given(INDEXES, st.integers(1, 20))
def test_booklet_reads_what_is_written(index: tuple[int, dict[str, IndexEntry]], buckets: int) -> None:
    """booklet itself finds each key in an image, and none more."""
    width, entries = index
    opened = booklet.FixedLengthValue(io.BytesIO(encode_image(entries.items(), width, buckets, 5, UUID)), "r")

    assert dict(opened.items()) == {key: encode_entry(entry, width) for key, entry in entries.items()}
    assert all(opened[key] == encode_entry(entry, width) for key, entry in entries.items())
    assert len(opened) == len(entries)


@given(INDEXES, st.integers(1, 20), KEYS)
def test_each_key_is_looked_up(index: tuple[int, dict[str, IndexEntry]], buckets: int, other: str) -> None:
    """A key is found along the chain of its bucket, and none that is not there."""
    width, entries = index
    table = ImageTable(encode_image(entries.items(), width, buckets, 5, UUID), "it")

    assert {key: table.find(key) for key in entries} == entries
    assert table.find(other) == entries.get(other)
    assert dict(table.entries()) == entries


@pytest.mark.parametrize("size", [50, 1 << 20])
def test_a_moved_table_and_dead_blocks_are_stepped_over(tmp_path: Path, size: int) -> None:
    """An image that booklet gave more buckets and deleted from has its living keys, before the table and after it."""
    path = tmp_path / "index"
    with booklet.FixedLengthValue(path, "n", key_serializer="str", value_len=15, n_buckets=7) as opened:
        for number in range(40):
            opened[f"key {number}"] = encode_entry(IndexEntry(number, 1, 2), 15)
            if number % 8 == 7:
                opened.sync()
        for number in range(0, 40, 3):
            del opened[f"key {number}"]
        opened["key 1"] = encode_entry(IndexEntry(1_000, 3, 4), 15)
    image = path.read_bytes()
    expected = {f"key {number}": IndexEntry(number, 1, 2) for number in range(40) if number % 3}

    reader = ImageReader(pieces(image, size), "it")
    assert reader.header.table_at > HEADER_BYTES
    assert dict(reader.entries()) == {**expected, "key 1": IndexEntry(1_000, 3, 4)}
    table = ImageTable(image, "it")
    assert (table.find("key 1"), table.find("key 2"), table.find("key 3")) == (IndexEntry(1_000, 3, 4), expected["key 2"], None)


def test_memory_does_not_grow_with_the_image() -> None:
    """An image that arrives in pieces of 64 KiB is read in less than half of its size, keys of full length included."""

    def block(number: int) -> bytes:
        key = b"%09d" % number + b"k" * (65_000 if not number % 1_000 else 20)
        digest = blake2s(key, digest_size=13).digest()
        return digest + (1).to_bytes(6, "little") + struct.pack("<H", len(key)) + key + bytes(7)

    def arriving() -> Iterator[bytes]:
        header = bytearray(encode_image([], 7, 5, 5, UUID))
        header[33:37] = (10_000).to_bytes(4, "little")
        held = bytes(header)
        for number in range(10_000):
            held += block(number)
            if len(held) > 65_536:
                yield held
                held = b""
        yield held

    tracemalloc.start()
    try:
        count = sum(1 for _ in ImageReader(arriving(), "it").entries())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert peak < 1 << 19


GOOD = encode_image([(f"key {number}", IndexEntry(number, 9, 9)) for number in range(5)], 15, 3, 5, UUID)
HEADER_FIELDS = [(0, 16), (16, 2), (18, 3), (21, 4), (33, 4), (37, 4), (65, 6), (71, 6)]


@pytest.mark.parametrize("length", [0, 10, 199, 200, 217, 219, 230, len(GOOD) - 1, len(GOOD) - 47])
def test_an_image_that_is_cut_off_is_damaged(length: int) -> None:
    """An image that ends early is an IntegrityError, also where it ends between two keys."""
    with pytest.raises(IntegrityError):
        read(GOOD[:length])


def test_a_changed_key_is_damage() -> None:
    """A bit that flipped in a key shows in its hash."""
    at = GOOD.index(b"key 3")
    with pytest.raises(IntegrityError, match="the hash of a key"):
        read(GOOD[:at] + b"kez" + GOOD[at + 3 :])


def test_a_width_of_no_version_is_not_supported() -> None:
    """An index of entries that no ebooklet wrote is another format, not damage."""
    with pytest.raises(UnsupportedFormatError):
        read(GOOD[:37] + (23).to_bytes(4, "little") + GOOD[41:])


@given(st.sampled_from(HEADER_FIELDS), st.integers(0, (1 << 128) - 1))
def test_any_header_is_read_or_refused(field: tuple[int, int], number: int) -> None:
    """Whatever a header claims, such as four billion buckets, is a FormatError or an index, at once."""
    at, length = field
    hostile = GOOD[:at] + (number % (1 << 8 * length)).to_bytes(length, "little") + GOOD[at + length :]
    with contextlib.suppress(FormatError):
        read(hostile)


@given(st.integers(200, len(GOOD) - 1), st.binary(min_size=1, max_size=30))
def test_any_blocks_are_read_or_refused(at: int, noise: bytes) -> None:
    """Whatever blocks hold is a FormatError or an index."""
    with contextlib.suppress(FormatError):
        read(GOOD[:at] + noise + GOOD[at + len(noise) :])


@given(st.integers(21, len(GOOD) - 1), st.binary(min_size=1, max_size=30))
def test_any_table_is_followed_or_refused(at: int, noise: bytes) -> None:
    """Whatever a table and its chains lead to, also in a circle, is a FormatError, an entry or none."""
    with contextlib.suppress(FormatError):
        table = ImageTable(GOOD[:at] + noise + GOOD[at + len(noise) :], "it")
        for number in range(6):
            table.find(f"key {number}")


def test_a_chain_in_a_circle_ends() -> None:
    """A block that is its own successor is damage, and no endless search."""
    image = bytearray(encode_image([("a", IndexEntry(1))], 7, 1, 5, UUID))
    image[206 + 13 : 206 + 19] = (206).to_bytes(6, "little")
    with pytest.raises(IntegrityError, match="leads nowhere"):
        ImageTable(bytes(image), "it").find("b")


@given(st.sampled_from(WIDTHS), st.data())
def test_entries_come_back(width: int, data: st.DataObject) -> None:
    """An entry of each width is as long as that, and comes back."""
    entry = data.draw(ENTRIES[width])
    raw = encode_entry(entry, width)

    assert len(raw) == width
    assert decode_entry(raw) == entry
