"""The gap between two panes beside each other, which can be moved."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

_LEAST, _MOST = 15, 85
STEP = 5


class Splitter(Widget):
    """One column between two panes, which is dragged with the mouse, or moved in steps."""

    @dataclass
    class Moved(Message):
        """It was moved: which it is, and the share of the first pane."""

        name: str
        share: int

    is_held: reactive[bool] = reactive(False)

    def __init__(self, name: str, first: str, second: str) -> None:
        super().__init__(id=f"split-{name}")
        self.split = name
        self._first = first
        self._second = second

    @property
    def _panes(self) -> tuple[Widget, Widget]:
        return self.screen.query_one(self._first), self.screen.query_one(self._second)

    @property
    def share(self) -> int:
        """How much of both the first pane has now, in percent."""
        first, second = (pane.outer_size.width for pane in self._panes)
        return round(100 * first / max(first + second, 1))

    def put(self, share: int) -> None:
        """Give the first pane a share, as far as the other keeps some room."""
        share = max(_LEAST, min(share, _MOST))
        for pane, part in zip(self._panes, (share, 100 - share), strict=True):
            pane.styles.width = f"{part}fr"
            pane.styles.min_width, pane.styles.max_width = 1, "100%"

    def move(self, steps: int) -> None:
        """Give the first pane some more, or less."""
        self._put_and_tell(self.share + steps * STEP)

    def _put_and_tell(self, share: int) -> None:
        share = max(_LEAST, min(share, _MOST))
        self.put(share)
        self.post_message(self.Moved(self.split, share))

    def render(self) -> Content:
        """Nothing, unless the mouse is there."""
        bar = "┃" if self.is_held or self.mouse_hover else " "
        return Content.styled("\n".join(bar * self.size.height), "$border")

    def on_enter(self) -> None:
        """Show that it can be moved."""
        self.refresh()

    def on_leave(self) -> None:
        """Be a gap again."""
        self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Follow the mouse."""
        event.stop()
        self.is_held = True
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move along."""
        if self.is_held:
            first, second = self._panes
            room = first.outer_size.width + second.outer_size.width
            self.put(round(100 * (event.screen_x - first.region.x) / max(room, 1)))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Stay there."""
        if self.is_held:
            event.stop()
            self.is_held = False
            self.release_mouse()
            self.post_message(self.Moved(self.split, self.share))
