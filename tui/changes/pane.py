"""The differences between a working copy and its remote, the two sides of one of them, and all three of a conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from catalog import Change, Direction, Entry, State, Status
from tui.command import Place
from tui.facts import NOT_HEARD
from tui.jobs import Jobs
from tui.kit.comparison import ChangeSides
from tui.kit.diff_view import BIG, DiffView, too_big, weight
from tui.kit.plain import plain
from tui.kit.splitter import Splitter
from tui.kit.trouble import in_words, trouble
from tui.opened import Opened, read_comparison, sides_of
from tui.work import ReadFailed, begin

from .conflict_view import ConflictView
from .library import TheirCommits, read_changes, read_conflict, read_their_commits
from .list import ChangeList

_IN_STEP = Content.from_markup(
    "[$state-good]✓[/] [b]No differences[/b]\n\n[$quiet]This copy and its remote hold the same values.[/]"
)
_COMPARING = Content.styled("Comparing…", "$quiet")


def no_differences(status: Status | None) -> Content:
    """What it means that no key differs from what was last seen of the remote, as far as that is known to be the newest."""
    if status is None or status.ahead or status.behind or status.conflicts:
        return _COMPARING
    if status.state is State.EMPTY:
        why = in_words(status.problem) or "Nothing was pushed yet, and nothing was changed here that could be."
        return Content.assemble(("No remote", "bold"), (f"\n\n{plain(why)}", "$quiet"))
    if status.state not in NOT_HEARD:
        return _IN_STEP
    seen = (
        f" This copy is as commit {status.remote_commit.number} there, the newest that was seen." if status.remote_commit else ""
    )
    words = f"Nothing was changed here.{seen}\n\n{plain(in_words(status.problem))}\n\nr asks again."
    return Content.assemble(("What the remote holds now is not known", "bold"), (f"\n\n{words}", "$quiet"))


class ChangesPane(Container):
    """List of changes, old beside new; and in the place of both a conflict, while one is settled."""

    class NoConflictsLeft(Message):
        """The last conflict was settled."""

    @dataclass
    class Counted(Message):
        """How many keys of an open database differ, as they are listed here."""

        opened: Opened
        counts: Mapping[Direction, int]

    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))
    place: reactive[Place] = reactive(Place.DATABASES)
    status: reactive[Status | None] = reactive(None)

    def __init__(self, jobs: Jobs, id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs = jobs
        self._sides = 0
        self._wants_conflicts = False
        self._commits: TheirCommits | None = None
        self._is_asking = False
        self._counts: Mapping[Direction, int] | None = None
        self._has_failed = False

    def compose(self) -> ComposeResult:
        """The list, and the comparison beside it; the conflict over both."""
        yield ChangeList(id="change-list")
        yield Splitter("changes", "#change-list", "#diff-view")
        yield DiffView(id="diff-view")
        yield ConflictView(id="conflict-view")

    @property
    def list(self) -> ChangeList:
        """The list of changes."""
        return self.query_one(ChangeList)

    @property
    def diff_view(self) -> DiffView:
        """The comparison."""
        return self.query_one(DiffView)

    @property
    def conflict_view(self) -> ConflictView:
        """The conflict."""
        return self.query_one(ConflictView)

    @property
    def numbers(self) -> tuple[int, int, int] | None:
        """How many of the listed keys are ahead, behind and in conflict; None while they are read."""
        if self._counts is None:
            return None
        return tuple(self._counts[one] for one in (Direction.OUTGOING, Direction.INCOMING, Direction.CONFLICT))  # type: ignore[return-value]

    @property
    def is_reading(self) -> bool:
        """Whether the changes of the open database are being read, so that there is nothing yet to act upon."""
        return self.opened is not None and self._counts is None and not self._has_failed

    @property
    def is_at_conflict(self) -> bool:
        """Whether the cursor is on a conflict."""
        return self._conflict is not None

    @property
    def _conflict(self) -> Change | None:
        change = self.list.change
        return change if change is not None and change.direction is Direction.CONFLICT else None

    def watch_place(self) -> None:
        """Read the conflict when it comes to be shown, and a big value when one goes to it."""
        if not self.is_mounted:
            return
        if self.place is Place.CONFLICT and (change := self._conflict):
            self._read_conflict(change)
        elif self.place is Place.COMPARISON and (change := self.list.change) and weight(change) > BIG:
            self._compare(change)

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Read the changes of another database, or of the same one after it has changed."""
        if not self.is_mounted:
            return
        self._jobs.forget("changes")
        self._jobs.forget("comparison")
        self._jobs.forget("conflict")
        self._jobs.forget("blame")
        self._commits, self._is_asking = None, False
        self._counts = None
        self._has_failed = False
        self.diff_view.show_words(Content(""))
        if new is None:
            self._show_words(self.words)
            return
        if old is None or old.entry.key != new.entry.key:
            self._show_words(_COMPARING)
        begin(self, self._read_changes(new))

    def watch_status(self) -> None:
        """Say what it means that there are none."""
        if self.is_mounted and self.opened is not None and self._counts is not None and not any(self._counts.values()):
            self._show_words(no_differences(self.status))

    def watch_words(self) -> None:
        """Show why there are no changes."""
        if self.is_mounted and self.opened is None:
            self._show_words(self.words)

    def _show_words(self, words: Content) -> None:
        self.list.show_words(words)
        self.conflict_view.show_words()

    def go_to_conflicts(self) -> None:
        """Put the cursor on the first conflict, now or as soon as the changes are read."""
        self._wants_conflicts = True
        self.list.cursor = 0
        self.list.go_to_conflict()

    def next_sides(self) -> None:
        """Compare the next two sides of the change."""
        self._sides += 1
        if change := self.list.change:
            self._compare(change)

    def choose_none(self, entry: Entry) -> None:
        """Forget what was chosen of a database, which was pushed."""
        if self.opened and self.opened.entry.key == entry.key:
            self.list.clear_choice()

    async def _read_changes(self, opened: Opened) -> None:
        found = await self._jobs.latest("changes", "Reading changes", lambda: read_changes(opened))
        if opened is not self.opened:
            return
        self._counts = found.counts
        self.post_message(self.Counted(opened, found.counts))
        if not found.changes:
            self._show_words(no_differences(self.status))
        else:
            self.list.show_changes(found.counts, found.changes)
        if self._wants_conflicts:
            self._wants_conflicts = False
            self.go_to_conflicts()
        if self.place is Place.CONFLICT and self._conflict is None and not self.list.go_to_conflict():
            self.post_message(self.NoConflictsLeft())

    @on(ChangeList.Highlighted)
    def _highlighted(self, message: ChangeList.Highlighted) -> None:
        self._sides = 0
        if self.place is Place.CONFLICT and message.change.direction is Direction.CONFLICT:
            self._read_conflict(message.change)
        self._compare(message.change)

    def _read_conflict(self, change: Change) -> None:
        if opened := self.opened:
            begin(self, self._show_conflict(opened, change))

    async def _show_conflict(self, opened: Opened, change: Change) -> None:
        conflict = await self._jobs.latest("conflict", "Reading a conflict", lambda: read_conflict(opened, change))
        if opened is not self.opened or change is not self.list.change:
            return
        conflicts = self.list.conflicts
        place = f"{conflicts.index(change) + 1:,} of {len(conflicts):,}"
        self.conflict_view.show_conflict(change, conflict.sides, conflict.problem, place)
        self._show_author(opened, change)

    def _show_author(self, opened: Opened, change: Change) -> None:
        if self._commits is not None:
            self.conflict_view.show_commit(self._commits.commits.get(change.key), self._commits.problem)
        elif not self._is_asking:
            # One walk through the history answers for all of them.
            self._is_asking = True
            begin(self, self._ask_authors(opened, self.list.conflicts))

    async def _ask_authors(self, opened: Opened, conflicts: Sequence[Change]) -> None:
        commits = await self._jobs.latest("blame", "Asking who made theirs", lambda: read_their_commits(opened, conflicts))
        if opened is self.opened:
            self._commits = commits
            if change := self._conflict:
                self._show_author(opened, change)

    def _compare(self, change: Change) -> None:
        if not (opened := self.opened):
            return
        if weight(change) > BIG and self.place is not Place.COMPARISON:
            self._jobs.forget("comparison")
            self.diff_view.show_words(too_big(change))
            return
        offered = sides_of(change)
        begin(self, self._show_comparison(opened, change, offered[self._sides % len(offered)]))

    async def _show_comparison(self, opened: Opened, change: Change, sides: ChangeSides) -> None:
        found = await self._jobs.latest("comparison", "Comparing", lambda: read_comparison(opened, change, sides))
        if opened is self.opened and change is self.list.change:
            self.diff_view.show_comparison(change, sides, found.comparison, found.problem)

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        """Put the problem where the changes would be; the screen also reports it."""
        self._has_failed = True
        self._show_words(trouble(message.error))
