"""Earlier versions: what is asked before one goes back to one or names one, and how it is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from catalog import Catalog, Change, Commit, Entry, Kind
from tui.amounts import moment, quantity
from tui.badges import KIND_BADGES
from tui.dialogs.confirm import Confirm
from tui.dialogs.tag import TagDialog, UntagDialog
from tui.jobs import Jobs
from tui.messages import Opened
from tui.plain import key_name, plain, plain_lines
from tui.trust import Vouching
from tui.versions import Rewind, RewindPlanned, open_version, plan_rewind, rewind, tag, untag
from tui.widgets.columns import Fact, beside, shorten
from tui.widgets.reader import Lines
from tui.widgets.text_view import continued

from .settling import Settling

if TYPE_CHECKING:
    from .browse import BrowseScreen

_NAME_WIDTH = 11
_MOST_NAMED = 8
_FATES = {Kind.ADDED: "comes back", Kind.MODIFIED: "has its earlier value again", Kind.DELETED: "goes away"}
_FATES_OF_MANY = {Kind.ADDED: "come back", Kind.MODIFIED: "have their earlier value again", Kind.DELETED: "go away"}


def commit_words(commit: Commit) -> Content:
    """Say which commit it is: number, author, time and message."""
    message = " ".join(plain_lines(commit.message))
    return Content.assemble(
        (f"commit {commit.number}", "bold"),
        (f" by {plain(commit.author)}, {moment(commit.time)}", "$quiet"),
        (f"  “{message}”" if message else "", "italic"),
    )


def rewind_question(entry: Entry, plan: Rewind) -> Lines:
    """Say exactly what going back would do to which keys."""
    facts: list[Fact] = [("of", Content(plain(entry.name)))]
    if plan.verb == "undo":
        facts.append(("take back", commit_words(plan.taken_back)))
    facts.append(("go back to", commit_words(plan.to)))
    kinds = [kind for kind in _FATES if plan.kinds.get(kind)]
    fates = [f"{plan.kinds[kind]:,} {(_FATES if plan.kinds[kind] == 1 else _FATES_OF_MANY)[kind]}" for kind in kinds]
    facts.append(("changes", Content.assemble((quantity(plan.keys, "key"), "bold"), f": {', '.join(fates)}")))
    note = "It is a new commit for everybody: the history keeps what is there now, and this can be undone too."
    if plan.met:
        stay = "which stays and becomes a conflict" if plan.met == 1 else "which stay and become conflicts"
        note += f" It meets {quantity(plan.met, 'unpushed change')} of yours, {stay}."

    def lines(width: int) -> list[Content]:
        rows = [*beside(facts, width, _NAME_WIDTH, indent=0), Content("")]
        rows += [_fate(change, width) for change in plan.first[:_MOST_NAMED]]
        if plan.keys > _MOST_NAMED:
            rows.append(Content.styled(f"  … and {quantity(plan.keys - _MOST_NAMED, 'more key')}", "$quiet"))
        return [*rows, Content(""), *continued(Content.styled(note, "$quiet"), width)]

    return lines


def _fate(change: Change, width: int) -> Content:
    badge, fate = KIND_BADGES[change.kind], _FATES[change.kind]
    name = shorten(key_name(change.key), max(width - len(fate) - 6, 8))
    return Content.assemble("  ", badge.content(), f" {name}  ", (fate, "$quiet")).truncate(width, ellipsis=True)


class History:
    """Asks, then starts; the answers of the jobs go to the screen."""

    def __init__(
        self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs, vouching: Callable[[Entry], Vouching], settling: Settling
    ) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._settling = settling

    def open_at(self, opened: Opened, commit: Commit) -> None:
        """Open the database as it was at a commit."""
        vouching = self._vouching(opened.entry)
        self._jobs.read_latest(
            "past-open", "Opening an earlier version", lambda: open_version(self._catalog, opened, vouching, commit), self._screen
        )

    def plan(self, opened: Opened, to: Commit | None) -> None:
        """Find out what going back would do, or an undo without a commit; the question follows."""
        what = "Preparing to go back" if to else "Preparing the undo"
        self._jobs.read_latest("plan", what, lambda: plan_rewind(opened, to), self._screen)

    def ask(self, planned: RewindPlanned) -> None:
        """Ask about what was found out."""
        entry, plan = planned.opened.entry, planned.plan
        if plan is None:
            self._screen.tell("There is no state before the last change that is still kept.", "warning")
            return
        if not plan.keys:
            self._screen.tell(f"Everything is as in commit {plan.to.number} already.", "information")
            return
        vouching = self._vouching(entry)

        def answered(yes: bool | None) -> None:
            if yes:
                self._settling.start(entry, plan.verb, lambda progress: rewind(self._catalog, entry, vouching, plan, progress))

        title, go_on = ("Undo the last push", "Undo") if plan.verb == "undo" else ("Go back", "Go back")
        dialog = Confirm(title, rewind_question(entry, plan), f"{go_on}: {quantity(plan.keys, 'key')}", stay="Leave it")
        self._screen.app.push_screen(dialog, answered)

    def ask_tag(self, entry: Entry, commit: Commit, newest: Commit | None, taken: Mapping[int, tuple[str, ...]]) -> None:
        """Ask for the name of a commit, where ``newest`` is shown as the newest."""
        vouching = self._vouching(entry)

        def answered(name: str | None) -> None:
            if name:
                work = partial(tag, self._catalog, entry, vouching, commit, name, newest)
                self._settling.start(entry, "tag", work)

        self._screen.app.push_screen(TagDialog(commit_words(commit), taken), answered)

    def ask_untag(self, entry: Entry, commit: Commit, newest: Commit | None, names: tuple[str, ...]) -> None:
        """Ask which of the names of a commit goes, where ``newest`` is shown as the newest."""
        vouching = self._vouching(entry)

        def answered(name: str | None) -> None:
            if name:
                self._settling.start(entry, "untag", partial(untag, self._catalog, entry, vouching, name, newest))

        self._screen.app.push_screen(UntagDialog(commit_words(commit), names), answered)
