"""What is done with earlier versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.content import Content

from catalog import Commit, Entry
from tui.command import Place, Situation, command, needs_open, needs_write
from tui.host import Host, Write
from tui.jobs import Done, ReadError
from tui.kit.amounts import quantity
from tui.kit.confirm import Confirm
from tui.opened import Opened

from . import library
from .dialogs import TagDialog, UntagDialog, commit_words, rewind_question
from .pane import HistoryPane

_LIST = frozenset({Place.HISTORY})
_HISTORY = frozenset({Place.HISTORY, Place.COMMITTED, Place.BEFORE_AFTER})


def _needs_commit(now: Situation) -> str:
    return needs_open(now) or ("" if now.commit else "Choose a commit in the history first.")


def _writes_there(now: Situation) -> str:
    is_public = now.entry is not None and now.entry.connection.is_address_only
    return needs_write(now) or ("This database is read at a public address, where nothing can be changed." if is_public else "")


def _changes_history(now: Situation) -> str:
    return _writes_there(now) or _needs_commit(now)


def _no_undo(now: Situation) -> str:
    return "There is nothing before the first commit to go back to." if now.is_only_commit else ""


def _no_revert(now: Situation) -> str:
    return "This is the newest commit: there is nothing to go back to." if now.is_newest else ""


def _no_tag(now: Situation) -> str:
    return "" if now.tags else "This commit has no tag."


def _leave(now: Situation) -> str:
    return "" if now.past else "You look at the newest state already."


def _close(opened: Opened | None) -> None:
    if opened is not None:
        opened.close()


class History:
    """Commits compared, opened, taken back and named."""

    def __init__(self, host: Host, pane: HistoryPane) -> None:
        self._host = host
        self._pane = pane

    @property
    def _opened(self) -> Opened:
        opened = self._host.opened
        assert opened is not None
        return opened

    @property
    def _commit(self) -> Commit:
        commit = self._pane.list.commit
        assert commit is not None
        return commit

    @command("history", "History", "5", "Show the commits of the database, and what changed in each.")
    async def history(self) -> None:
        """Go to the commits."""
        self._host.go_to(Place.HISTORY)

    @command(
        "mark-commit",
        "Compare from",
        "space",
        "Mark a commit; the commit of the cursor is then compared with it. Again on it takes the mark away.",
        refusal=_needs_commit,
        places=_LIST,
        rank=70,
    )
    async def mark_commit(self) -> None:
        """Mark a commit, or take the mark away."""
        self._pane.list.mark()

    @command(
        "open-at",
        "Look at it",
        "v",
        "Look at the keys as they were at this commit; nothing can be changed there.",
        refusal=_needs_commit,
        places=_HISTORY,
        rank=73,
    )
    async def open_at(self) -> None:
        """Open the database as it was at this commit."""
        opened, commit, host = self._opened, self._commit, self._host
        version = partial(library.open_version, host.catalog, opened, host.vouching(opened.entry), commit)
        host.show_version(await host.jobs.latest("past-open", "Opening an earlier version", version, _close))

    @command(
        "undo",
        "Undo",
        "u",
        "Take the last push back, as a new commit, after a question.",
        refusal=_writes_there,
        needless=_no_undo,
        places=_HISTORY,
        rank=69,
    )
    async def undo(self) -> None:
        """Ask, then take the last push back."""
        await self._go_back(Confirm("Undo the last push", None, "Undo", stay="Leave it"), "Undo", None)

    @command(
        "revert",
        "Go back to it",
        "R",
        "Make everything as it was at this commit, as a new commit, after a question.",
        refusal=_changes_history,
        needless=_no_revert,
        places=_HISTORY,
        rank=68,
    )
    async def revert(self) -> None:
        """Ask, then go back to this commit."""
        await self._go_back(Confirm("Go back", None, "Go back", stay="Leave it"), "Go back", self._commit)

    async def _go_back(self, dialog: Confirm, go_on: str, to: Commit | None) -> None:
        opened = self._opened
        self._host.open(dialog)
        what = "Preparing to go back" if to else "Preparing the undo"
        try:
            await self._host.ask_now(opened.entry)
            plan = await self._host.ask_open("plan", what, lambda now: library.plan_rewind(now, to))
        except ReadError as failure:
            dialog.explain(failure.error)
            return
        if plan is None:
            dialog.refuse(Content("There is no state before the last change that is still kept."))
        elif not plan.keys:
            dialog.refuse(Content(f"Everything is as in commit {plan.to.number} already."))
        else:
            dialog.fill(rewind_question(opened.entry, plan), f"{go_on}: {quantity(plan.keys, 'key')}")
            if await dialog.answer:
                await self._write(opened.entry, plan.verb, partial(library.rewind, plan=plan))

    @command(
        "tag",
        "Tag",
        "T",
        "Give this commit a name: it opens by it, and is kept when garbage is collected.",
        refusal=_changes_history,
        places=_HISTORY,
        rank=67,
    )
    async def tag(self) -> None:
        """Ask for a name, then give it to the commit."""
        entry, commit, newest = self._opened.entry, self._commit, self._pane.list.newest
        if name := await self._host.open(TagDialog(commit_words(commit), self._pane.list.tags)).answer:
            await self._write(entry, "tag", partial(library.tag, commit=commit, name=name, newest=newest))

    @command(
        "untag",
        "Untag",
        "U",
        "Take a name from this commit, after a question.",
        refusal=_changes_history,
        needless=_no_tag,
        places=_HISTORY,
        rank=15,
    )
    async def untag(self) -> None:
        """Ask which name goes, then take it from the commit."""
        entry, newest = self._opened.entry, self._pane.list.newest
        dialog = UntagDialog(commit_words(self._commit), self._pane.list.tags_here)
        if name := await self._host.open(dialog).answer:
            await self._write(entry, "untag", partial(library.untag, name=name, newest=newest))

    @command("leave-past", "Back to now", "b", "Leave the earlier version that you look at.", refusal=_leave)
    async def leave_past(self) -> None:
        """Look at the newest state again."""
        self._host.show_version(None)

    async def _write(self, entry: Entry, verb: str, work: Callable[..., Done]) -> None:
        vouching, catalog = self._host.vouching(entry), self._host.catalog
        await self._host.write(Write.of(entry, verb), lambda progress: work(catalog, entry, vouching, progress=progress))
