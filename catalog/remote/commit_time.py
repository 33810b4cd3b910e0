"""The time of a commit: of this machine, or of the store where one of the two clocks is far off."""

from __future__ import annotations

import time

from catalog.errors import InvalidInputError
from catalog.store.interface import ObjectStore

_MOST = 1 << 53
_A_DAY = 86_400 * 1_000_000


def commit_time(store: ObjectStore) -> int:
    """Microseconds since 1970; the store's where this machine's clock is more than a day off from it.

    Nothing is ordered by it. Raises InvalidInputError for a clock that no commit can have, where the store tells no time.
    """
    mine, told = time.time_ns() // 1000, store.clock()
    if told is not None and abs(mine - told * 1_000_000) > _A_DAY:
        mine = int(told * 1_000_000)
    if not 0 <= mine <= _MOST:
        raise InvalidInputError(f"This computer's clock is at {mine} µs, which is no time for a commit.", hint="Set the clock.")
    return mine
