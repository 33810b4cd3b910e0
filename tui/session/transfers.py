"""What is being transferred, and what was: how far, how fast, how long still, and how it ended."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from catalog import CancelledError, CatalogError, Report
from tui.jobs import Ended, Jobs, Transfer
from tui.kit.amounts import duration, quantity, size
from tui.kit.columns import spread
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.row_list import RowList
from tui.kit.trouble import said

_EVERY = 0.2
_BAR = 20

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
Row = Transfer | Ended


def doing(transfer: Transfer) -> tuple[str, str]:
    """The symbol of what a transfer does, and the words for it."""
    return _VERBS.get(transfer.verb, ("·", f"{transfer.verb.capitalize()} of"))


def share_of(report: Report) -> float:
    """How much of a phase is done, from 0 to 1; 0 when that is not known."""
    done, total = (report.done_bytes, report.total_bytes) if report.total_bytes else (report.done_items, report.total_items)
    return min(done / total, 1.0) if total else 0.0


class TransferList(RowList):
    """Running ones first, then those that have ended, the newest first."""

    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Row, ...] = ()

    @property
    def row_count(self) -> int:
        """One row each."""
        return len(self._rows)

    @property
    def row(self) -> Row | None:
        """What the cursor is on."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(self, running: tuple[Transfer, ...], ended: tuple[Ended, ...]) -> None:
        """Show how things are now; the cursor stays with the same transfer."""
        before = self.row.transfer if isinstance(self.row, Ended) else self.row
        self._rows = (*running, *ended)
        self.rows_changed()
        subjects = [row.transfer if isinstance(row, Ended) else row for row in self._rows]
        if before in subjects:
            self.cursor = subjects.index(before)

    def cursor_moved(self) -> None:
        """Say so."""
        self.post_message(self.Moved())

    def empty_text(self) -> Content:
        """Say that there are none."""
        return Content.styled("Nothing was pushed, pulled or copied in this session yet.", "$quiet")

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one row."""
        row = self._rows[index]
        return self._draw_running(row, width) if isinstance(row, Transfer) else self._draw_ended(row, width)

    def _draw_running(self, transfer: Transfer, width: int) -> Content:
        symbol, verb = doing(transfer)
        share = share_of(transfer.progress.report)
        full = round(_BAR * share)
        bar = Content.assemble(("━" * full, "$primary"), ("━" * (_BAR - full), "$line"), "  ") if width >= 64 else Content("")
        tail = Content.assemble(bar, (f"{share:4.0%} {_speed(transfer):>18}", "$quiet"))
        return spread(Content.assemble((f"{symbol} ", "bold $accent"), (f"{verb} {plain(transfer.name)}", "bold")), tail, width)

    def _draw_ended(self, ended: Ended, width: int) -> Content:
        symbol, style, text, _ = _ending(ended)
        return spread(
            Content.assemble((f"{symbol} ", style), plain(text)),
            Content.styled(f"{ended.time}  {duration(ended.seconds):>6}", "$quiet"),
            width,
        )


def _speed(transfer: Transfer) -> str:
    """How fast and how long still, as far as that is known."""
    if transfer.progress.cancelled:
        return "cancelling"
    if transfer.is_held:
        return "paused"
    pace = transfer.pace
    rate = f"{size(round(pace.bytes_per_second))}/s" if pace.bytes_per_second else ""
    left = f"{duration(pace.seconds_left)} left" if pace.seconds_left is not None else ""
    return "  ".join(part for part in (rate, left) if part) or "working"


def _ending(ended: Ended) -> tuple[str, str, str, str]:
    """Symbol, style, words and details of how something ended."""
    outcome, transfer = ended.outcome, ended.transfer
    what = f"{transfer.verb.capitalize()} of {transfer.name}"
    if isinstance(outcome, CancelledError):
        return "–", "$state-ahead", f"{what}: cancelled", said(outcome)
    if isinstance(outcome, CatalogError):
        return "✗", "$state-conflict", f"{what}: failed", said(outcome)
    return "✓", "$state-good", outcome.text, outcome.details


class TransfersDialog(Dialog[None]):
    """The transfers of the session. They belong to the session and not to this view: closing it stops nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,J,6,enter", "dismiss", "Close", show=False),
        Binding("space,p", "hold", "Pause, go on", show=False),
        Binding("x", "cancel", "Cancel", show=False),
    ]

    def __init__(self, jobs: Jobs) -> None:
        super().__init__("dialog list-dialog")
        self._jobs = jobs

    def compose(self) -> ComposeResult:
        """The list, and all of what the cursor is on."""
        with Vertical(classes="box wide") as box:
            box.border_title = "Transfers"
            box.border_subtitle = "space pauses · x cancels · esc closes"
            yield TransferList()
            yield Static(id="transfer")

    def on_mount(self) -> None:
        """Follow what happens."""
        self._look()
        self.set_interval(_EVERY, self._look)

    def _look(self) -> None:
        running = self._jobs.transfers
        for transfer in running:
            transfer.pace.look(transfer.progress.report)
        self.query_one(TransferList).show(running, self._jobs.ended)
        self._show_details()

    @on(TransferList.Moved)
    def _show_details(self) -> None:
        row = self.query_one(TransferList).row
        shown = Content("")
        if isinstance(row, Transfer):
            shown = _running_details(row)
        elif row is not None:
            *_, text, details = _ending(row)
            shown = Content.assemble((plain(text), "bold"), "\n", (plain(details), "$quiet"))
        self.query_one("#transfer", Static).update(shown)

    def _chosen(self) -> Transfer | None:
        """The running transfer under the cursor; says so when it has ended."""
        row = self.query_one(TransferList).row
        if isinstance(row, Transfer):
            return row
        self.notify("This has ended." if row else "Nothing is running.", severity="warning", markup=False)
        return None

    def action_hold(self) -> None:
        """Pause what the cursor is on, or let it go on."""
        if (transfer := self._chosen()) is not None:
            (transfer.go_on if transfer.is_held else transfer.hold)()
            self._look()

    def action_cancel(self) -> None:
        """Stop what the cursor is on; nothing half-done is visible."""
        if (transfer := self._chosen()) is not None:
            transfer.progress.cancel()
            self._look()


def _running_details(transfer: Transfer) -> Content:
    report = transfer.progress.report
    amounts = []
    if report.total_bytes or report.done_bytes:
        amounts.append(size(report.done_bytes) + (f" of {size(report.total_bytes)}" if report.total_bytes else ""))
    if report.total_items:
        amounts.append(f"{report.done_items:,} of {quantity(report.total_items, 'item')}")
    if (pause := _speed(transfer)) in {"paused", "cancelling"}:
        amounts.append("paused: it goes on with space" if pause == "paused" else pause)
    return Content.assemble(
        (f"{doing(transfer)[1]} {plain(transfer.name)}", "bold"),
        (f"  {plain(report.phase) or 'starting'}", "$quiet"),
        "\n",
        (", ".join(amounts) or "working", "$quiet"),
    )
