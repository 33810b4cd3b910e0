"""The history of a database, fed page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from catalog import Commit, Status
from tui.kit.amounts import moment, quantity
from tui.kit.badges import MARKED
from tui.kit.columns import shorten, spread
from tui.kit.plain import plain, plain_lines
from tui.kit.row_list import RowList

_AHEAD = 10
"""So many rows before its end the list asks for more."""
_ROOM_FOR_CLOCK = 66
_ROOM_FOR_KEYS = 84
_AUTHOR_WIDTH = 16
_NARROW_AUTHOR = 10
_DAY = 10
"""Characters of a time that are its day."""
_MOST_TAG_CELLS = 24


class CommitList(RowList):
    """Commits with their time, author, message and tags, newest first; one of them may be marked."""

    BORDER_TITLE = "History"

    @dataclass
    class Highlighted(Message):
        """The cursor is on a commit, or the mark has moved."""

        commit: Commit

    @dataclass
    class Chosen(Message):
        """A commit was chosen."""

        commit: Commit

    @dataclass
    class Emptied(Message):
        """There are no commits to show."""

    @dataclass
    class PageWanted(Message):
        """The end of what is known comes into view."""

        before: Commit

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._commits: list[Commit] = []
        self._tags: Mapping[int, tuple[str, ...]] = {}
        self._words = Content("")
        self._is_complete = True
        self._asked: Commit | None = None
        self._here = ""
        self._to_last = False
        self.marked: Commit | None = None

    @property
    def row_count(self) -> int:
        """How many commits are known, and a row for those to come."""
        return len(self._commits) + (not self._is_complete)

    @property
    def commit(self) -> Commit | None:
        """The commit of the cursor."""
        return self._commits[self.cursor] if self.cursor < len(self._commits) else None

    @property
    def newest(self) -> Commit | None:
        """The newest commit."""
        return self._commits[0] if self._commits else None

    @property
    def tags(self) -> Mapping[int, tuple[str, ...]]:
        """All tags, by commit number."""
        return self._tags

    @property
    def tags_here(self) -> tuple[str, ...]:
        """The tags of the commit of the cursor."""
        return self._tags.get(self.commit.number, ()) if self.commit else ()

    @property
    def is_single(self) -> bool:
        """Whether there is only one commit."""
        return self._is_complete and len(self._commits) == 1

    def is_behind(self, status: Status | None) -> bool:
        """Whether the remote has a newer commit than the newest of these."""
        there = status.remote_commit if status else None
        return self.newest is not None and there is not None and there.number > self.newest.number

    def empty_text(self) -> Content:
        """Say why there are no commits."""
        return self._words

    def show_words(self, words: Content) -> None:
        """Show no commits, and why."""
        self._commits, self._tags, self._words = [], {}, words
        self._is_complete = True
        self.marked = self._asked = None
        self._to_last = False
        self.border_subtitle = ""
        self.cursor = 0
        self.rows_changed()
        self.post_message(self.Emptied())

    def show_commits(self, commits: Sequence[Commit], tags: Mapping[int, tuple[str, ...]], here: str, *, is_last: bool) -> None:
        """Show the newest commits; ``here`` is the id of that which the copy on this machine builds on.

        The cursor stays on its commit, unless that was the newest; so does the mark.
        """
        before, was_newest = self.commit, self.cursor == 0
        self._commits, self._tags, self._here = [*commits], tags, here
        self._is_complete, self._asked, self._to_last = is_last, None, False
        if self.marked is not None and self.marked not in self._commits:
            self.marked = None
        kept = 0 if before is None or was_newest or before not in self._commits else self._commits.index(before)
        self.cursor = kept
        self._changed()
        self.tell_cursor()

    def add_commits(self, commits: Sequence[Commit], tags: Mapping[int, tuple[str, ...]], *, is_last: bool) -> None:
        """Show more, older commits."""
        waited = self.commit is None
        self._commits += commits
        self._tags, self._is_complete, self._asked = tags, is_last, None
        self._changed()
        if self._to_last:
            self.action_move_to_last()
        if waited:
            self.tell_cursor()

    def _changed(self) -> None:
        self.border_subtitle = f"{len(self._commits):,}" if self._is_complete else f"{len(self._commits):,}+"
        self.rows_changed()
        self._ask()

    def mark(self) -> None:
        """Mark the commit of the cursor, or take the mark away where it is on it."""
        self.marked = None if self.marked == self.commit else self.commit
        self.refresh()
        self.cursor_moved()

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one commit."""
        if index >= len(self._commits):
            return Content.styled("  … older commits are being read", "$quiet")
        commit = self._commits[index]
        mark = MARKED.content() if commit == self.marked else Content(" ")
        digits = len(str(self._commits[0].number))
        when, room = moment(commit.time), _AUTHOR_WIDTH
        if width < _ROOM_FOR_CLOCK:
            when, room = when[:_DAY], _NARROW_AUTHOR
        author = Content(shorten(plain(commit.author), room))
        left = Content.assemble(
            mark,
            (f" {str(commit.number).rjust(digits)}", "bold"),
            (f"  {when}  ", "$quiet"),
            author,
            " " * (room - author.cell_length + 2),
            " ".join(plain_lines(commit.message)) or ("no message", "$quiet italic"),
        )
        return spread(left, self._facts(commit, width), width)

    def _facts(self, commit: Commit, width: int) -> Content:
        parts = []
        if names := self._tags.get(commit.number):
            parts.append(Content.styled(f"[{shorten(plain(', '.join(names)), _MOST_TAG_CELLS)}]", "$state-diverged"))
        if commit.id == self._here:
            parts.append(Content.styled("your copy", "$state-behind"))
        if width >= _ROOM_FOR_KEYS:
            parts.append(Content.styled(quantity(commit.keys, "key").rjust(11), "$quiet"))
        return Content("  ").join(parts)

    def cursor_moved(self) -> None:
        """Say which commit the cursor is on."""
        self._ask()
        if commit := self.commit:
            self.post_message(self.Highlighted(commit))

    def cursor_chosen(self) -> None:
        """Say that the commit of the cursor was chosen."""
        if commit := self.commit:
            self.post_message(self.Chosen(commit))

    def visible_changed(self) -> None:
        """Ask for more when the end comes near."""
        self._ask()

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self._to_last = False
        super().action_move(rows)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self._to_last = False
        super().action_move_page(pages)

    def action_move_to_first(self) -> None:
        """Move the cursor to the newest commit."""
        self._to_last = False
        super().action_move_to_first()

    def action_move_to_last(self) -> None:
        """Move the cursor to the oldest commit, reading on until there; any other move stops that."""
        self._to_last = not self._is_complete
        super().action_move_to_last()

    def _ask(self) -> None:
        last = self._commits[-1] if self._commits else None
        _, visible = self.visible_rows
        near = max(visible, self.cursor) + _AHEAD >= len(self._commits)
        if last is not None and not self._is_complete and near and self._asked != last:
            self._asked = last
            self.post_message(self.PageWanted(last))
