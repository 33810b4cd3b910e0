"""Lineage: a working copy moves only to a head that comes after its commit, which costs a request at most."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import catalog
from catalog import Database, S3Connection
from catalog.database.options import Flag


class Pair:
    """A writer that pushes again and again, and a reader that was there at the first commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = S3Connection(db_key="rain.blt", endpoint_url=(folder / "store").as_uri())
        self.writer = self.opened("writer", "c")
        self.push()
        with self.opened("reader", "w") as reader:
            reader.load_items()

    def opened(self, name: str, flag: Flag) -> Database:
        return catalog.open(self.connection, self.folder / f"{name}.blt", flag, "orjson", lock="commit")

    def push(self, times: int = 1) -> None:
        for number in range(times):
            self.writer["n"] = (self.writer.get("n") or 0) + number + 1
            self.writer.changes().push()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.writer.close()


@pytest.mark.parametrize(("pushes", "requests"), [(1, 1), (20, 1), (40, 2)])
def test_a_move_asks_for_the_log_only_where_the_head_does_not_say(pair: Pair, pushes: int, requests: int) -> None:
    """Catching up costs the head alone, and one bundle of the log where it is far ahead."""
    pair.push(pushes)
    with pair.opened("reader", "r") as reader:
        assert reader.requests == requests
        assert reader["n"] == pair.writer["n"]
        assert reader.parted is None


@pytest.mark.parametrize("tidied", ["collected", "forgotten"])
def test_ancestors_survive_what_tidies_up(pair: Pair, tidied: str) -> None:
    """Who was away while garbage was collected or a key forgotten catches up all the same: the log is kept."""
    with pair.opened("reader", "w") as reader:
        reader["mine"] = 1
    pair.push(40)
    if tidied == "collected":
        for file in (pair.folder / "store").rglob("*"):
            os.utime(file, (1_000_000_000, 1_000_000_000))
        pair.writer.collect_garbage(0, 1, False, grace=timedelta(hours=25))
    else:
        pair.writer["secret"] = 1
        pair.writer.changes().push()
        pair.writer.forget(["secret"])
    with pair.opened("reader", "w") as reader:
        assert reader.parted is None
        assert dict(reader.items()) == {"n": pair.writer["n"], "mine": 1}
        assert reader.changes().push()
