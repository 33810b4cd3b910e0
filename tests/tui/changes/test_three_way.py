"""Three versions line by line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from tui.changes.three_way import By, ThreeWay, compare_three


def _lines(text: str | None) -> list[Content] | None:
    return None if text is None else [Content(char) for char in text]


def _compared(base: str | None, mine: str | None, theirs: str | None) -> ThreeWay:
    return compare_three(_lines(base), _lines(mine), _lines(theirs))


def _chunks(base: str | None, mine: str | None, theirs: str | None) -> list[tuple[By, str, str, str]]:
    return [
        (chunk.by, *("".join(line.plain for line in side) for side in (chunk.base, chunk.mine, chunk.theirs)))  # type: ignore[misc]
        for chunk in _compared(base, mine, theirs).chunks
    ]


def test_each_place_says_who_changed_it() -> None:
    """Lines that all have are between places changed by one, the other or both."""
    assert _chunks("abcdefg", "aBcdefG", "abcDe7g"[:5] + "fg7") == [
        (By.NOBODY, "a", "a", "a"),
        (By.MINE, "b", "B", "b"),
        (By.NOBODY, "c", "c", "c"),
        (By.THEIRS, "d", "d", "D"),
        (By.NOBODY, "ef", "ef", "ef"),
        (By.BOTH, "g", "G", "g7"),
    ]


def test_two_additions_are_compared_with_each_other() -> None:
    """Without a common base only what both have alike is changed by nobody."""
    assert _chunks(None, "abc", "abd") == [(By.NOBODY, "", "ab", "ab"), (By.BOTH, "", "c", "d")]


def test_a_deleted_side_has_no_lines() -> None:
    """The side that deleted changed every line; the other one only some."""
    assert _chunks("abc", None, "aBc") == [(By.MINE, "a", "", "a"), (By.BOTH, "b", "", "B"), (By.MINE, "c", "", "c")]


def test_a_long_run_that_all_have_is_shortened() -> None:
    """Between two changes three lines stay on each side of what is left out."""
    chunks = _chunks("x" + "0123456789abc" + "y", "X" + "0123456789abc" + "Y", "x" + "0123456789abc" + "y")

    assert [(by, base) for by, base, _, _ in chunks] == [
        (By.MINE, "x"),
        (By.NOBODY, "012"),
        (By.HIDDEN, "7 equal lines"),
        (By.NOBODY, "abc"),
        (By.MINE, "y"),
    ]


_SIDE = st.none() | st.text("abc", max_size=12)


@given(_SIDE, _SIDE, _SIDE)
def test_no_line_is_lost(base: str | None, mine: str | None, theirs: str | None) -> None:
    """Put together again, the chunks are the three versions, and what nobody changed is the same in all that are there."""
    chunks = _chunks(base, mine, theirs)
    if not any(by is By.HIDDEN for by, *_ in chunks):
        assert ["".join(texts) for texts in zip(*(chunk[1:] for chunk in chunks), strict=True)] in (
            [base or "", mine or "", theirs or ""],
            [],
        )
    for by, *sides in chunks:
        there = [text for text, side in zip(sides, (base, mine, theirs), strict=True) if side is not None]
        assert by is not By.NOBODY or len(set(there)) <= 1
