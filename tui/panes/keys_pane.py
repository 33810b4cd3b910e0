"""The keys of a database and the value of one of them."""

from __future__ import annotations

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

from catalog import KeyInfo, KeyState
from tui.amounts import size
from tui.jobs import Jobs
from tui.messages import JobFailed, Opened, PageRead, ValueRead
from tui.plain import plain
from tui.reading import read_page, read_value
from tui.values.describe import FIRST_LINES
from tui.widgets.key_list import KeyList
from tui.widgets.value_view import ValueView

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

    class Left(Message):
        """The filter was closed."""

    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))

    def __init__(self, jobs: Jobs, id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs = jobs
        self._typing: Timer | None = None
        self._lines = FIRST_LINES
        self._shown: KeyInfo | None = None
        self._kept = ("", 0)

    def compose(self) -> ComposeResult:
        """The filter above the list, the value beside them."""
        with Vertical(id="keys-column"):
            with Horizontal(id="filter-bar", classes="hidden"):
                yield Label("/")
                yield Filter(placeholder="keys that begin with…", id="filter", compact=True)
            yield KeyList(id="key-list")
        yield ValueView(id="value-view")

    @property
    def prefix(self) -> str:
        """What the shown keys begin with."""
        return self.query_one(Filter).value

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

    def watch_opened(self) -> None:
        """Show another database."""
        if not self.is_mounted:
            return
        at = self.opened.at if self.opened else None
        self.list.border_title = f"Keys at commit {at.number}, read-only" if at else KeyList.BORDER_TITLE
        self._jobs.forget("page")
        self._jobs.forget("value")
        prefix, cursor = self._kept
        self._kept = ("", 0)
        self._set_filter(prefix)
        self._show_filter(bool(prefix))
        self._restart()
        self.list.cursor = cursor

    def watch_words(self) -> None:
        """Show why there are no keys."""
        if self.is_mounted and self.opened is None:
            self._restart()

    def keep_place(self) -> None:
        """Keep filter and cursor when the same database is shown again."""
        self._kept = (self.prefix, self.list.cursor)

    def _restart(self) -> None:
        self._shown = None
        self.value_view.show_words(None, Content(""))
        if self.opened is None:
            self.list.clear(self.words)
            self.list.border_subtitle = ""
            return
        prefix = self.prefix
        nothing = f"No key begins with “{plain(prefix)}”.\n\nEscape shows all keys." if prefix else "This database is empty."
        self.list.start(0 if prefix else self.opened.keys, Content.styled(nothing, "$quiet"))

    def open_filter(self) -> None:
        """Let the user type a prefix."""
        self._show_filter(True)
        self.query_one(Filter).focus()

    def close_filter(self) -> bool:
        """Show all keys again; False when they were shown anyway."""
        if self.query_one("#filter-bar").has_class("hidden"):
            return False
        had_prefix = bool(self.prefix)
        self._set_filter("")
        self._show_filter(False)
        if had_prefix:
            self._restart()
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
        self._typing = self.set_timer(_TYPING_PAUSE, self._restart)

    @on(Input.Submitted, "#filter")
    def _submitted(self) -> None:
        self.list.focus()
        if not self.prefix:
            self.close_filter()

    @on(KeyList.PageWanted)
    def _ask_page(self, message: KeyList.PageWanted) -> None:
        if not (opened := self.opened):
            return
        wanted, prefix = message.wanted, self.prefix
        self._jobs.read_latest(
            "page", "Reading keys", lambda: read_page(opened, prefix, wanted.page, wanted.after, wanted.limit), self
        )

    @on(PageRead)
    def _take_page(self, message: PageRead) -> None:
        if message.opened is not self.opened or message.prefix != self.prefix:
            return
        self.list.take(message.page, message.limit, message.keys)
        count = f"{self.list.row_count:,}" if self.list.is_complete or not self.prefix else f"{self.list.row_count:,}+"
        self.list.border_subtitle = f"{count} of {message.opened.keys:,}" if self.prefix else f"{count}"

    @on(KeyList.Highlighted)
    def _ask_value(self, message: KeyList.Highlighted) -> None:
        info = message.info
        self._lines = FIRST_LINES
        if self._is_big(info):
            self._jobs.forget("value")
            where = "in the remote" if info.state is KeyState.REMOTE else "on this machine"
            words = f"This value is big: {size(info.size)}, {where}.\n\nPress m to read it."
            self.value_view.show_words(info, Content.styled(words, "$quiet"))
        else:
            self._read(info)

    def _read(self, info: KeyInfo) -> None:
        if opened := self.opened:
            lines = self._lines
            self._jobs.read_latest("value", "Reading a value", lambda: read_value(opened, info, lines), self)

    def _is_big(self, info: KeyInfo) -> bool:
        return info.size > (BIG_THERE if info.state is KeyState.REMOTE else BIG_HERE)

    @on(ValueRead)
    def _take_value(self, message: ValueRead) -> None:
        if message.opened is self.opened and self.list.info is message.info:
            self._shown = message.info
            self.value_view.show_document(message.info, message.document)

    @on(JobFailed)
    def _explain(self, message: JobFailed) -> None:
        """Put the problem where the value would be; the screen also reports it."""
        words = Content.assemble((plain(message.error.message), "$state-trouble"), "\n\n", (plain(message.error.hint), "$quiet"))
        self.value_view.show_words(self.list.info, words)
