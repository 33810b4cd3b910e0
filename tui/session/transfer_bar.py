"""What is being pushed and pulled, and how far it is."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from catalog import Report
from tui.browse.bound_keys import bound_keys
from tui.jobs import Transfer
from tui.kit.amounts import duration, size
from tui.kit.plain import plain

_VERBS = {
    "push": ("↑", "Pushing"),
    "pull": ("↓", "Pulling"),
    "discard": ("−", "Discarding changes of"),
    "resolve": ("!", "Settling a conflict of"),
    "undo": ("←", "Undoing the last push of"),
    "revert": ("←", "Going back with"),
    "tag": ("·", "Tagging a commit of"),
    "untag": ("·", "Removing a tag of"),
}
_EVERY = 0.1


def doing(transfer: Transfer) -> tuple[str, str]:
    """The symbol of what a transfer does, and the words for it."""
    return _VERBS.get(transfer.verb, ("·", f"{transfer.verb.capitalize()} of"))


def share_of(report: Report) -> float:
    """How much of a phase is done, from 0 to 1; 0 when that is not known."""
    done, total = (report.done_bytes, report.total_bytes) if report.total_bytes else (report.done_items, report.total_items)
    return min(done / total, 1.0) if total else 0.0


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
