"""What is done about differences from the remote."""

from __future__ import annotations

from catalog import Direction, State

from .command import CHANGES, Command, Place, Situation, always, needs_write


def _push(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.status and now.status.state is not State.EMPTY and not now.status.ahead and not now.status.conflicts:
        return "There is nothing to push: no key was changed here."
    return ""


def _pull(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.status and not now.status.behind and not now.status.conflicts:
        return "There is nothing to pull: the remote has nothing new."
    return ""


def _discard(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.change is None or now.change.direction is Direction.INCOMING:
        return "Choose one of your own changes first; incoming changes are not yours to discard."
    return ""


def _discard_all(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.status and not now.status.ahead and not now.status.conflicts:
        return "There is nothing to discard: no key was changed here."
    return ""


def _choose_all(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    return "There is nothing to choose: no key was changed here." if now.status and not now.status.ahead else ""


def _choose(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.change is not None and now.change.direction is Direction.CONFLICT:
        return "A conflict has to be settled before it can be pushed."
    if now.change is None or now.change.direction is Direction.INCOMING:
        return "Only changes of yours can be chosen for a push."
    return ""


_LIST = frozenset({Place.CHANGES})

COMMANDS: tuple[Command, ...] = (
    Command(
        "choose",
        "Choose",
        "space",
        "Choose a change for the next push, or no longer; with none chosen all are pushed.",
        _choose,
        _LIST,
        rank=72,
    ),
    Command("choose-all", "All or none", "a", "Choose all of your changes for the next push, or none.", _choose_all, _LIST),
    Command(
        "discard",
        "Discard",
        "d",
        "Give up your change of this key; a conflict ends with their value.",
        _discard,
        _LIST | {Place.COMPARISON},
        rank=70,
    ),
    Command("discard-all", "Discard all", "D", "Give up all your unpushed changes of this database.", _discard_all, CHANGES),
    Command("push", "Push", "P", "Send your changes, or those that you chose, to the remote, after a question.", _push, rank=80),
    Command("pull", "Pull", "p", "Bring the changes of others here, after a question.", _pull, rank=79),
    Command("refresh", "Refresh", "r", "Ask all remotes again how they stand.", always, rank=50),
    Command(
        "cancel",
        "Cancel",
        "x",
        "Stop the push or pull that is running; nothing half-done is visible.",
        lambda now: "" if now.is_anything_running else "Nothing is running.",
    ),
)
