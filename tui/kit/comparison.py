"""Two values line by line: what stayed, what went, what came."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Literal

from textual.content import Content

CONTEXT = 3
_FEWEST_HIDDEN = 4
MOST_LINES = 3_000
_LONGEST_MARKED = 600
_WORDS = re.compile(r"\d+(?:\.\d+)?|\w+|\s+|[^\w\s]")


Side = Literal["base", "local", "remote"]
"""What was pulled last, what is here, what is in the remote."""


@dataclass(frozen=True)
class ChangeSides:
    """Which two sides of a change are compared."""

    old: Side
    new: Side


class Mark(StrEnum):
    """What happened to a line."""

    SAME = " "
    REMOVED = "−"
    ADDED = "+"
    CHANGED = "~"
    SKIPPED = "⋯"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lines that stand beside each other; None where a side has none."""

    mark: Mark
    old: Content | None
    new: Content | None


@dataclass(frozen=True)
class Comparison:
    """What two sides have in common and what not; ``cut`` when only the first lines were compared."""

    pairs: tuple[Pair, ...]
    removed: int
    added: int
    cut: bool


def marked(old: Content, new: Content) -> tuple[Content, Content]:
    """Mark the words that differ between two versions of one line."""
    if max(len(old), len(new)) > _LONGEST_MARKED:
        return old, new
    old_words, new_words = _WORDS.findall(old.plain), _WORDS.findall(new.plain)
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    if matcher.ratio() < 0.3:
        return old, new
    old_at = [0, *_ends(old_words)]
    new_at = [0, *_ends(new_words)]
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            old = old.stylize("on $diff-removed-strong", old_at[old_start], old_at[old_end])
            new = new.stylize("on $diff-added-strong", new_at[new_start], new_at[new_end])
    return old, new


def _ends(words: Sequence[str]) -> Iterator[int]:
    end = 0
    for word in words:
        end += len(word)
        yield end


def _same(lines: Sequence[tuple[Content, Content]], first: bool, last: bool) -> Iterator[Pair]:
    """Give equal lines, with the middle of a long run left out."""
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    hidden = len(lines) - head - tail
    shown = lines if hidden < _FEWEST_HIDDEN else [*lines[:head], None, *lines[len(lines) - tail :]]
    for pair in shown:
        if pair is None:
            words = Content.styled(f"{hidden:,} equal lines", "$quiet")
            yield Pair(Mark.SKIPPED, words, words)
        else:
            yield Pair(Mark.SAME, *pair)


def _replaced(old: Sequence[Content], new: Sequence[Content]) -> Iterator[Pair]:
    for place in range(max(len(old), len(new))):
        before = old[place] if place < len(old) else None
        after = new[place] if place < len(new) else None
        if before is not None and after is not None:
            yield Pair(Mark.CHANGED, *marked(before, after))
        else:
            yield Pair(Mark.ADDED if before is None else Mark.REMOVED, before, after)


def compare(old: Sequence[Content], new: Sequence[Content], part: Callable[[str], str] = str) -> Comparison:
    """Compare two sides of at most `MOST_LINES` lines each; ``part`` gives what of a line is compared."""
    cut = max(len(old), len(new)) > MOST_LINES
    old, new = old[:MOST_LINES], new[:MOST_LINES]
    matcher = SequenceMatcher(None, [part(line.plain) for line in old], [part(line.plain) for line in new])
    pairs: list[Pair] = []
    removed = added = 0
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            both = list(zip(old[old_start:old_end], new[new_start:new_end], strict=True))
            pairs += _same(both, first=old_start == 0, last=old_end == len(old))
        else:
            pairs += _replaced(old[old_start:old_end], new[new_start:new_end])
            removed += old_end - old_start
            added += new_end - new_start
    return Comparison(tuple(pairs), removed, added, cut)
