"""Rows that fit their width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tui.kit.columns import beside, shorten, spread
from tui.kit.plain import plain


def test_a_name_is_cut_in_its_middle() -> None:
    """The end of a key, which tells it from its neighbours, stays."""
    assert shorten("san-francisco/2010-01-05", 18) == "san-fr…/2010-01-05"
    assert shorten("short", 18) == "short"


@given(st.text(max_size=60), st.integers(1, 40))
def test_what_was_cut_fits(text: str, width: int) -> None:
    """No name, of whatever alphabet, is wider than its column."""
    assert cell_len(shorten(plain(text), width)) <= width


@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 60))
def test_a_row_with_two_ends_fits(left: str, right: str, width: int) -> None:
    """A row takes exactly its width when both ends fit, and never more."""
    row = spread(Content(plain(left)), Content(plain(right)), width)

    assert row.cell_length <= width


def test_names_stand_beside_what_they_name() -> None:
    """A long value continues below itself, not below its name."""
    rows = beside([("to", Content("one two three four"))], 16, 4, indent=0)

    assert [row.plain.rstrip() for row in rows] == ["to  one two", "    three four"]
