"""What the program asks of the library about differences from a remote; all of it is called in a job's thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Literal

import orjson

from catalog import (
    Catalog,
    CatalogError,
    Change,
    Commit,
    ConflictError,
    Database,
    Direction,
    EbookletFormatError,
    Entry,
    Progress,
    PushResult,
    Summary,
    read_json,
)
from tui.jobs import Done
from tui.kit.amounts import quantity, size
from tui.kit.comparison import MOST_LINES, Side
from tui.kit.plain import key_name
from tui.kit.trouble import said
from tui.opened import METADATA_KEY, MOST_CHANGES, Opened, open_for_writing
from tui.trust import Vouching

from .three_way import ThreeWay, compare_three

MOST_TYPED = 100_000
"""Characters of a value above which nobody edits it in a dialog."""
_COMPARED_WIDTH = 30
_SIDES: tuple[Side, ...] = ("base", "local", "remote")
Choice = Literal["mine", "theirs"]


@dataclass(frozen=True)
class Differences:
    """The differences of a database: how many of each direction, and the first of each."""

    counts: Mapping[Direction, int]
    changes: tuple[Change, ...]


def read_changes(opened: Opened) -> Differences:
    """Read the differences of a database: conflicts first, then yours, then theirs."""
    shown: dict[Direction, list[Change]] = {Direction.CONFLICT: [], Direction.OUTGOING: [], Direction.INCOMING: []}
    counts = dict.fromkeys(Direction, 0)
    for change in opened.database.changes().all():
        counts[change.direction] += 1
        if len(shown[change.direction]) < MOST_CHANGES:
            shown[change.direction].append(change)
    return Differences(counts, tuple(chain.from_iterable(shown.values())))


def summarize(opened: Opened) -> Summary:
    """Count what a pull or a discard of everything would move."""
    return opened.database.changes().summary()


def summarize_anew(catalog: Catalog, entry: Entry, vouching: Vouching) -> Summary:
    """Count it by what was heard of the remote since the database was opened; nobody is asked."""
    with catalog.open(entry, "r", pull=False, offline=True, **vouching) as database:
        return database.changes().summary()


# Push, pull, discard


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


@dataclass(frozen=True)
class PushEstimate:
    """What a push would take, without the keys in ``conflicts``, which someone else has changed too."""

    result: PushResult
    conflicts: tuple[str, ...]


def plan_push(opened: Opened, chosen: frozenset[str] | None) -> PushPlan:
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
    return PushPlan(chosen, keys, size, conflicts, incoming)


def estimate_push(
    catalog: Catalog, entry: Entry, vouching: Vouching, chosen: frozenset[str] | None, progress: Progress
) -> PushEstimate:
    """Find out what a push would take, by planning it against the newest commit; nothing is sent."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        changes = database.changes()
        try:
            return PushEstimate(changes.push(keys=chosen, dry_run=True, progress=progress), ())
        except ConflictError as error:
            rest = changes.push(keys=chosen, skip_conflicts=True, dry_run=True, progress=progress)
            return PushEstimate(rest, error.keys)


def push(catalog: Catalog, entry: Entry, vouching: Vouching, order: PushOrder, progress: Progress) -> Done:
    """Send the unpushed changes of a database to its remote."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        result = database.changes().push(
            message=order.message, keys=order.chosen, skip_conflicts=order.skip_conflicts, progress=progress
        )
    commit = f" as commit {result.commit.number}" if result.commit else ""
    details = f"{size(result.bytes_up)} sent in {quantity(result.requests, 'request')}."
    return Done(f"Pushed {quantity(result.keys, 'key')} of {entry.name}{commit}.", details)


def pull(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Done:
    """Bring the changes of others into the working copy."""
    with _open_to_pull(catalog, entry, vouching, progress) as database:
        result = database.changes().pull(progress=progress)
    kept = f" {quantity(len(result.conflicts), 'key')} in conflict kept your value." if result.conflicts else ""
    return Done(f"Pulled {quantity(result.keys, 'key')} into {entry.name}.", f"{size(result.bytes_down)} fetched.{kept}")


def _open_to_pull(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Database:
    try:
        return open_for_writing(catalog, entry, vouching, progress)
    except EbookletFormatError:
        # A reader brings what ebooklet's programs pushed.
        return catalog.open(entry, "r", pull=False, progress=progress, **vouching)


def discard(
    catalog: Catalog, entry: Entry, vouching: Vouching, keys: Sequence[str] | None, count: int, progress: Progress
) -> Done:
    """Give up unpushed changes: those of ``keys``, or all."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        database.changes().discard(keys)
    return Done(f"Discarded {quantity(count, 'change')} of {entry.name}.")


