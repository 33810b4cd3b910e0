"""A numpy array in a few facts, a picture and its first values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from textual.content import Content

from tui.amounts import size
from tui.plain import plain, plain_lines

from .chart import chart
from .document import Document, Part, StyledLines
from .python_lines import highlight_python

Array = Any
"""A numpy array: numpy is imported only where a value has brought it."""
Fact = tuple[str, str]
_PRINTED = 2_000
_EDGE = 12
_NAME_WIDTH = 8
_VALUE_WIDTH = 22


class Facts:
    """Names and values, in two columns where there is room."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts

    def fit(self, width: int) -> Sequence[Content]:
        """Lay the facts out."""
        columns = 2 if width >= 2 * (_NAME_WIDTH + _VALUE_WIDTH) - 8 else 1
        rows = [self._facts[start : start + columns] for start in range(0, len(self._facts), columns)]
        return [Content("").join([_fact(name, value) for name, value in row]).rstrip() for row in rows]


class ArrayLines:
    """The first and last values of an array, as numpy prints them."""

    wraps = True

    def __init__(self, array: Array) -> None:
        self._array = array

    def fit(self, width: int) -> Sequence[Content]:
        """Print the array in ``width`` cells."""
        import numpy as np  # noqa: PLC0415 - slow to import, and here already when there is an array

        printed = np.array2string(self._array, max_line_width=max(width, 20), threshold=_PRINTED, edgeitems=_EDGE)
        return StyledLines(plain_lines(printed), highlight_python)


def _fact(name: str, value: str) -> Content:
    return Content.assemble((name.ljust(_NAME_WIDTH), "$quiet"), plain(value).ljust(_VALUE_WIDTH))


def _statistics(array: Array) -> list[Fact]:
    import numpy as np  # noqa: PLC0415

    if array.dtype.kind == "b":
        return [("true", f"{int(array.sum()):,} of {array.size:,}")]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # A series of nothing but NaN warns; its facts say "nan", which is all there is to say.
        warnings.simplefilter("ignore", RuntimeWarning)
        if array.dtype.kind in "mM":
            return [("min", str(np.nanmin(array))), ("max", str(np.nanmax(array)))]
        facts = [("min", f"{np.nanmin(array):,.6g}"), ("max", f"{np.nanmax(array):,.6g}")]
        facts += [("mean", f"{np.nanmean(array, dtype=float):,.6g}"), ("std", f"{np.nanstd(array, dtype=float):,.4g}")]
    if array.dtype.kind == "f" and (missing := int(np.isnan(array).sum())):
        facts.append(("missing", f"{missing:,} NaN"))
    return facts


def array_document(array: Array) -> Document:
    """Describe an array."""
    shape = " × ".join(f"{length:,}" for length in array.shape) or "one value"
    facts = [("shape", shape), ("type", str(array.dtype))]
    if array.size and array.dtype.kind in "biufmM":
        facts += _statistics(array)
    facts.append(("memory", size(array.nbytes)))
    is_series = array.ndim == 1 and array.dtype.kind in "iuf"
    preface: tuple[Part, ...] = (Facts(facts), *(chart(array) if is_series else ()))
    noun = {0: "value", 2: "table"}.get(array.ndim, "array")
    return Document(f"numpy {plain(str(array.dtype))} {noun}", ArrayLines(array), preface=preface)
