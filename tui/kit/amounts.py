"""How sizes, counts and times are written."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def size(bytes_: int | None) -> str:
    """Write a number of bytes in at most seven characters: ``812 B``, ``1.2 kB``, ``340 MB``; ``? B`` where nobody knows it."""
    if bytes_ is None:
        return "? B"
    if abs(bytes_) < 1000:
        return f"{bytes_} B"
    amount = float(bytes_)
    for unit in _UNITS:
        amount /= 1000
        if abs(amount) < 999.5 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}" if abs(amount) < 99.95 else f"{amount:,.0f} {unit}"


def quantity(number: int, noun: str, plural: str = "") -> str:
    """Write how many of something: ``1 key``, ``2,922 keys``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(when: datetime | int | None) -> str:
    """Write a time, given as a datetime or in microseconds since 1970, in the reader's own time zone."""
    try:
        if isinstance(when, int):
            when = datetime.fromtimestamp(when / 1_000_000, tz=UTC)
        return "" if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return "?"


def clock() -> str:
    """Write the time of day."""
    return datetime.now().astimezone().strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """Write how long something takes: ``8 s``, ``3 min``, ``2 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
