"""The differences between a working copy and its remote, and the two sides of one of them."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.reactive import reactive

from catalog import Change
from tui.jobs import Jobs
from tui.messages import ChangesRead, ComparisonRead, JobFailed, Opened
from tui.plain import plain
from tui.reading import read_changes, read_comparison, sides_of
from tui.widgets.change_list import ChangeList
from tui.widgets.diff_view import DiffView

_IN_STEP = Content.from_markup(
    "[$state-good]✓[/] [b]No differences[/b]\n\n[$quiet]This copy and its remote hold the same values.[/]"
)


class ChangesPane(Container):
    """List of changes, and old beside new."""

    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))

    def __init__(self, jobs: Jobs, id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs = jobs
        self._sides = 0
        self._wants_conflicts = False

    def compose(self) -> ComposeResult:
        """The list, and the comparison beside it."""
        yield ChangeList(id="change-list")
        yield DiffView(id="diff-view")

    @property
    def list(self) -> ChangeList:
        """The list of changes."""
        return self.query_one(ChangeList)

    @property
    def diff_view(self) -> DiffView:
        """The comparison."""
        return self.query_one(DiffView)

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Read the changes of another database, or of the same one after it has changed."""
        if not self.is_mounted:
            return
        self._jobs.forget("changes")
        self._jobs.forget("comparison")
        self.diff_view.show_words(Content(""))
        if new is None:
            self._show_words(self.words)
            return
        if old is None or old.entry.key != new.entry.key:
            self._show_words(Content.styled("Comparing…", "$quiet"))
        self._jobs.read_latest("changes", "Reading changes", lambda: read_changes(new), self)

    def watch_words(self) -> None:
        """Show why there are no changes."""
        if self.is_mounted and self.opened is None:
            self._show_words(self.words)

    def _show_words(self, words: Content) -> None:
        self.list.show_words(words)
        self.list.border_subtitle = ""

    def go_to_conflicts(self) -> None:
        """Put the cursor on the first conflict, now or as soon as the changes are read."""
        self._wants_conflicts = True
        self.list.go_to_conflicts()

    def next_sides(self) -> None:
        """Compare the next two sides of the change."""
        self._sides += 1
        if change := self.list.change:
            self._compare(change)

    @on(ChangesRead)
    def _take_changes(self, message: ChangesRead) -> None:
        if message.opened is not self.opened:
            return
        if not message.changes:
            self._show_words(_IN_STEP)
            return
        self.list.show_changes(message.counts, message.changes)
        total = sum(message.counts.values())
        self.list.border_subtitle = (
            f"first {len(message.changes):,} of {total:,}" if total > len(message.changes) else f"{total:,}"
        )
        if self._wants_conflicts:
            self._wants_conflicts = False
            self.list.go_to_conflicts()

    @on(ChangeList.Highlighted)
    def _highlighted(self, message: ChangeList.Highlighted) -> None:
        self._sides = 0
        self._compare(message.change)

    def _compare(self, change: Change) -> None:
        if not (opened := self.opened):
            return
        offered = sides_of(change)
        sides = offered[self._sides % len(offered)]
        self._jobs.read_latest("comparison", "Comparing", lambda: read_comparison(opened, change, sides), self)

    @on(ComparisonRead)
    def _take_comparison(self, message: ComparisonRead) -> None:
        if message.opened is self.opened and message.change is self.list.change:
            self.diff_view.show_comparison(message.change, message.sides, message.comparison, message.problem)

    @on(JobFailed)
    def _explain(self, message: JobFailed) -> None:
        """Put the problem where the changes would be; the screen also reports it."""
        self._show_words(
            Content.assemble((plain(message.error.message), "$state-trouble"), "\n\n", (plain(message.error.hint), "$quiet"))
        )
