"""The time of a value, in microseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from catalog.errors import InvalidInputError

_END = 1 << 56
"""booklet keeps timestamps in seven bytes."""

Timestamp = int | str | datetime | None


def microseconds(timestamp: Timestamp) -> int:
    """Microseconds since the epoch of what booklet accepts: an int of them, an ISO 8601 string or a datetime with a zone."""
    if timestamp is None:
        now = time.time_ns() // 1000
        if not 0 <= now < _END:
            raise InvalidInputError(f"This computer's clock is at {now} µs, which is no time for a value.", hint="Set the clock.")
        return now
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | str | datetime):
        raise InvalidInputError(f"A timestamp is an int of microseconds, an ISO 8601 string or a datetime, not {timestamp!r}.")
    if isinstance(timestamp, int):
        return _checked(timestamp)
    try:
        moment = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
    except ValueError:
        raise InvalidInputError(f"{timestamp!r} is no ISO 8601 time.") from None
    if moment.tzinfo is None:
        raise InvalidInputError(f"The timestamp {timestamp} needs a time zone.", hint="Add one, such as +00:00.")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return _checked((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def _checked(timestamp: int) -> int:
    if not 0 <= timestamp < _END:
        raise InvalidInputError(f"{timestamp} is no timestamp of a value.", hint="It is 0 to 2^56 - 1 microseconds since 1970.")
    return timestamp
