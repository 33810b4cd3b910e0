"""Conflicts: their three sides, who made theirs, and the ways to end one or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import orjson

from catalog import Catalog, CatalogError, Change, Commit, Entry, Progress
from tui.kit.amounts import quantity, size
from tui.kit.comparison import MOST_LINES
from tui.kit.plain import key_name
from tui.messages import Answer, Done, Opened
from tui.reading import METADATA_KEY, side_document
from tui.trust import Vouching
from tui.writing import open_for_writing

from .three_way import ThreeWay, compare_three

MOST_TYPED = 100_000
"""Characters of a value above which nobody edits it in a dialog."""
_COMPARED_WIDTH = 30
_SIDES: tuple[Literal["base", "local", "remote"], ...] = ("base", "local", "remote")
Choice = Literal["mine", "theirs"]


class Typing(StrEnum):
    """How a value is typed."""

    JSON = "JSON"
    TEXT = "text"


@dataclass
class ConflictRead(Answer):
    """The three sides of a conflict were compared; ``problem`` when one could not be read or shown."""

    opened: Opened
    change: Change
    sides: ThreeWay
    problem: str = ""


@dataclass
class TheirCommitsRead(Answer):
    """Who made their side of the conflicts, by key; a key is left out when the history does not reach back to it."""

    opened: Opened
    commits: Mapping[str, Commit]
    problem: str = ""


@dataclass
class TypedSidesRead(Answer):
    """Both sides of a conflict as one would type them; None where a side has no value."""

    opened: Opened
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
    return orjson.loads(text) if typing is Typing.JSON else text


def read_conflict(opened: Opened, change: Change) -> ConflictRead:
    """Compare the three sides of a conflict, line by line."""
    try:
        documents = [side_document(opened, change, side) for side in _SIDES]
    except CatalogError as error:
        return ConflictRead(opened, change, compare_three(None, None, None), str(error))
    there = [document for document in documents if document]
    base, mine, theirs = (document.body.fit(_COMPARED_WIDTH)[: MOST_LINES + 1] if document else None for document in documents)
    part = there[0].compared if there else str
    warning = next((document.warning for document in there if document.warning), "")
    return ConflictRead(opened, change, compare_three(base, mine, theirs, part), warning)


def read_their_commits(opened: Opened, conflicts: Sequence[Change]) -> TheirCommitsRead:
    """Find out who made their side of the conflicts, going back in the history."""
    try:
        return TheirCommitsRead(opened, opened.database.changes().commits_of(conflicts))
    except CatalogError as error:
        return TheirCommitsRead(opened, {}, error.message)


def read_typed_sides(opened: Opened, change: Change, typing: Typing) -> TypedSidesRead:
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

    return TypedSidesRead(opened, change, typing, typed("local"), typed("remote"))


def settle(catalog: Catalog, entry: Entry, vouching: Vouching, key: str, choice: Choice, progress: Progress) -> Done:
    """End the conflict of a key with one of its sides."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        progress.begin("settling")
        ended = database.changes().resolve(key, choice)
    if not ended:
        return Done(entry, f"{key_name(key)} is in no conflict any more.")
    if choice == "mine":
        return Done(entry, f"Kept your value of {key_name(key)}.", "The next push puts it over theirs.")
    return Done(entry, f"Took their value of {key_name(key)}.")


def settle_with(catalog: Catalog, entry: Entry, vouching: Vouching, key: str, value: Any, progress: Progress) -> Done:
    """End the conflict of a key with a value in the place of both."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        progress.begin("settling")
        if not database.changes().resolve(key, value=value):
            return Done(entry, f"{key_name(key)} is in no conflict any more.")
    return Done(entry, f"Put another value in the place of both of {key_name(key)}.", "The next push puts it over theirs.")


def settle_all(catalog: Catalog, entry: Entry, vouching: Vouching, choice: Choice, progress: Progress) -> Done:
    """End every conflict with the same side."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        ended = database.changes().resolve_all(lambda _: choice, progress=progress)
    if choice == "mine":
        return Done(entry, f"Kept your value of {quantity(ended, 'key')}.", "The next push puts them over theirs.")
    return Done(entry, f"Took their value of {quantity(ended, 'key')}.")
