"""A stream of known size reads as a file of its bytes does, from wherever one goes."""

from __future__ import annotations

import io
import os

import hypothesis.strategies as st
from hypothesis import given

from catalog.store.sized_stream import SizedStream


class Dripping(SizedStream):
    """Gives its bytes a few at a time."""

    def __init__(self, content: bytes) -> None:
        super().__init__(len(content))
        self._content = content

    def bytes_at(self, position: int, most: int) -> bytes:
        return self._content[position : position + min(most, 3)]


STEPS = st.lists(
    st.tuples(st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]), st.integers(0, 40), st.integers(0, 40)), max_size=8
)


@given(st.binary(max_size=30), STEPS)
def test_it_reads_as_a_file_does(content: bytes, steps: list[tuple[int, int, int]]) -> None:
    """Whatever is sought and read, position and bytes are those of a file, also past the end."""
    stream, file = io.BufferedReader(Dripping(content)), io.BytesIO(content)
    for whence, offset, length in steps:
        assert stream.seek(offset, whence) == file.seek(offset, whence)
        assert stream.read(length) == file.read(length)
        assert stream.tell() == file.tell()
