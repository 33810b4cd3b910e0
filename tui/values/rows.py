"""Rows that are made when they are looked at, so that only what is in view costs something."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from textual.content import Content


class Rows(Sequence[Content]):
    """A sequence of rows; a subclass makes each."""

    @abstractmethod
    def row(self, index: int) -> Content:
        """Make the row at an index, counted from 0."""

    @overload
    def __getitem__(self, index: int) -> Content: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Content]: ...
    def __getitem__(self, index: int | slice) -> Content | Sequence[Content]:
        if isinstance(index, slice):
            return [self.row(place) for place in range(*index.indices(len(self)))]
        return self.row(range(len(self))[index])
