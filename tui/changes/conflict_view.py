"""A conflict with all of its sides: beside each other, or one below the other where there is no room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from catalog import Change, Commit, Version
from tui.kit.amounts import moment, size
from tui.kit.badges import change_badges
from tui.kit.comparison import MOST_LINES
from tui.kit.plain import key_name, plain, plain_lines
from tui.kit.text_view import TextView, continued

from .three_way import By, Chunk, ThreeWay

_NARROWEST_THREE = 76
_BAR = Content.styled(" │ ", "$line")
_NAMES = ("last pulled", "yours", "theirs")
_SIGNS = ("=", "<", ">")
_DAY = 10
"""Characters of a time that are its day."""
_ASKING = "asking who made it…"


def _cells(line: Content | None, mark: str, width: int, background: str) -> list[Content]:
    """Draw one line of one side in as many rows as it takes."""
    if line is None:
        return [Content(" " * width)]
    rows = []
    for place, row in enumerate(continued(line, width - 2)):
        cell = Content.assemble((f"{mark if place == 0 else ' '} ", "$accent"), row)
        cell = cell.pad_right(max(width - cell.cell_length, 0))
        rows.append(cell.stylize_before(f"on {background}") if background else cell)
    return rows


class ConflictView(TextView):
    """Base, mine and theirs of one key, and who made theirs."""

    BORDER_TITLE = "Conflict"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._change: Change | None = None
        self._sides: ThreeWay | None = None
        self._problem = ""
        self._theirs: Commit | None = None
        self._unknown = _ASKING

    def show_words(self) -> None:
        """Show no conflict."""
        self._change = self._sides = self._theirs = None
        self.border_title = "Conflict"
        self.border_subtitle = ""
        self.lay_out()

    def show_conflict(self, change: Change, sides: ThreeWay, problem: str, place: str) -> None:
        """Show the sides of a conflict; ``place`` says which of how many it is."""
        if self._change is None or self._change.key != change.key:
            self._theirs, self._unknown = None, _ASKING
        self._change, self._sides, self._problem = change, sides, problem
        self.border_title = Content(key_name(change.key))
        self.border_subtitle = f"conflict {place}"
        self.lay_out()

    def show_commit(self, commit: Commit | None, problem: str) -> None:
        """Show who made theirs; without a commit the problem that there was, or that nobody knows any more."""
        self._theirs = commit
        self._unknown = f"not known who made it: {plain(problem)}" if problem else "made in a commit that is not kept any more"
        self.lay_out(keep_place=True)

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the heading and the lines of all sides."""
        if self._change is None or self._sides is None:
            return ()
        rows = [self._summary(self._change, self._sides).truncate(width, ellipsis=True)]
        rows += [*continued(self._author(), width), Content("")]
        for line in plain_lines(self._problem) if self._problem else ():
            rows += continued(Content.styled(line, "$state-trouble"), width)
        rows += self._beside(width) if width >= _NARROWEST_THREE else self._stacked(width)
        if self._sides.cut:
            rows += [Content(""), Content.styled(f"Only the first {MOST_LINES:,} lines were compared.", "$quiet")]
        return rows

    def _summary(self, change: Change, sides: ThreeWay) -> Content:
        direction, kind = change_badges(change)
        counts = [(by, sides.places(by)) for by in (By.MINE, By.THEIRS, By.BOTH)]
        words = {By.MINE: "only by you", By.THEIRS: "only by them", By.BOTH: "by both"}
        places = ", ".join(f"{count:,} {words[by]}" for by, count in counts if count)
        return Content.assemble(
            direction.content(),
            " conflict  ",
            kind.content(),
            f" {kind.words} here   ",
            (f"places changed: {places}" if places else "", "$quiet"),
        )

    def _author(self) -> Content:
        if self._theirs is None:
            return Content.assemble(("theirs  ", "bold"), (self._unknown, "$quiet italic"))
        commit = self._theirs
        message = f"  “{' '.join(plain_lines(commit.message))}”" if commit.message else ""
        return Content.assemble(
            ("theirs  ", "bold"),
            (f"commit {commit.number} by {plain(commit.author)}, {moment(commit.time)}", "$state-behind"),
            (message, "italic"),
        )

    def _versions(self) -> tuple[Version | None, Version | None, Version | None]:
        assert self._change is not None
        return self._change.base, self._change.local, self._change.remote

    def _heading(self, side: int, width: int) -> Content:
        version = self._versions()[side]
        if version is None:
            absent = "not there" if side == 0 else "deleted"
            return Content.assemble((_NAMES[side], "bold"), (f"  {absent}", "$quiet italic")).truncate(width, ellipsis=True)
        when = moment(version.timestamp)
        offered = (f"  {size(version.length)}  {when}", f"  {when}", f"  {when[:_DAY]}")
        facts = next((facts for facts in offered if len(_NAMES[side] + facts) <= width), offered[-1])
        return Content.assemble((_NAMES[side], "bold"), (facts, "$quiet")).truncate(width, ellipsis=True)

    def _beside(self, width: int) -> Iterator[Content]:
        first = (width - 6) // 3
        widths = (first, first, width - 6 - 2 * first)
        headings = [self._heading(side, widths[side]) for side in range(3)]
        yield _BAR.join([heading.pad_right(widths[side] - heading.cell_length) for side, heading in enumerate(headings)])
        yield Content.styled("─┼─".join("─" * cells for cells in widths), "$line")
        assert self._sides is not None
        for chunk in self._sides.chunks:
            yield from _abreast(chunk, widths)

    def _stacked(self, width: int) -> Iterator[Content]:
        for side in range(3):
            yield Content.assemble((f"{_SIGNS[side]} ", "bold $accent"), self._heading(side, width - 2))
        yield Content.styled("─" * width, "$line")
        assert self._sides is not None
        for chunk in self._sides.chunks:
            if chunk.by in {By.NOBODY, By.HIDDEN}:
                for line in chunk.base or chunk.mine or chunk.theirs:
                    yield from _cells(line, "⋯" if chunk.by is By.HIDDEN else " ", width, "")
                continue
            for side, lines in enumerate((chunk.base, chunk.mine, chunk.theirs)):
                if _has_news(chunk, side) or side == 0:
                    for line in lines:
                        yield from _cells(line, _SIGNS[side], width, _background(chunk, side))


def _has_news(chunk: Chunk, side: int) -> bool:
    return chunk.by is By.BOTH or (chunk.by is By.MINE and side == 1) or (chunk.by is By.THEIRS and side == 2)


def _background(chunk: Chunk, side: int) -> str:
    if chunk.by in {By.NOBODY, By.HIDDEN}:
        return ""
    if side == 0:
        return "$diff-removed"
    return "$diff-added" if _has_news(chunk, side) else ""


def _abreast(chunk: Chunk, widths: tuple[int, int, int]) -> Iterator[Content]:
    sides = (chunk.base, chunk.mine, chunk.theirs)
    for number in range(max(len(lines) for lines in sides)):
        cells = []
        for side, lines in enumerate(sides):
            line = lines[number] if number < len(lines) else None
            mark = "⋯" if chunk.by is By.HIDDEN else _SIGNS[side] if side and _has_news(chunk, side) else " "
            cells.append(_cells(line, mark, widths[side], _background(chunk, side)))
        for place in range(max(len(rows) for rows in cells)):
            yield _BAR.join(
                [rows[place] if place < len(rows) else Content(" " * widths[side]) for side, rows in enumerate(cells)]
            )
