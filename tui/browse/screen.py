"""The main screen: the catalog on the left, the chosen database on the right."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from catalog import CancelledError, Catalog, CatalogError, ConflictError, Entry, Progress, Status
from tui.changes.commands import Changes
from tui.changes.list import ChangeList
from tui.changes.pane import ChangesPane
from tui.command import Action, Command, Commands, Place, Situation
from tui.credentials.commands import Credentials
from tui.facts import Facts, numbers
from tui.features import ACTIONS, BY_ID, COMMANDS, bindings
from tui.groups.commands import Groups
from tui.groups.details import DetailsView
from tui.history.commands import History
from tui.history.list import CommitList
from tui.history.pane import HistoryPane
from tui.history.past_changes import PastChangeList
from tui.host import Happening, Severity, Write
from tui.jobs import AlreadyWritingError, Done, Jobs, ReadError, StaleError, Transfer
from tui.keepsakes import Keepsakes
from tui.keys.commands import Keys
from tui.keys.list import KeyList
from tui.keys.pane import KeysPane
from tui.kit.amounts import clock
from tui.kit.confirm import Explanation
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.reader import paragraphs
from tui.kit.splitter import Splitter
from tui.kit.trouble import said, told, way_on
from tui.listing import GroupListing
from tui.opened import Opened
from tui.options import Found, Settings
from tui.session.commands import Program, Session
from tui.session.request_log import RequestLog
from tui.trust import Trust, Vouching
from tui.watch import Watch
from tui.work import ReadFailed, begin

from .bars import KeyBar, TabBar, TopBar, TransferBar
from .commands import Moving
from .heading import Heading
from .library import group_files, list_catalog
from .opening import Opening
from .places import PLACES, SPLITS, TAB_OF, TAB_PLACES, WIDGETS
from .remotes import Remotes
from .tree import CatalogTree

_LATELY = 30.0
"""Seconds after which the remote of what is shown is asked again, while somebody may be looking."""
_SAVE_EVERY = 1.0
_WAITED = 1.0
"""Seconds that a key waits for what it is to act upon, at most."""
_GROUP, _LIST = "group ", "list"
"""What the files of groups, and of the list of them, are watched as; databases are by their keys."""
D = TypeVar("D", bound=Done)
T = TypeVar("T")
W = TypeVar("W", bound=Dialog[Any])


class BrowseScreen(Screen[None]):
    """Owns what is selected and what is known; hands it down, and acts on what comes up."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    listings: reactive[tuple[GroupListing, ...] | None] = reactive(None)
    statuses: reactive[Mapping[str, Status]] = reactive(dict)
    group_statuses: reactive[Mapping[str, Status]] = reactive(dict)
    asking: reactive[int] = reactive(0)
    group: reactive[str] = reactive("")
    entry: reactive[Entry | None] = reactive(None)
    status: reactive[Status | None] = reactive(None)
    opened: reactive[Opened | None] = reactive(None)
    past: reactive[Opened | None] = reactive(None)
    shown: reactive[Opened | None] = reactive(None)
    words: reactive[Content] = reactive(Content(""))
    place: reactive[Place] = reactive(Place.DATABASES)
    tab: reactive[str] = reactive("keys")

    def __init__(
        self,
        catalog: Catalog,
        jobs: Jobs,
        found: Found,
        requests: RequestLog,
        switch_theme: Callable[[], None],
        kept: Keepsakes,
        *,
        is_read_only: bool,
    ) -> None:
        super().__init__()
        self.drafts = kept.drafts
        self.remembered = kept.remembered
        self.settings: Settings = found.settings
        self.catalog = catalog
        self.jobs = jobs
        self._is_read_only = is_read_only
        self.happenings: list[Happening] = []
        self._trust = Trust(lambda: self.group)
        self.vouching: Callable[[Entry], Vouching] = self._trust.vouching
        self.catalog_tree = CatalogTree(id="catalog-tree")
        self.keys_pane = KeysPane(jobs, self.settings.separator, id="keys")
        self.changes_pane = ChangesPane(jobs, id="changes")
        self.history_pane = HistoryPane(jobs, id="history")
        self._changes = Changes(self, self.changes_pane)
        credentials = Credentials(self, self._trust)
        self._commands = Commands(
            (
                Moving(self, self.catalog_tree, self.keys_pane, self.changes_pane),
                Keys(self, self.keys_pane),
                self._changes,
                History(self, self.history_pane),
                Groups(self),
                credentials,
                Session(self, self._program(found, requests, switch_theme)),
            )
        )
        self.facts = Facts(self._facts_changed)
        self.remotes = Remotes(self, self.facts, lambda: self.listings or (), catalog, jobs, self.vouching)
        self._lists_read = 0
        self._reading_since = 0.0
        self._watch = Watch(self._copies_changed, self._is_reading)
        self.opening = Opening(self, self, catalog, jobs, self.vouching, self.remotes, credentials.approve)

    def _program(self, found: Found, requests: RequestLog, switch_theme: Callable[[], None]) -> Program:
        return Program(
            COMMANDS, found, requests, self.happenings, self._shown_keys, self._zoom, self.widen, switch_theme, self._leave
        )

    def compose(self) -> ComposeResult:
        """Top bar, tree and tabs, transfers, keys."""
        here = BrowseScreen
        top = TopBar(id="top-bar").data_bind(here.listings, here.statuses, here.group, here.entry, here.asking)
        top.is_read_only = self._is_read_only
        yield top
        with Horizontal(id="body"):
            yield self.catalog_tree.data_bind(here.listings, here.statuses, here.group_statuses)
            yield Splitter("tree", "#catalog-tree", "#workspace")
            with Vertical(id="workspace"):
                yield Heading(id="heading").data_bind(here.entry, here.status, here.opened, here.past)
                yield TabBar(id="tab-bar").data_bind(here.tab, here.status)
                with ContentSwitcher(initial="keys", id="tabs"):
                    yield self.keys_pane.data_bind(here.words, opened=here.shown)
                    yield self.changes_pane.data_bind(here.opened, here.words, here.place, here.status)
                    yield self.history_pane.data_bind(here.opened, here.words, here.place, here.tab, here.status)
                    details = DetailsView(self.catalog, self.jobs, self.vouching, id="details")
                    details.data_bind(here.listings, here.group_statuses)
                    yield details.data_bind(here.entry, here.status, here.opened, here.group)
        yield TransferBar(id="transfer-bar")
        yield KeyBar(id="key-bar")

    def on_mount(self) -> None:
        """Read the catalog, and ask its remotes now and then."""
        self._recall()
        self.watch_place(self.place, self.place)
        self.catalog_tree.focus()
        self.list_again()
        self._watch.start()
        self.set_interval(_SAVE_EVERY, self._save_kept)
        if self.settings.ask_every:
            self.set_interval(self.settings.ask_every, self.remotes.ask_again)
            self.set_interval(_LATELY, self._ask_shown)

    def on_unmount(self) -> None:
        """Look at no file any more."""
        self._watch.end()

    def _save_kept(self) -> None:
        """Write what was typed, and how the screen is, if that is other than it was."""
        for kept in (self.drafts, self.remembered):
            if not kept.is_saved:
                self.jobs.run(kept.save)

    def list_again(self, wanted: tuple[str, str] | None = None) -> None:
        """Read which groups and databases there are, and go to the one that is wanted there; remotes are asked then."""
        if wanted:
            self.catalog_tree.wanted = wanted
        begin(self, self._list())

    async def _list(self) -> None:
        self._take_listings(await self._read_listings())

    async def _read_listings(self) -> tuple[GroupListing, ...]:
        self._lists_read += 1
        try:
            return await self.jobs.latest("catalog", "Reading the catalog", self._read_catalog)
        finally:
            self._lists_read -= 1

    async def _list_if_other(self, groups: Sequence[str]) -> None:
        """Another process has changed lists or groups: show what they say, if it is something else, and how they stand."""
        if (listings := await self._read_listings()) != self.listings:
            self._take_listings(listings)
        else:
            for group in groups:
                await self.remotes.look_at_group(group)

    def _take_listings(self, listings: tuple[GroupListing, ...]) -> None:
        self._trust.note_origins(listings)
        self.facts.forget_groups()
        self.listings = listings
        self.remotes.ask_all()
        files = {entry.key: self.catalog.file_of(entry) for listing in listings for entry in listing.entries}
        self.jobs.run(lambda: self._watch.follow(files))

    def _read_catalog(self) -> tuple[GroupListing, ...]:
        """List everything, in a job's thread; what is written to the lists from now on is news."""
        files = {f"{_GROUP}{name}": file for name, file in group_files(self.catalog).items()}
        files[_LIST] = self.catalog.folder / "catalog.json"
        self._watch.follow(files, "lists")
        self._watch.expect(files)
        return list_catalog(self.catalog)

    @property
    def takes_keys(self) -> bool:
        """Whether there is something that a key which was typed ahead can act upon; nobody waits for that for long."""
        panes: dict[str, KeysPane | ChangesPane | HistoryPane] = {
            "keys": self.keys_pane,
            "changes": self.changes_pane,
            "history": self.history_pane,
        }
        is_reading = self.place is not Place.DATABASES and self.tab in panes and panes[self.tab].is_reading
        now = time.monotonic()
        self._reading_since = (self._reading_since or now) if is_reading else 0.0
        return not is_reading or now - self._reading_since > _WAITED

    @property
    def situation(self) -> Situation:
        """All that decides which commands can be used."""
        transfers = self.jobs.transfers
        commits = self.history_pane.list
        return Situation(
            place=self.place,
            entry=self.entry,
            status=self.status,
            is_open=self.opened is not None,
            group=self.group,
            groups=len(self.listings or ()),
            is_writing=any(self.entry and transfer.subject == self.entry.key for transfer in transfers),
            is_anything_running=bool(transfers),
            is_read_only=self._is_read_only,
            change=self.changes_pane.list.change if self.tab == "changes" else None,
            has_key=self.keys_pane.list.info is not None and self.tab == "keys",
            has_more=self.keys_pane.has_more,
            can_fold=self.keys_pane.value_view.can_fold,
            conflicts=self.status.conflicts if self.status else len(self.changes_pane.list.conflicts),
            serializer=self.opened.database.serializer if self.opened else "",
            commit=commits.commit,
            tags=commits.tags_here,
            is_newest=commits.commit == commits.newest and not commits.is_behind(self.status),
            is_only_commit=commits.is_single and not commits.is_behind(self.status),
            past=self.past.at if self.past else None,
        )

    def tell(self, text: str, severity: Severity = "information", details: str = "") -> None:
        """Show a message for a while and keep it in the log."""
        text = plain(text)
        self.happenings.append(Happening(clock(), severity, text, plain(details)))
        self.notify(
            f"{text}\n{plain(details)}".rstrip(),
            severity=severity,
            markup=False,
            timeout=4 if severity == "information" else 8,
        )

    def watch_place(self, old: Place, new: Place) -> None:
        """Let the styles know, which on a narrow screen show one pane only."""
        self.remove_class(f"at-{old.name.lower()}")
        self.add_class(f"at-{new.name.lower()}")
        if new in TAB_OF:
            self.tab = TAB_OF[new]
        if new in {Place.KEYS, Place.VALUE}:
            self.keys_pane.arrange_as_left()
        self._situation_changed()

    def watch_tab(self, tab: str) -> None:
        """Show another tab."""
        self.query_one(ContentSwitcher).current = tab
        self._situation_changed()

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Close what was open before; readers of it are stale by now."""
        if old is not None and old is not new:
            self.jobs.run(old.database.close)
        if new is None:
            self.past = None
        self.shown = self.past or new
        self._situation_changed()

    def watch_past(self, old: Opened | None, new: Opened | None) -> None:
        """Show the keys of an earlier version, or those of now again."""
        if old is not None and old is not new:
            self.jobs.run(old.database.close)
        self.shown = new or self.opened
        self._situation_changed()

    def watch_group(self) -> None:
        """Offer other commands."""
        self._situation_changed()

    def watch_status(self) -> None:
        """Offer other commands."""
        self._situation_changed()

    def _situation_changed(self) -> None:
        if self.is_mounted:
            self.query_one(KeyBar).show(self.situation)
            self.refresh_bindings()

    def transfers_changed(self) -> None:
        """Show what runs now."""
        self.query_one(TransferBar).transfers = self.jobs.transfers
        self._situation_changed()

    def _facts_changed(self, keys: frozenset[str]) -> None:
        """Show what is known now; what is listed of the open database is looked at again where it says something else."""
        self.statuses = self.facts.statuses
        self.group_statuses = self.facts.group_statuses
        self.asking = self.facts.asking
        if self.entry and self.entry.key in keys:
            self.status = self.statuses[self.entry.key]
            self.opening.explain_closed()
            listed = self.changes_pane.numbers
            if listed is not None and listed != numbers(self.status):
                self.look_again()

    @on(ChangesPane.Counted)
    def _take_counts(self, message: ChangesPane.Counted) -> None:
        opened = message.opened
        self.facts.count(opened.entry.key, message.counts, opened.keys)

    def came_back(self) -> None:
        """The terminal has the focus again: somebody may have been busy elsewhere with what is shown here."""
        if self.settings.ask_every:
            self._ask_shown()

    def _ask_shown(self) -> None:
        """Ask the remote of what is shown, in silence, if that was not done lately and somebody may be looking."""
        entry = self.entry
        is_known = entry is None or self.facts.is_fresh(entry.key, _LATELY - 1) or self.facts.is_asked(entry.key)
        if entry is not None and not is_known and self.app.app_focus:
            begin(self, self._ask_in_silence(entry))

    async def _ask_in_silence(self, entry: Entry) -> None:
        await self.remotes.look(entry, is_silent=True)

    async def ask_open(self, slot: str, what: str, call: Callable[[Opened], T]) -> T:
        """Read something of the open database in a slot of the jobs; once more where it was opened anew meanwhile."""
        while True:
            if (opened := self.opened) is None:
                raise StaleError
            try:
                return await self.jobs.latest(slot, what, partial(call, opened))
            except ReadError:
                if opened is self.opened:
                    raise

    async def ask_now(self, entry: Entry) -> Status:
        """How a database stands, from its remote, unless that was heard this very moment."""
        known = self.statuses.get(entry.key)
        return known if known is not None and self.facts.is_fresh(entry.key) else await self.remotes.look(entry)

    def _is_reading(self, key: str) -> bool:
        """Whether the program itself reads what is watched, and opens its files for that; asked in the thread that looks."""
        is_list = key == _LIST or key.startswith(_GROUP)
        return self.facts.is_asked(key.removeprefix(_GROUP)) or (is_list and self._lists_read > 0)

    def _copies_changed(self, keys: Mapping[str, bool]) -> None:
        """Another process has changed working copies; told in the thread that looks at them."""
        self.call_later(self._look_at_copies, keys)

    def _look_at_copies(self, keys: Mapping[str, bool]) -> None:
        entries = {entry.key: entry for listing in self.listings or () for entry in listing.entries}
        if lists := [key for key in keys if key == _LIST or key.startswith(_GROUP)]:
            begin(self, self._list_if_other([key.removeprefix(_GROUP) for key in lists if key != _LIST]))
        for key in keys.keys() & entries.keys():
            if not keys[key] and self.opened and self.opened.entry.key == key:
                # Values that are fetched are kept there too.
                begin(self, self._look_inside(self.opened))
            else:
                self._look_in_silence(entries[key])

    def _look_in_silence(self, entry: Entry) -> None:
        """Another process has changed a copy: nobody here has asked, so nobody is told that somebody is asked."""
        begin(self, self._ask_in_silence(entry))
        if self.entry and self.opened and entry.key == self.entry.key:
            self.opening.open(self.entry)

    async def _look_inside(self, opened: Opened) -> None:
        """Look again at the open database if it says something else than it did."""
        listed = self.changes_pane.numbers
        if await self.jobs.latest("inside", "Looking at a copy", lambda: opened.is_other(listed)) and opened is self.opened:
            self._look_in_silence(opened.entry)

    @on(CatalogTree.Highlighted)
    def _highlighted(self, message: CatalogTree.Highlighted) -> None:
        self.group = message.group
        if message.entry:
            self.remembered.note(group=message.group, database=message.entry.key)
        if message.entry and self.entry and message.entry.key == self.entry.key:
            self.entry = message.entry
            return
        self.opening.end()
        self.entry = message.entry
        self.status = self.statuses.get(self.entry.key) if self.entry else None
        self.opening.begin()

    def look_again(self, entry: Entry | None = None) -> None:
        """Look again at the database that is open, and ask about one that was written."""
        if entry is not None:
            self.remotes.ask(entry)
        if self.entry and self.opened and (entry is None or entry.key == self.entry.key):
            self.opening.open(self.entry)

    @on(CatalogTree.Chosen)
    def _chosen(self, message: CatalogTree.Chosen) -> None:
        self.opening.choose(message.entry)
        self.go_to(TAB_PLACES[self.tab])

    def ask_again(self) -> None:
        """Ask all remotes again, as whoever the keys now say."""
        self.remotes.ask_all()
        self.look_again()

    @on(ReadFailed)
    def _tell_failure(self, message: ReadFailed) -> None:
        self.tell(f"{message.what} did not succeed.", "error", said(message.error))

    def tell_failure(self, entry: Entry, error: CatalogError) -> None:
        """Say that a database could not be opened."""
        self.tell(f"{entry.name} could not be opened.", "error", said(error))

    @on(KeyList.Highlighted)
    @on(ChangeList.Highlighted)
    @on(ChangeList.ChoiceChanged)
    @on(CommitList.Highlighted)
    @on(CommitList.Emptied)
    def _cursor_moved(self) -> None:
        self._situation_changed()

    @on(KeyList.Chosen)
    @on(ChangeList.Chosen)
    @on(CommitList.Chosen)
    @on(PastChangeList.Chosen)
    def _row_chosen(self) -> None:
        begin(self, self.run("go-in"))

    @on(ChangesPane.NoConflictsLeft)
    def _leave_conflicts(self) -> None:
        if self.place is Place.CONFLICT:
            self.tell("No conflicts are left.")
            self.go_to(Place.CHANGES)

    def keep_place(self) -> None:
        """Keep the place in the keys when the same database is shown again."""
        self.keys_pane.keep_place()

    def show_version(self, opened: Opened | None) -> None:
        """Show the keys of an earlier version in place of those of now, unless another database was selected since."""
        if opened is None:
            self.jobs.forget("past-open")
        elif self.entry is None or self.opened is None or opened.entry.key != self.entry.key:
            self.jobs.run(opened.close)
            return
        self.keep_place()
        self.past = opened
        self.go_to(Place.KEYS if opened else Place.HISTORY)

    def go_to_database(self, key: str, group: str = "") -> None:
        """Put the cursor of the tree on a database, in ``group`` where several list it."""
        self.catalog_tree.show(key, group)
        self.go_to(Place.DATABASES)

    def copy(self, text: str) -> None:
        """Put a text on the clipboard."""
        self.app.copy_to_clipboard(text)

    def open(self, dialog: W) -> W:
        """Put a dialog over the screen, at once."""
        self.app.push_screen(dialog, dialog.take_answer)
        return dialog

    async def write(self, write: Write, work: Callable[[Progress], D]) -> D | None:
        """Make a write, and say what came of it; None when it did not happen, which was said too."""
        progress = Progress()
        try:
            made = self.jobs.write(Transfer(write.subject, write.verb, write.name, progress), lambda: work(progress))
        except AlreadyWritingError as error:
            words = f"A {error.transfer.verb} of {plain(write.name)} is still running; wait for it or cancel it."
            self.tell(words, "warning")
            return None
        self.transfers_changed()
        try:
            done = await made
        except CatalogError as error:
            self._has_written(write)
            await self._explain(write, error)
            return None
        self._has_written(write)
        self.tell(done.text, "information", done.details)
        return done

    def _has_written(self, write: Write) -> None:
        self.transfers_changed()
        if write.entry is not None:
            self._watch.expect([write.entry.key])
            self.look_again(write.entry)

    async def _explain(self, write: Write, error: CatalogError) -> None:
        """Say why something was not done, and how to go on."""
        name = plain(write.name)
        if isinstance(error, CancelledError):
            self.tell(f"The {write.verb} of {write.name} was cancelled.", "warning", said(error))
            return
        way_out, hint = "", way_on(error)
        self.tell(f"The {write.verb} of {write.name} did not happen.", "error", f"{error.message} {hint}".rstrip())
        if isinstance(error, ConflictError):
            way_out, hint = (
                "Show the conflicts",
                "Look at all sides of each, keep yours (y) or take theirs (T), then push again.",
            )
        lines = paragraphs(told(error.message, hint))
        follows = await self.open(Explanation(f"{write.verb.capitalize()} of {name}", lines, way_out)).answer
        if follows and self.entry and write.entry and self.entry.key == write.entry.key:
            await self._changes.show_conflicts()

    def _leave(self) -> None:
        self.app.exit()

    def _zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.remembered.note(is_zoomed=self.has_class("-zoomed"))

    def widen(self, steps: int) -> None:
        """Give the pane of the cursor more room, or less."""
        name, is_first = SPLITS[self.place]
        splitter = self.query_one(f"#split-{name}", Splitter)
        if splitter.region:
            splitter.move(steps if is_first else -steps)
        else:
            self.tell("There is one pane here, which has all the room.", "warning")

    @on(Splitter.Moved)
    def _remember_split(self, message: Splitter.Moved) -> None:
        self.remembered.note(shares={**self.remembered.left.shares, message.name: message.share})

    @on(KeysPane.Arranged)
    def _remember_arrangement(self, message: KeysPane.Arranged) -> None:
        now = message.arrangement
        self.remembered.note(order=now.order, is_tree=now.is_tree, separator=now.separator)

    def _recall(self) -> None:
        """Be as the screen was left; nothing is asked of anybody for that."""
        left = self.remembered.left
        self.set_class(left.is_zoomed, "-zoomed")
        for splitter in self.query(Splitter):
            if (share := left.shares.get(splitter.split)) is not None:
                splitter.put(share)
        if left.order != "key" or left.is_tree:
            self.keys_pane.recall(left.order, is_tree=left.is_tree, separator=left.separator)
        if left.database:
            self.catalog_tree.wanted = (left.group, left.database)

    def _shown_keys(self) -> Sequence[tuple[str, str]]:
        """Every command with its keys, as they are shown: first those that work here."""
        bound = [active.binding for active in self.active_bindings.values()]
        here = {binding.id for binding in bound}
        elsewhere = [command.binding() for command in COMMANDS if command.id not in here]
        return [(one.id or "", self.app.get_key_display(one)) for one in [*bound, *Binding.make_bindings(elsewhere)]]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the focus."""
        if place := PLACES.get(event.widget.id or ""):
            self.place = place

    def go_to(self, place: Place) -> None:
        """Put the focus at a place at once, though it may still have to appear: the next key is meant for it."""
        self.place = place
        self.set_focus(self.query_one(WIDGETS[place], Widget), scroll_visible=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Bind the keys of a command only where they work."""
        if action == "command":
            return BY_ID[str(parameters[0])].works_at(self.place)
        return True

    async def action_command(self, name: str) -> None:
        """Run a command, or say why it cannot be run now."""
        begin(self, self.run(name))
        # Its first step, such as to open a dialog, is taken before the next key.
        await asyncio.sleep(0)

    async def run(self, name: str) -> None:
        """Run a command or an action by its id, or say why it cannot be run now.

        What would make it needless may have changed since it was noted: that is looked up before it is said.
        """
        wanted: Command | Action = BY_ID.get(name) or ACTIONS[name]
        refusal = wanted.refusal(self.situation)
        if not refusal and not wanted.tells and wanted.needless(self.situation):
            if (entry := self.entry) is not None:
                await self.ask_now(entry)
            refusal = wanted.hindrance(self.situation)
        if refusal:
            self.tell(refusal, "warning")
        else:
            await self._commands.act(name)()
