"""The window on a long list of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import KeyInfo, KeyState
from tui.keys.paging import PAGE, KeyPages, KeyRow, WalkedPages, Wanted

KINDS = pytest.mark.parametrize("kind", [KeyPages, WalkedPages])


def _keys(count: int) -> list[KeyInfo]:
    return [KeyInfo(f"{number:07}", 0, 1, KeyState.LOCAL) for number in range(count)]


def _read(everything: list[KeyInfo], wanted: Wanted, *, is_walked: bool) -> list[KeyInfo]:
    """Read as the library does: from a row on or, where a list can only be walked, after a row."""
    after = wanted.after
    if is_walked or isinstance(after, KeyInfo):
        return [info for info in everything if not isinstance(after, KeyInfo) or info.key > after.key][: wanted.limit]
    return everything[wanted.page * PAGE :][: wanted.limit]


def _show(pages: KeyPages, everything: list[KeyInfo], first: int, last: int) -> int:
    """Answer what is wanted until the rows are there; gives how many reads it took."""
    reads = 0
    while wanted := pages.wanted(first, last):
        pages.add(wanted.page, wanted.limit, _read(everything, wanted, is_walked=isinstance(pages, WalkedPages)))
        reads += 1
    return reads


def _rows(pages: KeyPages, first: int, last: int) -> list[KeyRow | None]:
    return [pages.row(row) for row in range(first, last)]


@KINDS
def test_the_first_rows_take_one_small_read(kind: type[KeyPages]) -> None:
    """A list of a million keys begins with one page."""
    pages = kind(1_000_000)

    assert pages.wanted(0, 40) == Wanted(0, None, PAGE)
    assert pages.count == 1_000_000


def test_a_far_place_is_read_at_once() -> None:
    """The last of a million rows take one read, and those before them another."""
    everything = _keys(20_000)
    pages = KeyPages(len(everything))

    assert _show(pages, everything, 19_990, 19_999) == 1
    assert _rows(pages, 19_990, 20_000) == everything[19_990:]
    assert _show(pages, everything, 19_700, 19_799) == 1


def test_a_far_place_of_a_folder_is_walked_to_in_long_steps() -> None:
    """Rows that nobody has been at are walked past by the thousands."""
    everything = _keys(20_000)
    pages = WalkedPages(len(everything))

    assert _show(pages, everything, 19_990, 19_999) <= 3
    assert _rows(pages, 19_990, 20_000) == everything[19_990:]


@KINDS
def test_memory_is_bounded(kind: type[KeyPages]) -> None:
    """Pages that were left are forgotten, and read again in one step."""
    everything = _keys(20_000)
    pages = kind(len(everything))
    for first in range(0, 20_000, 1_000):
        _show(pages, everything, first, first + 999)

    assert sum(pages.row(row) is not None for row in range(len(everything))) <= 8_000
    assert pages.row(0) is None
    assert _show(pages, everything, 0, 10) == 1


@KINDS
def test_the_end_corrects_what_was_expected(kind: type[KeyPages]) -> None:
    """The number of rows becomes the true one when the last key has been seen, or when it was counted."""
    everything = _keys(250)
    pages, counted = kind(900), kind(900)
    _show(pages, everything, 0, 899)
    counted.expect(250)

    assert pages.count == pages.end == counted.count == 250
    assert pages.wanted(0, 10_000) is None


@KINDS
def test_an_empty_list_ends_at_once(kind: type[KeyPages]) -> None:
    """No keys are no rows and nothing more to ask for."""
    pages = kind(0)
    pages.add(0, PAGE, [])

    assert (pages.count, pages.wanted(0, 50)) == (0, None)


@KINDS
@given(count=st.integers(0, 1500), views=st.lists(st.integers(0, 1500), max_size=8))
def test_any_path_through_the_list_shows_the_right_keys(kind: type[KeyPages], count: int, views: list[int]) -> None:
    """Wherever one jumps, in whatever order, each row shows the key of its place."""
    everything = _keys(count)
    pages = kind(count)
    for first in views:
        _show(pages, everything, first, first + 30)
        assert _rows(pages, first, min(first + 31, count)) == everything[first : first + 31]
