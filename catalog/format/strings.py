"""Sorted strings without what each has in common with the one before (front coding)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from catalog.errors import IntegrityError

MOST_STRINGS = 1 << 20
_MOST_CHARACTERS = 1 << 26

Counts = Annotated[list[int], msgspec.Meta(max_length=MOST_STRINGS)]


class FrontCoded(msgspec.Struct, array_like=True, frozen=True):
    """Characters that each string shares with the one before, characters that follow them, and these, of all strings."""

    shared: Counts
    rests: Counts
    text: str


def front_code(strings: Sequence[str]) -> FrontCoded:
    """Code strings, best where neighbours begin alike."""
    shared: list[int] = []
    last, guess = "", 0
    for string in strings:
        # neighbours mostly share as much as the two before them
        if string[:guess] != last[:guess] or string[guess : guess + 1] == last[guess : guess + 1]:
            guess = _common(last, string)
        shared.append(guess)
        last = string
    rests = [string[count:] for string, count in zip(strings, shared, strict=True)]
    return FrontCoded(shared, list(map(len, rests)), "".join(rests))


def _common(left: str, right: str) -> int:
    """How many characters two strings begin alike with."""
    least, most = 0, min(len(left), len(right))
    while least < most:
        middle = (least + most + 1) // 2
        if left[:middle] == right[:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def spell_out(coded: FrontCoded, what: str) -> list[str]:
    """Undo `front_code`; IntegrityError names ``what``. Makes at most 64 million characters."""
    shared, rests, text = coded.shared, coded.rests, coded.text
    if len(rests) != len(shared):
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if shared and (min(shared) < 0 or min(rests) < 0):
        raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    if sum(rests) != len(text) or sum(shared) + len(text) > _MOST_CHARACTERS:
        raise IntegrityError(f"{what} is damaged: its keys do not add up.")
    strings: list[str] = []
    last, start = "", 0
    for common, rest in zip(shared, rests, strict=True):
        end = start + rest
        last = last[:common] + text[start:end]
        strings.append(last)
        start = end
    return strings
