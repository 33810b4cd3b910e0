"""Folding: the blocks of an indented text that are shown as one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_OPENS = ("{", "[", "(")


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def block_end(texts: Sequence[str], at: int) -> int | None:
    """The line that closes the block which the line ``at`` opens; None when it opens none, or when its end is not there."""
    if not texts[at].rstrip().endswith(_OPENS):
        return None
    indent = _indent(texts[at])
    return next((line for line in range(at + 1, len(texts)) if texts[line].strip() and _indent(texts[line]) <= indent), None)


@dataclass
class Folding:
    """Which blocks of a text are folded, by the line that opens each."""

    texts: Sequence[str] = ()
    _folded: dict[int, int] = field(default_factory=dict)

    def visible(self) -> Iterator[tuple[int, int | None]]:
        """The lines that are shown; with the line that closes it, where a block is folded."""
        line = 0
        while line < len(self.texts):
            end = self._folded.get(line)
            yield line, end
            line = line + 1 if end is None else end + 1

    def toggle(self, line: int) -> int | None:
        """Fold or unfold the block that a line opens, or else fold the one it is in; gives the line that opens it."""
        if line in self._folded:
            del self._folded[line]
            return line
        opening: int | None = line if line < len(self.texts) else None
        while opening is not None:
            if (end := block_end(self.texts, opening)) is not None:
                self._folded[opening] = end
                return opening
            opening = self._opening_around(opening)
        return None

    def _opening_around(self, line: int) -> int | None:
        indent = _indent(self.texts[line])
        closes = self.texts[line].strip()[:1] in ("}", "]", ")")
        for above in range(line - 1, -1, -1):
            if self.texts[above].strip() and (
                _indent(self.texts[above]) < indent or (closes and _indent(self.texts[above]) == indent)
            ):
                return above
        return None

    def fold_all(self) -> None:
        """Fold every block but the outermost."""
        for line in range(1, len(self.texts)):
            if (end := block_end(self.texts, line)) is not None:
                self._folded[line] = end

    def unfold_all(self) -> None:
        """Show every line."""
        self._folded.clear()
