"""The main screen: the catalog on the left, the chosen database on the right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from catalog import Catalog, Entry, Status
from tui.acts import Acts
from tui.acts.history import HistoryActs
from tui.acts.managing import ManagingActs
from tui.acts.moving import MovingActs
from tui.acts.program import ProgramActs
from tui.acts.resolving import ResolvingActs
from tui.acts.settling import SettlingActs
from tui.acts.viewing import ViewingActs
from tui.changes.list import ChangeList
from tui.changes.pane import ChangesPane
from tui.changes.resolving import Resolving
from tui.changes.settling import Settling
from tui.commands import BY_ID, Place, Situation, bindings
from tui.credentials.approving import Approving
from tui.credentials.screen import KnownPlace
from tui.groups.details import DetailsView
from tui.groups.managing import Managing
from tui.history.list import CommitList
from tui.history.pane import HistoryPane
from tui.history.past_changes import PastChangeList
from tui.history.rewinding import History
from tui.jobs import Jobs
from tui.keys.list import KeyList
from tui.keys.messages import ValueSaved, ValueTaken
from tui.keys.pane import KeysPane
from tui.kit.amounts import clock, size
from tui.kit.plain import plain
from tui.messages import Answer, Approved, CatalogListed, GroupListing, Happening, JobFailed, Opened, Severity
from tui.reading import list_catalog
from tui.session.transfer_bar import TransferBar
from tui.settings import Settings
from tui.trust import Trust

from .answers import Answers
from .heading import Heading
from .key_bar import KeyBar
from .opening import Opening
from .places import PLACES, TAB_OF, TAB_PLACES, WIDGETS
from .remotes import Remotes
from .tab_bar import TabBar
from .top_bar import TopBar
from .tree import CatalogTree


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

    def __init__(self, catalog: Catalog, jobs: Jobs, settings: Settings, *, is_read_only: bool) -> None:
        super().__init__()
        self.settings = settings
        self._catalog = catalog
        self._jobs = jobs
        self._is_read_only = is_read_only
        self.happenings: list[Happening] = []
        self._trust = Trust(lambda: self.group)
        self._approving = Approving(self, jobs, self._trust)
        self.remotes = Remotes(self, catalog, jobs, self._trust.vouching, self._statuses_changed)
        self.opening = Opening(self, catalog, jobs, self._trust.vouching, self.remotes, self._approving)
        self._settling = Settling(self, catalog, jobs, self._trust.vouching)
        self._resolving = Resolving(self, catalog, jobs, self._trust.vouching, self._settling)
        self._history = History(self, catalog, jobs, self._trust.vouching, self._settling)
        self.managing = Managing(self, catalog, jobs, self._trust.vouching)
        self._answers = Answers(self, self.remotes, self.opening, self._settling, self._resolving, self._history, self.managing)
        self._acts = Acts(
            (
                MovingActs(self),
                ViewingActs(self, jobs),
                SettlingActs(self, jobs, self._settling),
                ResolvingActs(self, self._resolving),
                HistoryActs(self, self._history),
                ManagingActs(self, catalog, jobs, self.managing),
                ProgramActs(self, jobs),
            )
        )

    def compose(self) -> ComposeResult:
        """Top bar, tree and tabs, transfers, keys."""
        here = BrowseScreen
        top = TopBar(id="top-bar").data_bind(here.listings, here.statuses, here.group, here.entry, here.asking)
        top.is_read_only = self._is_read_only
        yield top
        with Horizontal(id="body"):
            yield CatalogTree(id="catalog-tree").data_bind(here.listings, here.statuses, here.group_statuses)
            with Vertical(id="workspace"):
                yield Heading(id="heading").data_bind(here.entry, here.status, here.opened, here.past)
                yield TabBar(id="tab-bar").data_bind(here.tab, here.status)
                with ContentSwitcher(initial="keys", id="tabs"):
                    yield KeysPane(self._jobs, self.settings.separator, id="keys").data_bind(here.words, opened=here.shown)
                    yield ChangesPane(self._jobs, id="changes").data_bind(here.opened, here.words, here.place)
                    yield HistoryPane(self._jobs, id="history").data_bind(
                        here.opened, here.words, here.place, here.tab, here.status
                    )
                    details = DetailsView(self._catalog, self._jobs, self._trust.vouching, id="details")
                    details.data_bind(here.listings, here.group_statuses)
                    yield details.data_bind(here.entry, here.status, here.opened, here.group)
        yield TransferBar(id="transfer-bar")
        yield KeyBar(id="key-bar")

    def on_mount(self) -> None:
        """Read the catalog, and ask its remotes now and then."""
        self.watch_place(self.place, self.place)
        self.query_one(CatalogTree).focus()
        self.read_catalog()
        if self.settings.ask_every:
            self.set_interval(self.settings.ask_every, self.remotes.ask_again)

    def read_catalog(self) -> None:
        """Read which groups and databases there are; their remotes are asked then."""
        self._jobs.read_latest("catalog", "Reading the catalog", lambda: list_catalog(self._catalog), self)

    @property
    def keys_pane(self) -> KeysPane:
        """The tab with the keys."""
        return self.query_one(KeysPane)

    @property
    def changes_pane(self) -> ChangesPane:
        """The tab with the changes."""
        return self.query_one(ChangesPane)

    @property
    def history_pane(self) -> HistoryPane:
        """The tab with the commits."""
        return self.query_one(HistoryPane)

    @property
    def situation(self) -> Situation:
        """All that decides which commands can be used."""
        transfers = self._jobs.transfers
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
            conflicts=len(self.changes_pane.list.conflicts),
            serializer=self.opened.database.serializer if self.opened else "",
            commit=commits.commit,
            tags=commits.tags_here,
            is_newest=commits.commit == commits.newest,
            is_only_commit=commits.is_single,
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
        self._situation_changed()

    def watch_tab(self, tab: str) -> None:
        """Show another tab."""
        self.query_one(ContentSwitcher).current = tab
        self._situation_changed()

    def watch_opened(self, old: Opened | None, new: Opened | None) -> None:
        """Close what was open before; readers of it are stale by now."""
        if old is not None and old is not new:
            self._jobs.run(old.database.close)
        if new is None:
            self.past = None
        self.shown = self.past or new
        self._situation_changed()

    def watch_past(self, old: Opened | None, new: Opened | None) -> None:
        """Show the keys of an earlier version, or those of now again."""
        if old is not None and old is not new:
            self._jobs.run(old.database.close)
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
        self.query_one(TransferBar).transfers = self._jobs.transfers
        self._situation_changed()

    @on(CatalogListed)
    def _take_catalog(self, message: CatalogListed) -> None:
        self._trust.note_origins(message.groups)
        self.group_statuses = {}
        self.listings = message.groups
        self.remotes.ask_all()

    @on(Answer)
    def _take_answer(self, answer: Answer) -> None:
        self._answers.take(answer)

    def _statuses_changed(self, keys: Collection[str]) -> None:
        if self.entry and self.entry.key in keys:
            self.status = self.statuses[self.entry.key]
            self.opening.explain_closed()

    @on(CatalogTree.Highlighted)
    def _highlighted(self, message: CatalogTree.Highlighted) -> None:
        self.group = message.group
        if message.entry and self.entry and message.entry.key == self.entry.key:
            self.entry = message.entry
            return
        self.opening.end()
        self.entry = message.entry
        self.status = self.statuses.get(self.entry.key) if self.entry else None
        self.opening.begin()

    def reopen(self) -> None:
        """Look again at the database that is open."""
        if self.entry and self.opened:
            self.opening.open(self.entry)

    @on(CatalogTree.Chosen)
    def _chosen(self, message: CatalogTree.Chosen) -> None:
        self.opening.choose(message.entry)
        self.go_to(TAB_PLACES[self.tab])

    @on(Approved)
    def _use_place(self, message: Approved) -> None:
        self.remotes.ask(message.entry)
        self.opening.open(message.entry)

    def keys_changed(self) -> None:
        """Ask all remotes again, as whoever the keys now say."""
        self.remotes.ask_all()
        self.reopen()

    @property
    def places(self) -> list[KnownPlace]:
        """The databases that keys can be tried on."""
        return [KnownPlace(entry, self._trust.vouching(entry)) for listing in self.listings or () for entry in listing.entries]

    @on(JobFailed)
    def _tell_failure(self, message: JobFailed) -> None:
        self.remotes.note_failure(message)
        self.tell(f"{message.what} did not succeed.", "error", str(message.error))

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
        self._acts.of("go-in")()

    @on(ValueTaken)
    def _copy(self, message: ValueTaken) -> None:
        if message.problem:
            self.tell(message.problem, "warning", message.key)
        else:
            self.app.copy_to_clipboard(message.text)
            self.tell("Copied the value.", details=message.key)

    @on(ValueSaved)
    def _tell_saved(self, message: ValueSaved) -> None:
        if message.problem:
            self.tell("The value was not saved.", "error", str(message.problem))
        else:
            self.tell(f"Saved the value, {size(message.size)}.", details=str(message.path))

    @on(ChangesPane.NoConflictsLeft)
    def _leave_conflicts(self) -> None:
        if self.place is Place.CONFLICT:
            self.tell("No conflicts are left.")
            self.go_to(Place.CHANGES)

    def show_conflicts(self) -> None:
        """Go to the first conflict of the selected database."""
        self.changes_pane.go_to_conflicts()
        self.go_to(Place.CHANGES)

    def look_again(self, entry: Entry) -> None:
        """Look again at a database that was written."""
        self.transfers_changed()
        self.remotes.ask(entry)
        if self.entry and self.entry.key == entry.key:
            self.reopen()

    def show_database(self, key: str, group: str = "") -> None:
        """Put the cursor of the tree on a database, in ``group`` where several list it."""
        self.query_one(CatalogTree).show(key, group)
        self.go_to(Place.DATABASES)

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

    def action_command(self, name: str) -> None:
        """Run a command, or say why it cannot be run now."""
        command = BY_ID[name]
        if refusal := command.refusal(self.situation):
            self.tell(refusal, "warning")
            return
        self._acts.of(name)()
