"""Search over everything in the catalog, as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Input

from catalog import SearchIndex, SearchMatch
from tui.jobs import Jobs
from tui.kit.amounts import quantity
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.row_list import RowList
from tui.kit.trouble import said
from tui.listing import GroupListing
from tui.work import ReadFailed, begin

from .library import make_index

_MOST_ROWS = 16
_NAME_WIDTH = 32


class MatchList(RowList):
    """What was found: group and name, and what stands around the word that was found."""

    def __init__(self) -> None:
        super().__init__(id="matches")
        self.can_focus = False
        self._matches: Sequence[SearchMatch] = ()
        self.note = ""

    @property
    def row_count(self) -> int:
        """How many were found and are shown."""
        return len(self._matches)

    @property
    def match(self) -> SearchMatch | None:
        """What the cursor is on."""
        return self._matches[self.cursor] if self._matches else None

    def show(self, matches: Sequence[SearchMatch], note: str) -> None:
        """Show what was found."""
        self._matches = matches
        self.note = note
        self.cursor = 0
        self.rows_changed()

    def empty_text(self) -> Content:
        """Say that nothing was found, or not yet."""
        return Content.styled(self.note, "$quiet")

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Room for a screenful, whatever was found: the dialog does not jump as one types."""
        return _MOST_ROWS

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one database that was found."""
        found = self._matches[index]
        name = Content.assemble((f"{plain(found.group)}/", "$quiet"), (plain(found.entry.name), "bold"))
        name = name.truncate(min(_NAME_WIDTH, width // 2), ellipsis=True, pad=True)
        field = f"{found.field}: " if found.field != "name" else ""
        return Content.assemble(name, "  ", (field, "$accent"), (plain(found.excerpt), "$quiet")).truncate(width, ellipsis=True)

    def cursor_chosen(self) -> None:
        """Choose what was clicked twice."""
        if isinstance(self.screen, SearchDialog):
            self.screen.action_choose()


class SearchDialog(Dialog[str]):
    """Gives the key of the database that was chosen; None when none was. ``keep`` is given an index that was made anew."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+f", "dismiss(None)", "Close", show=False, priority=True),
        Binding("enter", "choose", "Go there", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(15)", show=False, priority=True),
        Binding("pageup", "move(-15)", show=False, priority=True),
    ]

    def __init__(
        self,
        jobs: Jobs,
        listings: Sequence[GroupListing],
        index: SearchIndex | None,
        keep: Callable[[SearchIndex], None],
    ) -> None:
        super().__init__()
        self._jobs = jobs
        self._listings = listings
        self._index = index
        self._keep = keep

    def compose(self) -> ComposeResult:
        """A line to type into, and what was found."""
        with Vertical(classes="box wide search") as box:
            box.border_title = "Search the catalog"
            box.border_subtitle = "enter go there · ↓↑ choose · esc close"
            yield Input(placeholder="words of a name, tag, description, owner, place or metadata", id="sought", compact=True)
            yield MatchList()

    def on_mount(self) -> None:
        """Begin to type; the texts are made ready meanwhile."""
        self.query_one(Input).focus()
        if self._index is not None:
            self._search()
            return
        self.query_one(MatchList).show((), "Reading…")
        begin(self, self._make_index())

    async def _make_index(self) -> None:
        self._index = await self._jobs.latest("index", "Reading the catalog", lambda: make_index(self._listings))
        self._keep(self._index)
        self._search()

    @on(Input.Changed)
    def _search(self) -> None:
        if (index := self._index) is not None:
            begin(self, self._show_found(index, self.query_one(Input).value))

    async def _show_found(self, index: SearchIndex, text: str) -> None:
        results = await self._jobs.latest("search", "Searching", lambda: index.search(text))
        self.query_one(MatchList).show(results.found, "Nothing has all of these words.")
        shown = f", the first {len(results.found):,} shown" if results.total > len(results.found) else ""
        self.query_one(".box").border_title = f"Search the catalog: {quantity(results.total, 'database')}{shown}"

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        self.query_one(MatchList).show((), plain(said(message.error)))

    def action_move(self, rows: int) -> None:
        """Move the cursor while one types."""
        self.query_one(MatchList).cursor += rows

    def action_choose(self) -> None:
        """Go to what the cursor is on."""
        if match := self.query_one(MatchList).match:
            self.dismiss(match.entry.key)
