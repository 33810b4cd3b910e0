"""Two versions of a value, line by line."""

from __future__ import annotations

from textual.content import Content

from tui.kit.comparison import MOST_LINES, Mark, compare


def _lines(*texts: str) -> list[Content]:
    return [Content(text) for text in texts]


def test_a_changed_line_stands_beside_what_it_was() -> None:
    """Old and new line make one pair, with the words that differ marked on both sides."""
    result = compare(_lines("name", "high 6.9", "end"), _lines("name", "high 8.4", "end"))

    assert [pair.mark for pair in result.pairs] == [Mark.SAME, Mark.CHANGED, Mark.SAME]
    changed = result.pairs[1]
    assert changed.old is not None
    assert changed.new is not None
    assert [changed.old.plain[span.start : span.end] for span in changed.old.spans] == ["6.9"]
    assert [changed.new.plain[span.start : span.end] for span in changed.new.spans] == ["8.4"]
    assert (result.removed, result.added) == (1, 1)


def test_a_line_of_one_side_has_nothing_beside_it() -> None:
    """Added and removed lines stand alone."""
    result = compare(_lines("a", "b"), _lines("b", "c"))

    assert [(pair.mark, pair.old and pair.old.plain, pair.new and pair.new.plain) for pair in result.pairs] == [
        (Mark.REMOVED, "a", None),
        (Mark.SAME, "b", "b"),
        (Mark.ADDED, None, "c"),
    ]


def test_a_long_run_of_equal_lines_is_left_out() -> None:
    """Three equal lines stay on either side of a change; the rest is counted."""
    same = [f"line {number}" for number in range(20)]
    result = compare(_lines(*same, "old"), _lines(*same, "new"))

    assert [pair.mark for pair in result.pairs] == [Mark.SKIPPED, *[Mark.SAME] * 3, Mark.CHANGED]
    assert result.pairs[0].old is not None
    assert result.pairs[0].old.plain == "17 equal lines"


def test_what_does_not_count_is_no_change() -> None:
    """A part of each line may be all that is compared; both lines are still shown as they are."""
    result = compare(_lines('"a": 1'), _lines('"a": 1,'), lambda line: line.removesuffix(","))

    assert [(pair.mark, pair.old and pair.old.plain, pair.new and pair.new.plain) for pair in result.pairs] == [
        (Mark.SAME, '"a": 1', '"a": 1,')
    ]


def test_a_side_that_is_not_there_is_all_added() -> None:
    """A new key has nothing but added lines."""
    assert {pair.mark for pair in compare((), _lines("a", "b")).pairs} == {Mark.ADDED}


def test_long_values_are_compared_as_far_as_is_quick() -> None:
    """Only the first lines of a very long value are compared, and the comparison says so."""
    lines = _lines(*(str(number) for number in range(MOST_LINES + 1)))

    assert compare(lines, lines).cut
    assert not compare(lines[:-1], lines[:-1]).cut
