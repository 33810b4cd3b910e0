"""A value made ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, overload

from textual.content import Content


class Part(Protocol):
    """Lines that may depend on the width they are given."""

    def fit(self, width: int) -> Sequence[Content]:
        """Give the lines for a width in cells."""


class Body(Part, Protocol):
    """The lines of a value, made when they are shown, so that a long value costs little."""

    wraps: bool
    """Whether a line that is too long is continued on the next row."""


_LONGEST_LINE = 4_000


def in_pieces(lines: list[str]) -> list[str]:
    """Break lines that no reader and no terminal could take whole."""
    if all(len(line) <= _LONGEST_LINE for line in lines):
        return lines
    return [line[at : at + _LONGEST_LINE] for line in lines for at in range(0, max(len(line), 1), _LONGEST_LINE)]


class StyledLines(Sequence[Content]):
    """Lines of text that get their colours when they are looked at."""

    wraps = True

    def __init__(self, texts: Sequence[str], style: Callable[[str], Content] = Content) -> None:
        self._texts = texts
        self._style = style

    @property
    def texts(self) -> Sequence[str]:
        """The lines without colours."""
        return self._texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Content: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Content]: ...
    def __getitem__(self, index: int | slice) -> Content | Sequence[Content]:
        if isinstance(index, slice):
            return StyledLines(self._texts[index], self._style)
        return self._style(self._texts[index])

    def fit(self, width: int) -> Sequence[Content]:  # noqa: ARG002
        """Give the lines, which are the same for every width."""
        return self


@dataclass(frozen=True)
class Document:
    """A value as it is shown.

    ``kind`` says what it is in a few words ("JSON object", "float64 array"). ``warning`` is an explanation to read first, or
    empty. ``preface`` stands above the body: facts and charts. ``left_out`` is how many lines were not made
    because the value is long, or -1 when nobody counted.
    """

    kind: str
    body: Body
    warning: str = ""
    preface: tuple[Part, ...] = ()
    left_out: int = 0
    folds: bool = False
    """Whether the body has blocks that can be folded."""
    compared: Callable[[str], str] = str
    """What of a line counts when two versions of a value are compared."""


EMPTY_BODY = StyledLines(())
