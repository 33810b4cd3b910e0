"""The header of a booklet file is understood, refused by name, and made anew."""

from __future__ import annotations

from pathlib import Path

import booklet
import hypothesis.strategies as st
import pytest
from hypothesis import given

from catalog.errors import IntegrityError, UnsupportedFormatError
from catalog.local.booklet_header import Header, buckets_for, new_header
from catalog.local.data_file import DataFile


def test_a_header_survives_being_made_fresh(path: Path) -> None:
    """A fresh header keeps kind and identity and drops content; booklet reads a file made of it."""
    with booklet.open(path, "n", key_serializer="str", value_serializer="orjson") as opened:
        for number in range(13_000):
            opened[str(number)] = number
        uuid = opened.uuid
    data = DataFile(path, writable=False)
    header = data.header.fresh(99)
    data.close()
    other = path.with_name("other.blt")
    DataFile.create(other, header)

    assert header.uuid.bytes == uuid.bytes
    assert (header.n_buckets, header.n_keys, header.index_at) == (99, 0, 200)
    assert data.header.portable == data.header.fresh(12_007).raw
    with booklet.open(other, "w") as opened:
        opened["a"] = {"b": 1}
        assert opened["a"] == {"b": 1}
        assert opened.uuid.bytes == uuid.bytes


@given(st.binary(max_size=300), st.integers(0, 199))
def test_any_header_is_understood_or_refused(noise: bytes, at: int) -> None:
    """No header raises anything but a FormatError."""
    good = new_header(None, 7).raw
    for raw in (noise, good[:at] + noise[:3] + good[at + 3 :], good[:at]):
        try:
            Header.parse(raw[:200], "it")
        except (UnsupportedFormatError, IntegrityError):
            continue


def test_fixed_length_booklets_are_refused(path: Path) -> None:
    """A fixed-length booklet is refused by name."""
    with booklet.FixedLengthValue(path, "n", key_serializer="str", value_len=4):
        pass
    with pytest.raises(UnsupportedFormatError, match="fixed-length"):
        DataFile(path, writable=False)


def test_buckets_follow_booklet_s_own_steps() -> None:
    """A file gets as many buckets as booklet itself would grow to."""
    assert [buckets_for(keys) for keys in (0, 12_007, 12_008, 144_014, 10**9)] == [12_007, 12_007, 144_013, 1_728_017, 20_736_017]
