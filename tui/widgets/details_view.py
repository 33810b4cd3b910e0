"""All that is known about a database."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive

from catalog import Commit, Entry, Status
from tui.amounts import moment, quantity, size
from tui.badges import counts, database_badge
from tui.messages import Opened
from tui.plain import plain, plain_lines

from .columns import Fact, beside
from .heading import value_words
from .text_view import TextView

_NAME_WIDTH = 14


class DetailsView(TextView):
    """Name, place, size, state and last commits of the selected database."""

    BORDER_TITLE = "Details"

    entry: reactive[Entry | None] = reactive(None)
    status: reactive[Status | None] = reactive(None)
    opened: reactive[Opened | None] = reactive(None)
    group: reactive[str] = reactive("")

    def watch_entry(self) -> None:
        """Show another database."""
        self.lay_out()

    def watch_status(self) -> None:
        """Show another state."""
        self.lay_out(keep_place=True)

    def watch_opened(self) -> None:
        """Show what is known once a database is open."""
        self.lay_out(keep_place=True)

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give names and values in two columns."""
        if self.entry is None:
            return [Content(""), Content.styled("Choose a database to see its details.", "$quiet")]
        rows: list[Content] = [Content("")]
        for title, facts in (
            ("Database", self._about(self.entry)),
            ("State", self._state()),
            ("Connection", self._connection(self.entry)),
            ("On this machine", self._here()),
        ):
            if facts:
                rows += [Content.styled(title, "bold $primary"), *beside(facts, width, _NAME_WIDTH), Content("")]
        return rows

    def _about(self, entry: Entry) -> list[Fact]:
        facts = [
            ("name", Content.styled(plain(entry.name), "bold")),
            ("description", _text(entry.description)),
            ("group", _text(self.group)),
        ]
        facts += [("tags", _text(", ".join(entry.tags))), ("owner", _text(entry.owner)), ("uuid", _text(entry.key))]
        if self.status and self.status.keys:
            facts.append(("contents", _text(f"{quantity(self.status.keys, 'key')}, {size(self.status.value_bytes)} of values")))
        if self.opened:
            facts.append(("values are", _text(value_words(self.opened.database.serializer))))
        return [(name, value) for name, value in facts if value]

    def _state(self) -> list[Fact]:
        badge = database_badge(self.status)
        facts = [("state", Content.assemble(badge.content(), f" {badge.words}"))]
        if self.status is None:
            return facts
        if apart := counts(self.status.ahead, self.status.behind, self.status.conflicts):
            facts.append(("keys apart", apart))
        if self.status.problem:
            facts.append(("problem", Content.styled(plain(self.status.problem), "$state-trouble")))
        facts += _commit("this copy", self.status.commit)
        if self.status.remote_commit != self.status.commit:
            facts += _commit("remote", self.status.remote_commit)
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
        return [(name, _text(value)) for name, value in facts if value]

    def _here(self) -> list[Fact]:
        if self.opened:
            return [("file", _text(str(self.opened.database.file_path)))]
        if self.status and not self.status.file_exists:
            return [("file", Content.styled("none yet; it is made when the database is opened", "$quiet"))]
        return []


def _text(value: str) -> Content:
    return Content(" ".join(plain_lines(value)))


def _commit(name: str, commit: Commit | None) -> list[Fact]:
    if commit is None:
        return []
    head = Content.assemble(
        f"commit {commit.number} ", (commit.id[:8], "$quiet"), f", {moment(commit.time)}, by {plain(commit.author)}"
    )
    return [(name, head), *([("", Content.styled(f"“{plain(commit.message)}”", "italic"))] if commit.message else [])]
