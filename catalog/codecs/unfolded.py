"""How large a value is once everything that it shares is written out: a few bytes of pickle can name more than a disk holds."""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable, Iterator
from typing import Any

_LISTS = (list, tuple, set, frozenset, collections.deque)
_LETTERS = 64
"""Characters or bytes that weigh as much as one item."""


def grows_with_repeats(item: Any) -> bool:
    """Whether an item that occurs again may weigh more than one."""
    return _children(item) is not None or _weight(item) > 1


def unfolded_beyond(value: Any, most: int) -> bool:
    """Whether a value has more than ``most`` items, each counted as often as it occurs; what contains itself counts once."""
    weights: dict[int, int] = {}
    path: list[tuple[int, Iterator[Any]]] = []
    sums = [0]

    def enter(item: Any) -> None:
        place = id(item)
        children = None if place in weights else _children(item)
        if children is None:
            sums[-1] += weights.get(place) or _weight(item)
            return
        # What contains itself is met again before it is done; a repr stops there too.
        weights[place] = 1
        path.append((place, iter(children)))
        sums.append(1)

    enter(value)
    while path:
        place, children = path[-1]
        item = next(children, path)
        if item is not path:
            enter(item)
        else:
            path.pop()
            weights[place] = sums.pop()
            sums[-1] += weights[place]
        if sums[-1] > most:
            return True
    return False


def _children(item: Any) -> Iterable[Any] | None:
    """What a container holds; None for what is no container."""
    if isinstance(item, _LISTS):
        return item
    if isinstance(item, dict):
        return (part for pair in item.items() for part in pair)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(item, numpy.ndarray) and item.dtype.hasobject:
        found: Iterable[Any] = item.ravel()
        return found
    return None


def _weight(item: Any) -> int:
    if isinstance(item, str | bytes | bytearray):
        return 1 + len(item) // _LETTERS
    if isinstance(item, int):
        return 1 + item.bit_length() // (_LETTERS * 8)
    size = getattr(item, "nbytes", 0)
    return 1 + size // _LETTERS if isinstance(size, int) else 1
