"""The first line of the screen: where one is, and how the whole catalog stands."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from catalog import Entry, Status
from tui.kit.amounts import quantity
from tui.kit.badges import DATABASE_BADGES, database_state
from tui.kit.columns import spread
from tui.kit.plain import plain
from tui.messages import GroupListing


class TopBar(Widget):
    """Path of the selected database on the left, totals of the catalog on the right."""

    listings: reactive[tuple[GroupListing, ...] | None] = reactive(None)
    statuses: reactive[Mapping[str, Status]] = reactive(dict)
    group: reactive[str] = reactive("")
    entry: reactive[Entry | None] = reactive(None)
    asking: reactive[int] = reactive(0)
    is_read_only: reactive[bool] = reactive(False)

    def render(self) -> Content:
        """Draw the line."""
        path = Content.assemble((" catalog ", "bold $background on $primary"), " ")
        if self.group:
            path = Content.assemble(path, (" ", ""), (plain(self.group), "$quiet"))
        if self.entry:
            path = Content.assemble(path, (" › ", "$quiet"), (plain(self.entry.name), "bold"))
        if self.is_read_only:
            path = Content.assemble(path, ("  read-only", "$state-ahead"))
        width = self.size.width - 1
        for facts in (self._totals(), self._state()):
            if path.cell_length + facts.cell_length + 2 <= width:
                return spread(path, facts, width)
        return path.truncate(width, ellipsis=True)

    def _state(self) -> Content:
        return database_state(self.statuses.get(self.entry.key)) if self.entry else Content("")

    def _totals(self) -> Content:
        if self.asking:
            return Content.styled(f"asking {quantity(self.asking, 'remote')}…", "$quiet")
        entries = [entry for listing in self.listings or () for entry in listing.entries]
        parts = [Content.styled(quantity(len(entries), "database"), "$quiet")] if entries else []
        for state, badge in DATABASE_BADGES.items():
            number = sum(1 for entry in entries if (status := self.statuses.get(entry.key)) and status.state is state)
            if number:
                parts.append(Content.assemble(badge.content(), (f" {number}", "$quiet")))
        return Content("  ").join(parts)
