"""All that is known about a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import orjson
from textual import on
from textual.content import Content
from textual.reactive import reactive

from catalog import Catalog, Commit, Entry, State, Status
from tui.jobs import Jobs
from tui.kit.amounts import moment, quantity, size
from tui.kit.badges import counts, database_badge, unusable
from tui.kit.columns import Fact, beside
from tui.kit.plain import plain, plain_lines
from tui.kit.text_view import TextView
from tui.kit.trouble import in_words
from tui.kit.whereabouts import place_facts
from tui.listing import GroupListing
from tui.opened import Opened
from tui.trust import Vouching
from tui.values.json_lines import highlight_json, json_lines
from tui.work import ReadFailed, begin

from .library import Details, read_details

_NAME_WIDTH = 14
_MOST_LINES = 400
_ANSWERING = frozenset({State.IN_STEP, State.AHEAD, State.BEHIND, State.DIVERGED, State.CONFLICT, State.NOT_HERE})


class DetailsView(TextView):
    """Name, place, size, state, last commits, lock, keys and metadata of the selected database.

    What needs asking is asked when one looks.
    """

    BORDER_TITLE = "Details"

    entry: reactive[Entry | None] = reactive(None)
    status: reactive[Status | None] = reactive(None)
    opened: reactive[Opened | None] = reactive(None)
    group: reactive[str] = reactive("")
    listings: reactive[tuple[GroupListing, ...] | None] = reactive(None)
    group_statuses: reactive[Mapping[str, Status]] = reactive(dict)

    def __init__(self, catalog: Catalog, jobs: Jobs, vouching: Callable[[Entry], Vouching], id: str | None = None) -> None:
        super().__init__(id=id)
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._read: Details | None = None

    def watch_entry(self, old: Entry | None, new: Entry | None) -> None:
        """Show another database."""
        if old is None or new is None or old.key != new.key:
            self._read = None
        self._look()
        self.lay_out()

    def watch_group(self) -> None:
        """Show another group."""
        if self.entry is None:
            self.lay_out()

    def watch_group_statuses(self) -> None:
        """Show another state of the group."""
        if self.entry is None:
            self.lay_out(keep_place=True)

    def watch_status(self) -> None:
        """Show another state."""
        self._look()
        self.lay_out(keep_place=True)

    def watch_opened(self) -> None:
        """Show what is known once a database is open."""
        self._look()
        self.lay_out(keep_place=True)

    def on_show(self) -> None:
        """Ask what needs asking."""
        self._look()

    def _look(self) -> None:
        """Ask about the lock, the keys and the metadata, while one looks; a server only where it answered just now."""
        entry, opened, status = self.entry, self.opened, self.status
        if entry is None or not self.is_attached or not self.display or status is None:
            return
        ask = status.remote_commit is not None and status.state in _ANSWERING
        begin(self, self._show_details(entry, opened, ask=ask))

    async def _show_details(self, entry: Entry, opened: Opened | None, *, ask: bool) -> None:
        catalog, vouching = self._catalog, self._vouching(entry)
        found = await self._jobs.latest(
            "details", "Reading the details", lambda: read_details(catalog, entry, opened, vouching, ask=ask)
        )
        if self.entry and self.entry.key == entry.key:
            self._read = found
            self.lay_out(keep_place=True)

    @on(ReadFailed)
    def _leave_out(self, message: ReadFailed) -> None:
        """What could not be asked is not shown; the state says why."""
        message.stop()

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give names and values in two columns."""
        if self.entry is None:
            return self._group_rows(width)
        rows: list[Content] = [Content("")]
        for title, facts in (
            ("Database", self._about(self.entry)),
            ("State", self._state(self.entry)),
            ("Connection", self._connection(self.entry)),
            ("On this machine", self._here()),
        ):
            if facts:
                rows += [Content.styled(title, "bold $primary"), *beside(facts, width, _NAME_WIDTH), Content("")]
        rows += _document("Metadata", self._read.metadata if self._read else "", "E edits it", width)
        if self.entry.user_meta is not None:
            rows += _document("Notes in the group", _as_json(self.entry.user_meta), "", width)
        return rows

    def _group_rows(self, width: int) -> list[Content]:
        """What is known of the group, where no database is selected."""
        listing = next((one for one in self.listings or () if one.name == self.group), None)
        if listing is None:
            return [Content(""), Content.styled("Choose a group or a database to see its details.", "$quiet")]
        status = self.group_statuses.get(listing.name)
        badge = database_badge(status)
        facts: list[Fact] = [
            ("name", Content.styled(plain(listing.name), "bold")),
            ("databases", _text(f"{len(listing.entries):,}")),
            ("state", Content.assemble(badge.content(), f" {badge.words}")),
        ]
        if status is not None and (apart := counts(status.ahead, status.behind, status.conflicts)):
            facts.append(("entries apart", Content.assemble(apart, ("  S shares what was changed here", "$quiet"))))
        if broken := unusable(status, len(listing.entries)):
            words = f"{quantity(broken, 'entry', 'entries')} that cannot be used; adding the database again replaces one"
            facts.append(("unusable", Content.styled(words, "$state-conflict")))
        if problem := in_words(listing.problem or (status.problem if status else "")):
            facts.append(("problem", Content.styled(plain(problem), "$state-trouble")))
        facts += _commit("this copy", status.commit if status else None)
        place = place_facts("lives at", listing.connection) if listing.connection else []
        return [Content(""), Content.styled("Group", "bold $primary"), *beside([*facts, *place], width, _NAME_WIDTH)]

    def _about(self, entry: Entry) -> list[Fact]:
        facts = [
            ("name", Content.styled(plain(entry.name), "bold")),
            ("description", _text(entry.description)),
            ("group", _text(self.group)),
        ]
        facts += [("tags", _text(", ".join(entry.tags))), ("owner", _text(entry.owner)), ("uuid", _text(entry.key))]
        if self.status and self.status.keys:
            facts.append(("contents", _text(f"{quantity(self.status.keys, 'key')}, {size(self.status.size)} of values")))
        if self.opened:
            facts.append(("values are", _text(self.opened.value_words)))
        return [(name, value) for name, value in facts if value]

    def _state(self, entry: Entry) -> list[Fact]:
        badge = database_badge(self.status)
        facts = [("state", Content.assemble(badge.content(), f" {badge.words}"))]
        if self.status is None:
            return facts
        if apart := counts(self.status.ahead, self.status.behind, self.status.conflicts):
            facts.append(("keys apart", apart))
        if self.status.problem:
            facts.append(("problem", Content.styled(plain(in_words(self.status.problem)), "$state-trouble")))
        facts += _commit("this copy", self.status.commit)
        newest = self.status.remote_commit
        if newest != self.status.commit:
            facts += _commit("remote", newest)
        if newest is not None and 0 < entry.commit_number < newest.number:
            words = f"of commit {entry.commit_number}, older than its remote: E brings it up to date"
            facts.append(("group's entry", Content.styled(words, "$quiet")))
        return facts

    def _connection(self, entry: Entry) -> list[Fact]:
        connection = entry.connection
        facts = [
            ("endpoint", connection.endpoint_url or ("" if connection.is_address_only else "AWS")),
            ("bucket", connection.bucket),
            ("database key", connection.db_key),
            ("public address", connection.db_url),
            ("credentials", connection.profile and f"profile {connection.profile}"),
        ]
        asked = list(self._read.facts) if self._read else []
        return [*((name, _text(value)) for name, value in facts if value), *asked]

    def _here(self) -> list[Fact]:
        if self.opened:
            return [("file", _text(str(self.opened.database.file_path)))]
        if self.status and not self.status.file_exists:
            return [("file", Content.styled("none yet; it is made when the database is opened", "$quiet"))]
        return []


def _text(value: str) -> Content:
    return Content(" ".join(plain_lines(value)))


def _as_json(value: object) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _document(title: str, text: str, note: str, width: int) -> list[Content]:
    """Some JSON under its title, as far as it is worth showing here."""
    if not text:
        return []
    lines = list(islice(json_lines(orjson.loads(text), max(width - 2, 20)), _MOST_LINES + 1))
    head = Content.assemble((title, "bold $primary"), (f"   {note}" if note else "", "$quiet"))
    shown = [Content.assemble("  ", highlight_json(plain(line))) for line in lines[:_MOST_LINES]]
    more = [Content.styled("  …", "$quiet")] if len(lines) > _MOST_LINES else []
    return [head, *shown, *more, Content("")]


def _commit(name: str, commit: Commit | None) -> list[Fact]:
    if commit is None:
        return []
    if commit.from_ebooklet:
        return [(name, Content(f"{commit.title}, {moment(commit.time)}"))]
    head = Content.assemble(
        f"commit {commit.number} ", (commit.id[:8], "$quiet"), f", {moment(commit.time)}, by {plain(commit.author)}"
    )
    return [(name, head), *([("", Content.styled(f"“{plain(commit.message)}”", "italic"))] if commit.message else [])]
