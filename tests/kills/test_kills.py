"""Processes that are killed in the middle of all kinds of work: what was is there, or what was to be, and one goes on from there.

Each kind is done once to its end, counting what it does: requests, writes and syncs of files, transactions. Then it is done again
where all is the same, and killed at one of these. A small part runs always. All of it, on folders and on SeaweedFS::

    CATALOG_KILLS=large python -m pytest -n 0 -s --timeout 7200 tests/kills

``CATALOG_KILLS_SEED`` is another order of kills; ``CATALOG_KILLS_FOLDER`` and ``CATALOG_KILLS_BUCKET`` say how many rounds.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import S3Connection
from catalog.local.sidecar import Sidecar
from catalog.testing.seaweed import Seaweed

from .operations import OPERATIONS, Operation
from .scene import Content, Scene, ticking

LARGE = os.environ.get("CATALOG_KILLS") == "large"
SEED = int(os.environ.get("CATALOG_KILLS_SEED", "0"))
ROUNDS = {
    "folder": int(os.environ.get("CATALOG_KILLS_FOLDER", "18" if LARGE else "1")),
    "bucket": int(os.environ.get("CATALOG_KILLS_BUCKET", "4" if LARGE else "0")),
}
"""How often each kind is killed."""

CHOSEN = OPERATIONS if LARGE else OPERATIONS[3::7]

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_CALLS = ("pwrite", "fsync", "fdatasync", "ftruncate", "link", "replace", "rename")


class Ticks:
    """Counts what a process does, and kills it at one of these."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.count = 0
        self._kill_at = kill_at

    def tick(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Tick before each call that reaches a disk or a store, and after each request."""
        for name in _CALLS:
            patch.setattr(os, name, self._ticking(getattr(os, name)))
        patch.setattr(Sidecar, "_execute", self._ticking(Sidecar._execute))
        for module in ("catalog.database.open", "catalog.changes.copy", "catalog.changes.keep"):
            patch.setattr(f"{module}.connect_store", ticking(self.tick))

    def _ticking(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def ticks(*args: Any, **more: Any) -> Any:
            self.tick()
            return call(*args, **more)

        return ticks


def in_child(act: Callable[[], int]) -> tuple[int, int]:
    """The signal that ended a child process, and the number that it told."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.write(writing, str(act()).encode())
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, int(told or b"0")


def run(operation: Operation, scene: Scene, kill_at: int | None) -> tuple[bool, int]:
    """Do something in a child process; whether it was killed, and how much it did."""

    def act() -> int:
        ticks = Ticks(kill_at)
        with pytest.MonkeyPatch.context() as patch:
            ticks.watch(patch)
            operation.act(scene)
        return ticks.count

    ended, count = in_child(act)
    return ended == signal.SIGKILL, count


def place_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> S3Connection:
    """A place that nobody uses yet."""
    if kind == "folder":
        return S3Connection(db_key="db", endpoint_url=(folder / "store").as_uri())
    server: Seaweed = request.getfixturevalue("seaweed")
    return server.connection(f"k{secrets.token_hex(6)}")


def judge(scene: Scene, before: tuple[Content, Content | None], after: tuple[Content, Content | None]) -> None:
    """What is here is what was or what was to be, key by key; what is there is the one or the other, whole."""
    there = scene.there()
    assert there in (before[1], after[1]), "a reader sees what never was"
    scene.break_lock()
    here = scene.here()
    for key in before[0].keys() | after[0].keys() | here.keys():
        assert here.get(key) in (before[0].get(key), after[0].get(key)), f"{key!r} is neither what it was nor what it was to be"


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder that costs no disk: what a loss of power leaves is shown elsewhere."""
    with tempfile.TemporaryDirectory(prefix="kills", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.mark.timeout(7200 if LARGE else 120)
@pytest.mark.parametrize("kind", [kind for kind, rounds in ROUNDS.items() if rounds])
@pytest.mark.parametrize("operation", CHOSEN, ids=[operation.name for operation in CHOSEN])
def test_a_kill_leaves_what_was_or_what_was_to_be(
    kind: str, operation: Operation, request: pytest.FixtureRequest, in_memory: Path
) -> None:
    """Nothing acknowledged is missing, nothing half done is visible, and one goes on."""
    twin = scene_of(kind, operation, in_memory / "twin", request)
    before = (twin.here(), twin.there())
    _, steps = run(operation, twin, None)
    after = (twin.here(), twin.there())
    source = random.Random(f"{SEED} {operation.name} {kind}")
    killed = 0
    for number in range(ROUNDS[kind]):
        folder = in_memory / str(number)
        scene = scene_of(kind, operation, folder, request)
        killed += run(operation, scene, source.randint(1, max(steps, 1)))[0]
        judge(scene, before, after)
        scene.go_on()
        shutil.rmtree(folder)
    print(f"{operation.name} ({kind}): {killed} kills in {ROUNDS[kind]} rounds of {steps} steps", file=sys.__stdout__)
    assert killed or not LARGE


def scene_of(kind: str, operation: Operation, folder: Path, request: pytest.FixtureRequest) -> Scene:
    """All that an operation needs."""
    scene = Scene(place_of(kind, folder / "scene", request), folder / "scene")
    operation.prepare(scene)
    return scene
