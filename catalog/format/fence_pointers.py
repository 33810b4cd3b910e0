"""Fence pointers: at which row of a sorted list some of its keys are, so that each is reached without walking from the first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FencePointers:
    """Rows and keys, both ascending: the key at ``rows[n]`` is the first one from ``keys[n]`` on; ``total`` rows in all."""

    rows: Sequence[int]
    keys: Sequence[str]
    total: int

    def at(self, row: int) -> tuple[str, int]:
        """Where to begin for a row: from which key on, and how many keys to pass over."""
        place = bisect_right(self.rows, row) - 1
        return (self.keys[place], row - self.rows[place]) if place >= 0 else ("", row)

    def before(self, key: str) -> tuple[int, str]:
        """The last fence pointer whose key is not after ``key``: its row, and the key to begin from."""
        place = bisect_right(self.keys, key) - 1
        return (self.rows[place], self.keys[place]) if place >= 0 else (0, "")

    def with_more(self, more: Sequence[str]) -> FencePointers:
        """These fence pointers once more keys, sorted and none of them counted yet, are in the list too."""
        rows = [row + bisect_left(more, key) for row, key in zip(self.rows, self.keys, strict=True)]
        return FencePointers(rows, self.keys, self.total + len(more))
