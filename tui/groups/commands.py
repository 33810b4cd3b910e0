"""What is done about groups and databases as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from textual.content import Content

from catalog import CatalogError, Entry, GroupRecord, Progress, SearchIndex, Status
from tui.command import (
    Situation,
    action,
    command,
    declared_actions,
    needs_database,
    needs_open,
    needs_permission,
    needs_write,
)
from tui.host import Host, Write
from tui.jobs import ReadError
from tui.kit.amounts import quantity
from tui.kit.confirm import Confirm, TypedConfirm
from tui.kit.menu import MenuDialog, Offer
from tui.kit.plain import plain
from tui.kit.reader import Lines
from tui.kit.trouble import way_on
from tui.opened import Opened

from . import forms, library, questions
from .form import FormDialog
from .library import Managed, Removed
from .metadata import MetadataDialog
from .search import SearchDialog


@dataclass(frozen=True)
class Menu:
    """Actions of one kind, which a key offers together."""

    id: str
    title: str
    actions: tuple[str, ...]


MENUS = {
    menu.id: menu
    for menu in (
        Menu("add", "Add", ("add-group", "add-database", "new-database")),
        Menu("edit", "Edit", ("describe", "edit-metadata", "move", "refresh-entry")),
        Menu("import", "Import", ("import-files", "new-database")),
        Menu("export", "Export", ("export-files", "copy-remote")),
        Menu("remove", "Remove", ("remove-database", "remove-group", "delete-remote")),
    )
}


def _change_group(now: Situation) -> str:
    return needs_permission(now) or ("" if now.group else "Choose a group first, or a database in it.")


def _change_database(now: Situation) -> str:
    return needs_permission(now) or needs_database(now)


def _move(now: Situation) -> str:
    return _change_database(now) or ("" if now.groups > 1 else "There is only one group: A adds another.")


def _no_remote(now: Situation) -> str:
    answers = now.status is not None and now.status.remote_commit is not None
    return "" if answers else "It has no remote that answers now."


def _copy_remote(now: Situation) -> str:
    return needs_permission(now) or needs_open(now)


def _delete_remote(now: Situation) -> str:
    if now.entry and now.entry.connection.is_address_only:
        return "A public address only reads: who has the keys of the bucket can delete it."
    return needs_write(now)


def _not_to_delete(now: Situation) -> str:
    return _no_remote(now) or ("Pull first (p): what others have pushed is nowhere else." if _is_older(now.status) else "")


def _is_older(status: Status | None) -> bool:
    """Whether the copy here is of another commit than the remote."""
    here, there = (status.commit, status.remote_commit) if status else (None, None)
    return here is not None and there is not None and here.id != there.id


class Groups:
    """Groups and databases found, made, described, moved, shared and removed."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._removed: Removed | None = None
        self._searched: object = ()
        self._index: SearchIndex | None = None

    @property
    def _opened(self) -> Opened:
        opened = self._host.opened
        assert opened is not None
        return opened

    @property
    def _entry(self) -> Entry:
        entry = self._host.entry
        assert entry is not None
        return entry

    @command("search", "Search", "ctrl+f", "Search names, tags, descriptions and metadata of all databases.", rank=45)
    async def search(self) -> None:
        """Search the catalog, and go to what was chosen."""
        listings = self._host.listings or ()
        if self._searched is not listings:
            self._searched, self._index = listings, None
        if key := await self._host.open(SearchDialog(self._host.jobs, listings, self._index, self._keep_index)).answer:
            self._host.go_to_database(key)

    def _keep_index(self, index: SearchIndex) -> None:
        self._index = index

    @command("add", "Add…", "A", "Add a group, or a database to it; make a new database.", refusal=needs_permission, rank=42)
    async def add(self) -> None:
        """Offer what can be added."""
        await self._offer("add")

    @command("edit", "Edit…", "E", "Edit the description or the metadata; move to another group.", refusal=_change_database)
    async def edit(self) -> None:
        """Offer what can be edited."""
        await self._offer("edit")

    @command("bring-in", "Import…", "i", "Bring files into the database, or make one of them.", refusal=needs_permission)
    async def bring_in(self) -> None:
        """Offer what files can be brought into."""
        await self._offer("import")

    @command("export", "Export…", "O", "Write the database to files, or copy its remote.", refusal=needs_open)
    async def export(self) -> None:
        """Offer where to the database can go."""
        await self._offer("export")

    @command("remove", "Remove…", "X", "Remove from the group, or delete the remote; asks first.", refusal=_change_group)
    async def remove(self) -> None:
        """Offer what can be removed."""
        await self._offer("remove")

    async def _offer(self, menu: str) -> None:
        found, now = MENUS[menu], self._host.situation
        actions = [ACTIONS[name] for name in found.actions]
        offers = [Offer(one.id, one.letter, one.words, one.help, one.refusal(now), one.needless(now)) for one in actions]
        about = self._host.entry.name if self._host.entry else self._host.group
        chosen = await self._host.open(MenuDialog(f"{found.title}: {about}" if about else found.title, offers)).answer
        if chosen:
            await self._host.run(chosen)

    @command("put-back", "Put back", "Z", "Put back what was removed last.", refusal=needs_permission)
    async def put_back(self) -> None:
        """Undo the last removal of this session."""
        removed = self._removed
        if removed is None:
            self._host.tell("Nothing was removed in this session.", "warning")
        else:
            await self._do("Putting back", lambda: library.put_back(self._host.catalog, removed))

    @command(
        "share-group", "Share group", "S", "Send what was changed in the group to those who share it.", refusal=_change_group
    )
    async def share_group(self) -> None:
        """Count what a push of the group would send, ask, then push it."""
        group, host = self._host.group, self._host
        if (record := self._record()) is None:
            return
        dialog = host.open(Confirm(f"Share {plain(group)}", None, "Send", is_safe=True))
        try:
            summary = await host.jobs.latest("share", "Looking at the group", lambda: library.plan_share(host.catalog, group))
        except ReadError as failure:
            dialog.explain(failure.error)
            return
        count = summary.outgoing + summary.conflicts
        if not count:
            dialog.refuse(Content(f"Nothing was changed in {plain(group)} since it was shared."))
            return
        dialog.fill(questions.share_question(record, summary), f"Send {quantity(count, 'entry', 'entries')}")
        if await dialog.answer:
            work = partial(library.share_group, host.catalog, group, "")
            await self._write(Write(f"group:{group}", "sharing", group), work)

    # What the menus offer

    @action("add-group", "g", "Add a group…", "A group of this machine, or one that others share.", refusal=needs_permission)
    async def add_group(self) -> None:
        """Ask for a group, and add it."""
        await self._fill(forms.group_form(self._host.catalog), "add-group", "")

    @action(
        "add-database",
        "d",
        "Add a database…",
        "One that has a remote already, to the selected group.",
        refusal=_change_group,
    )
    async def add_database(self) -> None:
        """Ask for a database that has a remote, and add it."""
        if record := self._record():
            await self._fill(forms.database_form(self._host.catalog, record), "add-database", record.name)

    @action(
        "new-database", "n", "Make a database…", "A new one, empty or from files, in the selected group.", refusal=_change_group
    )
    async def new_database(self) -> None:
        """Ask what a new database is to be made of, check that, ask again, then make it."""
        if (record := self._record()) is None:
            return
        draft = self._host.drafts.of("new-database", record.name)
        plan = await self._host.open(FormDialog(self._host.jobs, forms.new_form(self._host.catalog, record), draft)).answer
        if plan is None:
            return
        wanted = plan.wanted
        if await self._agrees(f"Make {plain(wanted.name)}", questions.new_question(plan), "Make and push it", is_safe=True):
            work = partial(library.make_database, self._host.catalog, plan)
            if await self._write(Write(f"new:{wanted.group}/{wanted.name}", "creation", wanted.name), work):
                draft.forget()

    @action(
        "describe",
        "d",
        "Describe it…",
        "Name, description, tags and owner, as the group says them.",
        refusal=_change_database,
    )
    async def describe(self) -> None:
        """Ask what is to be said of the database, and say it."""
        form = forms.describe_form(self._host.catalog, self._host.group, self._entry)
        await self._fill(form, "describe", f"{self._host.group}/{self._entry.key}")

    @action(
        "edit-metadata", "m", "Edit its metadata…", "JSON that belongs to the database; a change to push.", refusal=needs_write
    )
    async def edit_metadata(self) -> None:
        """Read the metadata, have it edited, then set it."""
        host, entry = self._host, self._opened.entry
        draft = host.drafts.of("metadata", entry.key)
        dialog = host.open(MetadataDialog(entry.name, draft))
        try:
            text = await host.ask_open("metadata", "Reading the metadata", library.read_metadata)
        except ReadError as failure:
            dialog.explain(failure.error)
        else:
            dialog.fill(text)
        if (edited := await dialog.answer) is not None:
            work = partial(library.save_metadata, host.catalog, entry, host.vouching(entry), edited)
            if await self._write(Write.of(entry, "change of metadata"), work):
                draft.forget()

    @action("move", "v", "Move it to another group…", "Only the entry moves; the data stays where it is.", refusal=_move)
    async def move(self) -> None:
        """Ask to which group the database is to go, and move it."""
        entry, group, catalog = self._entry, self._host.group, self._host.catalog
        names = [listing.name for listing in self._host.listings or () if listing.name != group]
        offers = [Offer(name, str(number) if number < 10 else "", name) for number, name in enumerate(names, 1)]
        if target := await self._host.open(MenuDialog(f"Move {entry.name} from {group} to", offers)).answer:
            await self._do("Moving", lambda: library.move_database(catalog, entry, group, target))

    @action(
        "refresh-entry",
        "r",
        "Bring its entry up to date",
        "Ask its remote again for what the entry says.",
        refusal=_change_database,
    )
    async def refresh_entry(self) -> None:
        """Bring the entry up to date."""
        entry, group, host = self._entry, self._host.group, self._host
        vouching = host.vouching(entry)
        await self._do("Asking the remote", lambda: library.refresh_entry(host.catalog, group, entry, vouching))

    @action(
        "import-files",
        "i",
        "Import into this database…",
        "Set keys from CSV, JSON lines, Parquet or a folder.",
        refusal=needs_write,
    )
    async def import_files(self) -> None:
        """Ask for files, check them, ask again, then bring them into the database."""
        host, entry = self._host, self._opened.entry
        draft = host.drafts.of("import", entry.key)
        plan = await host.open(
            FormDialog(
                host.jobs,
                forms.import_form(partial(library.check_import, host.catalog, entry, host.vouching(entry)), entry.name),
                draft,
            )
        ).answer
        if plan is None:
            return
        go_on = f"Import {quantity(plan.counts.keys if plan.counts else 0, 'key')}"
        is_safe = not (plan.counts and plan.counts.replaced)
        if await self._agrees(f"Import into {plain(entry.name)}", questions.import_question(entry, plan), go_on, is_safe=is_safe):
            work = partial(library.import_into, host.catalog, entry, host.vouching(entry), plan)
            if await self._write(Write.of(entry, "import"), work):
                draft.forget()

    @action("export-files", "e", "Export to files…", "Write CSV, JSON lines, Parquet or a folder of files.", refusal=needs_open)
    async def export_files(self) -> None:
        """Ask where to write the database, and write it."""
        opened, host = self._opened, self._host
        entry = opened.entry
        draft = host.drafts.of("export", entry.key)
        if (plan := await host.open(FormDialog(host.jobs, forms.export_form(opened), draft)).answer) is not None:
            work = partial(library.export_to, host.catalog, entry, host.vouching(entry), plan.path, plan.options)
            if await self._write(Write(f"export:{entry.key}", "export", entry.name), work):
                draft.forget()

    @action(
        "copy-remote",
        "c",
        "Copy its remote…",
        "To another place, with its whole history.",
        refusal=_copy_remote,
        needless=_no_remote,
    )
    async def copy_remote(self) -> None:
        """Ask where to copy the remote, check that, ask again, then copy it."""
        opened, host = self._opened, self._host
        entry = opened.entry
        draft = host.drafts.of("copy", entry.key)
        plan = await host.open(FormDialog(host.jobs, forms.copy_form(host.catalog, opened), draft)).answer
        if plan is None:
            return
        lines = questions.copy_question(entry, plan, host.status)
        if await self._agrees(f"Copy {plain(entry.name)}", lines, "Copy it", is_safe=True):
            work = partial(library.copy_database, host.catalog, entry, host.vouching(entry), plan.target)
            if await self._write(Write(f"copy:{entry.key}", "copy", entry.name), work):
                draft.forget()

    @action("remove-database", "r", "Remove it from its group…", "Deletes no data; Z puts it back.", refusal=_change_database)
    async def remove_database(self) -> None:
        """Ask, then remove the database from its group."""
        entry, group, catalog = self._entry, self._host.group, self._host.catalog
        if await self._agrees(f"Remove {plain(entry.name)}", questions.remove_question(group, entry), "Remove the entry"):
            await self._do("Removing", lambda: library.remove_database(catalog, group, entry))

    @action(
        "remove-group",
        "g",
        "Remove the group…",
        "From this machine's list; deletes no data; Z puts it back.",
        refusal=_change_group,
    )
    async def remove_group(self) -> None:
        """Ask, then remove the group."""
        if (record := self._record()) is None:
            return
        listing = next((one for one in self._host.listings or () if one.name == record.name), None)
        lines = questions.remove_group_question(record, listing)
        if await self._agrees(f"Remove the group {plain(record.name)}", lines, "Remove the group"):
            await self._do("Removing", lambda: library.remove_group(self._host.catalog, record.name))

    @action(
        "delete-remote",
        "D",
        "Delete its remote…",
        "For everyone, with its history; the copy here stays.",
        refusal=_delete_remote,
        needless=_not_to_delete,
    )
    async def delete_remote(self) -> None:
        """Ask for the name of the database, then delete its remote."""
        entry, host = self._entry, self._host
        named = [one.name for one in host.listings or () if any(_is_same(other, entry) for other in one.entries)]
        lines = questions.delete_question(entry, host.status, named)
        dialog = TypedConfirm(f"Delete the remote of {entry.name}", lines, entry.name, "Delete the remote")
        if await host.open(dialog).answer:
            work = partial(library.delete_database, host.catalog, entry, host.vouching(entry))
            await self._write(Write.of(entry, "deletion"), work)

    # How it is asked and done

    async def _fill(self, form: forms.Form, name: str, about: str) -> None:
        """Have a form filled in, which does what it asks for."""
        draft = self._host.drafts.of(name, about)
        if isinstance(managed := await self._host.open(FormDialog(self._host.jobs, form, draft)).answer, Managed):
            draft.forget()
            self._host.tell(managed.text, "information", managed.details)
            self._follow(managed)

    async def _agrees(self, title: str, lines: Lines, go_on: str, *, is_safe: bool = False) -> bool:
        return bool(await self._host.open(Confirm(title, lines, go_on, is_safe=is_safe)).answer)

    async def _do(self, what: str, work: Callable[[], Managed]) -> None:
        """Do something that is quickly done."""
        managed = await self._host.jobs.latest("managing", what, work)
        self._host.tell(managed.text, "information", managed.details)
        self._follow(managed)

    async def _write(self, write: Write, work: Callable[[Progress], Managed]) -> bool:
        """Make a write; whether it was done."""
        if managed := await self._host.write(write, work):
            self._follow(managed)
        return managed is not None

    def _follow(self, managed: Managed) -> None:
        """Show what has changed."""
        if managed.removed or managed.puts_back:
            self._removed = managed.removed
        if managed.is_listed_anew:
            self._host.list_again(managed.select)

    def _record(self) -> GroupRecord | None:
        """The selected group; says why when it is not there."""
        try:
            return self._host.catalog.group(self._host.group)
        except CatalogError as error:
            self._host.tell(error.message, "warning", way_on(error))
            return None


ACTIONS = {one.id: one for one in declared_actions(Groups)}


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two entries are about one remote; a copy of it has its identity, at a place of its own."""
    return one.key == other.key and one.connection.to_dict() == other.connection.to_dict()
