"""What is done about differences from the remote."""

from __future__ import annotations

from catalog import Change, Direction, State

from .command import CHANGES, Command, Place, Situation, always, needs_write


def _nothing_of_yours(now: Situation, verb: str) -> str:
    """Say that there is nothing to push or to discard, where that is known."""
    if now.status is None or now.status.ahead or now.status.conflicts:
        return ""
    return f"There is nothing to {verb}: no key was changed here."


def _push(now: Situation) -> str:
    is_first = now.status is not None and now.status.state is State.EMPTY
    return needs_write(now) or ("" if is_first else _nothing_of_yours(now, "push"))


def _discard_all(now: Situation) -> str:
    return needs_write(now) or _nothing_of_yours(now, "discard")


def _pull(now: Situation) -> str:
    has_news = now.status is None or now.status.behind or now.status.conflicts
    return needs_write(now) or ("" if has_news else "There is nothing to pull: the remote has nothing new.")


def _is_yours(change: Change | None) -> bool:
    return change is not None and change.direction is not Direction.INCOMING


def _discard(now: Situation) -> str:
    words = "Choose one of your own changes first; incoming changes are not yours to discard."
    return needs_write(now) or ("" if _is_yours(now.change) else words)


def _choose(now: Situation) -> str:
    if now.change is not None and now.change.direction is Direction.CONFLICT:
        return needs_write(now) or "A conflict has to be settled before it can be pushed."
    return needs_write(now) or ("" if _is_yours(now.change) else "Only changes of yours can be chosen for a push.")


def _choose_all(now: Situation) -> str:
    has_some = now.status is None or now.status.ahead
    return needs_write(now) or ("" if has_some else "There is nothing to choose: no key was changed here.")


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
