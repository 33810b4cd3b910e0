"""A numpy array in a few facts, a picture and its first values."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Sequence
from typing import Any

from textual.content import Content

from tui.kit.amounts import size
from tui.kit.plain import plain, plain_lines

from .chart import chart
from .document import Document, Part, StyledLines, in_pieces
from .python_lines import highlight_python

Array = Any
"""A numpy array: numpy is imported only where a value has brought it."""
Fact = tuple[str, str]
_PRINTED = 2_000
_EDGE = 12
_LONGEST_ITEM = 200
_MOST_FIELDS = 50
_LONGEST_TYPE = 100
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

        printed = np.array2string(
            self._array,
            max_line_width=max(width, 20),
            threshold=_PRINTED,
            edgeitems=_EDGE,
            formatter={"object": _object} if self._array.dtype.kind == "O" else None,
        )
        return StyledLines(in_pieces(plain_lines(printed)), highlight_python)


def _object(item: object) -> str:
    """An object in a few characters; it may be nested deeper than Python can go, or be a number that it does not write."""
    try:
        return _SHORT.repr(item)
    except Exception:  # noqa: BLE001 - what a stranger stored can raise anything
        return f"<{type(item).__name__}>"


_SHORT = reprlib.Repr()
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST_ITEM


def _shortened(array: Array) -> Array:
    """The array with as much of each item as can be shown: one item may be as long as the whole value."""
    kind = array.dtype
    if kind.names is not None and len(kind.names) > _MOST_FIELDS:
        return array[list(kind.names[:_MOST_FIELDS])]
    if kind.kind in "SUV" and kind.names is None and kind.itemsize > 4 * _LONGEST_ITEM:
        return array.astype(f"{kind.kind}{_LONGEST_ITEM}")
    return array


def _name_of(kind: Any) -> str:
    name = plain(str(kind))
    return name if len(name) <= _LONGEST_TYPE else f"{name[:_LONGEST_TYPE]}…"


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
    facts = [("shape", shape), ("type", _name_of(array.dtype))]
    if array.size and array.dtype.kind in "biufmM":
        facts += _statistics(array)
    facts.append(("memory", size(array.nbytes)))
    is_series = array.ndim == 1 and array.dtype.kind in "iuf"
    preface: tuple[Part, ...] = (Facts(facts), *(chart(array) if is_series else ()))
    noun = {0: "value", 2: "table"}.get(array.ndim, "array")
    return Document(f"numpy {_name_of(array.dtype)} {noun}", ArrayLines(_shortened(array)), preface=preface)
