"""The lines above the tabs: which database this is, in two lines."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from catalog import Entry, Status
from tui.kit.amounts import moment, quantity, size
from tui.kit.badges import counts, database_badge
from tui.kit.columns import spread
from tui.kit.plain import plain
from tui.kit.trouble import in_words
from tui.opened import Opened


class Heading(Widget):
    """Name and state of the selected database, and what it holds."""

    entry: reactive[Entry | None] = reactive(None)
    status: reactive[Status | None] = reactive(None)
    opened: reactive[Opened | None] = reactive(None)
    past: reactive[Opened | None] = reactive(None)

    def render(self) -> Content:
        """Draw the two lines."""
        if self.entry is None:
            return Content("")
        width = self.size.width
        badge = database_badge(self.status)
        apart = counts(self.status.ahead, self.status.behind, self.status.conflicts) if self.status else Content("")
        state = Content.assemble(apart or badge.content(), (f"  {badge.words.split(':')[0]}", "$quiet"))
        name = Content.assemble((plain(self.entry.name), "bold"), (f"  {plain(self.entry.description)}", "$quiet"))
        return Content("\n").join([spread(name, state, width), spread(self._facts(), Content(""), width)])

    def _facts(self) -> Content:
        if self.past is not None and self.past.at is not None:
            at = self.past.at
            words = f" as of commit {at.number} · read-only · b goes back to now · by {plain(at.author)}, {moment(at.time)} "
            return Content.styled(words, "bold $background on $state-diverged")
        parts = []
        if self.opened:
            parts.append(self.opened.value_words)
        if self.status and self.status.keys:
            parts += [quantity(self.status.keys, "key"), size(self.status.size)]
        if self.status and (commit := self.status.remote_commit or self.status.commit):
            parts.append(f"{plain(commit.title)}, {moment(commit.time)}")
        if self.status and self.status.problem and not parts:
            parts.append(plain(in_words(self.status.problem)))
        return Content.styled("  ·  ".join(parts), "$quiet")
