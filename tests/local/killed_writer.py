"""Kill a writer at its n-th step, for many n, and look at what is left (``python -m local.killed_writer folder first stride``).

A single process without threads forks a writer for each n. It prints how many steps a whole run takes and each fault found.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from catalog.format.checksum import checksum
from catalog.format.version import METADATA
from catalog.local import data_file
from catalog.local.table import Status
from catalog.local.writer import Writer
from catalog.progress import Progress

from .copies import create, plain, reading, seen_by_booklet, seen_by_us, writing
from .copies import metadata as metadata_of

State = dict[str, bytes]
Steps = list[tuple[str, Callable[[Writer], None], Callable[[State], None]]]


class Killer:
    """Counts the steps of this process that change a file, and kills it at the one that was chosen."""

    def __init__(self, chosen: int) -> None:
        self.chosen, self.count = chosen, 0

    def step(self) -> bool:
        """Whether the chosen step is here."""
        self.count += 1
        return self.count == self.chosen

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def before(self, act: Any) -> Any:
        """``act``, which can be the step that does not happen."""

        def counted(*arguments: Any, **options: Any) -> Any:
            if self.step():
                self.die()
            return act(*arguments, **options)

        return counted

    def within(self, act: Any) -> Any:
        """A write that can be the step that happens by half."""

        def counted(fd: int, content: Any, at: int) -> Any:
            if self.step():
                act(fd, memoryview(content)[: len(content) // 2], at)
                self.die()
            return act(fd, content, at)

        return counted

    def arm(self) -> None:
        """Count writes (each can end before it and in its middle), truncations, removals of files, and commits."""
        changed: list[tuple[Any, str, Any]] = [
            (os, "pwrite", self.before(self.within(os.pwrite))),
            (os, "ftruncate", self.before(os.ftruncate)),
            (Path, "unlink", self.before(Path.unlink)),
            (data_file._Reindexed, "write", self.before(data_file._Reindexed.write)),
            (sqlite3, "connect", partial(sqlite3.connect, factory=connection_of(self))),
        ]
        for owner, name, counted in changed:
            setattr(owner, name, counted)


def connection_of(killer: Killer) -> type[sqlite3.Connection]:
    """A connection whose changes are steps."""

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "COMMIT")) and killer.step():
                killer.die()
            return super().execute(statement, *values)

    return Connection


def put(key: str, value: bytes, timestamp: int) -> tuple[str, Callable[[Writer], None], Callable[[State], None]]:
    def expect(state: State) -> None:
        state[key] = value

    return "put", lambda writer: writer.put(key, value, timestamp), expect


def delete(key: str) -> tuple[str, Callable[[Writer], None], Callable[[State], None]]:
    def expect(state: State) -> None:
        state.pop(key, None)

    return "delete", lambda writer: writer.delete(key, 9), expect


def keep(keys: list[str], value: bytes) -> tuple[str, Callable[[Writer], None], Callable[[State], None]]:
    """Copies of a remote: they may be lost, and may be there."""
    return "keep", lambda writer: writer.keep((key, 7, value, checksum(value)) for key in keys), lambda state: None


def drop(keys: list[str]) -> tuple[str, Callable[[Writer], None], Callable[[State], None]]:
    def expect(state: State) -> None:
        for key in keys:
            state.pop(key, None)

    return "drop", lambda writer: writer.drop(keys), expect


def note(value: bytes) -> tuple[str, Callable[[Writer], None], Callable[[State], None]]:
    def expect(state: State) -> None:
        state["(metadata)"] = value

    return "metadata", lambda writer: writer.put(METADATA, value, 11), expect


def nothing(state: State) -> None:
    return None


SYNC = ("sync", lambda writer: writer.sync(), nothing)
FLUSH = ("flush", lambda writer: writer.flush(), nothing)
COMPACT = ("compact", lambda writer: writer.compact(Progress()), nothing)
CLEAR = ("clear", lambda writer: writer.clear(), lambda state: [state.pop(key) for key in list(state) if key != "(metadata)"])
STEPS: Steps = [
    *(put("a", b"first", 1), put("b", b"", 2), put("k\0", b"nul", 2), SYNC),
    *(put("a", b"second", 3), delete("b"), put("c", b"c" * 5000, 4), note(b'{"m":1}'), FLUSH, SYNC),
    *(put("b", b"again", 5), put("a", b"third", 5), delete("c"), FLUSH, put("d", b"d", 6), SYNC),
    keep(["copy 1", "copy 2"], b"copy"),
    *(put("copy 1", b"edited", 8), SYNC),
    *(put(f"many {number}", b"m%d" % number, 10) for number in range(70)),
    *(note(b'{"m":2}'), SYNC),
    *(drop(["a", "many 3"]), put("e", b"e", 12), SYNC),
    *(delete("many 5"), COMPACT),
    *(put("many 6", b"new", 13), SYNC),
    *(CLEAR, put("after", b"all", 14), SYNC),  # type: ignore[list-item]
]


def states() -> list[State]:
    """The content after each step, from the empty file on."""
    found: list[State] = [{}]
    for _, _, expect in STEPS:
        state = dict(found[-1])
        expect(state)
        found.append(state)
    return found


def write(path: Path, log: int) -> None:
    """Do all steps, noting in the log which began and up to which all is durable."""
    with writing(path) as writer:
        for number, (name, act, _) in enumerate(STEPS):
            os.write(log, f'["begun", {number + 1}]\n'.encode())
            act(writer)
            if name in ("sync", "compact"):
                os.write(log, f'["durable", {number + 1}]\n'.encode())


def look(path: Path, log: Path) -> list[str]:
    """What is wrong with a working copy after the kill."""
    durable = begun = 0
    for line in log.read_text().splitlines():
        word, number = json.loads(line)
        durable, begun = (number, begun) if word == "durable" else (durable, number)
    repair(path)
    ours, theirs = seen_by_us(path), seen_by_booklet(path)
    wrong = [] if ours == theirs else [f"booklet sees {theirs}, we see {ours}"]
    possible = states()[durable : begun + 1]
    with reading(path) as copy:
        table = {row.key: row for row in copy.state.table.all(METADATA)}
        if copy.disturbed:
            wrong.append("still disturbed after a repair")
    noted = metadata_of(path)
    metadata = noted[1] if noted is not None else None
    with plain(path, "r") as opened:
        if json.dumps(opened.get_metadata()) != json.dumps(metadata and json.loads(metadata)):
            wrong.append("booklet has other metadata")
    if metadata not in [state.get("(metadata)") for state in possible]:
        wrong.append(f"metadata are {metadata!r}")
    copies = {"copy 1": b"copy", "copy 2": b"copy"}
    for key in {*table, *(key for state in possible for key in state)} - {"(metadata)"}:
        value = ours.get(key)
        allowed = [state.get(key) for state in possible] + ([copies[key]] if key in copies else [])
        if value not in allowed:
            wrong.append(f"{key!r} is {value!r}")
        row = table.get(key)
        if row is not None and row.status == Status.DELETED and not any(STEPS[n][0] == "delete" for n in range(begun)):
            wrong.append(f"{key!r} was never deleted")
        if row is not None and row.status == Status.LEAVING:
            wrong.append(f"{key!r} is still leaving")
    left = [found.name for found in path.parent.iterdir() if not found.name.startswith(("rain.blt", "log"))]
    if left:
        wrong.append(f"files are left: {left}")
    return wrong


def repair(path: Path) -> None:
    """What the next session does first."""
    with writing(path):
        pass


def die_within(steps: int, act: Callable[[], None]) -> bool:
    """Do something in a process that is killed at a step; whether it was, before it was done."""
    child = os.fork()
    if child == 0:
        Killer(steps).arm()
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status):
        raise SystemExit(f"step {steps}: it failed by itself")
    return os.WIFSIGNALED(status)


def main(folder: Path, first: int, stride: int) -> int:
    """Kill at every ``stride``-th step from ``first`` on until a run comes to its end; the number of faults."""
    faults, chosen = 0, first
    while True:
        place = folder / str(chosen)
        place.mkdir()
        path, log = place / "rain.blt", place / "log"
        log.touch()
        create(path)
        killed = die_within(chosen, lambda: write(path, os.open(log, os.O_WRONLY | os.O_APPEND)))  # noqa: B023 - called at once
        die_within(chosen % 23 + 1, lambda: repair(path))  # noqa: B023
        try:
            wrong = look(path, log)
        except Exception as error:
            wrong = [f"{type(error).__name__}: {error}"]
        for fault in wrong:
            faults += 1
            print(f"step {chosen}: {fault[:500]}")
        if not killed:
            print(f"done after {chosen} steps")
            return min(faults, 100)
        for found in place.iterdir():
            found.unlink()
        chosen += stride


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
