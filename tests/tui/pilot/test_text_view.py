"""The window that shows a document."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.content import Content

from tui.kit.text_view import TextView


class Lines(TextView):
    """So many lines, and each width that they were made for."""

    DEFAULT_CSS = "Lines { scrollbar-size-vertical: 1; }"
    count = 3

    def __init__(self) -> None:
        super().__init__()
        self.widths: list[int] = []

    def rows_for(self, width: int) -> Sequence[Content]:
        self.widths.append(width)
        return [Content("x" * width)] * self.count


class Shown(App[None]):
    """Only that."""

    def compose(self) -> ComposeResult:
        yield Lines()


async def test_rows_keep_their_width_when_a_bar_comes() -> None:
    """A scroll bar takes the margin, not a column of the text: no row breaks elsewhere because of it, under a dialog or not."""
    async with Shown().run_test(size=(40, 10)) as pilot:
        lines = pilot.app.query_one(Lines)
        lines.count = 100
        lines.lay_out()
        await pilot.pause()
        assert lines.show_vertical_scrollbar
        lines.lay_out()
        await pilot.pause()

        assert set(lines.widths) == {38}
        assert lines.render_line(0).text.rstrip() == " " + "x" * 38
