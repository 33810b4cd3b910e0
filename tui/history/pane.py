"""The commits of a database, what changed in one of them or between two, and a key before and after."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.reactive import reactive

from catalog import Change, Commit, Status
from tui.command import Place
from tui.jobs import Jobs, ReadError
from tui.kit.comparison import ChangeSides
from tui.kit.diff_view import BIG, too_big, weight
from tui.kit.splitter import Splitter
from tui.kit.trouble import trouble
from tui.opened import Opened, read_comparison
from tui.work import ReadFailed, begin

from .library import compare_versions, read_commit, read_history
from .list import CommitList
from .past_changes import PastChangeList, PastDiff

_SIDES = ChangeSides("base", "remote")
_HISTORY = "Reading the history"


class HistoryPane(Container):
    """List of commits above what the commit of the cursor changed. Nothing is asked of the remote before the tab is shown."""

    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))
    place: reactive[Place] = reactive(Place.DATABASES)
    tab: reactive[str] = reactive("keys")
    status: reactive[Status | None] = reactive(None)

    def __init__(self, jobs: Jobs, id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs = jobs
        self._read: Opened | None = None
        self._shown: tuple[Commit | None, Commit] | None = None
        self.is_reading = False
        """Whether the first commits are being read, so that there is nothing yet to act upon."""

    def compose(self) -> ComposeResult:
        """The commits above; below them the changes of one, and a value before and after."""
        yield CommitList(id="commit-list")
        with Horizontal(id="commit-body"):
            yield PastChangeList(id="commit-changes")
            yield Splitter("commit", "#commit-changes", "#past-diff")
            yield PastDiff(id="past-diff")

    @property
    def list(self) -> CommitList:
        """The list of commits."""
        return self.query_one(CommitList)

    @property
    def changes(self) -> PastChangeList:
        """The list of what changed."""
        return self.query_one(PastChangeList)

    @property
    def diff_view(self) -> PastDiff:
        """The value before and after."""
        return self.query_one(PastDiff)

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Read the history of another database, or of the same one after it has changed."""
        if not self.is_mounted:
            return
        for slot in ("history", "commit", "past"):
            self._jobs.forget(slot)
        self._read = self._shown = None
        self.is_reading = False
        if new is None:
            self._show_words(self.words)
        elif old is None or old.entry.key != new.entry.key:
            self._show_words(Content.styled("Reading the history…", "$quiet"))
        self._read_if_shown()

    def watch_tab(self) -> None:
        """Read the history when it comes to be shown."""
        if self.is_mounted:
            self._read_if_shown()

    def watch_status(self) -> None:
        """Read the newest commits again when the remote has newer ones."""
        if self.is_mounted and self.list.is_behind(self.status):
            self._read = None
            self._read_if_shown()

    def watch_words(self) -> None:
        """Show why there is no history."""
        if self.is_mounted and self.opened is None:
            self._show_words(self.words)

    def watch_place(self) -> None:
        """Fetch a big value when one goes to it."""
        if self.is_mounted and self.place is Place.BEFORE_AFTER and (change := self.changes.change):
            self._compare_values(change)

    def _show_words(self, words: Content) -> None:
        self.list.show_words(words)
        self.changes.show_words("Changes", Content(""))
        self.diff_view.show_words(Content(""))

    def _read_if_shown(self) -> None:
        if self.tab == "history" and self.opened is not None and self._read is not self.opened:
            self._read = self.opened
            self.is_reading = True
            self._read_page(self.opened, None)

    def _read_page(self, opened: Opened, before: Commit | None) -> None:
        begin(self, self._show_page(opened, before))

    @on(CommitList.PageWanted)
    def _ask_page(self, message: CommitList.PageWanted) -> None:
        if self.opened:
            self._read_page(self.opened, message.before)

    async def _show_page(self, opened: Opened, before: Commit | None) -> None:
        try:
            page = await self._jobs.latest("history", _HISTORY, lambda: read_history(opened, before))
        except ReadError:
            self.is_reading = False
            raise
        if opened is not self.opened:
            return
        self.is_reading = False
        if before is not None:
            self.list.add_commits(page.commits, page.tags, is_last=page.is_last)
        elif page.commits:
            here = opened.database.commit
            self.list.show_commits(page.commits, page.tags, here.id if here else "", is_last=page.is_last)
        else:
            words = "The remote was deleted, and its history with it."
            if opened.database.commit is None:
                words = "Nothing was pushed yet: the first push makes the first commit."
            self._show_words(Content.styled(words, "$quiet"))

    @on(CommitList.Highlighted)
    def _show_commit(self, message: CommitList.Highlighted) -> None:
        opened, commit, marked = self.opened, message.commit, self.list.marked
        if opened is None:
            return
        wanted: tuple[Commit | None, Commit] = (None, commit)
        if marked is not None and marked != commit:
            older, newer = sorted((marked, commit), key=lambda one: one.number)
            wanted = (older, newer)
        if wanted != self._shown:
            self._shown = wanted
            self.diff_view.show_words(Content(""))
            self.changes.show_words(_title(*wanted), Content.styled("Comparing…", "$quiet"))
        begin(self, self._show_changes(opened, *wanted))

    async def _show_changes(self, opened: Opened, older: Commit | None, newer: Commit) -> None:
        found = await self._jobs.latest(
            "commit",
            "Comparing commits",
            lambda: compare_versions(opened, older, newer) if older else read_commit(opened, newer),
        )
        if opened is not self.opened or self._shown != (older, newer):
            return
        title = _title(older, newer)
        if found.problem:
            self.changes.show_words(title, Content.styled(found.problem, "$quiet"))
        elif not found.changes:
            words = "Both say the same." if older else "No key was changed: a tag, a revert to the same, or a clean-up."
            self.changes.show_words(title, Content.styled(words, "$quiet"))
        else:
            self.changes.show_changes(title, found.changes, has_more=found.has_more)

    @on(PastChangeList.Highlighted)
    def _ask_values(self, message: PastChangeList.Highlighted) -> None:
        self._compare_values(message.change)

    def _compare_values(self, change: Change) -> None:
        if not (opened := self.opened):
            return
        if weight(change) > BIG and self.place is not Place.BEFORE_AFTER:
            self._jobs.forget("past")
            self.diff_view.show_words(too_big(change))
            return
        begin(self, self._show_values(opened, change))

    async def _show_values(self, opened: Opened, change: Change) -> None:
        found = await self._jobs.latest("past", "Comparing", lambda: read_comparison(opened, change, _SIDES))
        if opened is self.opened and change is self.changes.change:
            self.diff_view.show_comparison(change, _SIDES, found.comparison, found.problem)

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        """Put the problem where the answer would be; the screen also reports it."""
        words = trouble(message.error)
        if message.what == _HISTORY and not self.list.newest:
            self._show_words(words)
        elif message.what != _HISTORY:
            self.changes.show_words("Changes", words)
            self.diff_view.show_words(Content(""))


def _title(older: Commit | None, newer: Commit) -> str:
    return f"Commit {newer.number}" if older is None else f"Commit {older.number} → {newer.number}"
