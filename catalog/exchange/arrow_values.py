"""What the columns of an Arrow table mean as values that JSON has: numbers, text, lists and mappings, nested as they are.

Dates and times become text in ISO 8601, to the nanosecond where a column has that; decimals become text; durations become
seconds. What has no exact meaning is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = date(1970, 1, 1).toordinal()
_CAST = "Cast that column to text (string) before."

Convert = Callable[[Any], Any]
"""Makes a value of what Arrow gives for one cell."""


class UnfitCellError(Exception):
    """A cell, or all of a column, that has no exact meaning here; its text says why, ``hint`` what to do."""

    def __init__(self, why: str, hint: str = _CAST) -> None:
        super().__init__(why)
        self.hint = hint


def column_values(pa: Any, column: Any) -> list[Any]:
    """The values of a column of a batch; UnfitCellError, whose ``row`` counts from 0, for what has no exact meaning."""
    convert = _converter(pa, column.type)
    if convert is None:
        try:
            values: list[Any] = column.to_pylist()
        except UnicodeDecodeError:
            convert = _text
        else:
            return values
    return [_cell(convert, row, scalar) for row, scalar in enumerate(column)]


class UnfitRowError(Exception):
    """Where in a column a cell is that is unfit: the row from 0, why, and what to do."""

    def __init__(self, row: int, why: str, hint: str) -> None:
        super().__init__(why)
        self.row, self.hint = row, hint


def _cell(convert: Convert, row: int, scalar: Any) -> Any:
    try:
        return convert(scalar) if scalar.is_valid else None
    except UnfitCellError as unfit:
        raise UnfitRowError(row, str(unfit), unfit.hint) from None


def _converter(pa: Any, kind: Any) -> Convert | None:  # noqa: C901 - one line for each of Arrow's types
    """How a cell of a type is read; None when it is what Arrow itself makes of it."""
    is_ = pa.types
    if is_.is_null(kind) or is_.is_boolean(kind) or is_.is_integer(kind) or is_.is_floating(kind):
        return None
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return None
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_fixed_size_binary(kind) or is_.is_binary_view(kind):
        return None
    if is_.is_decimal(kind):
        return lambda scalar: str(scalar.as_py())
    if is_.is_timestamp(kind):
        return _timestamp(kind)
    if is_.is_date(kind):
        return _date if is_.is_date32(kind) else _date_of_milliseconds
    if is_.is_time(kind):
        return lambda scalar: _time_text(scalar.value, _PER_SECOND[kind.unit])
    if is_.is_duration(kind):
        return lambda scalar: _seconds(scalar.value, _PER_SECOND[kind.unit])
    if is_.is_dictionary(kind):
        return _inner(pa, kind.value_type, lambda scalar: scalar.value)
    if is_.is_map(kind):
        return _map(pa, kind)
    if any(
        test(kind) for test in (is_.is_list, is_.is_large_list, is_.is_fixed_size_list, is_.is_list_view, is_.is_large_list_view)
    ):
        inner = _of(pa, kind.value_type)
        return lambda scalar: [inner(item) for item in scalar.values]
    if is_.is_struct(kind):
        return _struct(pa, kind)
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return lambda scalar: str(UUID(bytes=scalar.value.as_py()))
        return _inner(pa, kind.storage_type, lambda scalar: scalar.value)
    raise UnfitCellError(f"columns of the type {kind} are not read")


def _of(pa: Any, kind: Any) -> Convert:
    """How a cell within another is read, which may be none."""
    convert = _converter(pa, kind) or _text
    return lambda scalar: convert(scalar) if scalar.is_valid else None


def _inner(pa: Any, kind: Any, take: Convert) -> Convert:
    convert = _of(pa, kind)
    return lambda scalar: convert(take(scalar))


def _text(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        raise UnfitCellError("it is not text in UTF-8", "Cast that column to bytes (binary), or mend the text before.") from None


def _struct(pa: Any, kind: Any) -> Convert:
    names = [field.name for field in kind]
    if len(set(names)) < len(names):
        raise UnfitCellError("it has a field twice", "Rename one of the two before.")
    fields = [(number, field.name, _of(pa, field.type)) for number, field in enumerate(kind)]
    return lambda scalar: {name: convert(scalar[number]) for number, name, convert in fields}


def _map(pa: Any, kind: Any) -> Convert:
    key_of, value_of = _of(pa, kind.key_type), _of(pa, kind.item_type)
    has_text = any(test(kind.key_type) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))

    def convert(scalar: Any) -> Any:
        pairs = [[key_of(pair[0]), value_of(pair[1])] for pair in scalar.values]
        if not has_text:
            return pairs
        made = dict(map(tuple, pairs))
        if len(made) < len(pairs):
            raise UnfitCellError("a map has the same key twice")
        return made

    return convert


def _timestamp(kind: Any) -> Convert:
    zone = _zone(kind.tz) if kind.tz else None
    per_second = _PER_SECOND[kind.unit]
    return lambda scalar: _moment(scalar.value, per_second, zone)


def _zone(name: str) -> tzinfo:
    if name[:1] in "+-":
        sign, hours, minutes = (-1 if name[0] == "-" else 1), *map(int, name[1:].split(":"))
        return timezone(sign * timedelta(hours=hours, minutes=minutes))
    try:
        return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnfitCellError(f"its time zone {name[:40]!a} is not known here", "Convert that column to UTC before.") from None


def _moment(count: int, per_second: int, zone: tzinfo | None) -> str:
    seconds, rest = divmod(count, per_second)
    try:
        at = _EPOCH + timedelta(seconds=seconds)
        local = at.astimezone(zone) if zone is not None else at.replace(tzinfo=None)
    except OverflowError:
        raise UnfitCellError("its time is not between the years 1 and 9999") from None
    text = local.isoformat()
    return text[:19] + _fraction(rest, per_second) + text[19:]


def _date(scalar: Any) -> str:
    return _day(scalar.value)


def _date_of_milliseconds(scalar: Any) -> str:
    days, rest = divmod(scalar.value, 86_400_000)
    if rest:
        raise UnfitCellError("its date has a time of day", "Cast that column to a timestamp before.")
    return _day(days)


def _day(days: int) -> str:
    try:
        return date.fromordinal(days + _DAY).isoformat()
    except (ValueError, OverflowError):
        raise UnfitCellError("its date is not between the years 1 and 9999") from None


def _time_text(count: int, per_second: int) -> str:
    seconds, rest = divmod(count, per_second)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}" + _fraction(rest, per_second)


def _fraction(rest: int, per_second: int) -> str:
    """Nothing, or as many digits as a second has here, in three, six or nine."""
    if not rest:
        return ""
    digits = f"{rest * (1_000_000_000 // per_second):09}"
    return "." + (digits[:6] if digits.endswith("000") else digits)


def _seconds(count: int, per_second: int) -> int | float:
    seconds, rest = divmod(count, per_second)
    if not rest:
        return seconds
    exact = count / per_second
    if round(exact * per_second) != count:
        raise UnfitCellError(
            "its duration has more digits than a number keeps", "Cast that column to whole numbers (int64) before."
        )
    return exact
