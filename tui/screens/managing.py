"""Managing groups and databases: asks in forms and questions, then starts; the answers of the jobs go to the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from catalog import CancelledError, Catalog, CatalogError, Entry, GroupRecord, Progress, SearchIndex
from tui.amounts import quantity
from tui.commands import ACTIONS, MENUS_BY_ID
from tui.dialogs.confirm import Confirm
from tui.dialogs.explanation import Explanation
from tui.dialogs.form import FormDialog
from tui.dialogs.menu import MenuDialog, Offer
from tui.dialogs.metadata import MetadataDialog
from tui.dialogs.search import SearchDialog
from tui.dialogs.typed_confirm import TypedConfirm
from tui.jobs import AlreadyWritingError, Jobs, Transfer
from tui.managing import forms, questions, works
from tui.managing.messages import Checked, Managed, ManagingFailed, MetadataRead, Removed, SharePlanned
from tui.messages import Answer, GroupListing
from tui.plain import plain
from tui.trouble import told, way_on
from tui.trust import Vouching
from tui.widgets.catalog_tree import CatalogTree
from tui.widgets.reader import paragraphs

if TYPE_CHECKING:
    from .browse import BrowseScreen

_MOST_EDITED = 300_000
"""Characters of metadata; an editor of more would keep the screen waiting."""
LongWork = Callable[[Progress], Answer]
Then = Callable[[Any], None]


class Managing:
    """One method for each action of the menus, with the action's id for a name."""

    def __init__(self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs, vouching: Callable[[Entry], Vouching]) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._removed: Removed | None = None
        self._searched: tuple[GroupListing, ...] = ()
        self._index: SearchIndex | None = None

    def offer(self, menu: str) -> None:
        """Show a menu."""
        found = MENUS_BY_ID[menu]
        now = self._screen.situation
        offers = [Offer(one.id, one.letter, one.words, one.help, one.refusal(now)) for one in found.actions]
        about = self._screen.entry.name if self._screen.entry else self._screen.group
        self._screen.app.push_screen(MenuDialog(f"{found.title}: {about}" if about else found.title, offers), self._chosen)

    def _chosen(self, action: str | None) -> None:
        if action:
            self.run(action)

    def run(self, action: str) -> None:
        """Do an action, or say why it cannot be done now."""
        if refusal := ACTIONS[action].refusal(self._screen.situation):
            self._screen.tell(refusal, "warning")
            return
        act: Callable[[], None] = getattr(self, action.replace("-", "_"))
        act()

    # What opens a form

    def add_group(self) -> None:
        """Ask for a group."""
        self._ask(forms.group_form(self._catalog), self.take)

    def add_database(self) -> None:
        """Ask for a database that has a remote."""
        self._with_group(lambda record: self._ask(forms.database_form(self._catalog, record), self.take))

    def new_database(self) -> None:
        """Ask what a new database is to be made of."""
        self._with_group(lambda record: self._ask(forms.new_form(self._catalog, record), self._ask_new))

    def describe(self) -> None:
        """Ask what is to be said of the database."""
        if entry := self._screen.entry:
            self._ask(forms.describe_form(self._catalog, self._screen.group, entry), self.take)

    def import_files(self) -> None:
        """Ask for files to bring into the database."""
        if opened := self._screen.opened:
            self._ask(forms.import_form(opened), partial(self._ask_import, opened.entry))

    def export_files(self) -> None:
        """Ask where to write the database."""
        if opened := self._screen.opened:
            self._ask(forms.export_form(opened), partial(self._export, opened.entry))

    def copy_remote(self) -> None:
        """Ask where to copy the remote."""
        if opened := self._screen.opened:
            self._ask(forms.copy_form(self._catalog, opened), partial(self._ask_copy, opened.entry))

    def _ask(self, form: forms.Form, then: Then) -> None:
        def answered(answer: Answer | None) -> None:
            if isinstance(answer, Checked):
                then(answer.plan)
            elif answer is not None:
                then(answer)

        self._screen.app.push_screen(FormDialog(self._jobs, form), answered)

    def _with_group(self, act: Callable[[GroupRecord], None]) -> None:
        try:
            record = self._catalog.group(self._screen.group)
        except CatalogError as error:
            self._screen.tell(error.message, "warning", error.hint)
            return
        act(record)

    # What asks first

    def _ask_new(self, plan: works.NewPlan) -> None:
        wanted = plan.wanted
        self._confirm(
            f"Make {plain(wanted.name)}",
            questions.new_question(plan),
            "Make and push it",
            lambda: self._start(
                f"new:{wanted.group}/{wanted.name}", "creation", wanted.name, partial(works.make_database, self._catalog, plan)
            ),
            is_safe=True,
        )

    def _ask_import(self, entry: Entry, plan: works.FilePlan) -> None:
        count = plan.counts.keys if plan.counts else 0
        work = partial(works.import_into, self._catalog, entry, self._vouching(entry), plan)
        self._confirm(
            f"Import into {plain(entry.name)}",
            questions.import_question(entry, plan),
            f"Import {quantity(count, 'key')}",
            lambda: self._start(entry.key, "import", entry.name, work),
            is_safe=not (plan.counts and plan.counts.replaced),
        )

    def _export(self, entry: Entry, plan: forms.ExportPlan) -> None:
        work = partial(works.export_to, self._catalog, entry, self._vouching(entry), plan.path, plan.options)
        self._start(f"export:{entry.key}", "export", entry.name, work)

    def _ask_copy(self, entry: Entry, plan: works.CopyPlan) -> None:
        work = partial(works.copy_database, self._catalog, entry, self._vouching(entry), plan.target)
        self._confirm(
            f"Copy {plain(entry.name)}",
            questions.copy_question(entry, plan, self._screen.status),
            "Copy it",
            lambda: self._start(f"copy:{entry.key}", "copy", entry.name, work),
            is_safe=True,
        )

    def remove_database(self) -> None:
        """Ask about removing the database from its group."""
        if entry := self._screen.entry:
            group = self._screen.group
            self._confirm(
                f"Remove {plain(entry.name)}",
                questions.remove_question(group, entry),
                "Remove the entry",
                lambda: self._do("Removing", lambda: works.remove_database(self._catalog, group, entry)),
            )

    def remove_group(self) -> None:
        """Ask about removing the group."""

        def ask(record: GroupRecord) -> None:
            listing = next((one for one in self._screen.listings or () if one.name == record.name), None)
            self._confirm(
                f"Remove the group {plain(record.name)}",
                questions.remove_group_question(record, listing),
                "Remove the group",
                lambda: self._do("Removing", lambda: works.remove_group(self._catalog, record.name)),
            )

        self._with_group(ask)

    def delete_remote(self) -> None:
        """Ask for the name of the database before its remote is deleted."""
        entry, status = self._screen.entry, self._screen.status
        if entry is None:
            return
        listings = self._screen.listings or ()
        named = [one.name for one in listings if any(_is_same(other, entry) for other in one.entries)]
        work = partial(works.delete_database, self._catalog, entry, self._vouching(entry))

        def answered(yes: bool | None) -> None:
            if yes:
                self._start(entry.key, "deletion", entry.name, work)

        lines = questions.delete_question(entry, status, named)
        dialog = TypedConfirm(f"Delete the remote of {entry.name}", lines, entry.name, "Delete the remote")
        self._screen.app.push_screen(dialog, answered)

    def move(self) -> None:
        """Ask to which group the database is to go."""
        entry, group = self._screen.entry, self._screen.group
        if entry is None:
            return
        names = [listing.name for listing in self._screen.listings or () if listing.name != group]
        offers = [Offer(name, str(number) if number < 10 else "", name) for number, name in enumerate(names, 1)]

        def chosen(target: str | None) -> None:
            if target:
                self._do("Moving", lambda: works.move_database(self._catalog, entry, group, target))

        self._screen.app.push_screen(MenuDialog(f"Move {entry.name} from {group} to", offers), chosen)

    def refresh_entry(self) -> None:
        """Bring the entry up to date."""
        if entry := self._screen.entry:
            group, vouching = self._screen.group, self._vouching(entry)
            self._do("Asking the remote", lambda: works.refresh_entry(self._catalog, group, entry, vouching))

    def _confirm(self, title: str, lines: Any, go_on: str, act: Callable[[], None], *, is_safe: bool = False) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                act()

        self._screen.app.push_screen(Confirm(title, lines, go_on, is_safe=is_safe), answered)

    # Metadata, sharing, search

    def edit_metadata(self) -> None:
        """Read the metadata, to be edited then."""
        if opened := self._screen.opened:
            self._jobs.read_latest("metadata", "Reading the metadata", lambda: works.read_metadata(opened), self._screen)

    def ask_metadata(self, message: MetadataRead) -> None:
        """Edit the metadata that was read."""
        entry = message.opened.entry
        if len(message.text) > _MOST_EDITED:
            words = f"The metadata of {entry.name} is too long to be edited here."
            self._screen.tell(words, "warning", "Set it from Python: database.set_metadata(…).")
            return

        def answered(text: str | None) -> None:
            if text is not None:
                work = partial(works.save_metadata, self._catalog, entry, self._vouching(entry), text)
                self._start(entry.key, "change of metadata", entry.name, work)

        self._screen.app.push_screen(MetadataDialog(entry.name, message.text), answered)

    def share(self) -> None:
        """Count what a push of the group would send; the question follows."""
        group = self._screen.group
        self._jobs.read_latest("share", "Looking at the group", lambda: works.plan_share(self._catalog, group), self._screen)

    def ask_share(self, planned: SharePlanned) -> None:
        """Ask about pushing a group."""
        count = planned.summary.outgoing + planned.summary.conflicts
        if not count:
            self._screen.tell(f"Nothing was changed in {planned.group} since it was shared.")
            return

        def ask(record: GroupRecord) -> None:
            def answered(yes: bool | None) -> None:
                if yes:
                    work = partial(works.share_group, self._catalog, planned.group, "")
                    self._start(f"group:{planned.group}", "sharing", planned.group, work)

            lines = questions.share_question(record, planned.summary)
            dialog = Confirm(f"Share {plain(planned.group)}", lines, f"Send {quantity(count, 'entry', 'entries')}", is_safe=True)
            self._screen.app.push_screen(dialog, answered)

        self._with_group(ask)

    def search(self) -> None:
        """Search the catalog, and go to what was chosen."""

        def chosen(key: str | None) -> None:
            if key:
                self._screen.show_database(key)

        listings = self._screen.listings or ()
        if self._searched is not listings:
            self._searched, self._index = listings, None
        self._screen.app.push_screen(SearchDialog(self._jobs, listings, self._index, self._keep_index), chosen)

    def _keep_index(self, index: SearchIndex) -> None:
        self._index = index

    def put_back(self) -> None:
        """Undo the last removal of this session."""
        removed = self._removed
        if removed is None:
            self._screen.tell("Nothing was removed in this session.", "warning")
            return
        self._do("Putting back", lambda: works.put_back(self._catalog, removed))

    # What comes of it

    def _do(self, what: str, work: Callable[[], Answer]) -> None:
        self._jobs.read_latest("managing", what, work, self._screen)

    def _start(self, subject: str, verb: str, name: str, work: LongWork) -> None:
        progress = Progress()
        try:
            self._jobs.write(
                Transfer(subject, verb, name, progress),
                partial(work, progress),
                partial(ManagingFailed, verb, name),
                self._screen,
            )
        except AlreadyWritingError as error:
            self._screen.tell(f"A {error.transfer.verb} of {plain(name)} is still running; wait for it or cancel it.", "warning")
        self._screen.transfers_changed()

    def take(self, message: Managed) -> None:
        """Say what was done, and show what has changed."""
        self._screen.transfers_changed()
        self._screen.tell(message.text, "information", message.details)
        if message.removed or message.puts_back:
            self._removed = message.removed
        if message.changed:
            self._screen.look_again(message.changed)
        if message.is_listed_anew:
            self._screen.query_one(CatalogTree).wanted = message.select
            self._screen.read_catalog()

    def explain(self, message: ManagingFailed) -> None:
        """Say why something was not done."""
        self._screen.transfers_changed()
        text = f"The {message.verb} of {message.name} did not happen."
        if isinstance(message.error, CancelledError):
            self._screen.tell(f"The {message.verb} of {message.name} was cancelled.", "warning", message.error.hint)
            return
        hint = way_on(message.error)
        self._screen.tell(text, "error", f"{message.error.message} {hint}".rstrip())
        body = told(message.error.message, hint)
        self._screen.app.push_screen(Explanation(plain(text), paragraphs(body), ""))


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two entries are about one remote; a copy of it has its identity, at a place of its own."""
    return one.key == other.key and one.connection.to_dict() == other.connection.to_dict()
