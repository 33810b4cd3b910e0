"""What the servers were asked: every request with its outcome, bytes and time."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.kit.amounts import quantity, size
from tui.kit.columns import spread
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.row_list import RowList

from .request_log import Noted, RequestLog, Totals, went_well

_EVERY = 0.5
_ID = re.compile(r"([0-9a-f]{8})[0-9a-f]{16,}$")
"""The end of a name that is the id of a commit or a pack: less worth than the database before it."""
_VERB_WIDTH, _OUTCOME_WIDTH, _SIZE_WIDTH, _TIME_WIDTH = 7, 11, 8, 8


def milliseconds(seconds: float) -> str:
    """Write how long a request took: ``0.4 ms``, ``35 ms``, ``2.1 s``."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def totals_words(totals: Totals) -> str:
    """Write the sums of a session in one line."""
    if not totals.requests:
        return "nothing was asked yet"
    failed = f", {totals.failures:,} ✗" if totals.failures else ""
    moved = f"↑{size(totals.bytes_up)} ↓{size(totals.bytes_down)}"
    return f"{quantity(totals.requests, 'request')}{failed}, {moved}, {milliseconds(totals.seconds)}"


class RequestList(RowList):
    """The requests, newest last; it follows the newest as long as the cursor is on it."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Noted, ...] = ()

    @property
    def row_count(self) -> int:
        """One row each."""
        return len(self._rows)

    def show(self, rows: tuple[Noted, ...]) -> None:
        """Show other requests."""
        if rows and self._rows and rows[-1] is self._rows[-1]:
            return
        follows = self.cursor >= len(self._rows) - 1
        self._rows = rows
        self.rows_changed()
        if follows:
            self.action_move_to_last()
        self.tell_cursor()

    @property
    def noted(self) -> Noted | None:
        """The request under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def cursor_moved(self) -> None:
        """Show the whole of the request under the cursor."""
        screen = self.screen
        if isinstance(screen, RequestsDialog):
            screen.show_request(self.noted)

    def empty_text(self) -> Content:
        """Say that nothing was asked."""
        return Content.styled("No server and no folder was asked anything yet.", "$quiet")

    def draw_row(self, index: int, width: int) -> Content:
        """Verb, outcome, bytes, time, object; on a narrow screen without the time of day."""
        noted = self._rows[index]
        asked = noted.asked
        head = Content.assemble(
            (f"{noted.time} " if width >= 64 else "", "$quiet"),
            (asked.verb.ljust(_VERB_WIDTH), "$accent" if asked.verb in {"PUT", "POST", "DELETE"} else ""),
            _outcome(noted, _OUTCOME_WIDTH),
        )
        moved = f"{'↑' if asked.bytes_up else '↓'}{size(asked.bytes_up or asked.bytes_down)}" if _moved(noted) else ""
        tail = Content.styled(f"{moved:>{_SIZE_WIDTH}} {milliseconds(asked.seconds):>{_TIME_WIDTH}}", "$quiet")
        room = max(width - head.cell_length - tail.cell_length - 1, 4)
        name = plain(asked.name)
        if len(name) > room:
            name = _ID.sub(r"\1…", name)
        return spread(Content.assemble(head, name), tail, width)


def _moved(noted: Noted) -> int:
    return noted.asked.bytes_up + noted.asked.bytes_down


def _outcome(noted: Noted, width: int = 0) -> Content:
    well = went_well(noted.asked)
    words = f"{'✓' if well else '✗'} {noted.asked.outcome}".ljust(width)
    return Content.styled(words, "$state-good" if well else "$state-trouble") + Content(" ")


class RequestsDialog(Dialog[None]):
    """The log of the session; it grows while it is looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,W,enter", "dismiss", "Close", show=False)]

    def __init__(self, log: RequestLog) -> None:
        super().__init__("dialog list-dialog")
        self._log = log

    def compose(self) -> ComposeResult:
        """The list, and all of the one under the cursor."""
        with Vertical(classes="box wide") as box:
            box.border_title = "Asked of the servers"
            yield RequestList()
            yield Static(id="request")

    def on_mount(self) -> None:
        """Follow the log."""
        self._look()
        self.set_interval(_EVERY, self._look)

    def _look(self) -> None:
        self.query_one(RequestList).show(self._log.kept)
        self.query_one(".box", Vertical).border_subtitle = f"{totals_words(self._log.totals)} · esc"

    def show_request(self, noted: Noted | None) -> None:
        """Show a request in full."""
        shown = Content("")
        if noted:
            asked = noted.asked
            shown = Content.assemble(
                (plain(asked.name), "bold"),
                "\n",
                (plain(f"at {asked.where}"), "$quiet"),
                "\n",
                _outcome(noted),
                (f"{size(asked.bytes_up)} up, {size(asked.bytes_down)} down, {milliseconds(asked.seconds)}", "$quiet"),
            )
        self.query_one("#request", Static).update(shown)
