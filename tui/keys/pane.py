"""The keys of a database and the value of one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input, Label

from catalog import KeyGroup, KeyInfo, KeyState
from tui.jobs import Jobs
from tui.kit.amounts import quantity, size
from tui.kit.plain import plain
from tui.kit.splitter import Splitter
from tui.kit.trouble import trouble
from tui.opened import Opened
from tui.values.describe import FIRST_LINES
from tui.work import ReadFailed, begin

from .arrangement import ORDERS, Arrangement
from .library import KeyView, read_value
from .list import KeyList
from .paging import KeyPages, WalkedPages, Wanted
from .value_view import ValueView

BIG_HERE = 64_000_000
BIG_THERE = 1_000_000
"""Above these sizes a value is read only when asked for: in the local file, and in the remote."""
_TYPING_PAUSE = 0.08
_MORE = 4


class Filter(Input):
    """The line that takes a prefix."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "To the keys"),
        Binding("escape", "screen.command('go-out')", "All keys"),
    ]


class KeysPane(Container):
    """List of keys with a filter, and the value beside it."""

    @dataclass
    class Arranged(Message):
        """The user lists the keys in another way."""

        arrangement: Arrangement

    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))

    def __init__(self, jobs: Jobs, separator: str = "/", id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs = jobs
        self._typing: Timer | None = None
        self._lines = FIRST_LINES
        self._shown: KeyInfo | None = None
        self._kept_cursor: int | None = None
        self._view: KeyView | None = None
        self._left_at: dict[str, int] = {}
        self._left: Arrangement | None = None
        self._is_reading = False
        self.arrangement = Arrangement(separator=separator)

    def compose(self) -> ComposeResult:
        """The filter below the list, where it moves no row, the value beside them."""
        with Vertical(id="keys-column"):
            yield KeyList(id="key-list")
            with Horizontal(id="filter-bar", classes="hidden"):
                yield Label("/")
                yield Filter(placeholder="keys that begin with…", id="filter", compact=True)
        yield Splitter("keys", "#keys-column", "#value-view")
        yield ValueView(id="value-view")

    @property
    def list(self) -> KeyList:
        """The list of keys."""
        return self.query_one(KeyList)

    @property
    def value_view(self) -> ValueView:
        """The view of the value."""
        return self.query_one(ValueView)

    @property
    def has_more(self) -> bool:
        """Whether the value shown can be continued, or waits to be fetched."""
        info = self.list.info
        return self.value_view.has_more or (info is not None and self._is_big(info) and self._shown is not info)

    @property
    def is_reading(self) -> bool:
        """Whether the first keys are being read, so that there is nothing yet to act upon."""
        return self._is_reading

    def watch_opened(self) -> None:
        """Show another database."""
        if not self.is_mounted:
            return
        self._jobs.forget("page")
        self._jobs.forget("value")
        cursor, self._kept_cursor = self._kept_cursor or 0, None
        if not cursor:
            self.arrangement = replace(self.arrangement, folder="", typed="", order="key")
            self._left_at.clear()
        self._set_filter(self.arrangement.typed)
        self._show_filter(bool(self.arrangement.typed))
        self._restart(cursor)

    def watch_words(self) -> None:
        """Show why there are no keys."""
        if self.is_mounted and self.opened is None:
            self._restart()

    def keep_place(self) -> None:
        """Keep the arrangement and the cursor when the same database is shown again."""
        self._kept_cursor = self.list.cursor

    def recall(self, order: str, *, is_tree: bool, separator: str) -> None:
        """Note how keys were listed when the program was left: it is so again once somebody goes to them."""
        for known in ORDERS:
            if known == order:
                self._left = Arrangement(is_tree, separator or self.arrangement.separator, order=known)

    def arrange_as_left(self) -> None:
        """List the keys as when the program was left, the first time that somebody comes to them."""
        left, self._left = self._left, None
        if left is not None:
            self.list_as(left)

    def rearrange(self, arrangement: Arrangement) -> None:
        """List the keys in another way, as the user wants it."""
        self._left = None
        self.list_as(arrangement)
        self.post_message(self.Arranged(arrangement))

    def list_as(self, arrangement: Arrangement, cursor: int = 0) -> None:
        """List the keys in another way, with the cursor on a row of it."""
        self.arrangement = arrangement
        self._set_filter(arrangement.typed)
        self._show_filter(bool(arrangement.typed))
        self._restart(cursor)

    def _restart(self, cursor: int = 0) -> None:
        self._shown = None
        if self._view is not None:
            self._jobs.run(self._view.close)
            self._view = None
        self.value_view.show_words(None, Content(""))
        arrangement = self.arrangement
        at = self.opened.at if self.opened else None
        title = f"Keys at commit {at.number}, read-only" if at else "Keys"
        where = "  ".join(part for part in (title, plain(arrangement.folder), arrangement.words) if part)
        self.list.border_title = Content(where)
        self.list.border_subtitle = "sorting…" if self.opened and arrangement.order != "key" else ""
        if self.opened is None:
            self._is_reading = False
            self.list.clear(self.words)
            return
        self._view = KeyView(self.opened, arrangement)
        self._is_reading = True
        prefix = plain(arrangement.prefix)
        nothing = f"No key begins with “{prefix}”.\n\nEscape shows all keys." if prefix else "This database is empty."
        expected = 0 if arrangement.prefix or arrangement.shows_folders else self.opened.keys
        pages = WalkedPages(cursor + 1 if cursor else 0) if arrangement.shows_folders else KeyPages(expected)
        self.list.start(pages, Content.styled(nothing, "$quiet"), above=arrangement.folder if arrangement.shows_folders else "")
        self.list.cursor = cursor

    def step_in(self) -> bool:
        """Go into the folder of the cursor; False when there is none."""
        row = self.list.row
        if not isinstance(row, KeyGroup):
            return False
        self._left_at[self.arrangement.folder] = self.list.cursor
        self.list_as(self.arrangement.inside(row.prefix))
        return True

    def step_out(self) -> bool:
        """Close the filter, or else go to the folder above; False when all is shown anyway."""
        if self.close_filter():
            return True
        above = self.arrangement.outside()
        if above is None:
            return False
        self.list_as(above, self._left_at.pop(above.folder, 0))
        return True

    def jump(self, key: str) -> None:
        """Put the cursor on a key, or on the first one after it."""
        if self.arrangement.shows_folders or self.arrangement.prefix or self.arrangement.order != "key":
            self.list_as(Arrangement(separator=self.arrangement.separator))
        if view := self._view:
            begin(self, self._go_to_key(view, key))

    async def _go_to_key(self, view: KeyView, key: str) -> None:
        row = await self._jobs.latest("jump", "Looking for a key", lambda: view.find(key))
        if view is self._view:
            self.list.cursor = row

    def open_filter(self) -> None:
        """Let the user type a prefix."""
        self._show_filter(True)
        self.query_one(Filter).focus()

    def close_filter(self) -> bool:
        """Show all keys again; False when they were shown anyway."""
        if self.query_one("#filter-bar").has_class("hidden"):
            return False
        had_prefix = bool(self.arrangement.typed)
        self._set_filter("")
        self._show_filter(False)
        if had_prefix:
            self.list_as(replace(self.arrangement, typed=""))
        return True

    def _set_filter(self, prefix: str) -> None:
        with self.prevent(Input.Changed):
            self.query_one(Filter).value = prefix

    def _show_filter(self, is_shown: bool) -> None:
        self.query_one("#filter-bar").set_class(not is_shown, "hidden")

    def show_more(self) -> None:
        """Make more lines of the value, or fetch a big one."""
        if info := self.list.info:
            self._lines = self._lines * _MORE if self.value_view.has_more else FIRST_LINES
            self._read(info)

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        if self._typing:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_PAUSE, self._filter)

    def _filter(self) -> None:
        typed = self.query_one(Filter).value
        if typed != self.arrangement.typed:
            self.arrangement = replace(self.arrangement, typed=typed)
            self._restart()

    @on(Input.Submitted, "#filter")
    def _submitted(self) -> None:
        self._filter()
        self.list.focus()
        if not self.arrangement.typed:
            self.close_filter()

    @on(KeyList.PageWanted)
    def _ask_page(self, message: KeyList.PageWanted) -> None:
        if view := self._view:
            begin(self, self._show_page(view, message.wanted))

    async def _show_page(self, view: KeyView, wanted: Wanted) -> None:
        what = "Reading keys" if view.arrangement.order == "key" else "Sorting keys"
        page = await self._jobs.latest("page", what, lambda: view.read(wanted))
        if view is not self._view:
            return
        self._is_reading = False
        self.list.take(wanted, page.found, page.rows)
        self._tell_count()
        if not self.list.is_complete and not view.arrangement.shows_folders and wanted.page == 0:
            rows = await self._jobs.latest("count", "Counting keys", view.count)
            if view is self._view:
                self.list.expect(rows)
                self._tell_count()

    def _tell_count(self) -> None:
        """Say how many there are: those that were deleted here are listed too, and counted apart."""
        rows, keys, arrangement = self.list.row_count, self.opened.keys if self.opened else 0, self.arrangement
        found = f"{rows:,}" if self.list.is_complete else f"{rows:,}+"
        if arrangement.shows_folders:
            count = f"{found} of {quantity(keys, 'key')}"
        elif arrangement.prefix:
            count = f"{found} of {keys:,}" if rows <= keys else f"{keys:,}, {rows - keys:,} deleted here"
        else:
            deleted = rows - keys if self.list.is_complete else 0
            count = f"{keys:,}, {deleted:,} deleted here" if deleted > 0 else f"{max(keys, rows):,}"
        self.list.border_subtitle = count

    @on(KeyList.Highlighted)
    def _ask_value(self, message: KeyList.Highlighted) -> None:
        row = message.row
        self._lines = FIRST_LINES
        if isinstance(row, KeyGroup):
            self._jobs.forget("value")
            words = f"{quantity(row.keys, 'key')} begin with this.\n\nEnter goes in, h comes back, f shows all keys in one list."
            self.value_view.show_words(None, Content.assemble((plain(row.prefix), "bold"), (f"\n\n{words}", "$quiet")))
        elif self._is_big(row):
            self._jobs.forget("value")
            where = "in the remote" if row.state is KeyState.REMOTE else "on this machine"
            words = f"This value is big: {size(row.size)}, {where}.\n\nPress m to read it."
            self.value_view.show_words(row, Content.styled(words, "$quiet"))
        else:
            self._read(row)

    def _read(self, info: KeyInfo) -> None:
        if opened := self.opened:
            begin(self, self._show_value(opened, info))

    async def _show_value(self, opened: Opened, info: KeyInfo) -> None:
        lines, width = self._lines, self.value_view.text_width
        document = await self._jobs.latest("value", "Reading a value", lambda: read_value(opened, info, lines, width))
        if opened is self.opened and self.list.info is info:
            self._shown = info
            self.value_view.show_document(info, document)

    def _is_big(self, info: KeyInfo) -> bool:
        return (info.size or 0) > (BIG_THERE if info.state is KeyState.REMOTE else BIG_HERE)

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        """Put the problem where the value would be; the screen also reports it."""
        self._is_reading = False
        words = trouble(message.error)
        self.value_view.show_words(self.list.info, words)
