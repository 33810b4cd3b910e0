"""A push of what was chosen: what it would send, what that takes, and the push itself."""

from __future__ import annotations

from dataclasses import dataclass

from catalog import Catalog, ConflictError, Direction, Entry, Progress, PushResult
from tui.messages import Answer, Opened, Pushed
from tui.trust import Vouching
from tui.writing import open_for_writing


@dataclass(frozen=True)
class PushPlan:
    """What a push of some keys (None: of all) would send, as far as is known here; conflicts are not among ``keys_up``."""

    chosen: frozenset[str] | None
    keys_up: int
    bytes_up: int
    conflicts: int
    incoming: int


@dataclass(frozen=True)
class PushOrder:
    """How a push is to be done."""

    message: str
    chosen: frozenset[str] | None = None
    skip_conflicts: bool = False


@dataclass
class PushPlanned(Answer):
    """What a push would send was counted."""

    opened: Opened
    plan: PushPlan


@dataclass
class PushEstimated(Answer):
    """What a push would take, without the keys in ``conflicts``, which someone else has changed too."""

    result: PushResult
    conflicts: tuple[str, ...]


def plan_push(opened: Opened, chosen: frozenset[str] | None) -> PushPlanned:
    """Count what a push would send; a choice of keys counts as far as they still differ."""
    keys = size = conflicts = incoming = 0
    for change in opened.database.changes().all():
        if change.direction is Direction.INCOMING:
            incoming += 1
        elif chosen is not None and change.key not in chosen:
            continue
        elif change.direction is Direction.CONFLICT:
            conflicts += 1
        else:
            keys += 1
            size += change.local.length if change.local else 0
    return PushPlanned(opened, PushPlan(chosen, keys, size, conflicts, incoming))


def estimate_push(
    catalog: Catalog, entry: Entry, vouching: Vouching, chosen: frozenset[str] | None, progress: Progress
) -> PushEstimated:
    """Find out what a push would take, by planning it against the newest commit; nothing is sent."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        changes = database.changes()
        try:
            return PushEstimated(changes.push(keys=chosen, dry_run=True, progress=progress), ())
        except ConflictError as error:
            rest = changes.push(keys=chosen, skip_conflicts=True, dry_run=True, progress=progress)
            return PushEstimated(rest, error.keys)


def push(catalog: Catalog, entry: Entry, vouching: Vouching, order: PushOrder, progress: Progress) -> Pushed:
    """Send the unpushed changes of a database to its remote."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        result = database.changes().push(
            message=order.message, keys=order.chosen, skip_conflicts=order.skip_conflicts, progress=progress
        )
        return Pushed(entry, result)
