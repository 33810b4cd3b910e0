"""The lines around the panes: where one is, the tabs, what is transferred, and the keys that work here."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from catalog import Entry, Status
from tui.command import Command, Situation
from tui.features import BY_ID, COMMANDS
from tui.jobs import Transfer
from tui.kit.amounts import duration, quantity, size
from tui.kit.badges import DATABASE_BADGES, counts, database_state
from tui.kit.columns import spread
from tui.kit.plain import plain
from tui.listing import GroupListing
from tui.session.transfers import doing, share_of

TABS = ("keys", "changes", "details", "history")
_GAP = 2
_EVERY = 0.1


def bound_keys(widget: Widget) -> dict[str, str]:
    """The first key of each command that is bound where the user is, as it is shown."""
    found: dict[str, str] = {}
    for active in widget.screen.active_bindings.values():
        if (name := active.binding.id) in BY_ID and name not in found:
            found[name] = widget.app.get_key_display(active.binding)
    return found


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


class TabBar(Widget):
    """Names of the tabs; the one that is shown stands out. A click goes to a tab."""

    auto_links = False

    tab: reactive[str] = reactive("keys")
    status: reactive[Status | None] = reactive(None)

    def render(self) -> Content:
        """Draw the line."""
        room = self.size.width
        return next((line for line in map(self._line, range(3)) if line.cell_length <= room), self._line(2))

    def _line(self, cramped: int) -> Content:
        """All tabs; more cramped without room around the names, and then with the name of the one that is shown alone."""
        parts, keys, edge = [], bound_keys(self), "" if cramped else " "
        for tab in TABS:
            command = BY_ID[tab]
            style = "bold $foreground on $cursor-row" if tab == self.tab else "$quiet"
            words = command.words if cramped < 2 or tab == self.tab else ""
            label = Content.assemble((f"{edge}{keys.get(tab, command.keys)}{' ' * bool(words)}", "$accent"), (words, ""))
            status = self.status if tab == "changes" else None
            if status and (number := counts(status.ahead, status.behind, status.conflicts)):
                label = Content.assemble(label, " ", number)
            label = Content.assemble(label, edge).stylize_before(style)
            parts.append(label.stylize(Style.from_meta({"@click": f"screen.command('{tab}')"})))
        return Content("  " if cramped else " ").join(parts)


class KeyBar(Widget):
    """The most useful keys of the place, as many as fit; those that cannot be used now are faint. A click runs a command."""

    auto_links = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._situation = Situation()

    def on_mount(self) -> None:
        """Follow the key bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def show(self, situation: Situation) -> None:
        """Show the keys for a situation."""
        self._situation = situation
        self.refresh()

    def _follow(self, _: Screen[object]) -> None:
        self.refresh()

    def _typing(self) -> list[Content]:
        """The keys of a line that is typed in, which takes all others for itself."""
        if not isinstance(self.screen.focused, Input):
            return []
        return [
            Content.assemble(
                (self.app.get_key_display(active.binding), "bold $accent"), (f" {active.binding.description}", "$quiet")
            )
            for active in self.screen.active_bindings.values()
            if active.node is self.screen.focused and active.binding.show
        ]

    def render(self) -> Content:
        """Draw as many keys as fit; those that cannot be used now, then the least useful, are left out first."""
        keys = bound_keys(self)
        offered = [command for command in COMMANDS if command.rank and command.id in keys]
        items = {command.id: self._item(command, keys[command.id]) for command in offered}
        typing = self._typing()
        if typing:
            return Content.assemble(" ", Content(" " * _GAP).join(typing))
        room = self.size.width - 2
        chosen: set[str] = set()
        for command in sorted(offered, key=lambda command: (bool(command.hindrance(self._situation)), -command.rank)):
            length = items[command.id].cell_length + _GAP
            if length <= room + _GAP:
                chosen.add(command.id)
                room -= length
        line = Content(" " * _GAP).join([items[command.id] for command in offered if command.id in chosen])
        return Content.assemble(" ", line)

    def _item(self, command: Command, key: str) -> Content:
        refused = bool(command.hindrance(self._situation))
        item = Content.assemble(
            (key, "$line" if refused else "bold $accent"), (f" {command.words}", "$line" if refused else "$quiet")
        )
        return item.stylize(Style.from_meta({"@click": f"screen.command('{command.id}')"}))


class TransferBar(Widget):
    """One line for each running transfer; not there when nothing runs."""

    transfers: reactive[tuple[Transfer, ...]] = reactive((), layout=True)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Look at the progress ten times a second while something runs."""
        self._timer = self.set_interval(_EVERY, self._look, pause=True)

    def _look(self) -> None:
        for transfer in self.transfers:
            transfer.pace.look(transfer.progress.report)
        self.refresh()

    def watch_transfers(self) -> None:
        """Appear and disappear."""
        self.display = bool(self.transfers)
        if self._timer:
            (self._timer.resume if self.transfers else self._timer.pause)()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """One line each."""
        return len(self.transfers)

    def render(self) -> Content:
        """Draw the lines."""
        return Content("\n").join([self._line(transfer) for transfer in self.transfers])

    def _line(self, transfer: Transfer) -> Content:
        report = transfer.progress.report
        symbol, verb = doing(transfer)
        share = share_of(report)
        phase = (
            "cancelling" if transfer.progress.cancelled else "paused" if transfer.is_held else plain(report.phase) or "starting"
        )
        head = Content.assemble(
            (f" {symbol} ", "bold $accent"), (f"{verb} {plain(transfer.name)}", "bold"), (f"  {phase}  ", "$quiet")
        )
        tail = f" {share:4.0%}"
        if report.total_bytes:
            tail += f"  {size(report.done_bytes)} of {size(report.total_bytes)}"
        left = transfer.pace.seconds_left
        if left is not None and not transfer.is_held:
            tail += f"  {duration(left)} left"
        tail += f"  {bound_keys(self).get('cancel', 'x')} cancels "
        length = self.size.width - head.cell_length - len(tail)
        if length < 5:
            return head.truncate(self.size.width, ellipsis=True)
        full = round(length * share)
        return Content.assemble(head, ("━" * full, "$primary"), ("━" * (length - full), "$line"), (tail, "$quiet"))
