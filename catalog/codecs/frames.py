"""Tables of pandas in Arrow's file format: whether what was written says what the table says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalog.errors import InvalidValueError


def check_frame(frame: Any, raw: bytes, read: Callable[[bytes], Any]) -> bytes:
    """The bytes of a table, if each of its columns comes back as it is; InvalidValueError names the first that does not.

    Columns with a type of their own do, but for the SRID of a geometry. In those of any objects, text, numbers, bytes, dates and
    decimals do; there a missing value comes back as the one that its type has (None, NaN or NaT). Its ``attrs`` do where
    they are plain JSON.
    """
    _check_geometries(frame)
    loose = [name for name in frame.columns if frame[name].dtype == object]
    if not loose and not frame.attrs:
        return raw
    back = read(raw)
    if back.attrs != frame.attrs:
        raise InvalidValueError(
            "$.attrs: what is noted of this table would not come back as it is.",
            path="$.attrs",
            hint="Empty its attrs, or make the database with value_serializer='pickle'.",
        )
    for name in loose:
        for row, (before, after) in enumerate(zip(frame[name], back[name], strict=True)):
            if not _same(before, after):
                raise InvalidValueError(
                    f"$[{name!r}][{row}]: the {type(before).__name__} would come back as {type(after).__name__}.",
                    path=f"$[{name!r}][{row}]",
                    hint="Give the column one type (DataFrame.astype), or make the database with value_serializer='pickle'.",
                )
    return raw


def _check_geometries(frame: Any) -> None:
    """Raise InvalidValueError where a geometry has an SRID, which is not written: the column's coordinate system is."""
    columns = [name for name in frame.columns if str(frame[name].dtype) == "geometry"]
    if not columns:
        return
    from shapely import get_srid  # noqa: PLC0415 - only geometries need it

    for name in columns:
        with_srid = get_srid(frame[name].to_numpy()) > 0
        if with_srid.any():
            place = f"$[{name!r}][{int(with_srid.argmax())}]"
            raise InvalidValueError(
                f"{place}: its SRID would be forgotten.",
                path=place,
                hint="Say it as the coordinate system of the column (set_crs), and set it to 0 (shapely.set_srid).",
            )


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
