"""What the program asks of the library about groups and their databases; all of it is called in a job's thread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from textual.content import Content

from catalog import (
    Catalog,
    CatalogError,
    CredentialsError,
    Database,
    Entry,
    GroupRecord,
    ImportPlan,
    InputOptions,
    InvalidInputError,
    NewDatabase,
    OutputOptions,
    Progress,
    S3Connection,
    SearchIndex,
    Summary,
    create_database,
    credentials,
    export_file,
    import_file,
    plan_import,
    read_holder,
    read_json,
    read_remote,
)
from tui.jobs import Done
from tui.kit.amounts import moment, quantity, size
from tui.kit.columns import Fact
from tui.kit.plain import plain
from tui.listing import GroupListing
from tui.opened import Opened, open_for_writing
from tui.trust import Vouching

_MOST_METADATA = 200_000
_MOST_NAMED = 4


@dataclass(frozen=True)
class RemovedDatabase:
    """An entry that was removed from a group, as it was stored there."""

    group: str
    entry: Entry
    stored: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it was called."""
        return self.entry.name


@dataclass(frozen=True)
class RemovedGroup:
    """A group that was removed from this machine's catalog."""

    record: GroupRecord

    @property
    def name(self) -> str:
        """What it was called."""
        return self.record.name


Removed = RemovedDatabase | RemovedGroup


@dataclass(frozen=True)
class Managed(Done):
    """Something was done: said in words, with the group and database to go to, and what can be put back."""

    select: tuple[str, str] | None = None
    removed: Removed | None = None
    is_listed_anew: bool = True
    puts_back: bool = False


