"""What is done about differences from the remote."""

from __future__ import annotations

from catalog import Direction, State

from .command import CHANGES, Command, Situation, always, needs_write


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


def _versions(now: Situation) -> str:
    if now.change is None or now.change.direction is not Direction.CONFLICT:
        return "Only a conflict has other sides to compare."
    return ""


def _keep_mine(now: Situation) -> str:
    if refusal := needs_write(now):
        return refusal
    if now.change is None or now.change.direction is not Direction.CONFLICT:
        return "Only a conflict has two sides to choose from."
    return ""


COMMANDS: tuple[Command, ...] = (
    Command(
        "versions",
        "Sides",
        "v",
        "Compare the next two sides of a conflict: theirs, yours, last pulled.",
        _versions,
        CHANGES,
        rank=60,
    ),
    Command(
        "keep-mine",
        "Keep yours",
        "y",
        "End a conflict with your value: the next push puts it over theirs.",
        _keep_mine,
        CHANGES,
        rank=71,
    ),
    Command(
        "discard",
        "Discard",
        "d",
        "Give up your change of this key; a conflict ends with their value.",
        _discard,
        CHANGES,
        rank=70,
    ),
    Command("discard-all", "Discard all", "D", "Give up all your unpushed changes of this database.", _discard_all, CHANGES),
    Command("push", "Push", "P", "Send your changes to the remote, after a question.", _push, rank=80),
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
