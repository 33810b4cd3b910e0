"""Groups and their databases, each with how it stands to its remote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from catalog import Entry, Status
from tui.kit.badges import database_badge, database_state, group_state
from tui.kit.columns import spread
from tui.kit.plain import plain
from tui.kit.row_list import RowList
from tui.listing import GroupListing


@dataclass(frozen=True)
class GroupRow:
    """The row of a group."""

    listing: GroupListing


@dataclass(frozen=True)
class EntryRow:
    """The row of a database."""

    group: str
    entry: Entry
    is_last: bool


@dataclass(frozen=True)
class NoteRow:
    """A row of words under a group that has nothing to show."""

    group: str
    words: str
    is_trouble: bool


Row = GroupRow | EntryRow | NoteRow

NO_DATABASES = Content.from_markup(
    "[b]No databases yet[/b]\n\n[$quiet]Make a catalog of real data to look around in:[/]\n\n  [$accent]catalog demo[/]\n\n"
    "[$quiet]or add a group of your own: press[/] [$accent]A[/]"
)


class CatalogTree(RowList):
    """The catalog: groups that open and close, databases with their states."""

    BORDER_TITLE = "1 Databases"

    @dataclass
    class Highlighted(Message):
        """The cursor is on a database, or on a group (``entry`` None)."""

        group: str
        entry: Entry | None

    @dataclass
    class Chosen(Message):
        """A database was chosen."""

        group: str
        entry: Entry

    listings: reactive[tuple[GroupListing, ...] | None] = reactive(None)
    statuses: reactive[Mapping[str, Status]] = reactive(dict)
    group_statuses: reactive[Mapping[str, Status]] = reactive(dict)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._folded: set[str] = set()
        self._rows: list[Row] = []
        self.wanted: tuple[str, str] | None = None
        """The group and the database to go to when the groups are read the next time."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def row(self) -> Row | None:
        """The row of the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def empty_text(self) -> Content:
        """Say that there is nothing yet."""
        return Content.styled("Reading…", "$quiet") if self.listings is None else NO_DATABASES

    def watch_listings(self) -> None:
        """Show other groups; the cursor stays with its database."""
        before = self.row
        self._make_rows()
        if self.wanted and self.show(self.wanted[1], self.wanted[0]):
            self.wanted = None
        elif self.listings and not isinstance(before, EntryRow):
            self.cursor = next((index for index, row in enumerate(self._rows) if isinstance(row, EntryRow)), 0)
        elif isinstance(before, EntryRow):
            self.show(before.entry.key, before.group)
        self.tell_cursor()

    def watch_statuses(self) -> None:
        """Show other states."""
        self.refresh()

    def watch_group_statuses(self) -> None:
        """Show other states of groups."""
        self.refresh()

    def _make_rows(self) -> None:
        self._rows = []
        for listing in self.listings or ():
            self._rows.append(GroupRow(listing))
            if listing.name in self._folded:
                continue
            last = len(listing.entries) - 1
            self._rows += [EntryRow(listing.name, entry, place == last) for place, entry in enumerate(listing.entries)]
            if listing.problem:
                self._rows.append(NoteRow(listing.name, listing.problem, is_trouble=True))
            elif not listing.entries:
                self._rows.append(NoteRow(listing.name, "no databases yet", is_trouble=False))
        self.rows_changed()

    def show(self, key: str, group: str = "") -> bool:
        """Move the cursor to a database, in ``group`` where several list it; a group that is closed is opened for it."""
        homes = [listing.name for listing in self.listings or () if any(entry.key == key for entry in listing.entries)]
        if not homes:
            return False
        home = group if group in homes else homes[0]
        if home in self._folded:
            self._folded.discard(home)
            self._make_rows()
        self.cursor = next(
            index
            for index, row in enumerate(self._rows)
            if isinstance(row, EntryRow) and (row.group, row.entry.key) == (home, key)
        )
        return True

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one row."""
        match self._rows[index]:
            case GroupRow(listing):
                arrow = "▸" if listing.name in self._folded else "▾"
                left = Content.assemble((f"{arrow} ", "$quiet"), (plain(listing.name), "bold"))
                count = Content.styled(str(len(listing.entries)), "$quiet")
                if state := group_state(self.group_statuses.get(listing.name), len(listing.entries)):
                    count = Content.assemble(count, " ", state)
                return spread(left, count, width)
            case EntryRow(_, entry, is_last):
                left = Content.assemble(("╰ " if is_last else "│ ", "$line"), plain(entry.name or entry.key))
                status = self.statuses.get(entry.key)
                state = database_state(status)
                if left.cell_length + state.cell_length >= width:
                    state = state if status is None or status.ahead or status.behind else database_badge(status).content()
                return spread(left, state, width)
            case NoteRow(_, words, is_trouble):
                return Content.assemble(("╰ ", "$line"), (plain(words), "$state-trouble" if is_trouble else "$quiet italic"))

    def cursor_moved(self) -> None:
        """Say where the cursor is."""
        match self.row:
            case EntryRow(group, entry, _):
                self.post_message(self.Highlighted(group, entry))
            case GroupRow(listing):
                self.post_message(self.Highlighted(listing.name, None))
            case NoteRow(group, _, _):
                self.post_message(self.Highlighted(group, None))

    def cursor_chosen(self) -> None:
        """Open what the cursor is on."""
        self.go_in()

    def go_in(self) -> None:
        """Open a group, close it when it is open, or choose a database."""
        match self.row:
            case EntryRow(group, entry, _):
                self.post_message(self.Chosen(group, entry))
            case GroupRow(listing):
                self._folded ^= {listing.name}
                self._make_rows()

    def go_out(self) -> None:
        """Go to the group of a database, or close a group."""
        match self.row:
            case GroupRow(listing):
                self._folded.add(listing.name)
                self._make_rows()
            case EntryRow(group, _, _) | NoteRow(group, _, _):
                self.cursor = next(
                    index for index, row in enumerate(self._rows) if isinstance(row, GroupRow) and row.listing.name == group
                )
