"""Many processes at once: readers beside a writer, what they share, and writers that are killed again and again."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Database, LockTimeoutError, S3Connection
from catalog.database.options import Flag
from catalog.format.names import ObjectNames
from catalog.remote.commit import read_head
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.access import connect_store

READERS = 3


def opened(connection: S3Connection, file: Path, flag: Flag = "w", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, value_serializer="orjson", lock="commit", **more)
    return database


class Process:
    """A Python process that gets a connection on its standard input, and is told and tells in lines."""

    def __init__(self, script: str, connection: S3Connection, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_BEGIN) + textwrap.dedent(script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        keys = connection.access_keys
        pair = {"access_key_id": keys.access_key_id, "access_key": keys.secret_access_key} if keys is not None else {}
        self.tell(json.dumps({**connection.to_dict(), **pair}))

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, line: str = "go") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self) -> None:
        """Let it end by itself, and check that it ended well."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


_BEGIN = """
import json, sys, catalog
connection = catalog.S3Connection(**json.loads(sys.stdin.readline()))
def opened(file, flag, **more):
    return catalog.open(connection, file, flag, value_serializer="orjson", lock="commit", **more)
def say(what):
    print(what, flush=True)
def hear():
    return sys.stdin.readline()
"""


@contextmanager
def processes(*started: Process) -> Iterator[tuple[Process, ...]]:
    """Kill whatever is left of some processes in the end."""
    try:
        yield started
    finally:
        for process in started:
            if process.process.poll() is None:
                process.kill()


_READ = """
file, own = sys.argv[1], sys.argv[2] == "own"
say("ready")
seen = set()
while True:
    with opened(file, "r") as database:
        content = dict(database.items())
        assert len(content) == len(database) == 50, len(content)
        values = set(content.values())
        assert not own or len(values) == 1, values
        assert all(database[key] in range(100) for key in list(content)[:5])
        seen |= values
    if 8 in seen:
        break
say(len(seen))
"""


@pytest.mark.parametrize("own", [True, False], ids=["own files", "one file"])
def test_readers_beside_a_writer(remote: S3Connection, tmp_path: Path, own: bool) -> None:
    """Readers open and read all the time while a writer pushes: whole commits on files of their own."""
    file = tmp_path / "writer.blt"
    with opened(remote, file, "c") as database:
        database.update({f"k{number:02d}": 0 for number in range(50)})
        database.changes().push()
        files = [tmp_path / f"reader{number}.blt" if own else file for number in range(READERS)]
        with processes(*(Process(_READ, remote, path, "own" if own else "shared") for path in files)) as readers:
            assert [reader.hear() for reader in readers] == ["ready"] * READERS
            for number in range(1, 9):
                database.update({f"k{key:02d}": number for key in range(50)})
                database.changes().push()
            assert all(int(reader.hear()) >= 1 for reader in readers)
            for reader in readers:
                reader.end()


_HOLD = """
with opened(sys.argv[1], "w"):
    say("open")
    hear()
"""


