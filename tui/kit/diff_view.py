"""Two values side by side; one below the other where there is no room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.content import Content

from catalog import Change, Direction, Version

from .amounts import moment, size
from .badges import change_badges
from .comparison import MOST_LINES, ChangeSides, Comparison, Mark, Pair
from .plain import key_name, plain_lines
from .text_view import TextView, continued

_NARROWEST_PAIR = 56
_OLD_STYLE = {Mark.REMOVED: "$state-trouble", Mark.CHANGED: "$state-trouble"}
_NEW_STYLE = {Mark.ADDED: "$state-good", Mark.CHANGED: "$state-good"}


BIG = 1_000_000
"""Bytes above which a value is fetched for a comparison only when one goes there."""


def weight(change: Change) -> int:
    """Bytes of the larger of the two sides of a change that lie in the remote."""
    return max(version.length if version else 0 for version in (change.base, change.remote))


def _padded(row: Content, width: int, background: str) -> Content:
    row = row.pad_right(max(width - row.cell_length, 0))
    return row.stylize_before(f"on {background}") if background else row


def _half(line: Content | None, mark: str, width: int, mark_style: str, background: str) -> list[Content]:
    """Draw one line of one side: its mark, then its text in as many rows as it takes."""
    if line is None:
        return [Content(" " * width)]
    rows = continued(line, width - 2)
    return [
        _padded(Content.assemble((f"{mark if place == 0 else ' '} ", mark_style), row), width, background)
        for place, row in enumerate(rows)
    ]


def too_big(change: Change) -> Content:
    """Say in the place of a comparison that its values are fetched only for one who comes here."""
    return Content.styled(f"This value is big: {size(weight(change))}.\n\nCome here with Enter to compare it.", "$quiet")


class DiffView(TextView):
    """The old and the new value of one change."""

    BORDER_TITLE = "Old and new"
    SIDES: ClassVar[dict[str, str]] = {"base": "last pulled", "local": "yours", "remote": "theirs"}

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._change: Change | None = None
        self._sides = ChangeSides("base", "local")
        self._comparison: Comparison | None = None
        self._problem = ""
        self._words = Content("")

    def show_words(self, words: Content) -> None:
        """Show words in the place of a comparison."""
        self._change, self._comparison, self._words = None, None, words
        self.border_title = self.BORDER_TITLE
        self.border_subtitle = ""
        self.lay_out()

    def show_comparison(self, change: Change, sides: ChangeSides, comparison: Comparison, problem: str) -> None:
        """Show two sides of a change."""
        self._change, self._sides, self._comparison, self._problem = change, sides, comparison, problem
        self.border_title = Content(key_name(change.key))
        self.border_subtitle = "enter: all sides  v: other two" if change.direction is Direction.CONFLICT else ""
        self.lay_out()

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the heading and the lines of both sides."""
        if self._change is None or self._comparison is None:
            return [Content(""), *[row for line in self._words.split(allow_blank=True) for row in continued(line, width)]]
        rows = [self.summary(self._change, self._comparison).truncate(width, ellipsis=True), Content("")]
        for line in plain_lines(self._problem) if self._problem else ():
            rows += continued(Content.styled(line, "$state-trouble"), width)
        paired = width >= _NARROWEST_PAIR
        rows += self._pairs(width) if paired else self._stacked(width)
        if self._comparison.cut:
            rows += [Content(""), Content.styled(f"Only the first {MOST_LINES:,} lines were compared.", "$quiet")]
        return rows

    def summary(self, change: Change, comparison: Comparison) -> Content:
        """What kind of change it is, and in how many lines."""
        direction, kind = change_badges(change)
        return Content.assemble(
            direction.content(),
            (f" {direction.words.split(':')[0]}  ", ""),
            kind.content(),
            (f" {kind.words}   ", ""),
            (f"−{comparison.removed:,} ", "$state-trouble"),
            (f"+{comparison.added:,} ", "$state-good"),
            ("lines", "$quiet"),
        )

    def _side_heading(self, side: str, width: int) -> Content:
        assert self._change is not None
        version: Version | None = {"base": self._change.base, "local": self._change.local, "remote": self._change.remote}[side]
        words = self.SIDES[side]
        if version is None:
            return Content.assemble((words, "bold"), ("  not there", "$quiet italic"))
        facts = f"  {size(version.length)}  {moment(version.timestamp)}"
        if len(words + facts) > width:
            facts = f"  {size(version.length)}"
        return Content.assemble((words, "bold"), (facts, "$quiet")).truncate(width, ellipsis=True)

    def _pairs(self, width: int) -> Iterator[Content]:
        left = (width - 3) // 2
        right = width - 3 - left
        bar = Content.styled(" │ ", "$line")
        old_heading = self._side_heading(self._sides.old, left)
        yield Content.assemble(
            old_heading, " " * (left - old_heading.cell_length), bar, self._side_heading(self._sides.new, right)
        )
        yield Content.styled("─" * (left + 1) + "┼" + "─" * (right + 1), "$line")
        assert self._comparison is not None
        for pair in self._comparison.pairs:
            old, new = _old_half(pair, left), _new_half(pair, right)
            for place in range(max(len(old), len(new))):
                yield Content.assemble(
                    old[place] if place < len(old) else Content(" " * left),
                    bar,
                    new[place] if place < len(new) else Content(""),
                )

    def _stacked(self, width: int) -> Iterator[Content]:
        yield Content.assemble(("− ", "$state-trouble"), self._side_heading(self._sides.old, width - 2))
        yield Content.assemble(("+ ", "$state-good"), self._side_heading(self._sides.new, width - 2))
        yield Content.styled("─" * width, "$line")
        assert self._comparison is not None
        for pair in self._comparison.pairs:
            if pair.mark in {Mark.SAME, Mark.SKIPPED}:
                yield from _new_half(pair, width)
                continue
            if pair.old is not None:
                yield from _half(pair.old, "−", width, "$state-trouble", "$diff-removed")
            if pair.new is not None:
                yield from _half(pair.new, "+", width, "$state-good", "$diff-added")


def _old_half(pair: Pair, width: int) -> list[Content]:
    changed = pair.mark in _OLD_STYLE
    mark = "−" if changed else "⋯" if pair.mark is Mark.SKIPPED else " "
    return _half(pair.old, mark, width, _OLD_STYLE.get(pair.mark, "$quiet"), "$diff-removed" if changed else "")


def _new_half(pair: Pair, width: int) -> list[Content]:
    changed = pair.mark in _NEW_STYLE
    mark = "+" if changed else "⋯" if pair.mark is Mark.SKIPPED else " "
    return _half(pair.new, mark, width, _NEW_STYLE.get(pair.mark, "$quiet"), "$diff-added" if changed else "")
