"""A small picture of a series of numbers, out of block characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from textual.content import Content

Numbers = Any
"""A numpy array of floats: numpy is slow to import, and needed only for a chart."""
_BLOCKS = " ▁▂▃▄▅▆▇█"
_LONGEST = 5_000_000
_ROWS = 5
_WIDEST = 72
_THICKEST = 4


class Chart:
    """A series as bars from its least to its greatest value."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def fit(self, width: int) -> Sequence[Content]:
        """Draw the bars in ``width`` cells."""
        import numpy as np  # noqa: PLC0415

        low, high = float(self._numbers.min()), float(self._numbers.max())
        labels = {0: _label(high), _ROWS - 1: _label(low)}
        margin = max(len(label) for label in labels.values())
        bars = _bars(self._numbers, max(1, min(width, _WIDEST) - margin - 2))
        # One eighth is always drawn, so that the least value is a bar too.
        eighths = np.rint(1 + (bars - low) / (high - low) * (_ROWS * 8 - 1)).astype(int)
        lines = []
        for row in range(_ROWS):
            floor = (_ROWS - 1 - row) * 8
            drawn = "".join(_BLOCKS[int(min(max(height - floor, 0), 8))] for height in eighths)
            axis = " ┤" if row in labels else " │"
            lines.append(Content.assemble((labels.get(row, "").rjust(margin), "$quiet"), (axis, "$line"), (drawn, "$chart")))
        return lines


def _label(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 1e6 else f"{number:.3g}"


def _bars(numbers: Numbers, columns: int) -> Numbers:
    """Give one number for each column: means of a long series, repeats of a short one."""
    import numpy as np  # noqa: PLC0415

    if len(numbers) <= columns:
        return np.repeat(numbers, min(columns // len(numbers), _THICKEST))
    edges = np.linspace(0, len(numbers), columns + 1).astype(int)
    return np.array([numbers[start:end].mean() for start, end in pairwise(edges)])


def chart(series: Sequence[float] | Numbers) -> tuple[Chart, ...]:
    """Make the chart of a series; nothing when there is nothing to see."""
    import numpy as np  # noqa: PLC0415

    try:
        numbers = np.asarray(series[:_LONGEST], dtype=float)
    except OverflowError:
        # Whole numbers of Python may be greater than any float.
        return ()
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 3 or not np.isfinite(numbers.max() - numbers.min()) or numbers.max() == numbers.min():
        return ()
    return (Chart(numbers),)
