"""The main screen: the catalog on the left, the chosen database on the right."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from catalog import Catalog, ConflictError, Entry, State, Status
from tui.amounts import clock, quantity, size
from tui.commands import BY_ID, Place, Situation, bindings
from tui.dialogs.confirm import Confirm
from tui.dialogs.explanation import Explanation
from tui.dialogs.help import HelpDialog
from tui.dialogs.log import LogDialog
from tui.jobs import Jobs
from tui.messages import (
    CatalogListed,
    DatabaseOpened,
    Discarded,
    GroupListing,
    Happening,
    JobFailed,
    Opened,
    OpeningFailed,
    Pulled,
    Pushed,
    Resolved,
    SettlingPlanned,
    Severity,
    StatusRead,
    WriteFailed,
)
from tui.panes.changes_pane import ChangesPane
from tui.panes.keys_pane import KeysPane
from tui.plain import key_name, plain
from tui.reading import list_catalog, open_database, read_status
from tui.widgets.catalog_tree import CatalogTree
from tui.widgets.change_list import ChangeList
from tui.widgets.details_view import DetailsView
from tui.widgets.heading import Heading
from tui.widgets.key_bar import KeyBar
from tui.widgets.key_list import KeyList
from tui.widgets.reader import paragraphs
from tui.widgets.tab_bar import TabBar
from tui.widgets.top_bar import TopBar
from tui.widgets.transfer_bar import TransferBar

from .settling import Settling

if TYPE_CHECKING:
    from tui.app import CatalogApp

_RESTING = 0.15
"""Seconds the cursor rests on a database before it is opened."""
_ASK_EVERY = 300.0
"""Seconds between asking all remotes how they stand."""

_WIDGETS = {
    Place.DATABASES: "#catalog-tree",
    Place.KEYS: "#key-list",
    Place.VALUE: "#value-view",
    Place.CHANGES: "#change-list",
    Place.COMPARISON: "#diff-view",
    Place.DETAILS: "#details",
}
_PLACES = {selector[1:]: place for place, selector in _WIDGETS.items()} | {"filter": Place.FILTER}
_TAB_PLACES = {"keys": Place.KEYS, "changes": Place.CHANGES, "details": Place.DETAILS}
_TAB_OF = {
    Place.KEYS: "keys",
    Place.FILTER: "keys",
    Place.VALUE: "keys",
    Place.CHANGES: "changes",
    Place.COMPARISON: "changes",
    Place.DETAILS: "details",
}
_IN = {Place.KEYS: Place.VALUE, Place.CHANGES: Place.COMPARISON}
_OUT = {
    Place.VALUE: Place.KEYS,
    Place.COMPARISON: Place.CHANGES,
    Place.KEYS: Place.DATABASES,
    Place.FILTER: Place.KEYS,
    Place.CHANGES: Place.DATABASES,
    Place.DETAILS: Place.DATABASES,
}
_UNREADABLE = {State.NO_KEYS, State.DENIED, State.BROKEN, State.UNREACHABLE}


class BrowseScreen(Screen[None]):
    """Owns what is selected and what is known; hands it down, and acts on what comes up."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    listings: reactive[tuple[GroupListing, ...] | None] = reactive(None)
    statuses: reactive[Mapping[str, Status]] = reactive(dict)
    asking: reactive[int] = reactive(0)
    group: reactive[str] = reactive("")
    entry: reactive[Entry | None] = reactive(None)
    status: reactive[Status | None] = reactive(None)
    opened: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))
    place: reactive[Place] = reactive(Place.DATABASES)
    tab: reactive[str] = reactive("keys")

    def __init__(self, catalog: Catalog, jobs: Jobs, *, is_read_only: bool) -> None:
        super().__init__()
        self._catalog = catalog
        self._jobs = jobs
        self._is_read_only = is_read_only
        self._resting: Timer | None = None
        self._happenings: list[Happening] = []
        self._settling = Settling(self, catalog, jobs, self.tell, self.transfers_changed)

    def compose(self) -> ComposeResult:
        """Top bar, tree and tabs, transfers, keys."""
        here = BrowseScreen
        top = TopBar(id="top-bar").data_bind(here.listings, here.statuses, here.group, here.entry, here.asking)
        top.is_read_only = self._is_read_only
        yield top
        with Horizontal(id="body"):
            yield CatalogTree(id="catalog-tree").data_bind(here.listings, here.statuses)
            with Vertical(id="workspace"):
                yield Heading(id="heading").data_bind(here.entry, here.status, here.opened)
                yield TabBar(id="tab-bar").data_bind(here.tab, here.status)
                with ContentSwitcher(initial="keys", id="tabs"):
                    yield KeysPane(self._jobs, id="keys").data_bind(here.opened, here.words)
                    yield ChangesPane(self._jobs, id="changes").data_bind(here.opened, here.words)
                    yield DetailsView(id="details").data_bind(here.entry, here.status, here.opened, here.group)
        yield TransferBar(id="transfer-bar")
        yield KeyBar(id="key-bar")

    def on_mount(self) -> None:
        """Read the catalog, and ask its remotes now and then."""
        self.watch_place(self.place, self.place)
        self.query_one(CatalogTree).focus()
        self._jobs.read_latest("catalog", "Reading the catalog", lambda: list_catalog(self._catalog), self)
        self.set_interval(_ASK_EVERY, self._ask_remotes)

    @property
    def keys_pane(self) -> KeysPane:
        """The tab with the keys."""
        return self.query_one(KeysPane)

    @property
    def changes_pane(self) -> ChangesPane:
        """The tab with the changes."""
        return self.query_one(ChangesPane)

    @property
    def situation(self) -> Situation:
        """All that decides which commands can be used."""
        transfers = self._jobs.transfers
        return Situation(
            place=self.place,
            entry=self.entry,
            status=self.status,
            is_open=self.opened is not None,
            is_writing=any(self.entry and transfer.subject == self.entry.key for transfer in transfers),
            is_anything_running=bool(transfers),
            is_read_only=self._is_read_only,
            change=self.changes_pane.list.change if self.tab == "changes" else None,
            has_key=self.keys_pane.list.info is not None and self.tab == "keys",
            has_more=self.keys_pane.has_more,
        )

    def tell(self, text: str, severity: Severity = "information", details: str = "") -> None:
        """Show a message for a while and keep it in the log."""
        text = plain(text)
        self._happenings.append(Happening(clock(), severity, text, plain(details)))
        self.notify(
            f"{text}\n{plain(details)}".rstrip(),
            severity=severity,
            markup=False,
            timeout=4 if severity == "information" else 8,
        )

    # State that follows from other state

    def watch_place(self, old: Place, new: Place) -> None:
        """Let the styles know, which on a narrow screen show one pane only."""
        self.remove_class(f"at-{old.name.lower()}")
        self.add_class(f"at-{new.name.lower()}")
        if new in _TAB_OF:
            self.tab = _TAB_OF[new]
        self._situation_changed()

    def watch_tab(self, tab: str) -> None:
        """Show another tab."""
        self.query_one(ContentSwitcher).current = tab
        self._situation_changed()

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Close what was open before; readers of it are stale by now."""
        if old is not None and old is not new:
            self._jobs.run(old.database.close)
        self._situation_changed()

    def watch_status(self) -> None:
        """Offer other commands."""
        self._situation_changed()

    def _situation_changed(self) -> None:
        if self.is_mounted:
            self.query_one(KeyBar).show(self.situation)
            self.refresh_bindings()

    def _status_changed(self) -> None:
        self.status = self.statuses.get(self.entry.key) if self.entry else None

    def transfers_changed(self) -> None:
        """Show what runs now."""
        self.query_one(TransferBar).transfers = self._jobs.transfers
        self._situation_changed()

    # The catalog

    @on(CatalogListed)
    def _take_catalog(self, message: CatalogListed) -> None:
        self.listings = message.groups
        self._ask_statuses(message.groups)

    def _ask_statuses(self, listings: tuple[GroupListing, ...]) -> None:
        entries = [entry for listing in listings for entry in listing.entries]
        fresh = [entry for entry in entries if entry.key not in self.statuses]
        works = [partial(read_status, self._catalog, entry, False) for entry in fresh]
        works += [partial(read_status, self._catalog, entry, True) for entry in entries]
        self.asking += len(entries)
        self._jobs.read_all("statuses", "Asking a remote", works, self)

    def _ask_remotes(self) -> None:
        if self.listings and not self.asking:
            self._ask_statuses(self.listings)

    def _ask_again(self, entry: Entry) -> None:
        self.asking += 1
        self._jobs.read_all("statuses", "Asking a remote", [partial(read_status, self._catalog, entry, True)], self)

    @on(StatusRead)
    def _take_status(self, message: StatusRead) -> None:
        if message.asked_remote:
            self.asking = max(0, self.asking - 1)
        elif message.entry.key in self.statuses:
            return
        self.statuses = {**self.statuses, message.entry.key: message.status}
        if self.entry and self.entry.key == message.entry.key:
            self._status_changed()
            if self.opened is None:
                self._explain_closed()

    # The selected database

    @on(CatalogTree.Highlighted)
    def _highlighted(self, message: CatalogTree.Highlighted) -> None:
        self.group = message.group
        if message.entry and self.entry and message.entry.key == self.entry.key:
            return
        if self._resting:
            self._resting.stop()
        self._jobs.forget("open")
        self.opened = None
        self.entry = message.entry
        self._status_changed()
        self._explain_closed()
        if self.entry:
            self._resting = self.set_timer(_RESTING, self._open_if_here)

    def _explain_closed(self) -> None:
        """Say what stands in the way of showing keys."""
        if self.entry is None:
            self.words = Content.styled("Choose a database on the left." if self.listings else "", "$quiet")
        elif self.status is None or self.status.file_exists:
            self.words = Content.styled("Opening…", "$quiet")
        elif self.status.state in _UNREADABLE:
            self.words = Content.assemble(
                (plain(self.status.problem), "$state-trouble"), ("\n\nr asks again, Enter tries to open it.", "$quiet")
            )
        else:
            self.words = Content.assemble(
                ("Not on this machine yet", "bold"),
                ("\n\nPress Enter to open it. Its index is fetched now, values when you look at them.", "$quiet"),
            )

    def _open_if_here(self) -> None:
        if self.entry and self.opened is None and self.status and self.status.file_exists:
            self._open(self.entry)
        elif self.entry and self.status is None:
            # Its state is still being asked for; look again when the cursor has rested as long again.
            self._resting = self.set_timer(_RESTING, self._open_if_here)

    def _open(self, entry: Entry) -> None:
        group = self.group
        self._jobs.read_latest("open", "Opening a database", lambda: open_database(self._catalog, group, entry), self)

    @on(CatalogTree.Chosen)
    def _chosen(self, message: CatalogTree.Chosen) -> None:
        if self.opened is None:
            self.words = Content.styled("Opening…", "$quiet")
            self._open(message.entry)
        self.go_to(_TAB_PLACES[self.tab])

    @on(DatabaseOpened)
    def _take_database(self, message: DatabaseOpened) -> None:
        opened = message.opened
        if self.entry is None or opened.entry.key != self.entry.key:
            message.drop()
        elif self.opened is not None:
            self.keys_pane.keep_place()
            self.opened = opened
        else:
            self.opened = opened
            if self.status and not self.status.file_exists:
                self._ask_again(opened.entry)

    @on(OpeningFailed)
    def _explain_opening(self, message: OpeningFailed) -> None:
        if self.entry and message.entry.key == self.entry.key:
            self.words = Content.assemble(
                (plain(message.error.message), "$state-trouble"), "\n\n", (plain(message.error.hint), "$quiet")
            )
            self.tell(f"{message.entry.name} could not be opened.", "error", str(message.error))

    @on(JobFailed)
    def _report(self, message: JobFailed) -> None:
        if message.what == "Asking a remote":
            self.asking = max(0, self.asking - 1)
        self.tell(f"{message.what} did not succeed.", "error", str(message.error))

    @on(KeyList.Highlighted)
    @on(ChangeList.Highlighted)
    def _cursor_moved(self) -> None:
        self._situation_changed()

    @on(KeyList.Chosen)
    @on(ChangeList.Chosen)
    def _row_chosen(self) -> None:
        self.command_go_in()

    # Push, pull, discard

    @on(SettlingPlanned)
    def _ask_settling(self, message: SettlingPlanned) -> None:
        if self.app.screen is self:
            self._settling.ask(message)

    @on(Pushed)
    def _pushed(self, message: Pushed) -> None:
        result, name = message.result, message.entry.name
        commit = f" as commit {result.commit.number}" if result.commit else ""
        text = f"Pushed {quantity(result.keys, 'key')} of {name}{commit}."
        self._written(message.entry, text, f"{size(result.bytes_up)} sent in {quantity(result.requests, 'request')}.")

    @on(Pulled)
    def _pulled(self, message: Pulled) -> None:
        result = message.result
        text = f"Pulled {quantity(result.keys, 'key')} into {message.entry.name}."
        conflicts = f" {quantity(len(result.conflicts), 'key')} in conflict kept your value." if result.conflicts else ""
        self._written(message.entry, text, f"{size(result.bytes_down)} fetched.{conflicts}")

    @on(Discarded)
    def _discarded(self, message: Discarded) -> None:
        self._written(message.entry, f"Discarded {quantity(message.keys, 'change')} of {message.entry.name}.", "")

    @on(Resolved)
    def _resolved(self, message: Resolved) -> None:
        self._written(message.entry, f"Kept your value of {key_name(message.key)}.", "The next push puts it over theirs.")

    def _written(self, entry: Entry, text: str, details: str) -> None:
        self.tell(text, "information", details)
        self._settled(entry)

    @on(WriteFailed)
    def _explain_write(self, message: WriteFailed) -> None:
        self._settled(message.entry)
        error, name = message.error, message.entry.name
        self.tell(f"The {message.verb} of {name} did not happen.", "error", str(error))
        way_out, hint = "", plain(error.hint)
        if isinstance(error, ConflictError):
            way_out, hint = (
                "Show the conflicts",
                "Look at both sides of each, keep yours (y) or take theirs (d), then push again.",
            )
        body = Content.assemble(plain(error.message), (f"\n\n{hint}" if hint else "", "$quiet"))

        def follow(yes: bool | None) -> None:
            if yes and self.entry and self.entry.key == message.entry.key:
                self.changes_pane.go_to_conflicts()
                self.go_to(Place.CHANGES)

        self.app.push_screen(Explanation(f"{message.verb.capitalize()} of {plain(name)}", paragraphs(body), way_out), follow)

    def _settled(self, entry: Entry) -> None:
        """Look again at a database that was written."""
        self.transfers_changed()
        self._ask_again(entry)
        if self.entry and self.entry.key == entry.key and self.opened:
            self._open(entry)

    def show_database(self, key: str) -> None:
        """Put the cursor of the tree on a database."""
        self.query_one(CatalogTree).show(key)
        self.go_to(Place.DATABASES)

    # Where the user is

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the focus."""
        if place := _PLACES.get(event.widget.id or ""):
            self.place = place

    def go_to(self, place: Place) -> None:
        """Put the focus at a place, which may first have to appear."""
        self.place = place
        self.call_after_refresh(self.query_one(_WIDGETS[place], Widget).focus)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Bind the keys of a command only where they work."""
        if action == "command":
            return BY_ID[str(parameters[0])].works_at(self.place)
        return True

    def action_command(self, name: str) -> None:
        """Run a command, or say why it cannot be run now."""
        command = BY_ID[name]
        if refusal := command.refusal(self.situation):
            self.tell(refusal, "warning")
            return
        getattr(self, f"command_{name.replace('-', '_')}")()

    # Commands

    def command_go_in(self) -> None:
        """Go into what the cursor is on."""
        if self.place is Place.DATABASES:
            self.query_one(CatalogTree).go_in()
        elif self.place in _IN:
            self.go_to(_IN[self.place])

    def command_go_out(self) -> None:
        """Go back."""
        if self.place in {Place.KEYS, Place.FILTER} and self.keys_pane.close_filter():
            self.keys_pane.list.focus()
        elif self.place is Place.DATABASES:
            self.query_one(CatalogTree).go_out()
        else:
            self.go_to(_OUT[self.place])

    def command_filter(self) -> None:
        """Type a prefix."""
        self.keys_pane.open_filter()

    def command_more(self) -> None:
        """Show more of the value."""
        self.keys_pane.show_more()

    def command_copy_key(self) -> None:
        """Copy the key of the cursor."""
        row = self.changes_pane.list.change if self.tab == "changes" else self.keys_pane.list.info
        if row:
            self.app.copy_to_clipboard(row.key)
            self.tell("Copied the key.", details=row.key)

    def command_versions(self) -> None:
        """Compare other sides."""
        self.changes_pane.next_sides()

    def command_keep_mine(self) -> None:
        """End a conflict with the value of this copy."""
        change = self.changes_pane.list.change
        if self.opened and change:
            self._settling.keep_mine(self.opened.entry, change)

    def command_discard(self) -> None:
        """Ask about giving up one change."""
        change = self.changes_pane.list.change
        if self.opened and change:
            self._settling.ask_discard(self.opened.entry, change)

    def command_discard_all(self) -> None:
        """Ask about giving up all changes."""
        self._plan("discard")

    def command_push(self) -> None:
        """Ask about a push."""
        self._plan("push")

    def command_pull(self) -> None:
        """Ask about a pull."""
        self._plan("pull")

    def _plan(self, verb: str) -> None:
        if self.opened:
            self._settling.plan(self.opened, verb)

    def command_refresh(self) -> None:
        """Read the catalog again, and ask all remotes."""
        self._jobs.read_latest("catalog", "Reading the catalog", lambda: list_catalog(self._catalog), self)
        if self.entry and self.opened:
            self._open(self.entry)

    def command_cancel(self) -> None:
        """Stop what is running, the newest first."""
        self._jobs.transfers[-1].progress.cancel()

    def command_databases(self) -> None:
        """Go to the tree."""
        self.go_to(Place.DATABASES)

    def command_keys(self) -> None:
        """Go to the keys."""
        self.go_to(Place.KEYS)

    def command_changes(self) -> None:
        """Go to the changes."""
        self.go_to(Place.CHANGES)

    def command_details(self) -> None:
        """Go to the details."""
        self.go_to(Place.DETAILS)

    def command_zoom(self) -> None:
        """Give the whole screen to one pane."""
        self.toggle_class("-zoomed")

    def command_theme(self) -> None:
        """Change between dark and light."""
        cast("CatalogApp", self.app).switch_theme()

    def command_log(self) -> None:
        """Show the log."""
        self.app.push_screen(LogDialog(tuple(self._happenings)))

    def command_help(self) -> None:
        """Show the help."""
        keys: dict[str, str] = {}
        for _, binding in self._bindings:
            if binding.id:
                keys[binding.id] = " ".join(filter(None, [keys.get(binding.id), self.app.get_key_display(binding)]))
        self.app.push_screen(HelpDialog(self.situation, keys))

    def command_quit(self) -> None:
        """Leave, after a question when something is running."""
        running = self._jobs.transfers
        if not running:
            self.app.exit()
            return
        lines = [Content(f"{transfer.verb} of {plain(transfer.name)}") for transfer in running]
        body = Content.assemble(
            "Still running:\n\n  ",
            Content("\n  ").join(lines),
            ("\n\nLeaving stops it. Nothing half-done is visible to anyone, and your changes are kept.", "$quiet"),
        )

        def leave(yes: bool | None) -> None:
            if yes:
                self.app.exit()

        self.app.push_screen(Confirm("Leave?", paragraphs(body), "Stop it and leave", stay="Stay"), leave)
