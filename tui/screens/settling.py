"""Push, pull and discard: what is asked before, how they are started, and what is said of their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from catalog import CancelledError, Catalog, CatalogError, Change, ConflictError, Direction, Entry, Progress, Summary
from tui.amounts import quantity, size
from tui.dialogs.confirm import Confirm
from tui.dialogs.explanation import Explanation
from tui.dialogs.push import Conflicts, PushAnswer, PushDialog
from tui.jobs import AlreadyWritingError, Jobs, Transfer
from tui.messages import Answer, Discarded, Done, Opened, Pulled, Pushed, SettlingPlanned, WriteFailed
from tui.plain import key_name, plain
from tui.pushing import PushPlanned, estimate_push, plan_push, push
from tui.reading import plan_settling
from tui.trouble import told, way_on
from tui.trust import Vouching
from tui.whereabouts import place_facts
from tui.widgets.columns import Fact, beside
from tui.widgets.reader import Lines, paragraphs
from tui.widgets.text_view import continued
from tui.writing import discard, pull

if TYPE_CHECKING:
    from .browse import BrowseScreen

WriteWork = Callable[[Progress], Answer]

_NAME_WIDTH = 9


def question(facts: Sequence[Fact], note: str) -> Lines:
    """Put facts above a note."""

    def lines(width: int) -> list[Content]:
        rows = beside(facts, width, _NAME_WIDTH, indent=0)
        if note:
            rows += [Content(""), *continued(Content.styled(note, "$quiet"), width)]
        return rows

    return lines


def _amount(keys: int, noun: str, bytes_: int) -> Content:
    return Content.assemble((quantity(keys, noun), "bold"), f", {size(bytes_)}")


def pull_question(entry: Entry, summary: Summary) -> Lines:
    """Say what a pull would bring, and where from."""
    facts: list[Fact] = [
        ("fetch", _amount(summary.incoming + summary.conflicts, "changed key", summary.bytes_down)),
        *place_facts("from", entry.connection),
        ("into", Content(plain(entry.name))),
    ]
    kept = f"Your {quantity(summary.outgoing, 'unpushed change')} stay as they are." if summary.outgoing else ""
    if summary.conflicts:
        both = quantity(summary.conflicts, "key")
        kept = f"{kept} {both} changed on both sides keep your value and stay marked as conflicts.".strip()
    return question(facts, kept)


def discard_question(entry: Entry, change: Change | None, summary: Summary | None) -> Lines:
    """Say what a discard would give up."""
    if change is not None:
        after = {
            Direction.CONFLICT: "The key then has the value of your colleagues.",
            Direction.OUTGOING: "The key then is as it was at the last pull.",
            Direction.INCOMING: "",
        }[change.direction]
        facts: list[Fact] = [("give up", Content.styled(f"your change of {key_name(change.key)}", "bold"))]
    else:
        after = "Every key then is as it was at the last pull; keys in conflict have the value of your colleagues."
        count = summary.outgoing + summary.conflicts if summary else 0
        facts = [("give up", Content.styled(f"all of your {quantity(count, 'unpushed change')}", "bold"))]
    facts.append(("of", Content(plain(entry.name))))
    return question(facts, f"{after} This cannot be undone.")


def outcome(message: Pushed | Pulled | Discarded | Done) -> tuple[str, str]:
    """Say what a write has done, and its details."""
    name = message.entry.name
    match message:
        case Pushed(_, result):
            commit = f" as commit {result.commit.number}" if result.commit else ""
            details = f"{size(result.bytes_up)} sent in {quantity(result.requests, 'request')}."
            return f"Pushed {quantity(result.keys, 'key')} of {name}{commit}.", details
        case Pulled(_, result):
            kept = f" {quantity(len(result.conflicts), 'key')} in conflict kept your value." if result.conflicts else ""
            return f"Pulled {quantity(result.keys, 'key')} into {name}.", f"{size(result.bytes_down)} fetched.{kept}"
        case Discarded(_, keys):
            return f"Discarded {quantity(keys, 'change')} of {name}.", ""
        case Done(_, text, details):
            return text, details


class Settling:
    """Asks, then starts; the answers of the jobs go to the screen."""

    def __init__(self, screen: BrowseScreen, catalog: Catalog, jobs: Jobs, vouching: Callable[[Entry], Vouching]) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching

    def plan_push(self, opened: Opened, chosen: frozenset[str] | None) -> None:
        """Count what a push of some keys, or of all, would send; the question follows."""
        self._jobs.read_latest("plan", "Preparing the push", lambda: plan_push(opened, chosen), self._screen)

    def plan(self, opened: Opened, verb: str) -> None:
        """Count what a pull or a discard of everything would move; the question follows."""
        self._jobs.read_latest("plan", f"Preparing the {verb}", lambda: plan_settling(opened, verb), self._screen)

    def ask(self, planned: SettlingPlanned) -> None:
        """Ask about what was counted."""
        entry, summary = planned.opened.entry, planned.summary
        ask = {"pull": self._ask_pull, "discard": self._ask_discard_all}[planned.verb]
        ask(entry, summary)

    def ask_push(self, planned: PushPlanned) -> None:
        """Ask about a push, or say why there is nothing to ask about."""
        entry, plan = planned.opened.entry, planned.plan
        if not plan.keys_up and plan.conflicts:
            self._screen.tell("Every key that you changed is in conflict: settle one, then push it.", "warning")
            self._screen.show_conflicts()
            return
        if not plan.keys_up:
            self._screen.tell("There is nothing to push: no key was changed here.", "information")
            return
        vouching = self._vouching(entry)

        def answered(answer: PushAnswer) -> None:
            if isinstance(answer, Conflicts):
                self._screen.show_conflicts()
            elif answer is not None:
                self.start(entry, "push", lambda progress: push(self._catalog, entry, vouching, answer, progress))

        dialog = PushDialog(
            self._jobs, entry, plan, lambda progress: estimate_push(self._catalog, entry, vouching, plan.chosen, progress)
        )
        self._screen.app.push_screen(dialog, answered)

    def _ask_pull(self, entry: Entry, summary: Summary) -> None:
        keys = summary.incoming + summary.conflicts
        if not keys:
            self._screen.tell("There is nothing to pull: the remote has nothing new.", "information")
            return
        dialog = Confirm(
            f"Pull {plain(entry.name)}", pull_question(entry, summary), f"Pull {quantity(keys, 'key')}", is_safe=True
        )

        def start(yes: bool | None) -> None:
            if yes:
                self.start(entry, "pull", lambda progress: pull(self._catalog, entry, self._vouching(entry), progress))

        self._screen.app.push_screen(dialog, start)

    def _ask_discard_all(self, entry: Entry, summary: Summary) -> None:
        count = summary.outgoing + summary.conflicts
        lines = discard_question(entry, None, summary)
        self._ask_discard_of(entry, lines, None, count, f"Discard {quantity(count, 'change')}")

    def ask_discard(self, entry: Entry, change: Change) -> None:
        """Ask about giving up one change."""
        self._ask_discard_of(entry, discard_question(entry, change, None), [change.key], 1, "Discard the change")

    def _ask_discard_of(self, entry: Entry, lines: Lines, keys: list[str] | None, count: int, go_on: str) -> None:
        def start(yes: bool | None) -> None:
            if yes:
                self.start(
                    entry, "discard", lambda progress: discard(self._catalog, entry, self._vouching(entry), keys, count, progress)
                )

        self._screen.app.push_screen(Confirm(f"Discard in {plain(entry.name)}", lines, go_on, stay="Keep"), start)

    def start(self, entry: Entry, verb: str, work: WriteWork) -> None:
        """Start a write, unless this database is being written already."""
        progress = Progress()
        transfer = Transfer(entry.key, verb, entry.name, progress)
        try:
            self._jobs.write(transfer, partial(work, progress), partial(_failed, entry, verb), self._screen)
        except AlreadyWritingError as error:
            self._screen.tell(
                f"A {error.transfer.verb} of {plain(entry.name)} is still running; wait for it or cancel it.", "warning"
            )
        self._screen.transfers_changed()

    def take(self, message: Pushed | Pulled | Discarded | Done) -> None:
        """Say what was done, and show what has changed."""
        text, details = outcome(message)
        self._screen.tell(text, "information", details)
        if isinstance(message, Pushed) and self._is_selected(message.entry):
            self._screen.changes_pane.list.clear_choice()
        self._screen.look_again(message.entry)

    def explain(self, message: WriteFailed) -> None:
        """Say why something was not done, and how to go on."""
        self._screen.look_again(message.entry)
        error, name = message.error, message.entry.name
        if isinstance(error, CancelledError):
            self._screen.tell(f"The {message.verb} of {name} was cancelled.", "warning", str(error))
            return
        way_out, hint = "", way_on(error)
        self._screen.tell(f"The {message.verb} of {name} did not happen.", "error", f"{error.message} {hint}".rstrip())
        if isinstance(error, ConflictError):
            way_out, hint = (
                "Show the conflicts",
                "Look at all sides of each, keep yours (y) or take theirs (T), then push again.",
            )

        def follow(yes: bool | None) -> None:
            if yes and self._is_selected(message.entry):
                self._screen.show_conflicts()

        dialog = Explanation(f"{message.verb.capitalize()} of {plain(name)}", paragraphs(told(error.message, hint)), way_out)
        self._screen.app.push_screen(dialog, follow)

    def _is_selected(self, entry: Entry) -> bool:
        return self._screen.entry is not None and self._screen.entry.key == entry.key


def _failed(entry: Entry, verb: str, error: CatalogError) -> WriteFailed:
    return WriteFailed(entry, verb, error)
