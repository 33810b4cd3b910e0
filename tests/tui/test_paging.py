"""The window on a long list of keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog import KeyInfo, KeyState
from tui.paging import PAGE, KeyPages, Wanted


def _keys(count: int) -> list[KeyInfo]:
    return [KeyInfo(f"{number:07}", 0, 1, KeyState.LOCAL) for number in range(count)]


def _read(everything: list[KeyInfo], wanted: Wanted) -> list[KeyInfo]:
    return [info for info in everything if wanted.after is None or info.key > wanted.after][: wanted.limit]


def _walk(pages: KeyPages, everything: list[KeyInfo], first: int, last: int) -> int:
    """Answer what is wanted until the rows are there; gives how many reads it took."""
    reads = 0
    while wanted := pages.wanted(first, last):
        pages.add(wanted.page, wanted.limit, _read(everything, wanted))
        reads += 1
    return reads


def test_the_first_rows_take_one_small_read() -> None:
    """A list of a million keys begins with one page."""
    pages = KeyPages(1_000_000)

    assert pages.wanted(0, 40) == Wanted(0, None, PAGE)
    assert pages.count == 1_000_000


def test_a_far_place_is_walked_to_in_long_steps() -> None:
    """Keys that nobody has been at are walked past by the thousands."""
    everything = _keys(20_000)
    pages = KeyPages(len(everything))

    reads = _walk(pages, everything, 19_990, 19_999)

    assert reads <= 3
    assert [info.key for row in range(19_990, 20_000) if (info := pages.row(row))] == [info.key for info in everything[19_990:]]


def test_memory_is_bounded() -> None:
    """Pages that were left are forgotten; their bookmarks stay, so that they are read again in one step."""
    everything = _keys(20_000)
    pages = KeyPages(len(everything))
    _walk(pages, everything, 19_990, 19_999)

    held = sum(pages.row(row) is not None for row in range(len(everything)))

    assert held <= 8_000
    assert pages.row(0) is None
    assert _walk(pages, everything, 0, 10) == 1


def test_the_end_corrects_what_was_expected() -> None:
    """The number of rows becomes the true one when the last key has been seen."""
    everything = _keys(250)
    pages = KeyPages(900)
    _walk(pages, everything, 0, 899)

    assert pages.count == pages.end == 250
    assert pages.wanted(0, 10_000) is None


def test_an_empty_list_ends_at_once() -> None:
    """No keys are no rows and nothing more to ask for."""
    pages = KeyPages(0)
    pages.add(0, PAGE, [])

    assert (pages.count, pages.wanted(0, 50)) == (0, None)


@given(count=st.integers(0, 1500), views=st.lists(st.integers(0, 1500), max_size=8))
def test_any_path_through_the_list_shows_the_right_keys(count: int, views: list[int]) -> None:
    """Wherever one jumps, in whatever order, each row shows the key of its place."""
    everything = _keys(count)
    pages = KeyPages(count)
    for first in views:
        _walk(pages, everything, first, first + 30)
        for row in range(first, min(first + 31, count)):
            assert pages.row(row) == everything[row]