def test_second_writer_is_told_who_holds_the_file(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A second writer of a working copy waits its time, and is told process, host and since when; then it gets its turn."""
    with opened(folder_connection, tmp_path / "a.blt", "c") as database:
        database.changes().push()
    with processes(Process(_HOLD, folder_connection, tmp_path / "b.blt")) as (holder,):
        assert holder.hear() == "open"
        with pytest.raises(LockTimeoutError) as caught:
            opened(folder_connection, tmp_path / "b.blt", "w", lock_timeout=0.1)
        assert f"process {holder.pid} on {socket.gethostname()}" in caught.value.holder
        assert "since 20" in caught.value.holder
        with opened(folder_connection, tmp_path / "b.blt", "r") as reader:
            assert len(reader) == 0
        waiting = catalog.Progress(lambda report: holder.tell() if "waiting" in report.phase else None)
        with opened(folder_connection, tmp_path / "b.blt", "w", lock_timeout=30, progress=waiting) as writer:
            writer["a"] = 1
        holder.end()


def test_killed_holder_leaves_no_lock(folder_connection: S3Connection, tmp_path: Path) -> None:
    """The file of a writer that was killed is free at once."""
    with opened(folder_connection, tmp_path / "a.blt", "c") as database:
        database.changes().push()
    with processes(Process(_HOLD, folder_connection, tmp_path / "b.blt")) as (holder,):
        assert holder.hear() == "open"
        holder.kill()
    with opened(folder_connection, tmp_path / "b.blt", "w", lock_timeout=0) as writer:
        writer["a"] = 1


_FETCH = """
with opened(sys.argv[1], "r") as database:
    before = database.requests
    if sys.argv[2] == "load":
        assert database.load_items() == {}
    assert sum(value for value in map(database.get, [f"k{number:02d}" for number in range(50)])) == 50
    say(database.requests - before)
"""


@pytest.mark.usefixtures("nothing_inline")
@pytest.mark.parametrize("how", ["load", "get"])
def test_readers_share_what_was_fetched(remote: S3Connection, tmp_path: Path, how: str) -> None:
    """What one process fetched, by loading all or one by one, no other process fetches again."""
    with opened(remote, tmp_path / "a.blt", "c") as database:
        database.update({f"k{number:02d}": 1 for number in range(50)})
        database.changes().push()
    counts = []
    for _ in range(2):
        with processes(Process(_FETCH, remote, tmp_path / "b.blt", how)) as (reader,):
            counts.append(int(reader.hear()))
            reader.end()
    assert counts == [2 if how == "load" else 51, 0]


_PUSH_FOR_EVER = """
import itertools, random
source = random.Random(int(sys.argv[2]))
with opened(sys.argv[1], "w") as database:
    say("open")
    for number in itertools.count(int(sys.argv[3])):
        keys = source.sample(range(20), 5)
        for key in keys:
            database[f"k{key}"] = [number, key]
        database[f"round/{number}"] = sorted(keys)
        database.sync()
        say(f"synced {number}")
        database.changes().push(message=str(number))
        say(f"pushed {number}")
"""


def test_writer_killed_again_and_again(remote: S3Connection, tmp_path: Path) -> None:
    """Killed at any moment of its pushes: what was synced is local or pushed, what was pushed is there, every commit is whole."""
    file, source = tmp_path / "a.blt", random.Random(5)
    with opened(remote, file, "c") as database:
        database.changes().push(message="0")
    synced = pushed = 0
    for attempt in range(4):
        with processes(Process(_PUSH_FOR_EVER, remote, file, attempt, synced + 1)) as (writer,):
            assert writer.hear() == "open"
            for _ in range(source.randrange(1, 9)):
                synced, pushed = _note(writer.hear(), synced, pushed)
            writer.process.send_signal(signal.SIGKILL)
            while line := writer.hear():
                synced, pushed = _note(line, synced, pushed)
            writer.process.communicate(timeout=60)
            assert writer.process.returncode == -signal.SIGKILL

        store, names = connect_store(remote, writing=False), ObjectNames(str(remote.db_key))
        head = read_head(Place(store, names))
        assert head is not None
        messages = [int(commit.message) for commit in Remote(Place(store, names), NoCache(), 2).history(head)]
        assert messages == sorted(set(messages), reverse=True)
        assert messages[0] >= pushed
        with opened(remote, tmp_path / f"reader{attempt}.blt", "r") as reader:
            _check_whole(dict(reader.items()), messages[0])
        with opened(remote, file, "r") as local:
            content = dict(local.items())
            newest = max((int(key.removeprefix("round/")) for key in content if key.startswith("round/")), default=0)
            assert newest >= synced
            synced = newest
    with opened(remote, file, "w") as database:
        database.changes().push(message=str(synced + 1))
        assert database.changes().all() == []
        _check_whole(dict(database.items()), synced)


def _note(line: str, synced: int, pushed: int) -> tuple[int, int]:
    what, number = line.split()
    return (int(number), pushed) if what == "synced" else (synced, int(number))


def _check_whole(content: dict[str, Any], newest: int) -> None:
    """Check that a state is what the rounds up to ``newest`` left, and nothing of a later one."""
    expected: dict[str, Any] = {}
    for number in range(1, newest + 1):
        keys = content[f"round/{number}"]
        expected[f"round/{number}"] = keys
        expected.update({f"k{key}": [number, key] for key in keys})
    assert content == expected


def test_this_process_is_not_the_holder_for_ever(folder_connection: S3Connection, tmp_path: Path) -> None:
    """After a writer closed, its name is nowhere in the way of the next, who is named instead."""
    with opened(folder_connection, tmp_path / "a.blt", "c") as database:
        database.changes().push()
    with processes(Process(_HOLD, folder_connection, tmp_path / "a.blt")) as (holder,):
        assert holder.hear() == "open"
        with pytest.raises(LockTimeoutError) as caught:
            opened(folder_connection, tmp_path / "a.blt", "w", lock_timeout=0)
        assert str(os.getpid()) not in caught.value.holder.split(" on ")[0]
        holder.tell()
        holder.end()
