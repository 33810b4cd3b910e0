"""The profiles that have keys."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive

from tui.kit.amounts import moment
from tui.kit.columns import shorten, spread
from tui.kit.plain import plain
from tui.kit.row_list import RowList

from .library import ProfileRow

_NAME_WIDTH = 18
_MOST_ROWS = 8


class ProfileList(RowList):
    """A row for each profile: its name, its endpoint, the end of its key id, and since when."""

    rows: reactive[tuple[ProfileRow, ...] | None] = reactive(None, layout=True)

    @property
    def row_count(self) -> int:
        """How many profiles there are."""
        return len(self.rows or ())

    @property
    def row(self) -> ProfileRow | None:
        """The profile under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    def watch_rows(self) -> None:
        """Show other profiles."""
        self.rows_changed()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many rows as there are profiles, or room to say that there are none."""
        return min(max(self.row_count, 3), _MOST_ROWS)

    def empty_text(self) -> Content:
        """Say that there are none yet."""
        return Content.styled("Reading…" if self.rows is None else "No keys are stored on this machine yet: press a.", "$quiet")

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one profile."""
        row = (self.rows or ())[index]
        name_width = min(_NAME_WIDTH, width // 4)
        name = shorten(plain(row.profile.name), name_width - 1).ljust(name_width)
        since = "this session" if row.created is None else f"…{plain(row.key_id_ending)}  {moment(row.created)[:10]}"
        return spread(Content.assemble((name, "bold"), plain(row.profile.endpoint)), Content.styled(since, "$quiet"), width)
