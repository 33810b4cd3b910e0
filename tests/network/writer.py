"""A process that writes through a faulty line, and says which of its changes it was told are pushed: see `test_network`."""

from __future__ import annotations

import json
import logging
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import catalog
from catalog import CatalogError, Database, LineageError, S3Connection

_KEYS = 12


def main() -> None:
    """Edit and push until the seconds are over; each line on stdout is something that happened."""
    logging.getLogger("catalog").addHandler(logging.NullHandler())
    told = json.loads(sys.argv[1])
    place = S3Connection(**told["connection"])
    source, mine, end = random.Random(told["seed"]), told["name"], time.monotonic() + told["seconds"]
    path = Path(told["folder"]) / f"{mine}.blt"
    count, pending = 0, dict[str, int]()
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            with catalog.open(place, path, "w", lock="commit") as database:
                for _ in range(source.randrange(1, 4)):
                    for _ in range(source.randrange(1, 5)):
                        count += 1
                        key = f"{mine}/{source.randrange(_KEYS)}"
                        database[key] = value_of(count, source)
                        pending[key] = count
                    database.sync()
                    push(database, source)
                    say(pushed=pending)
                    pending = {}
        except CatalogError as error:
            say(error=type(error).__name__, seconds=round(time.monotonic() - began, 1), parted=isinstance(error, LineageError))
        except BaseException:
            say(foreign=traceback.format_exc())
            raise
    say(done=count, left=pending)


def value_of(number: int, source: random.Random) -> dict[str, Any]:
    """A value that says its number; some are too large to be held by a commit."""
    return {"n": number, "filling": "x" * source.choice([0, 0, 900, 3_000])}


def push(database: Database, source: random.Random) -> None:
    """Push, and settle what others did to a shared key."""
    if source.random() < 0.3:
        database.changes().pull()
        conflicts = [change.key for change in database.changes().conflicts()]
        if conflicts:
            database.changes().resolve(conflicts, "mine")
    database.changes().push()


def say(**what: Any) -> None:
    """Tell the test."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
