"""Steps of other processes: one that is killed, and a child that inherits an open database."""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from catalog import CatalogError, ConflictError, Database

from .editing import Edit
from .model import Commit, Copy, merge
from .world import World, read

KILLED = "killed"
"""The message of a push that was killed."""


@dataclass
class Last:
    """What a process does before it is killed: by itself at its end, or at one of the requests of its push."""

    edits: list[Edit]
    moments: list[int]
    sync_after: int | None
    push_requests: int | None
    left: int = 1 << 30

    def live(self, connect: Callable[[Callable[[object], None]], Database], say: Callable[[bytes], object]) -> None:
        """Open, edit, push, die."""
        database = connect(self.count)
        for number, (key, value, _) in enumerate(self.edits):
            if value is None:
                database.pop(key, None)
            else:
                database.set(key, value, timestamp=self.moments[number], encode_value=False)
            if number == self.sync_after:
                database.sync()
        say(b"edited")
        if self.push_requests is not None:
            self.left = self.push_requests
            with contextlib.suppress(ConflictError):
                database.changes().push(message=KILLED)
            say(b"pushed")
        os.kill(os.getpid(), signal.SIGKILL)

    def count(self, _: object) -> None:
        """One more request was answered."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Processes(World):
    """Kills and forks."""

    def die(self, copy: Copy, edits: list[Edit], sync_after: int | None, push_requests: int | None) -> None:
        """A process opens the copy, edits, pushes perhaps, and is killed."""
        self.shut(copy)
        if self.is_foreign(copy):
            return
        if not self.is_kept(copy.base):
            self.open(copy)
            self.shut(copy)
        # a first push holds the lock of the place: who comes after a killed one waits for a minute
        last = Last(edits, [self.tick() for _ in edits], sync_after, push_requests if self.remote is not None else None)
        if self.remote is not None:
            copy.build_on(self.remote.newest)
        said = in_child(lambda say: last.live(lambda observer: self.connect(copy, observer=observer), say))
        assert said in (b"edited", b"editedpushed"), f"it died before it had edited: {said!r}"
        for number, (key, value, _) in enumerate(edits):
            if value is not None or key in copy.view:
                copy.note(key, (value, last.moments[number]) if value is not None else None)
            if number == sync_after:
                copy.unsynced = {}
        if last.push_requests is not None:
            self.find_killed_push(copy)
        self.after_kill(copy)

    def after_kill(self, copy: Copy) -> None:
        """What was not synced is there or not, and nothing else."""
        database = copy.database = self.connect(copy)
        copy.uuid = database.uuid
        found = read(database) if copy.unsynced else {}
        deleted = self.remote is None and copy.base is not None
        for key, versions in copy.unsynced.items():
            assert deleted or found.get(key) in versions, f"{key!r} is nothing that it ever was"
            if found.get(key) in versions:
                copy.edits[key] = found.get(key)
                copy.tidy(key)
        copy.unsynced = {}
        if deleted:
            self.after_deletion(copy)

    def find_killed_push(self, copy: Copy) -> None:
        """Find out whether a killed push was made: it is a commit, whole, or is not."""
        assert self.remote is not None
        copy.unsynced = {}
        with self.reader(self.connection) as reader:
            said = reader.commit
            assert said is not None
            if said.id == self.remote.newest.id:
                return
            assert said.message == KILLED
            clashes = copy.clashes(self.remote.newest)
            assert not clashes, f"{sorted(clashes)} were overwritten unseen"
            made = Commit(said.id, said.number, merge(copy, set(copy.edits), self.remote.newest)[0])
            self.remote.kept.append(made)
            self.compare(reader, made)
        copy.pushed(made, set(copy.edits))

    def fork(self, copy: Copy, *, read_there: bool, write_there: bool, close_there: bool) -> None:
        """A child process inherits an open copy, and does what it likes with it; the parent goes on."""
        database, known = self.opened(copy), self.is_kept(copy.base)

        def act(say: Callable[[bytes], object]) -> None:
            if read_there:
                assert read(database) == copy.view, "a child sees something else than its parent"
            if write_there:
                assert refuses(lambda: database.set("a", b'"written by a child"', encode_value=False)), "a child wrote"
            if close_there:
                database.close()
            say(b"done")

        said = in_child(act)
        assert said == b"done" or not known, said
        if close_there:
            assert refuses(lambda: self.connect(copy, lock_timeout=0).close()), "a child gave the parent's lock back"


def refuses(act: Callable[[], Any]) -> bool:
    """Whether something is refused with a word."""
    try:
        act()
    except CatalogError:
        return True
    return False


def in_child(act: Callable[[Callable[[bytes], object]], None]) -> bytes:
    """What a child process said until it ended or was killed."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            act(partial(os.write, writing))
        except BaseException as error:
            os.write(writing, f" {type(error).__name__}: {error}"[:4000].encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said