@dataclass(frozen=True)
class Tested:
    """A place that was typed into a form answers; what is there."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Details:
    """What is asked about a database when its details are looked at: whose lock it is, whose keys are used, its metadata."""

    facts: tuple[Fact, ...] = ()
    metadata: str = ""


@dataclass(frozen=True)
class Described:
    """What is said of a database."""

    name: str
    description: str
    tags: tuple[str, ...]
    owner: str


@dataclass(frozen=True)
class FilePlan:
    """A file that was checked from end to end, and what an import of it would do."""

    path: Path
    options: InputOptions
    counts: ImportPlan | None


@dataclass(frozen=True)
class NewPlan:
    """A database to be made, and what it would begin with."""

    wanted: NewDatabase
    file: FilePlan | None


@dataclass(frozen=True)
class CopyPlan:
    """A place where there is no database yet."""

    target: S3Connection
    commits: int


def test_place(catalog: Catalog, connection: S3Connection) -> Tested:
    """Ask a place what is there."""
    found = read_remote(connection, catalog.observer)
    if found is None:
        facts: list[Fact] = [("answers", Content("There is nothing at this place yet."))]
    else:
        noun = "entry" if found.type == "group" else "key"
        amount = quantity(found.keys, noun, "entries" if found.type == "group" else "")
        facts = [
            ("answers", Content(f"There is a {found.type} of {amount}, {size(found.commit.size)}.")),
            ("last", Content(plain(f"{found.commit.title}, {moment(found.commit.time)}"))),
        ]
    return Tested(tuple(facts))


def add_group(catalog: Catalog, name: str, connection: S3Connection | None, *, ask: bool) -> Managed:
    """Add a group; with ``ask`` its place must answer, and must hold a group or nothing."""
    if connection is not None and ask:
        found = read_remote(connection, catalog.observer)
        if found is not None and found.type != "group":
            raise InvalidInputError(f"{connection} is a {found.type}, no group.", hint="Add it to a group as a database instead.")
    record = catalog.add_group(name, connection)
    where = "on this machine" if connection is None else f"at {record.connection}"
    return Managed(f"Added the group {record.name}.", f"It lives {where}.")


def add_database(catalog: Catalog, group: str, connection: S3Connection, said: Described) -> Managed:
    """Add a database to a group; its place is asked what is there."""
    found = read_remote(connection, catalog.observer)
    if found is not None and found.type != "database":
        raise InvalidInputError(f"{connection} is a {found.type}, no database.", hint="Add it as a group instead.")
    entry = catalog.add(group, connection, name=said.name, description=said.description, tags=said.tags)
    amount = f"{quantity(entry.keys, 'key')}, {size(entry.value_bytes)}"
    return Managed(f"Added {entry.name} to {group}.", f"{amount}. S shares the group.", select=(group, entry.key))


def describe_database(catalog: Catalog, group: str, entry: Entry, said: Described) -> Managed:
    """Change what a group says of a database."""
    edited = catalog.edit(group, entry.key, name=said.name, description=said.description, tags=said.tags, owner=said.owner)
    details = f"{_left_out(edited)}S shares the group."
    return Managed(f"Changed what {group} says of {edited.name}.", details, select=(group, entry.key))


def refresh_entry(catalog: Catalog, group: str, entry: Entry, vouching: Vouching) -> Managed:
    """Bring an entry up to date with its remote."""
    found = catalog.refresh(group, entry, trust_connection=vouching["trust_connection"])
    return Managed(f"Brought the entry of {entry.name} up to date.", f"Commit {found.commit_number}.", select=(group, entry.key))


def move_database(catalog: Catalog, entry: Entry, group: str, target: str) -> Managed:
    """Move an entry to another group."""
    moved = catalog.move(entry.key, group, target)
    details = f"{_left_out(moved)}S shares each of the two groups."
    return Managed(f"Moved {entry.name} from {group} to {target}.", details, select=(target, entry.key))


def _left_out(entry: Entry) -> str:
    """Which fields that no entry has were left out of one, in a sentence; nothing when there were none."""
    return f"Left out, where it does not belong: {', '.join(entry.left_out)}. " if entry.left_out else ""


def remove_database(catalog: Catalog, group: str, entry: Entry) -> Managed:
    """Remove an entry; no data is deleted."""
    removed = RemovedDatabase(group, entry, catalog.remove(group, entry.key))
    return Managed(f"Removed {entry.name} from {group}.", "Nothing was deleted. Z puts it back.", removed=removed)


def remove_group(catalog: Catalog, name: str) -> Managed:
    """Forget a group on this machine; no data is deleted."""
    removed = RemovedGroup(catalog.group(name))
    catalog.remove_group(name)
    return Managed(f"Removed the group {name}.", "Nothing was deleted. Z puts it back.", removed=removed)


def put_back(catalog: Catalog, removed: Removed) -> Managed:
    """Undo the last removal."""
    if isinstance(removed, RemovedGroup):
        catalog.put_back_group(removed.record)
        return Managed(f"Put the group {removed.name} back.", puts_back=True)
    entry = catalog.put_back(removed.group, removed.entry.key, removed.stored)
    said = f"Put {removed.name} back into {removed.group}."
    return Managed(said, _left_out(entry).rstrip(), select=(removed.group, removed.entry.key), puts_back=True)


def plan_share(catalog: Catalog, group: str) -> Summary:
    """Count what a push of a group would send."""
    with catalog.open_group(group, "c", lock="commit", offline="auto") as opened:
        return opened.changes().summary()


def share_group(catalog: Catalog, group: str, message: str, progress: Progress) -> Managed:
    """Send the changed entries of a group to its remote."""
    with catalog.open_group(group, "c", lock="commit", pull=False, progress=progress) as opened:
        result = opened.changes().push(message=message, progress=progress)
    commit = f" as commit {result.commit.number}" if result.commit else ""
    return Managed(f"Shared {quantity(result.keys, 'entry', 'entries')} of {group}{commit}.")


def check_file(path: Path, into: Database | str, options: InputOptions, progress: Progress) -> FilePlan:
    """Read a file from end to end, and count."""
    return FilePlan(path, options, plan_import(path, into, options, progress=progress))


def check_import(
    catalog: Catalog, entry: Entry, vouching: Vouching, path: Path, options: InputOptions, progress: Progress
) -> FilePlan:
    """Check a file that is to be brought into a database; that one is opened for it alone, for this may take long."""
    with catalog.open(entry, "r", pull=False, offline="auto", **vouching) as database:
        return check_file(path, database, options, progress)


def check_new(catalog: Catalog, wanted: NewDatabase, path: Path | None, options: InputOptions, progress: Progress) -> NewPlan:
    """Check that nothing is at the place of a new database, and the file that it is to be made of."""
    if (found := read_remote(wanted.connection, catalog.observer)) is not None:
        raise InvalidInputError(f"{wanted.connection}: there is a {found.type} already.", hint="Choose another place.")
    file = check_file(path, wanted.serializer or "bytes", options, progress) if path else None
    return NewPlan(wanted, file)


def make_database(catalog: Catalog, plan: NewPlan, progress: Progress) -> Managed:
    """Make a database, push it and add it to its group."""

    def fill(made: Database) -> None:
        if plan.file:
            import_file(made, plan.file.path, plan.file.options, progress=progress)

    entry = create_database(catalog, plan.wanted, fill, progress)
    amount = f"{quantity(entry.keys, 'key')}, {size(entry.value_bytes)}"
    return Managed(
        f"Made {entry.name} in {plan.wanted.group}: {amount}.", "S shares the group.", select=(plan.wanted.group, entry.key)
    )


def import_into(catalog: Catalog, entry: Entry, vouching: Vouching, plan: FilePlan, progress: Progress) -> Managed:
    """Set keys of a database from a file."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        done = import_file(database, plan.path, plan.options, progress=progress)
    changed, same = done.new + done.replaced, f" {quantity(done.same, 'key')} had that value already." if done.same else ""
    left = f" {quantity(len(done.left_out), 'part')} of the input left out." if done.left_out else ""
    if not changed:
        words = f"Nothing of {plan.path.name} is new to {entry.name}."
        return Managed(words, f"{same}{left}".strip(), is_listed_anew=False)
    details = f"They are changes now: P pushes them, D in Changes gives them up.{same}{left}"
    return Managed(f"Imported {quantity(changed, 'key')} into {entry.name}.", details, is_listed_anew=False)


