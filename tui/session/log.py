"""The messages of this session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tui.host import Happening
from tui.kit.columns import beside
from tui.kit.dialog import Dialog
from tui.kit.reader import Reader

_TIME_WIDTH = 10
_SYMBOLS = {"information": ("✓", "$state-good"), "warning": ("!", "$state-ahead"), "error": ("✗", "$state-conflict")}


class LogDialog(Dialog[None]):
    """What happened, newest last, with details where there are any."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,L,enter", "dismiss", "Close", show=False)]

    def __init__(self, happenings: Sequence[Happening]) -> None:
        super().__init__()
        self._happenings = happenings

    def compose(self) -> ComposeResult:
        """One text to scroll."""
        with Vertical(classes="box wide") as box:
            box.border_title = "Log of this session"
            box.border_subtitle = "esc closes"
            yield Reader(self._lines)

    def on_mount(self) -> None:
        """Show the newest."""
        self.call_after_refresh(self.query_one(Reader).scroll_end, animate=False)

    def _lines(self, width: int) -> list[Content]:
        if not self._happenings:
            return [Content.styled("Nothing has happened yet.", "$quiet")]
        lines = []
        for happening in self._happenings:
            symbol, style = _SYMBOLS[happening.severity]
            text = Content.assemble((f"{symbol} ", style), happening.text)
            lines += beside([(happening.time, text)], width, _TIME_WIDTH, indent=0)
            if happening.details:
                lines += beside([("", Content.assemble("  ", (happening.details, "$quiet")))], width, _TIME_WIDTH, indent=0)
        return lines
