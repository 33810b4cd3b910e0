"""Tables of pandas in Arrow's file format: whether what was written says what the table says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalog.errors import InvalidValueError


def check_frame(frame: Any, raw: bytes, read: Callable[[bytes], Any]) -> bytes:
    """The bytes of a table, if each of its columns comes back as it is; InvalidValueError names the first that does not.

    Columns with a type of their own do. In those of any objects, text, numbers, bytes, dates and decimals do; there a missing
    value comes back as the one that its type has (None, NaN or NaT).
    """
    loose = [name for name in frame.columns if frame[name].dtype == object]
    if not loose:
        return raw
    back = read(raw)
    for name in loose:
        for row, (before, after) in enumerate(zip(frame[name], back[name], strict=True)):
            if not _same(before, after):
                raise InvalidValueError(
                    f"$[{name!r}][{row}]: the {type(before).__name__} would come back as {type(after).__name__}.",
                    path=f"$[{name!r}][{row}]",
                    hint="Give the column one type (DataFrame.astype), or make the database with value_serializer='pickle'.",
                )
    return raw


def _same(before: Any, after: Any) -> bool:
    if not isinstance(before, str) and _is_missing(before):
        return _is_missing(after)
    if hasattr(after, "tolist") and isinstance(before, list | tuple):
        after = after.tolist()
        before = list(before)
    if isinstance(before, bool) is not isinstance(after, bool) and not hasattr(after, "dtype"):
        return False
    try:
        return bool(before == after)
    except (TypeError, ValueError):
        return False


def _is_missing(item: Any) -> bool:
    return item is None or str(item) in ("nan", "NaT", "<NA>")
