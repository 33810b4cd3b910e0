"""What is measured. Each work is a generator: what runs after ``yield "name"`` up to the next ``yield None`` is timed as that
section; all else is preparation and cleaning up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contestants import Contestant, Flag, Place

Sections = Iterator[str | None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and on what a work is done. ``folder`` belongs to one contestant; ``seed`` makes values differ between rounds."""

    contestant: Contestant
    place: Place
    folder: Path
    keys: int
    value_bytes: int
    seed: int

    def open(self, flag: Flag, file: str = "working-copy.blt") -> Any:
        """Open the database with as many buckets as it has keys."""
        return self.contestant.open(self.place, self.folder / file, flag, self.keys)

    def warm_up(self, flag: Flag, file: str = "working-copy.blt") -> None:
        """Open and close once, so that imports, connections and caches of the process are not part of what is timed."""
        self.open(flag, file).close()

    def items(self) -> Iterator[tuple[str, bytes]]:
        """All keys in their order, with values that cannot be compressed."""
        source, length = random.Random(self.seed), self.value_bytes
        for start in range(0, self.keys, 1000):
            count = min(1000, self.keys - start)
            block = source.randbytes(count * length)
            for position in range(count):
                yield key_name(start + position), block[position * length : (position + 1) * length]

    def change(self, database: Any, count: int) -> None:
        """Set ``count`` keys, spread evenly, to new values."""
        source = random.Random(f"change {self.seed}")
        for number in range(count):
            database[key_name((2 * number + 1) * self.keys // (2 * count))] = source.randbytes(self.value_bytes)


def key_name(number: int) -> str:
    """The key of a number."""
    return f"station/{number:08d}"


def publish(stage: Stage) -> Sections:
    """Write all keys into a new database and push them. The push begins with everything synced to the local file."""
    database = stage.open("c")
    yield "write"
    for key, value in stage.items():
        database[key] = value
    database.sync()
    yield None
    yield "first push"
    database.changes().push()
    yield None
    database.close()


def change_ten(stage: Stage) -> Sections:
    """Open for writing in a warm process; change ten keys and push. Closing is not timed."""
    stage.warm_up("w")
    yield "open for write"
    database = stage.open("w")
    yield None
    stage.change(database, 10)
    yield "push ten"
    database.changes().push()
    yield None
    database.close()


def change_one(stage: Stage) -> Sections:
    """Push one changed key of a large database from the working copy that published it."""
    database = stage.open("w")
    stage.change(database, 1)
    yield "push one"
    database.changes().push()
    yield None
    database.close()


def reopen(stage: Stage) -> Sections:
    """Open a working copy for reading, in a warm process, when nothing changed."""
    stage.warm_up("r")
    yield "reopen"
    database = stage.open("r")
    yield None
    database.close()


def load_all(stage: Stage) -> Sections:
    """Bring every value into a new local file, in a warm process: the opening, which may fetch an index, and the loading."""
    stage.warm_up("r")
    yield "load all"
    database = stage.open("r", f"loaded-{stage.seed}.blt")
    failures = database.load_items()
    yield None
    assert not failures
    assert len(database) == stage.keys
    database.close()


def get_cold(stage: Stage) -> Sections:
    """Open without a local file and get one value, in a process that has imported the library and nothing more."""
    yield "cold get"
    database = stage.open("r", f"cold-{stage.seed}.blt")
    value = database[key_name(stage.keys // 3)]
    yield None
    assert len(value) == stage.value_bytes
    database.close()


WORKS: dict[str, Callable[[Stage], Sections]] = {
    work.__name__: work for work in (publish, change_ten, change_one, reopen, load_all, get_cold)
}
