"""A field for a secret: it can be typed, pasted and cleared, and nothing else."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input
from textual.widgets.input import Selection

_BULLETS = "•" * 12
"""As many for every secret: the length of one says something about it."""


class SecretInput(Input, inherit_bindings=False):
    """Shows a fixed number of bullets; what is typed is never in a message, a selection or the clipboard.

    The cursor is always at the end, because nobody sees where else it would be. Read ``value``, and `clear` it soon.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backspace,ctrl+h", "delete_left", "Delete", show=False),
        Binding("ctrl+u,ctrl+w,delete", "clear", "Clear", show=False),
        Binding("ctrl+v", "paste", "Paste", show=False),
        Binding("enter", "submit", "Submit", show=False),
    ]

    class Entered(Message):
        """Enter was pressed."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, password=True, id=id, max_length=4096, compact=True, select_on_focus=False)

    def post_message(self, message: Message) -> bool:
        """Keep back the messages of an ordinary field, each of which holds its text."""
        if isinstance(message, Input.Changed | Input.Blurred | Input.Submitted):
            return False
        return super().post_message(message)

    async def action_submit(self) -> None:
        """Say that Enter was pressed."""
        self.post_message(self.Entered())

    def action_clear(self) -> None:
        """Empty the field."""
        self.clear()

    def action_copy(self) -> None:
        """Copy nothing."""

    def action_cut(self) -> None:
        """Cut nothing."""

    @property
    def selected_text(self) -> str:
        """Nothing, ever."""
        return ""

    def validate_selection(self, selection: Selection) -> Selection:  # noqa: ARG002
        """Keep the cursor at the end."""
        return Selection.cursor(len(self.value))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        """Select nothing."""
        event.stop()
        event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        """Take what was pasted out of the event, which others may keep."""
        super()._on_paste(event)
        event.text = ""
        event.prevent_default()

    def on_unmount(self) -> None:
        """Forget the secret when the field goes."""
        self.clear()

    def render_line(self, y: int) -> Strip:
        """Draw bullets if there is anything."""
        if y or not self.value:
            return super().render_line(y)
        cursor = self.get_component_rich_style("input--cursor") if self.has_focus and self._cursor_visible else None
        width = self.scrollable_content_region.width
        strip = Strip([Segment(_BULLETS), Segment(" ", cursor)]).adjust_cell_length(width)
        return strip.apply_style(self.rich_style)
