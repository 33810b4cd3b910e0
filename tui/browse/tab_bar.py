"""The tabs of a database in one line."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from catalog import Status
from tui.commands import BY_ID
from tui.kit.badges import counts

from .bound_keys import bound_keys

TABS = ("keys", "changes", "details", "history")


class TabBar(Widget):
    """Names of the tabs; the one that is shown stands out. A click goes to a tab."""

    auto_links = False

    tab: reactive[str] = reactive("keys")
    status: reactive[Status | None] = reactive(None)

    def render(self) -> Content:
        """Draw the line."""
        parts, keys = [], bound_keys(self)
        for tab in TABS:
            command = BY_ID[tab]
            style = "bold $foreground on $cursor-row" if tab == self.tab else "$quiet"
            label = Content.assemble((f" {keys.get(tab, command.keys)} ", "$accent"), (command.words, ""))
            if (
                tab == "changes"
                and self.status
                and (number := counts(self.status.ahead, self.status.behind, self.status.conflicts))
            ):
                label = Content.assemble(label, " ", number)
            label = Content.assemble(label, " ").stylize_before(style)
            parts.append(label.stylize(Style.from_meta({"@click": f"screen.command('{tab}')"})))
        return Content(" ").join(parts)
