"""An index of ebooklet's that is kept as it is behaves as any piece of an index, and no other bytes pass for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.image import encode_image
from catalog.errors import FormatError, IntegrityError
from catalog.format.segment import encode_segment
from catalog.format.table import IndexFile, pack_segments
from catalog.remote.ebooklet_image import ImagePart, Keeping, decode_image_part, is_image
from catalog.remote.place import Place
from catalog.remote.segment_reader import SegmentReader
from catalog.store.directory.store import DirectoryStore

from .made import UUID

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
INDEXES = st.dictionaries(KEYS, st.builds(IndexEntry, st.integers(0, 9), st.integers(20, 99), st.integers(0, 99), st.just(0)))
KEEPING = Keeping(None, {0: "0123456789abc"})


def part_of(index: dict[str, IndexEntry], keeping: Keeping = KEEPING, width: int = 19) -> ImagePart:
    """An index, kept as it is."""
    return ImagePart(encode_image(index.items(), width, 7, 5, UUID), keeping, "it")


@given(INDEXES, KEYS)
def test_it_is_as_any_piece_of_an_index(index: dict[str, IndexEntry], other: str) -> None:
    """What is kept gives the same keys, sorted and from any key on, finds each, and has as many as it says."""
    file = part_of(index).file
    part = _decoded(file, file.body)
    items = list(part.items())

    assert list(part.keys) == sorted(index) == [key for key, _ in items]
    assert [entry.timestamp for _, entry in items] == [index[key].timestamp for key in sorted(index)]
    assert list(part.items(other)) == [(key, entry) for key, entry in items if key >= other]
    assert all(part.find(key) == entry for key, entry in items)
    assert (part.find(other) is None) == (other not in index)
    assert len(part) == file.refs[0].keys == len(index)
    assert not any(entry.verifiable for _, entry in items)


def test_an_ordinary_segment_says_the_same(tmp_path: Path) -> None:
    """Written as a segment of ours, its items come back the same: whatever is kept of it can take its place."""
    items = list(part_of({"a": IndexEntry(1, 30, 5, 0), "b": IndexEntry(2, 60, 0, 0)}).items())
    file = pack_segments([(encode_segment(items), "")])

    assert list(_stored(tmp_path, file).load(file.refs[0]).items()) == items


def _stored(folder: Path, file: IndexFile) -> SegmentReader:
    """A reader of a remote that has this file."""
    place = Place.at(DirectoryStore(folder), "db")
    place.store.put(place.names.index_file(file.file_id), file.body)
    return SegmentReader(place, _NoCache(), 1)


class _NoCache:
    def get_segment(self, segment_id: str) -> None:
        """Nothing is kept."""

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Nothing is kept."""


def test_a_remote_of_ours_cannot_have_one(tmp_path: Path) -> None:
    """A stranger who stores one in a remote of ours, where each value has a checksum, is refused."""
    file = part_of({"a": IndexEntry(1, 30, 5, 0)}).file
    with pytest.raises(IntegrityError):
        _stored(tmp_path, file).load(file.refs[0])


def _decoded(file: IndexFile, body: bytes) -> ImagePart:
    return decode_image_part(body, file.refs[0].id, "it")


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_what_was_changed_is_damage(at: int, noise: bytes) -> None:
    """Bytes that are not what was kept are refused by their name."""
    file = part_of({"a": IndexEntry(1, 30, 5, 0)}).file
    body = file.body[:at] + noise + file.body[at + len(noise) :]
    assert is_image(file.body)
    if body == file.body or not is_image(body):
        return
    with pytest.raises(FormatError):
        _decoded(file, body)


def test_an_index_that_claims_more_keys_than_it_has_is_damage() -> None:
    """The number of keys that a header claims is shown at once, and compared when all are read."""
    image = bytearray(encode_image([("a", IndexEntry(1, 30, 5, 0))], 19, 7, 5, UUID))
    image[33:37] = (9).to_bytes(4, "little")
    part = ImagePart(bytes(image), KEEPING, "it")
    assert len(part) == 9
    with pytest.raises(IntegrityError):
        list(part.items())
