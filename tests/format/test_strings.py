"""Front coding gives every string back, and refuses what would fill the memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import IntegrityError
from catalog.format.strings import FrontCoded, front_code, spell_out

from .entries import KEYS


@given(st.lists(KEYS | st.just("")))
def test_every_string_comes_back(strings: list[str]) -> None:
    """Sorted or not, with strings twice and empty ones among them."""
    for order in (strings, sorted(strings)):
        assert spell_out(front_code(order), "it") == order


def test_what_neighbours_share_is_written_once() -> None:
    """Strings that begin alike take the characters by which they differ."""
    coded = front_code([f"station/{number:08d}" for number in range(1000)])

    assert len(coded.text) < 16 + 1000 * 1.2


@pytest.mark.parametrize(
    "coded",
    [
        FrontCoded([0, 1], [1], "a"),
        FrontCoded([0, -1], [1, 1], "ab"),
        FrontCoded([0, 0], [3, -1], "ab"),
        FrontCoded([0, 0], [1, 1], "abc"),
        FrontCoded([0, 0], [1, 2], "ab"),
        FrontCoded([0, *[100_000] * 1000], [100_000, *[0] * 1000], "a" * 100_000),
    ],
)
def test_what_does_not_add_up_is_refused(coded: FrontCoded) -> None:
    """Columns that differ, negative counts, and gigabytes out of kilobytes, all in little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError):
            spell_out(coded, "it")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
