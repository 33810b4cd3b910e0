"""Tables say where each segment lies, and index files come apart without them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import FormatError, IntegrityError
from catalog.format.content import compress, content_id
from catalog.format.segment import Entry, decode_segment, encode_segment
from catalog.format.table import IndexFile, SegmentRef, decode_table, encode_table, pack_segments, split_file

from .entries import ITEMS, KEYS

FILES = st.sampled_from([bytes([number]) * 16 for number in range(1, 4)])
PLACES = st.integers(0, 1 << 40)
REFS = st.lists(
    st.builds(
        SegmentRef, st.binary(min_size=16, max_size=16), KEYS, st.integers(0, 1 << 20), FILES, PLACES, PLACES, PLACES, PLACES
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda ref: ref.first,
).map(lambda refs: sorted(refs, key=lambda ref: ref.first))


@given(REFS)
def test_every_reference_comes_back(refs: list[SegmentRef]) -> None:
    """Whatever lies where, in files that are shared or not, it is read back equal."""
    assert list(decode_table(encode_table(refs), "it")) == refs
    assert list(decode_table(encode_table(refs, 5), "it")) == refs
    assert encode_table(refs, 5) != encode_table(refs)


@given(st.lists(ITEMS, min_size=1, max_size=5))
def test_an_index_file_holds_its_segments(contents: list[list[tuple[str, Entry]]]) -> None:
    """Each segment is found where its reference says, and by taking the file apart; its id derives from theirs."""
    segments = [encode_segment(items) for items in contents]
    file = pack_segments([(segment, segment.first) for segment in segments])
    apart = split_file(file.body, "it")

    assert file.file_id == content_id(b"".join(segment.segment_id for segment in segments))
    for ref, (keys_body, entries_body), items in zip(file.refs, apart, contents, strict=True):
        assert file.body[ref.keys_at : ref.keys_at + ref.keys_size] == keys_body
        assert file.body[ref.entries_at : ref.entries_at + ref.entries_size] == entries_body
        assert list(decode_segment(keys_body, entries_body, ref.id, "it").items()) == items
    assert sum(ref.size for ref in file.refs) == len(file.body)


def some_file() -> IndexFile:
    """A file of three segments."""
    entries = {key: Entry(5, b"p" * 16, place, 3, bytes(8), None, 100) for place, key in enumerate("abc")}
    return pack_segments([(encode_segment([item]), item[0]) for item in entries.items()])


def test_a_file_that_is_cut_off_or_spoiled_is_refused() -> None:
    """No truncation gives segments but such as end with a frame, and then half of them are missing."""
    file = some_file()
    for length in range(len(file.body)):
        try:
            parts = split_file(file.body[:length], "it")
        except IntegrityError:
            continue
        keys_body, entries_body = parts[-1]
        with pytest.raises(IntegrityError):
            decode_segment(keys_body, entries_body, file.refs[len(parts) - 1].id, "it")


def test_keys_of_neighbours_are_one_range() -> None:
    """In a file all frames of keys come before all frames of entries, without anything in between."""
    refs = some_file().refs

    assert [ref.keys_at for ref in refs] == [0, refs[0].keys_size, refs[0].keys_size + refs[1].keys_size]
    assert refs[0].entries_at == sum(ref.keys_size for ref in refs)


def test_a_reference_takes_thirty_bytes() -> None:
    """Sixteen of them are its id, two its share of its file's."""
    refs = [
        SegmentRef(
            content_id(b"%d" % number),
            f"station/{number * 4096:08d}",
            4096,
            content_id(b"f%d" % (number // 8)),
            number % 8 * 2900,
            2900 + number * 7 % 50,
            23_200 + number % 8 * 36_900,
            36_900 + number * 11 % 40,
        )
        for number in range(245)
    ]
    assert len(compress(encode_table(refs))) < 30 * len(refs)


GOOD: list[Any] = msgspec.msgpack.decode(encode_table(some_file().refs))
_FILES, NUMBERS, _IDS, FIRSTS, KEYS_COUNT, KEYS_AT, KEYS_SIZES, ENTRIES_AT, ENTRIES_SIZES = range(1, 10)


def changed(column: int, value: Any) -> bytes:
    """Good content with one column replaced."""
    return msgspec.msgpack.encode([*GOOD[:column], value, *GOOD[column + 1 :]])


HOSTILE: dict[str, bytes] = {
    "no segments": msgspec.msgpack.encode([1, [], [], b"", [[], [], ""], [], [], [], [], []]),
    "bounds that are not sorted": changed(FIRSTS, [[0, 0, 0], [1, 1, 1], "acb"]),
    "a bound twice": changed(FIRSTS, [[0, 0, 0], [1, 1, 1], "aab"]),
    "a bound that is too long": changed(FIRSTS, [[0, 0, 0], [1, 1, 100_000], "ab" + "c" * 100_000]),
    "a file that is not named": changed(NUMBERS, [0, 0, 1]),
    "a file before the first": changed(NUMBERS, [0, 0, -1]),
    "a file with a path": changed(_FILES, [b"../../x"]),
    "an id too few": changed(_IDS, bytes(32)),
    "a negative count": changed(KEYS_COUNT, [1, -1, 1]),
    "a place before the file": changed(KEYS_AT, [-1, 0, 0]),
    "a place beyond everything": changed(ENTRIES_AT, [1 << 60, 0, 0]),
    "a size without end": changed(KEYS_SIZES, [1 << 62, 1, 1]),
    "a negative size": changed(ENTRIES_SIZES, [1, -5, 1]),
    "columns that differ": changed(ENTRIES_SIZES, [1, 1]),
    "no array": b"\xc0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tables_are_refused(name: str) -> None:
    """A table that no push writes is an IntegrityError before anything that it names is asked for."""
    with pytest.raises(IntegrityError):
        decode_table(HOSTILE[name], "it")


@given(st.data())
def test_any_table_decodes_or_is_a_format_error(data: st.DataObject) -> None:
    """Whatever bytes a stranger names rightly, they are a table or a FormatError."""
    raw = bytearray(encode_table(some_file().refs))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        refs = decode_table(bytes(raw), "it")
    except FormatError:
        return
    assert list(decode_table(encode_table(refs), "it")) == list(refs)
