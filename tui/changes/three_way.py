"""Three versions of a value line by line: what both started from, mine and theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from textual.content import Content

from tui.kit.comparison import CONTEXT, MOST_LINES, marked

_FEWEST_HIDDEN = 4
Lines = Sequence[Content]


class By(StrEnum):
    """Who changed some lines."""

    NOBODY = "nobody"
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that belong together, of each version; of a hidden chunk every version has the one line that says so."""

    by: By
    base: tuple[Content, ...]
    mine: tuple[Content, ...]
    theirs: tuple[Content, ...]


@dataclass(frozen=True)
class ThreeWay:
    """Three versions in chunks; ``cut`` when only the first lines were compared."""

    chunks: tuple[Chunk, ...]
    cut: bool

    def places(self, by: By) -> int:
        """How many places were changed by whom."""
        return sum(chunk.by is by for chunk in self.chunks)


def compare_three(base: Lines | None, mine: Lines | None, theirs: Lines | None, part: Callable[[str], str] = str) -> ThreeWay:
    """Compare three versions of at most `MOST_LINES` lines each; None is a version that is not there.

    ``part`` gives what of a line is compared.
    """
    sides = (base, mine, theirs)
    cut = any(side is not None and len(side) > MOST_LINES for side in sides)
    texts = [None if side is None else [part(line.plain) for line in side[:MOST_LINES]] for side in sides]
    # A version that is not there is lined up as if it were one that is, and its lines are left out then.
    instead = next((text for text in texts if text is not None), [])
    lined_up = [instead if text is None else text for text in texts]
    there = [side for side in sides if side is not None]
    chunks: list[Chunk] = []
    at = [0, 0, 0]
    for *starts, length in _in_common(*lined_up):
        if starts != at:
            chunks += [_chunk(sides, *piece, texts) for piece in _pieces(at, starts)]
        if length:
            ends = [start + length for start in starts]
            if len(there) < len(sides):
                chunks.append(_chunk(sides, starts, ends, texts))
            else:
                is_last = ends == [len(text) for text in lined_up]
                chunks += _same(there, starts, length, is_first=not chunks, is_last=is_last)
        at = [start + length for start in starts]
    return ThreeWay(tuple(_joined(chunks)), cut)


def _in_common(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """The runs of lines that all three have: where each begins, and how long it is; an empty one at the end."""
    to_mine = SequenceMatcher(None, base, mine).get_matching_blocks()
    to_theirs = SequenceMatcher(None, base, theirs).get_matching_blocks()
    one = other = 0
    while one < len(to_mine) and other < len(to_theirs):
        left, right = to_mine[one], to_theirs[other]
        start, end = max(left.a, right.a), min(left.a + left.size, right.a + right.size)
        if start < end:
            yield start, left.b + start - left.a, right.b + start - right.a, end - start
        if left.a + left.size < right.a + right.size:
            one += 1
        else:
            other += 1
    yield len(base), len(mine), len(theirs), 0


def _pieces(starts: Sequence[int], ends: Sequence[int]) -> list[tuple[Sequence[int], Sequence[int]]]:
    """A changed place line by line, where all versions have as many; so each line says who changed it."""
    lengths = {end - start for start, end in zip(starts, ends, strict=True)}
    if len(lengths) > 1:
        return [(starts, ends)]
    places = [[start + line for start in starts] for line in range(lengths.pop() + 1)]
    return list(pairwise(places))


def _chunk(sides: Sequence[Lines | None], starts: Sequence[int], ends: Sequence[int], texts: Sequence[list[str] | None]) -> Chunk:
    was, mine, theirs = (None if text is None else text[at:end] for text, at, end in zip(texts, starts, ends, strict=True))
    lines = [() if side is None else tuple(side[at:end]) for side, at, end in zip(sides, starts, ends, strict=True)]
    if was is None:
        by = By.NOBODY if mine == theirs else By.BOTH
        return Chunk(by, (), _against(lines[2], lines[1]), _against(lines[1], lines[2]))
    by = {(True, True): By.BOTH, (True, False): By.MINE, (False, True): By.THEIRS}.get((mine != was, theirs != was), By.NOBODY)
    return Chunk(by, lines[0], _against(lines[0], lines[1]), _against(lines[0], lines[2]))


def _against(old: tuple[Content, ...], new: tuple[Content, ...]) -> tuple[Content, ...]:
    """The new lines, with the words marked that differ from the old ones."""
    pairs = zip(old, new, strict=False)
    return (*(after if after.plain == before.plain else marked(before, after)[1] for before, after in pairs), *new[len(old) :])


def _same(sides: Sequence[Lines], starts: Sequence[int], length: int, *, is_first: bool, is_last: bool) -> Iterator[Chunk]:
    """Lines that all three have, with the middle of a long run left out."""
    head, tail = (0 if is_first else CONTEXT), (0 if is_last else CONTEXT)
    hidden = length - head - tail

    def some(first: int, last: int) -> Chunk:
        base, mine, theirs = (tuple(side[start + first : start + last]) for side, start in zip(sides, starts, strict=True))
        return Chunk(By.NOBODY, base, mine, theirs)

    if hidden < _FEWEST_HIDDEN:
        yield some(0, length)
        return
    words = (Content.styled(f"{hidden:,} equal lines", "$quiet"),)
    if head:
        yield some(0, head)
    yield Chunk(By.HIDDEN, words, words, words)
    if tail:
        yield some(length - tail, length)


def _joined(chunks: Sequence[Chunk]) -> Iterator[Chunk]:
    """Chunks that follow each other and were changed by the same, as one."""
    waiting: Chunk | None = None
    for chunk in chunks:
        if waiting is not None and waiting.by is chunk.by and chunk.by is not By.HIDDEN:
            waiting = Chunk(chunk.by, waiting.base + chunk.base, waiting.mine + chunk.mine, waiting.theirs + chunk.theirs)
            continue
        if waiting is not None:
            yield waiting
        waiting = chunk
    if waiting is not None:
        yield waiting
