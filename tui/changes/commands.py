"""What is done about differences from the remote."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeGuard

from textual.content import Content

from catalog import Change, Direction, Entry, Progress, State
from tui.command import CHANGES, Place, Situation, command, needs_write
from tui.facts import NOT_HEARD
from tui.host import Host, Write
from tui.jobs import Done, ReadError
from tui.kit.amounts import quantity
from tui.kit.confirm import Confirm
from tui.kit.menu import MenuDialog
from tui.kit.plain import plain
from tui.kit.trouble import in_words, told
from tui.opened import Opened
from tui.trust import Vouching
from tui.work import begin

from . import library, parting
from .dialogs import (
    BothSides,
    Conflicts,
    PushDialog,
    ValueDialog,
    both_sides_question,
    discard_question,
    pull_question,
    theirs_question,
)
from .library import Choice, typing_of
from .pane import ChangesPane

_LIST = frozenset({Place.CHANGES})
_CONFLICT = frozenset({Place.CONFLICT})
_SIDES = frozenset({Place.CHANGES, Place.COMPARISON})
NOTHING_TO_PUSH = "There is nothing to push: no key was changed here."
NOTHING_TO_PULL = "There is nothing to pull: the remote has nothing new."
NOTHING_TO_DISCARD = "There is nothing to discard: no key was changed here."


def _has_none_of_yours(now: Situation) -> bool:
    return now.status is not None and not now.status.ahead and not now.status.conflicts


def _no_push(now: Situation) -> str:
    is_first = now.status is not None and now.status.state is State.EMPTY
    return NOTHING_TO_PUSH if _has_none_of_yours(now) and not is_first else ""


def _no_discard(now: Situation) -> str:
    return NOTHING_TO_DISCARD if _has_none_of_yours(now) else ""


def _no_pull(now: Situation) -> str:
    has_news = now.status is None or now.status.behind or now.status.conflicts or now.status.state is State.PARTED
    return "" if has_news else NOTHING_TO_PULL


def _is_yours(change: Change | None) -> bool:
    return change is not None and change.direction is not Direction.INCOMING


def _discard_one(now: Situation) -> str:
    words = "Choose one of your own changes first; incoming changes are not yours to discard."
    return needs_write(now) or ("" if _is_yours(now.change) else words)


def _choose_one(now: Situation) -> str:
    if now.change is not None and now.change.direction is Direction.CONFLICT:
        return needs_write(now) or "A conflict has to be settled before it can be pushed."
    return needs_write(now) or ("" if _is_yours(now.change) else "Only changes of yours can be chosen for a push.")


def _choose_any(now: Situation) -> str:
    has_some = now.status is None or now.status.ahead
    return "" if has_some else "There is nothing to choose: no key was changed here."


def _is_conflict(change: Change | None) -> TypeGuard[Change]:
    return change is not None and change.direction is Direction.CONFLICT


def _has_sides(now: Situation) -> str:
    return "" if _is_conflict(now.change) else "Only a conflict has other sides to compare."


def _settle_one(now: Situation) -> str:
    return needs_write(now) or ("" if _is_conflict(now.change) else "Only a conflict has two sides to choose from.")


def _write_one(now: Situation) -> str:
    if _is_conflict(now.change) and typing_of(now.serializer, now.change.key) is None:
        return needs_write(now) or "Values of this kind cannot be typed: keep yours, take theirs, or write one with Python."
    return _settle_one(now)


def _no_conflicts(now: Situation) -> str:
    return "" if now.conflicts else "There are no conflicts."


class Changes:
    """Push, pull, discard, and the ways to end a conflict."""

    def __init__(self, host: Host, pane: ChangesPane) -> None:
        self._host = host
        self._pane = pane

    @property
    def _opened(self) -> Opened:
        opened = self._host.opened
        assert opened is not None
        return opened

    @property
    def _change(self) -> Change:
        change = self._pane.list.change
        assert change is not None
        return change

    @command(
        "choose",
        "Choose",
        "space",
        "Choose a change for the next push, or no longer; with none chosen all are pushed.",
        refusal=_choose_one,
        places=_LIST,
        rank=72,
    )
    async def choose(self) -> None:
        """Choose a change for the next push, or no longer."""
        self._pane.list.choose()

    @command(
        "choose-all",
        "All or none",
        "a",
        "Choose all of your changes for the next push, or none.",
        refusal=needs_write,
        needless=_choose_any,
        places=_LIST,
    )
    async def choose_all(self) -> None:
        """Choose all of one's own changes, or none."""
        self._pane.list.choose_all()

    @command(
        "discard",
        "Discard",
        "d",
        "Give up your change of this key; a conflict ends with their value.",
        refusal=_discard_one,
        places=_SIDES,
        rank=70,
    )
    async def discard(self) -> None:
        """Ask, then give up one change."""
        entry, change = self._opened.entry, self._change
        lines = discard_question(entry, change, 1)
        dialog = self._host.open(Confirm(f"Discard in {plain(entry.name)}", lines, "Discard the change", stay="Keep"))
        if await dialog.answer:
            await self._write(entry, "discard", partial(library.discard, keys=[change.key], count=1))

    @command(
        "discard-all",
        "Discard all",
        "D",
        "Give up all your unpushed changes of this database.",
        refusal=needs_write,
        needless=_no_discard,
        tells=True,
        places=CHANGES,
    )
    async def discard_all(self) -> None:
        """Count, ask, then give up all changes."""
        entry = self._opened.entry
        dialog = self._host.open(Confirm(f"Discard in {plain(entry.name)}", None, "Discard", stay="Keep"))
        try:
            summary = await self._host.ask_open("plan", "Preparing the discard", library.summarize)
        except ReadError as failure:
            dialog.explain(failure.error)
        else:
            if count := summary.outgoing + summary.conflicts:
                dialog.fill(discard_question(entry, None, count), f"Discard {quantity(count, 'change')}")
                if await dialog.answer:
                    await self._write(entry, "discard", partial(library.discard, keys=None, count=count))
            else:
                dialog.refuse(Content(NOTHING_TO_DISCARD))

    @command(
        "push",
        "Push",
        "P",
        "Send your changes, or those that you chose, to the remote, after a question.",
        refusal=needs_write,
        needless=_no_push,
        tells=True,
        rank=80,
    )
    async def push(self) -> None:
        """Ask about a push of what was chosen, or of all, while what it takes is counted; then push."""
        entry, chosen = self._opened.entry, self._pane.list.chosen
        draft = self._host.drafts.of("push", entry.key)
        dialog = self._host.open(PushDialog(entry, draft))
        begin(self._pane, self._count_push(dialog, entry, chosen))
        order = await dialog.answer
        if isinstance(order, Conflicts):
            await self.show_conflicts()
        elif order is not None and await self._write(entry, "push", partial(library.push, order=order)):
            draft.forget()
            self._pane.choose_none(entry)

    async def _count_push(self, dialog: PushDialog, entry: Entry, chosen: frozenset[str] | None) -> None:
        """Find out what would be sent, then what that takes; nobody has to wait for it."""
        jobs = self._host.jobs
        try:
            plan = await self._host.ask_open("plan", "Preparing the push", lambda now: library.plan_push(now, chosen))
        except ReadError as failure:
            dialog.explain(failure.error)
            return
        dialog.fill(plan)
        if not plan.keys_up:
            return
        progress, vouching = Progress(), self._host.vouching(entry)
        dialog.answer.add_done_callback(lambda _: progress.cancel())
        estimate = partial(library.estimate_push, self._host.catalog, entry, vouching, chosen, progress)
        try:
            dialog.take_estimate(await jobs.latest("estimate", "Counting what a push takes", estimate))
        except ReadError as failure:
            dialog.leave_uncounted(failure.error)

    @command(
        "pull",
        "Pull",
        "p",
        "Bring the changes of others here, after a question.",
        refusal=needs_write,
        needless=_no_pull,
        tells=True,
        rank=79,
    )
    async def pull(self) -> None:
        """Count, ask, then pull; that there is nothing is said when the remote itself has just said so."""
        host, entry = self._host, self._opened.entry
        if host.status is not None and host.status.state is State.PARTED:
            await self._settle_parting(entry)
            return
        dialog = host.open(Confirm(f"Pull {plain(entry.name)}", None, "Pull", is_safe=True))
        try:
            summary = await host.ask_open("plan", "Preparing the pull", library.summarize)
            status = host.status
            if not (summary.incoming + summary.conflicts):
                status = await host.ask_now(entry)
                anew = partial(library.summarize_anew, host.catalog, entry, host.vouching(entry))
                summary = await host.jobs.latest("plan", "Preparing the pull", anew)
        except ReadError as failure:
            dialog.explain(failure.error)
            return
        if keys := summary.incoming + summary.conflicts:
            dialog.fill(pull_question(entry, summary), f"Pull {quantity(keys, 'key')}")
            if await dialog.answer:
                await self._write(entry, "pull", library.pull)
        elif status is not None and status.state in NOT_HEARD:
            dialog.refuse(
                told(
                    f"Whether there is something to pull is not known. {in_words(status.problem)}",
                    "r asks again.",
                    "$state-trouble",
                )
            )
        else:
            dialog.refuse(Content(NOTHING_TO_PULL))

    @command("refresh", "Refresh", "r", "Ask all remotes again how they stand.", rank=50)
    async def refresh(self) -> None:
        """Read the catalog again, ask all remotes, and look again at what is open."""
        self._host.list_again()
        self._host.look_again()

    @command(
        "cancel",
        "Cancel",
        "x",
        "Stop the push or pull that is running; nothing half-done is visible.",
        refusal=lambda now: "" if now.is_anything_running else "Nothing is running.",
    )
    async def cancel(self) -> None:
        """Stop what is running, the newest first."""
        self._host.jobs.transfers[-1].progress.cancel()

    @command(
        "versions",
        "Sides",
        "v",
        "Compare the next two sides of a conflict: theirs, yours, last pulled.",
        refusal=_has_sides,
        places=_SIDES,
        rank=60,
    )
    async def versions(self) -> None:
        """Compare other sides."""
        self._pane.next_sides()

    @command(
        "keep-mine",
        "Keep yours",
        "y",
        "End a conflict with your value: the next push puts it over theirs.",
        refusal=_settle_one,
        places=CHANGES,
        rank=75,
    )
    async def keep_mine(self) -> None:
        """End a conflict with the value of this copy; nothing leaves this machine before a push."""
        await self._settle(self._opened.entry, self._change, "mine")

    @command(
        "take-theirs",
        "Take theirs",
        "T",
        "End a conflict with their value and give yours up, after a question.",
        refusal=_settle_one,
        places=CHANGES,
        rank=74,
    )
    async def take_theirs(self) -> None:
        """Ask, then end a conflict with their value."""
        entry, change = self._opened.entry, self._change
        dialog = Confirm("Take theirs", theirs_question(entry, change), "Take theirs", stay="Not now")
        if await self._host.open(dialog).answer:
            await self._settle(entry, change, "theirs")

    @command(
        "write-value",
        "Write one",
        "w",
        "End a conflict with a value that you type in the place of both.",
        refusal=_write_one,
        places=CHANGES,
        rank=54,
    )
    async def write_value(self) -> None:
        """Ask for another value while both sides are read, then put it in the place of both."""
        opened, change = self._opened, self._change
        entry, typing = opened.entry, typing_of(opened.database.serializer, change.key)
        assert typing is not None
        draft = self._host.drafts.of(f"value of {change.key}", entry.key)
        dialog = self._host.open(ValueDialog(change.key, typing, draft))
        try:
            sides = await self._host.ask_open(
                "typed", "Reading both sides", lambda now: library.read_typed_sides(now, change, typing)
            )
        except ReadError as failure:
            dialog.explain(failure.error)
        else:
            dialog.fill(sides)
        if (typed := await dialog.answer) is not None:
            settle = partial(library.settle_with, key=change.key, value=typed.value)
            if await self._write(entry, "resolve", settle):
                draft.forget()

    @command(
        "settle-all",
        "All alike",
        "a",
        "End all conflicts of this database with the same side, after a question.",
        refusal=needs_write,
        needless=_no_conflicts,
        places=_CONFLICT,
        rank=52,
    )
    async def settle_all(self) -> None:
        """Ask for a side, then end all conflicts with it."""
        entry, count = self._opened.entry, len(self._pane.list.conflicts)
        choice = await self._host.open(BothSides("All conflicts alike", both_sides_question(entry, count))).answer
        if choice is not None:
            await self._write(entry, "resolve", partial(library.settle_all, choice=choice))

    @command("next-conflict", "Next", "n", "Go to the next conflict.", needless=_no_conflicts, places=CHANGES, rank=53)
    async def next_conflict(self) -> None:
        """Go to the next conflict."""
        self._pane.list.go_to_conflict(1)

    @command("previous-conflict", "Previous", "N", "Go to the conflict before.", needless=_no_conflicts, places=CHANGES)
    async def previous_conflict(self) -> None:
        """Go to the conflict before."""
        self._pane.list.go_to_conflict(-1)

    async def show_conflicts(self) -> None:
        """Go to the first conflict of the selected database."""
        self._pane.go_to_conflicts()
        self._host.go_to(Place.CHANGES)

    async def _settle(self, entry: Entry, change: Change, choice: Choice) -> None:
        await self._write(entry, "resolve", partial(library.settle, key=change.key, choice=choice))

    async def _settle_parting(self, entry: Entry) -> None:
        """The remote went back, or took another line: ask what is to become of what is here, and show what that does."""
        host = self._host
        plan = partial(parting.plan_ways_out, host.catalog, entry, host.vouching(entry))
        try:
            ways = await host.jobs.latest("plan", "Comparing what is here with what is there", plan)
        except ReadError as failure:
            host.open(Confirm(f"Settle {plain(entry.name)}", None, "Settle")).explain(failure.error)
            return
        choice = await host.open(MenuDialog(f"{entry.name}: its remote parted from what is here", parting.offers(ways))).answer
        if choice and await host.open(Confirm(f"Settle {plain(entry.name)}", parting.question(ways, choice), "Do it")).answer:
            await self._write(entry, "settle", partial(parting.take_way_out, choice=choice))

    async def _write(self, entry: Entry, verb: str, work: Callable[..., Done]) -> Done | None:
        vouching: Vouching = self._host.vouching(entry)
        catalog = self._host.catalog
        return await self._host.write(Write.of(entry, verb), lambda progress: work(catalog, entry, vouching, progress=progress))