def export_to(
    catalog: Catalog, entry: Entry, vouching: Vouching, path: Path, options: OutputOptions, progress: Progress
) -> Managed:
    """Write a database to a file or folder."""
    with catalog.open(entry, "r", pull=False, offline="auto", progress=progress, **vouching) as database:
        done = export_file(database, path, options, progress=progress)
    details = f"{done.path}, {size(done.file_bytes)}."
    if done.changes:
        named = "; ".join(f"{change.column or 'values'}: {change.how}" for change in done.changes[:_MOST_NAMED])
        more = f"; and {len(done.changes) - _MOST_NAMED:,} more" if len(done.changes) > _MOST_NAMED else ""
        details = f"{details} An import would not bring all of it as it is: {named}{more}."
    return Managed(f"Exported {quantity(done.keys, 'key')} of {entry.name}.", details, is_listed_anew=False)


def check_copy(catalog: Catalog, opened: Opened, target: S3Connection) -> CopyPlan:
    """Check that nothing is at the place of a copy."""
    if (found := read_remote(target, catalog.observer)) is not None and (
        opened.database.remote_commit is None or found.commit.id != opened.database.remote_commit.id
    ):
        raise InvalidInputError(f"{target}: there is a {found.type} already.", hint="Choose another place.")
    commit = opened.database.remote_commit
    return CopyPlan(target, commit.number if commit else 0)


def copy_database(catalog: Catalog, entry: Entry, vouching: Vouching, target: S3Connection, progress: Progress) -> Managed:
    """Copy a remote with its history to another place."""
    with catalog.open(entry, "r", pull=False, progress=progress, **vouching) as database:
        done = database.copy_remote(target, progress)
    how = f"{done.copied:,} objects, {size(done.total_bytes)}; A adds the copy to another group."
    return Managed(f"Copied {entry.name} to {target}.", how, is_listed_anew=False)


def delete_database(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Managed:
    """Delete a remote; the working copy keeps every value."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        database.delete_remote(progress)
    kept = "The copy on this machine has every value; P pushes it as a new database."
    return Managed(f"Deleted the remote of {entry.name}.", kept, is_listed_anew=False)


def read_metadata(opened: Opened) -> str:
    """Read the metadata of a database, as JSON text."""
    metadata = opened.database.get_metadata()
    return "{\n  \n}" if metadata is None else _as_json(metadata)


def save_metadata(catalog: Catalog, entry: Entry, vouching: Vouching, text: str, progress: Progress) -> Managed:
    """Set the metadata of a database, as a change that is not pushed yet."""
    value = read_json(text)
    with open_for_writing(catalog, entry, vouching, progress) as database:
        if value == database.get_metadata():
            return Managed("The metadata is as it was.", is_listed_anew=False)
        database.set_metadata(value)
    said = f"Changed the metadata of {entry.name}."
    return Managed(said, "It is a change now: P pushes it.", is_listed_anew=False)


def read_details(catalog: Catalog, entry: Entry, opened: Opened | None, vouching: Vouching, *, ask: bool) -> Details:
    """Find out what is said of a database only when one asks; with ``ask`` its server may be asked, if it was approved."""
    facts: list[Fact] = []
    if ask and (holder := _holder(catalog, entry, vouching)):
        facts.append(("write lock", Content(holder)))
    used = next((report for report in credentials.explain(entry.connection) if report.used), None)
    if used is not None and not entry.connection.is_folder:
        style = "" if used.found else "$state-trouble"
        facts.append(("keys from", Content.styled(plain(f"{used.source.value}: {used.why}"), style)))
    metadata = opened.database.get_metadata() if opened else None
    return Details(tuple(facts), _shown(metadata))


def _shown(metadata: object) -> str:
    """Metadata as JSON; one too large to be looked at here is named only."""
    if metadata is None:
        return ""
    text = _as_json(metadata)
    return text if len(text) <= _MOST_METADATA else _as_json(f"{size(len(text))} of JSON: too much to show here.")


def _holder(catalog: Catalog, entry: Entry, vouching: Vouching) -> str:
    """Who holds the write lock; nothing where there are no keys to ask with, or no leave to, which is said elsewhere."""
    try:
        catalog.require_approval(entry, origin=vouching["origin"], trust=vouching["trust_connection"])
        holder = read_holder(entry.connection, observer=catalog.observer)
    except CredentialsError:
        return ""
    except CatalogError as error:
        return plain(error.message)
    return "free" if holder is None else f"held by {plain(str(holder))}"


def _as_json(value: object) -> str:
    """Write JSON so that a terminal obeys nothing in it; whatever cannot be printed is inside of strings."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def make_index(listings: Iterable[GroupListing]) -> SearchIndex:
    """Make the catalog searchable."""
    return SearchIndex((listing.name, entry) for listing in listings for entry in listing.entries)
