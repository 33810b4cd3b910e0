"""Push, pull and discard: what is asked before, and how they are started."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.content import Content
from textual.screen import Screen

from catalog import Catalog, CatalogError, Change, Direction, Entry, Progress, S3Connection, Summary
from tui.amounts import quantity, size
from tui.dialogs.confirm import Confirm
from tui.dialogs.push import PushDialog
from tui.jobs import AlreadyWritingError, Jobs, Transfer
from tui.messages import Answer, Opened, SettlingPlanned, Severity, WriteFailed
from tui.plain import key_name, plain
from tui.reading import plan_settling
from tui.writing import discard, keep_mine, pull, push

Tell = Callable[[str, Severity], None]
WriteWork = Callable[[Progress], Answer]

_NAME_WIDTH = 10


def _facts(facts: list[tuple[str, Content | str]]) -> Content:
    return Content("\n").join([Content.assemble((name.ljust(_NAME_WIDTH), "$quiet"), value) for name, value in facts])


def _amount(keys: int, noun: str, bytes_: int) -> Content:
    return Content.assemble((quantity(keys, noun), "bold"), f", {size(bytes_)}")


def _note(words: str) -> Content:
    return Content.styled(f"\n\n{words}", "$quiet")


def push_question(entry: Entry, summary: Summary) -> Content:
    """Say what a push would send, and where to."""
    facts: list[tuple[str, Content | str]] = [
        ("send", _amount(summary.outgoing + summary.conflicts, "key", summary.bytes_up)),
        ("from", plain(entry.name)),
        *_place("to", entry.connection),
    ]
    note = ""
    if summary.conflicts:
        note = (
            f"{quantity(summary.conflicts, 'key')} of these were also changed by someone else. "
            "The push will stop and show them; nothing is overwritten."
        )
    elif summary.incoming:
        others = quantity(summary.incoming, "other key")
        note = f"Your colleagues changed {others} meanwhile, which stay as they are."
    return Content.assemble(_facts(facts), _note(note) if note else "")


def pull_question(entry: Entry, summary: Summary) -> Content:
    """Say what a pull would bring, and where from."""
    facts: list[tuple[str, Content | str]] = [
        ("fetch", _amount(summary.incoming + summary.conflicts, "changed key", summary.bytes_down)),
        *_place("from", entry.connection),
        ("into", plain(entry.name)),
    ]
    kept = f"Your {quantity(summary.outgoing, 'unpushed change')} stay as they are." if summary.outgoing else ""
    if summary.conflicts:
        both = quantity(summary.conflicts, "key")
        kept = f"{kept} {both} changed on both sides keep your value and stay marked as conflicts.".strip()
    return Content.assemble(_facts(facts), _note(kept) if kept else "")


def discard_question(entry: Entry, change: Change | None, summary: Summary | None) -> Content:
    """Say what a discard would give up."""
    if change is not None:
        after = {
            Direction.CONFLICT: "The key then has the value of your colleagues.",
            Direction.OUTGOING: "The key then is as it was at the last pull.",
            Direction.INCOMING: "",
        }[change.direction]
        facts: list[tuple[str, Content | str]] = [("give up", Content.styled(f"your change of {key_name(change.key)}", "bold"))]
    else:
        after = "Every key then is as it was at the last pull; keys in conflict have the value of your colleagues."
        count = summary.outgoing + summary.conflicts if summary else 0
        facts = [("give up", Content.styled(f"all of your {quantity(count, 'unpushed change')}", "bold"))]
    facts.append(("of", plain(entry.name)))
    return Content.assemble(_facts(facts), _note(f"{after} This cannot be undone."))


def _place(name: str, connection: S3Connection) -> list[tuple[str, Content | str]]:
    if connection.is_folder or connection.is_address_only:
        return [(name, plain(str(connection)))]
    return [(name, plain(f"{connection.bucket}/{connection.db_key}")), ("", plain(f"at {connection.endpoint_url or 'AWS'}"))]


class Settling:
    """Asks, then starts; the answers of the jobs go to the screen."""

    def __init__(self, screen: Screen[None], catalog: Catalog, jobs: Jobs, tell: Tell, started: Callable[[], None]) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._tell = tell
        self._started = started

    def plan(self, opened: Opened, verb: str) -> None:
        """Count what a push, a pull or a discard of everything would move; the question follows."""
        self._jobs.read_latest("plan", f"Preparing the {verb}", lambda: plan_settling(opened, verb), self._screen)

    def ask(self, planned: SettlingPlanned) -> None:
        """Ask about what was counted."""
        entry, summary = planned.opened.entry, planned.summary
        ask = {"push": self._ask_push, "pull": self._ask_pull, "discard": self._ask_discard_all}[planned.verb]
        ask(entry, summary)

    def _ask_push(self, entry: Entry, summary: Summary) -> None:
        keys = summary.outgoing + summary.conflicts
        if not keys:
            self._tell("There is nothing to push: no key was changed here.", "information")
            return
        dialog = PushDialog(f"Push {plain(entry.name)}", push_question(entry, summary), f"Push {quantity(keys, 'key')}")

        def start(message: str | None) -> None:
            if message is not None:
                self._start(entry, "push", lambda progress: push(self._catalog, entry, message, progress))

        self._screen.app.push_screen(dialog, start)

    def _ask_pull(self, entry: Entry, summary: Summary) -> None:
        keys = summary.incoming + summary.conflicts
        if not keys:
            self._tell("There is nothing to pull: the remote has nothing new.", "information")
            return
        dialog = Confirm(
            f"Pull {plain(entry.name)}", pull_question(entry, summary), f"Pull {quantity(keys, 'key')}", is_safe=True
        )

        def start(yes: bool | None) -> None:
            if yes:
                self._start(entry, "pull", lambda progress: pull(self._catalog, entry, progress))

        self._screen.app.push_screen(dialog, start)

    def _ask_discard_all(self, entry: Entry, summary: Summary) -> None:
        count = summary.outgoing + summary.conflicts
        body = discard_question(entry, None, summary)
        self._ask_discard_of(entry, body, None, count, f"Discard {quantity(count, 'change')}")

    def ask_discard(self, entry: Entry, change: Change) -> None:
        """Ask about giving up one change."""
        self._ask_discard_of(entry, discard_question(entry, change, None), [change.key], 1, "Discard the change")

    def keep_mine(self, entry: Entry, change: Change) -> None:
        """End a conflict with the value of this copy; nothing leaves this machine before a push."""
        self._start(entry, "resolve", lambda progress: keep_mine(self._catalog, entry, change.key, progress))

    def _ask_discard_of(self, entry: Entry, body: Content, keys: list[str] | None, count: int, go_on: str) -> None:
        def start(yes: bool | None) -> None:
            if yes:
                self._start(entry, "discard", lambda progress: discard(self._catalog, entry, keys, count, progress))

        self._screen.app.push_screen(Confirm(f"Discard in {plain(entry.name)}", body, go_on, stay="Keep"), start)

    def _start(self, entry: Entry, verb: str, work: WriteWork) -> None:
        progress = Progress()
        transfer = Transfer(entry.key, verb, entry.name, progress)
        try:
            self._jobs.write(transfer, partial(work, progress), partial(_failed, entry, verb), self._screen)
        except AlreadyWritingError as error:
            self._tell(f"A {error.transfer.verb} of {plain(entry.name)} is still running; wait for it or cancel it.", "warning")
        self._started()


def _failed(entry: Entry, verb: str, error: CatalogError) -> WriteFailed:
    return WriteFailed(entry, verb, error)