# Conflicts


class Typing(StrEnum):
    """How a value is typed."""

    JSON = "JSON"
    TEXT = "text"


@dataclass(frozen=True)
class Conflict:
    """The three sides of a conflict, compared; ``problem`` when one could not be read or shown."""

    change: Change
    sides: ThreeWay
    problem: str = ""


@dataclass(frozen=True)
class TheirCommits:
    """Who made their side of the conflicts, by key; a key is left out when the history does not reach back to it."""

    commits: Mapping[str, Commit]
    problem: str = ""


@dataclass(frozen=True)
class TypedSides:
    """Both sides of a conflict as one would type them; None where a side has no value."""

    change: Change
    typing: Typing
    mine: str | None
    theirs: str | None


def typing_of(serializer: str, key: str) -> Typing | None:
    """How the value of a key is typed, or None where its kind of values cannot be."""
    if key == METADATA_KEY or serializer.startswith("orjson"):
        return Typing.JSON
    return Typing.TEXT if serializer == "str" else None


def typed_value(text: str, typing: Typing) -> Any:
    """The value that was typed; ValueError, which says where, when it is no JSON."""
    return read_json(text) if typing is Typing.JSON else text


def read_conflict(opened: Opened, change: Change) -> Conflict:
    """Compare the three sides of a conflict, line by line."""
    try:
        documents = [opened.side(change, side) for side in _SIDES]
    except CatalogError as error:
        return Conflict(change, compare_three(None, None, None), said(error))
    there = [document for document in documents if document]
    base, mine, theirs = (document.body.fit(_COMPARED_WIDTH)[: MOST_LINES + 1] if document else None for document in documents)
    part = there[0].compared if there else str
    warning = next((document.warning for document in there if document.warning), "")
    return Conflict(change, compare_three(base, mine, theirs, part), warning)


def read_their_commits(opened: Opened, conflicts: Sequence[Change]) -> TheirCommits:
    """Find out who made their side of the conflicts, going back in the history."""
    try:
        return TheirCommits(opened.database.changes().commits_of(conflicts))
    except CatalogError as error:
        return TheirCommits({}, error.message)


def read_typed_sides(opened: Opened, change: Change, typing: Typing) -> TypedSides:
    """Read both sides of a conflict as one would type them."""
    changes = opened.database.changes()

    def typed(side: Literal["local", "remote"]) -> str | None:
        raw = changes.value(change, side)
        if raw is None:
            return None
        if typing is Typing.TEXT:
            text = str(opened.database.decode(raw))
        else:
            value = orjson.loads(raw) if change.key == METADATA_KEY else opened.database.decode(raw)
            text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        if len(text) > MOST_TYPED:
            raise CatalogError(
                f"The value of {key_name(change.key)} is too long to be typed: {size(len(raw))}.",
                hint="Keep yours or take theirs, or settle it with changes().resolve(key, value=…).",
            )
        return text

    return TypedSides(change, typing, typed("local"), typed("remote"))


def settle(catalog: Catalog, entry: Entry, vouching: Vouching, key: str, choice: Choice, progress: Progress) -> Done:
    """End the conflict of a key with one of its sides."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        progress.begin("settling")
        ended = database.changes().resolve(key, choice)
    if not ended:
        return Done(f"{key_name(key)} is in no conflict any more.")
    if choice == "mine":
        return Done(f"Kept your value of {key_name(key)}.", "The next push puts it over theirs.")
    return Done(f"Took their value of {key_name(key)}.")


def settle_with(catalog: Catalog, entry: Entry, vouching: Vouching, key: str, value: Any, progress: Progress) -> Done:
    """End the conflict of a key with a value in the place of both."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        progress.begin("settling")
        if not database.changes().resolve(key, value=value):
            return Done(f"{key_name(key)} is in no conflict any more.")
    return Done(f"Put another value in the place of both of {key_name(key)}.", "The next push puts it over theirs.")


def settle_all(catalog: Catalog, entry: Entry, vouching: Vouching, choice: Choice, progress: Progress) -> Done:
    """End every conflict with the same side."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        ended = database.changes().resolve_all(lambda _: choice, progress=progress)
    if choice == "mine":
        return Done(f"Kept your value of {quantity(ended, 'key')}.", "The next push puts them over theirs.")
    return Done(f"Took their value of {quantity(ended, 'key')}.")
