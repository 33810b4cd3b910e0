"""The time of a value, in microseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from catalog.errors import InvalidInputError

Timestamp = int | str | datetime | None


def microseconds(timestamp: Timestamp) -> int:
    """Microseconds since the epoch of what booklet accepts: an int of them, an ISO 8601 string or a datetime with a zone."""
    if timestamp is None:
        return time.time_ns() // 1000
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | str | datetime):
        raise InvalidInputError(f"A timestamp is an int of microseconds, an ISO 8601 string or a datetime, not {timestamp!r}.")
    if isinstance(timestamp, int):
        if not 0 <= timestamp < 1 << 55:
            raise InvalidInputError(f"{timestamp} is no timestamp in microseconds since 1970.")
        return timestamp
    try:
        moment = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
    except ValueError:
        raise InvalidInputError(f"{timestamp!r} is no ISO 8601 time.") from None
    if moment.tzinfo is None:
        raise InvalidInputError(f"The timestamp {timestamp} needs a time zone.", hint="Add one, such as +00:00.")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
