"""The credentials of this machine: which profiles have keys, and which keys the selected database would use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from catalog import Catalog, Entry, State
from catalog.credentials import Source, SourceReport
from tui.jobs import Jobs
from tui.kit.badges import database_badge
from tui.kit.columns import beside
from tui.kit.confirm import Confirm
from tui.kit.dialog import Dialog
from tui.kit.plain import plain
from tui.kit.reader import Lines, Reader, paragraphs
from tui.kit.trouble import in_words, said
from tui.trust import Vouching
from tui.work import ReadFailed, begin

from .dialogs import KeysDialog
from .library import ProfileRow, SavedKeys, explain_source, forget_keys, list_profiles, profile_of, try_keys
from .list import ProfileList

_SOURCE_WIDTH = 16
_REFUSED = frozenset({State.NO_KEYS, State.NOT_APPROVED, State.DENIED, State.BROKEN, State.UNREACHABLE})


@dataclass(frozen=True)
class KnownPlace:
    """A database that keys can be tried on."""

    entry: Entry
    vouching: Vouching


class CredentialsScreen(Dialog[None]):
    """Lists, adds, tries and forgets keys. ``changed`` is called when other keys may be used than before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,K", "dismiss", "Close", show=False),
        Binding("a", "add", "Add", show=False),
        Binding("t", "try", "Try", show=False),
        Binding("f,d,delete", "forget", "Forget", show=False),
    ]

    def __init__(
        self, catalog: Catalog, jobs: Jobs, selected: Entry | None, places: Sequence[KnownPlace], changed: Callable[[], None]
    ) -> None:
        super().__init__()
        self._catalog = catalog
        self._jobs = jobs
        self._selected = selected
        self._places = places
        self._changed = changed

    def compose(self) -> ComposeResult:
        """The profiles, what was done to them, and the sources of the selected database."""
        with Vertical(classes="box wide", id="profiles-box") as box:
            box.border_title = "Credentials"
            box.border_subtitle = "a add · t try · f forget · esc close"
            yield ProfileList(id="profiles")
            yield Reader(paragraphs(Content("")), can_focus=False, id="result")
            yield Reader(self._about_sources(None), id="sources")

    def on_mount(self) -> None:
        """Read what there is."""
        self.query_one(ProfileList).focus()
        self._read()

    def _read(self) -> None:
        begin(self, self._show_profiles())
        if entry := self._selected:
            begin(self, self._show_sources(entry))

    async def _show_profiles(self) -> None:
        rows = await self._jobs.latest("profiles", "Reading the profiles", list_profiles)
        self.query_one(ProfileList).rows = rows

    async def _show_sources(self, entry: Entry) -> None:
        reports = await self._jobs.latest("source", "Asking for the source", lambda: explain_source(entry))
        self.query_one("#sources", Reader).show(self._about_sources(reports))

    def _about_sources(self, reports: Sequence[SourceReport] | None) -> Lines:
        if self._selected is None:
            return paragraphs(Content.styled("Select a database to see which keys it would use.", "$quiet"))
        title = Content.assemble(("Keys of ", "$quiet"), (plain(self._selected.name), "bold $primary"))

        def lines(width: int) -> list[Content]:
            if reports is None:
                return [title, Content.styled("  Asking…", "$quiet")]
            rows = [title]
            for report in _worth_telling(reports):
                mark, style = _mark(report)
                name = f"{mark} {report.source.value}"
                rows += beside([(name, Content.styled(plain(report.why), style))], width, _SOURCE_WIDTH, style, indent=1)
            if not any(report.used for report in reports):
                rows.append(Content.styled("  There are none: press a to enter some.", "$state-trouble"))
            return rows

        return lines

    def _say(self, text: str, style: str) -> None:
        self.query_one("#result", Reader).show(paragraphs(Content.assemble((plain(text), style), "\n")))

    @on(ReadFailed)
    def _explain(self, message: ReadFailed) -> None:
        self._say(said(message.error), "$state-trouble")

    def action_add(self) -> None:
        """Ask for a key pair, for the selected database unless another is meant."""
        begin(self, self._add(KeysDialog(self._jobs, *prefilled(self._selected))))

    async def _add(self, dialog: KeysDialog) -> None:
        self.app.push_screen(dialog, dialog.take_answer)
        if saved := await dialog.answer:
            self._say(saved_words(saved), "$state-good")
            self._changed()
            self._read()

    def action_try(self) -> None:
        """Ask a server with the keys under the cursor."""
        row = self.query_one(ProfileList).row
        if row is None:
            return
        place = self._place_of(row)
        if place is None:
            self._say(f"No database of your catalog uses {row.profile}, so there is nothing to try it on.", "$state-ahead")
            return
        self._say(f"Trying {row.profile} on {place.entry.name}…", "$accent")
        begin(self, self._try(row, place.entry, place.vouching))

    async def _try(self, row: ProfileRow, entry: Entry, vouching: Vouching) -> None:
        status = await self._jobs.latest("try", "Trying the keys", lambda: try_keys(self._catalog, row, entry, vouching))
        if status.state in _REFUSED:
            self._say(f"{entry.name}: {database_badge(status).words}. {in_words(status.problem)}", "$state-trouble")
        else:
            self._say(f"The keys work: {entry.name} answered to {row.profile}.", "$state-good")

    def _place_of(self, row: ProfileRow) -> KnownPlace | None:
        """The selected database if it uses this profile, else the first that does."""
        fitting = [place for place in self._places if profile_of(place.entry) == row.profile]
        selected = [place for place in fitting if self._selected and place.entry.key == self._selected.key]
        return next(iter([*selected, *fitting]), None)

    def action_forget(self) -> None:
        """Ask, then delete the keys under the cursor."""
        row = self.query_one(ProfileList).row
        if row is None:
            return
        where = "this session" if row.created is None else "the keyring of this machine"
        body = Content.assemble(
            f"Delete the keys of {plain(str(row.profile))} from {where}?",
            ("\n\nThe server still knows them; delete them there too if nobody needs them.", "$quiet"),
        )

        begin(self, self._forget(row, Confirm("Forget keys", paragraphs(body), "Forget them", stay="Keep")))

    async def _forget(self, row: ProfileRow, dialog: Confirm) -> None:
        self.app.push_screen(dialog, dialog.take_answer)
        if await dialog.answer:
            self._say(f"Forgetting {row.profile}…", "$accent")
            await self._jobs.latest("forget", "Forgetting keys", lambda: forget_keys(row))
            self._say(f"Forgot the keys of {row.profile}.", "$state-good")
            self._changed()
            self._read()


def prefilled(entry: Entry | None) -> tuple[str, str]:
    """The endpoint and the profile to begin with; an empty endpoint is AWS."""
    profile = profile_of(entry) if entry else None
    return ((entry.connection.endpoint_url or "") if entry and profile else "", profile.name if profile else "")


def saved_words(saved: SavedKeys) -> str:
    """Say what was kept, and where."""
    return f"Kept the keys of {saved.profile} {'in the keyring' if saved.in_keyring else 'for this session'}."


def _worth_telling(reports: Sequence[SourceReport]) -> list[SourceReport]:
    """The source that decides, then the others in order; those that only a program or a connection could use if they are."""
    rare = {Source.EXPLICIT, Source.ANONYMOUS}
    shown = [report for report in reports if report.found or report.source not in rare]
    return sorted(shown, key=lambda report: not report.used)


def _mark(report: SourceReport) -> tuple[str, str]:
    if report.used:
        return ("✓", "$state-good") if report.found else ("✗", "$state-trouble")
    return "·", "$quiet"
