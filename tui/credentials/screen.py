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
from textual.screen import ModalScreen

from catalog import Catalog, Entry, State
from catalog.credentials import Profile, Source, SourceReport
from tui.jobs import Jobs
from tui.kit.badges import database_badge
from tui.kit.columns import beside
from tui.kit.confirm import Confirm
from tui.kit.plain import plain
from tui.kit.reader import Lines, Reader, paragraphs
from tui.messages import JobFailed, KeysForgotten, KeysSaved, KeysTried, ProfileRow, ProfilesListed, SourceExplained
from tui.trust import Vouching

from .keys import KeysDialog
from .library import explain_source, forget_keys, list_profiles, try_keys
from .list import ProfileList

_SOURCE_WIDTH = 16
_REFUSED = frozenset({State.NO_KEYS, State.NOT_APPROVED, State.DENIED, State.BROKEN, State.UNREACHABLE})


@dataclass(frozen=True)
class KnownPlace:
    """A database that keys can be tried on."""

    entry: Entry
    vouching: Vouching


class CredentialsScreen(ModalScreen[None]):
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
        super().__init__(classes="dialog")
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
        self._jobs.read_latest("profiles", "Reading the profiles", list_profiles, self)
        if entry := self._selected:
            self._jobs.read_latest("source", "Asking for the source", lambda: explain_source(entry), self)

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

    @on(ProfilesListed)
    def _take_profiles(self, message: ProfilesListed) -> None:
        self.query_one(ProfileList).rows = message.rows

    @on(SourceExplained)
    def _take_sources(self, message: SourceExplained) -> None:
        self.query_one("#sources", Reader).show(self._about_sources(message.reports))

    @on(JobFailed)
    def _explain(self, message: JobFailed) -> None:
        self._say(str(message.error), "$state-trouble")

    def action_add(self) -> None:
        """Ask for a key pair, for the selected database unless another is meant."""
        endpoint, profile = prefilled(self._selected)

        def added(saved: KeysSaved | None) -> None:
            if saved:
                self._say(saved_words(saved), "$state-good")
                self._changed()
                self._read()

        self.app.push_screen(KeysDialog(self._jobs, endpoint, profile), added)

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
        catalog, entry, vouching = self._catalog, place.entry, place.vouching
        self._jobs.read_latest("try", "Trying the keys", lambda: try_keys(catalog, row, entry, vouching), self)

    def _place_of(self, row: ProfileRow) -> KnownPlace | None:
        """The selected database if it uses this profile, else the first that does."""
        fitting = [place for place in self._places if profile_of(place.entry) == row.profile]
        selected = [place for place in fitting if self._selected and place.entry.key == self._selected.key]
        return next(iter([*selected, *fitting]), None)

    @on(KeysTried)
    def _take_trial(self, message: KeysTried) -> None:
        if message.status.state in _REFUSED:
            words = database_badge(message.status).words
            self._say(f"{message.entry.name}: {words}. {message.status.problem}", "$state-trouble")
        else:
            self._say(f"The keys work: {message.entry.name} answered to {message.profile}.", "$state-good")

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

        def forget(yes: bool | None) -> None:
            if yes:
                self._say(f"Forgetting {row.profile}…", "$accent")
                self._jobs.read_latest("forget", "Forgetting keys", lambda: forget_keys(row), self)

        self.app.push_screen(Confirm("Forget keys", paragraphs(body), "Forget them", stay="Keep"), forget)

    @on(KeysForgotten)
    def _take_forgotten(self, message: KeysForgotten) -> None:
        self._say(f"Forgot the keys of {message.profile}.", "$state-good")
        self._changed()
        self._read()


def profile_of(entry: Entry) -> Profile | None:
    """The profile that a database uses; None where no keys are needed."""
    connection = entry.connection
    return None if connection.is_folder or connection.is_address_only else Profile.of(connection)


def prefilled(entry: Entry | None) -> tuple[str, str]:
    """The endpoint and the profile to begin with; an empty endpoint is AWS."""
    profile = profile_of(entry) if entry else None
    return ((entry.connection.endpoint_url or "") if entry and profile else "", profile.name if profile else "")


def saved_words(saved: KeysSaved) -> str:
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
