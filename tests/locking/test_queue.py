"""Writers who lost too many races take turns, in the order in which they came, and wait for nobody who is gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.format.names import ObjectNames
from catalog.locking.head_writer import read_holder
from catalog.locking.queue import Queue
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.store.directory.store import DirectoryStore


class Waits(Progress):
    """Progress whose waits are over at once and noted; during the first ones something happens."""

    def __init__(self, *during: Callable[[], object]) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.during = list(during)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.during:
            self.during.pop(0)()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "place"


@pytest.fixture
def place(folder: Path) -> Place:
    return Place(DirectoryStore(folder), ObjectNames("rain.blt"))


def tickets(folder: Path) -> list[Path]:
    """The places in the queue, the oldest first."""
    return sorted(folder.glob("rain.blt.lock.*"), key=lambda found: found.stat().st_mtime_ns)


def test_first_come_first_served(place: Place, folder: Path) -> None:
    """Who is first does not wait; who is third sleeps for two turns, then for one as long as they were; no ticket is left."""
    with Queue(place, 2.0, Waits()) as first:
        first.wait_for_turn()
        place.store.put("rain.blt.lock.catalogqueue0123456789abcdef-0", b"1")

        def leave() -> None:
            tickets(folder)[0].unlink()

        told = Waits(leave, leave)
        with Queue(place, 2.0, told) as third:
            third.wait_for_turn()
            assert told.waits == [4.0, 4.0]
    assert tickets(folder) == []


def test_nobody_waits_for_who_is_gone(place: Place, folder: Path) -> None:
    """A ticket that is a minute older than the newest one is that of a writer that was killed."""
    place.store.put("rain.blt.lock.catalogqueue0123456789abcdef-0", b"1")
    old = tickets(folder)[0]
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 61))
    told = Waits()
    with Queue(place, 2.0, told) as queue:
        queue.wait_for_turn()
    assert told.waits == []
    assert tickets(folder) == [old]


def test_nobody_waits_for_ever(place: Place) -> None:
    """Behind one that never leaves, a writer tries its luck after a while; no single sleep is long."""
    place.store.put("rain.blt.lock.catalogqueue0123456789abcdef-0", b"1")
    told = Waits()
    with Queue(place, 1000.0, told) as queue:
        queue.wait_for_turn()
    assert 10 <= len(told.waits) <= 30
    assert max(told.waits) <= 10


def test_a_slow_queue_is_asked_seldom(place: Place, folder: Path) -> None:
    """Where turns take longer than a writer thought, it sleeps longer each time, until the queue moves as expected."""
    place.store.put("rain.blt.lock.catalogqueue0123456789abcdef-0", b"1")
    told = Waits(lambda: None, lambda: None, lambda: None, tickets(folder)[0].unlink)
    with Queue(place, 0.5, told) as queue:
        queue.wait_for_turn()
    assert told.waits == [0.5, 1.0, 2.0, 4.0]


def test_a_queue_is_no_lock(place: Place) -> None:
    """Who waits in it holds nothing."""
    with Queue(place, 1.0, Waits()) as queue:
        queue.wait_for_turn()
        assert read_holder(place) is None
