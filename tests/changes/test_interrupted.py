"""What is cut short: by a cancel, a kill, a lost reply. Everything stays usable, and what went up is not sent again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import (
    CancelledError,
    ConflictError,
    Database,
    FormatError,
    OutcomeUnknownError,
    Progress,
    S3Connection,
    StoreError,
    UnreachableError,
)
from catalog.database.options import Flag
from catalog.format.names import ObjectNames
from catalog.remote.commit import read_head
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.access import connect_store
from catalog.testing.faults import Fault, FaultKind, FaultPlan

MIB = 1 << 20


def opened(connection: S3Connection, file: Path, flag: Flag = "c", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, lock="commit", **more)
    return database


def history(connection: S3Connection) -> list[str]:
    """The messages of all commits, oldest first."""
    store, names = connect_store(connection, writing=False), ObjectNames(str(connection.db_key))
    head = read_head(Place(store, names))
    return [] if head is None else [commit.message for commit in Remote(Place(store, names), NoCache(), 2).history(head)][::-1]


def read(connection: S3Connection, file: Path) -> dict[str, bytes]:
    with opened(connection, file, "r") as database:
        return dict(database.items())


class StopAt:
    """Cancels at the first report of a phase."""

    def __init__(self, phase: str, after: int = 0) -> None:
        self.left = after
        self.phase = phase
        self.seen: list[str] = []
        self.progress = Progress(self.watch)

    def watch(self, report: catalog.Report) -> None:
        if report.phase not in self.seen:
            self.seen.append(report.phase)
        if report.phase == self.phase:
            self.left -= 1
            if self.left < 0:
                self.progress.cancel()


def cut_head_put(monkeypatch: pytest.MonkeyPatch, database: Database, *, arrives: bool, deaf: bool) -> None:
    """From now on the head's write loses its reply (or does not arrive), and, when deaf, nothing answers after it."""
    store = database._session.remote.store
    put, get = store.put, store.get

    def lossy_put(name: str, body: bytes, **more: Any) -> str:
        if name != database.connection.db_key:
            return put(name, body, **more)
        if arrives:
            put(name, body, **more)
        if deaf:
            monkeypatch.setattr(store, "get", unreachable)
        raise UnreachableError("the reply was lost")

    def unreachable(*_: Any, **__: Any) -> Any:
        raise UnreachableError("the network is gone")

    assert get is not None
    monkeypatch.setattr(store, "put", lossy_put)


# Cancelling


@pytest.mark.parametrize("phase", ["comparing", "uploading", "committing"])
def test_cancelled_push(remote: S3Connection, tmp_path: Path, phase: str) -> None:
    """A push that is cancelled has committed nothing or all of it; edits are kept, and the next push finishes the work."""
    with opened(remote, tmp_path / "a.blt") as database:
        database["a"] = b"old"
        database.changes().push(message="first")
        database.update({f"k{number}": random.Random(number).randbytes(MIB) for number in range(34)})
        stop = StopAt(phase)
        try:
            database.changes().push(message="second", progress=stop.progress)
        except CancelledError:
            assert history(remote) == ["first"]
            assert database.changes().summary().outgoing == 34
        else:
            assert phase == "committing"
            assert history(remote) == ["first", "second"]
        assert phase in stop.seen
        database.changes().push(message="second")
        assert database.changes().all() == []
    assert history(remote) == ["first", "second"]
    assert len(read(remote, tmp_path / "b.blt")) == 35


def test_cancel_after_the_commit_is_too_late(remote: S3Connection, tmp_path: Path) -> None:
    """A push that was cancelled after its commit says what it did, and what a colleague changed is read as they left it."""
    with opened(remote, tmp_path / "a.blt") as database:
        database.update({"a": b"old", "b": b"old"})
        database.changes().push(message="first")
        with opened(remote, tmp_path / "b.blt") as colleague:
            colleague["b"] = b"theirs"
            colleague.changes().push(message="theirs")
        database["a"] = b"mine"
        stop = StopAt("committing", after=1)
        result = database.changes().push(message="mine", progress=stop.progress)
        assert result.commit is not None
        assert database.changes().all() == []
        assert dict(database.items()) == {"a": b"mine", "b": b"theirs"}
    assert history(remote) == ["first", "theirs", "mine"]


@pytest.mark.usefixtures("nothing_inline")
@pytest.mark.parametrize("phase", ["comparing indexes", "fetching"])
def test_cancelled_pull(remote: S3Connection, tmp_path: Path, phase: str) -> None:
    """A pull that is cancelled leaves one commit or the next, with every edit, and can be repeated."""
    content = {f"k{number}": random.Random(number).randbytes(1000) for number in range(50)}
    with opened(remote, tmp_path / "a.blt") as database:
        database.update(content)
        database.changes().push()
        database["mine"] = b"mine"
        with opened(remote, tmp_path / "b.blt") as colleague:
            colleague.update(dict.fromkeys(content, b"theirs"))
            colleague.changes().push()
        if phase == "fetching":
            faulty = database._session.remote.store
            plain = faulty.get
            progress = Progress()

            def get(name: str, *more: Any, **other: Any) -> Any:
                if "/packs/" in name:
                    progress.cancel()
                return plain(name, *more, **other)

            faulty.get = get  # type: ignore[method-assign]
        else:
            progress = StopAt(phase).progress
            progress.cancel()
        with pytest.raises(CancelledError):
            database.changes().pull(progress=progress)
        expected = content if phase == "comparing indexes" else dict.fromkeys(content, b"theirs")
        assert dict(database.items()) == {**expected, "mine": b"mine"}
        database.changes().pull()
        assert dict(database.items()) == {**dict.fromkeys(content, b"theirs"), "mine": b"mine"}
        assert [change.key for change in database.changes().all()] == ["mine"]


# Lost replies


@pytest.mark.parametrize("arrives", [True, False])
def test_lost_reply_of_the_commit(remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrives: bool) -> None:
    """A commit whose reply was lost is found by reading back: it is a success if it was made, else the error of the network."""
    with opened(remote, tmp_path / "a.blt") as database:
        database["a"] = b"1"
        database.changes().push(message="first")
        database["a"] = b"2"
        cut_head_put(monkeypatch, database, arrives=arrives, deaf=False)
        if arrives:
            assert database.changes().push(message="second").commit == database.commit
            assert database.changes().all() == []
        else:
            with pytest.raises(UnreachableError):
                database.changes().push(message="second")
            assert [change.key for change in database.changes().all()] == ["a"]
            monkeypatch.undo()
            database.changes().push(message="second")
    assert history(remote) == ["first", "second"]


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("then", ["push", "pull", "reopen", "edit and push", "colleague"])
def test_unknown_outcome(remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrives: bool, then: str) -> None:
    """An unknown outcome is said to be one; what is done next finds it out: nothing is pushed twice or a conflict."""
    with opened(remote, tmp_path / "a.blt") as database:
        database["a"] = b"1"
        database.changes().push(message="first")
        database["a"] = b"2"
        cut_head_put(monkeypatch, database, arrives=arrives, deaf=True)
        with pytest.raises(OutcomeUnknownError, match="may or may not"):
            database.changes().push(message="second")
        assert database["a"] == b"2"
        monkeypatch.undo()
        if then == "pull":
            assert database.changes().pull().conflicts == ()
        elif then == "edit and push":
            database["a"] = b"3"
        elif then == "colleague":
            with opened(remote, tmp_path / "b.blt") as colleague:
                colleague["b"] = b"theirs"
                colleague.changes().push(message="theirs")
        elif then == "reopen":
            database.close()
            database = opened(remote, tmp_path / "a.blt")  # noqa: PLW2901 - the same one, once more
        assert database.changes().conflicts() == []
        database.changes().push(message="third")
        assert list(database.changes().iter_changes()) == []
        database.close()

    made = ["first", *(["second"] if arrives else []), *(["theirs"] if then == "colleague" else [])]
    assert history(remote) == [*made, *(["third"] if not arrives or then == "edit and push" else [])]
    content = read(remote, tmp_path / "c.blt")
    assert content["a"] == (b"3" if then == "edit and push" else b"2")


@pytest.mark.parametrize("number", range(1, 8))
def test_a_damaged_answer_makes_no_conflict_of_an_own_commit(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: FaultPlan, number: int
) -> None:
    """Whatever is damaged on the way while an unknown outcome is found out, one's own commit is not taken for another's."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database["a"] = b"1"
        database.changes().push(message="first")
        database["a"] = b"2"
        with monkeypatch.context() as cut:
            cut_head_put(cut, database, arrives=True, deaf=True)
            with pytest.raises(OutcomeUnknownError):
                database.changes().push(message="second")
    with opened(folder_connection, tmp_path / "a.blt", pull=False) as database:
        database["a"] = b"3"
        faults.add(Fault(FaultKind.FLIP_BIT, number=number))
        with contextlib.suppress(FormatError):
            database.changes().push(message="third")
        database.changes().push(message="third")
        assert database.changes().all() == []
    assert history(folder_connection) == ["first", "second", "third"]


def test_unknown_outcome_and_a_real_conflict(remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an unknown outcome that was a success, a colleague's newer edit of a key that was edited here again is a conflict."""
    with opened(remote, tmp_path / "a.blt") as database:
        database["a"] = b"1"
        database.changes().push()
        database["a"] = b"2"
        cut_head_put(monkeypatch, database, arrives=True, deaf=True)
        with pytest.raises(OutcomeUnknownError):
            database.changes().push()
        monkeypatch.undo()
        database["a"] = b"3"
        with opened(remote, tmp_path / "b.blt") as colleague:
            assert colleague["a"] == b"2"
            colleague["a"] = b"theirs"
            colleague.changes().push()
        with pytest.raises(ConflictError):
            database.changes().push()
        database.changes().pull()
        (conflict,) = database.changes().conflicts()
        sides = [database.changes().value(conflict, side) for side in ("base", "local", "remote")]
        assert sides == [b"2", b"3", b"theirs"]


@pytest.mark.parametrize("verb", ["put", "get"])
@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY])
def test_any_request_of_a_push_fails(
    folder_connection: S3Connection, tmp_path: Path, faults: FaultPlan, verb: str, kind: FaultKind
) -> None:
    """Whichever request of a push on top of a colleague's fails: edits are kept, and the next push brings all up once."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database.update({"a": b"old", "b": b"old"})
        database.changes().push(message="first")
        for number in range(1, 12):
            with opened(folder_connection, tmp_path / "b.blt") as colleague:
                faults.clear()
                colleague["b"] = f"theirs {number}".encode()
                colleague.changes().push(message=f"theirs {number}")
            value = f"mine {number}".encode()
            database["a"] = value
            faults.add(Fault(kind, verb, number))
            try:
                database.changes().push(message=f"mine {number}")
            except (StoreError, OutcomeUnknownError):
                assert database["a"] == value
                database.changes().push(message=f"mine {number}")
            done = bool(faults.faults)
            faults.clear()
            assert database.changes().all() == []
            assert history(folder_connection)[-2:] == [f"theirs {number}", f"mine {number}"]
            if done:
                break
        assert done
        assert faults.fired


# Kills


_PUSH_AND_DIE = """
    import json, os, random, signal, sys, catalog
    from catalog.changes import finalize
    from catalog.changes import push
    connection = catalog.S3Connection(**json.loads(sys.stdin.readline()))
    with catalog.open(connection, sys.argv[1], "w", lock="commit") as database:
        database.update({f"k{number}": random.Random(number).randbytes(1 << 20) for number in range(34)})
        database.sync()
        die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[2] == "before":
            push.HeadWriter.commit = die
        else:
            push.finalize = die
        database.changes().push()
"""


def parameters(connection: S3Connection) -> str:
    """A connection with its keys, for the standard input of a process."""
    keys = connection.access_keys
    pair = {"access_key_id": keys.access_key_id, "access_key": keys.secret_access_key} if keys is not None else {}
    return json.dumps({**connection.to_dict(), **pair}) + "\n"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_push_goes_on(folder_connection: S3Connection, tmp_path: Path, moment: str) -> None:
    """After a kill just before or after its commit a push goes on where it was: nothing that was up goes up again."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database.changes().push()
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_PUSH_AND_DIE), str(tmp_path / "b.blt"), moment],
        input=parameters(folder_connection),
        text=True,
        timeout=100,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL

    with opened(folder_connection, tmp_path / "b.blt", "w") as database:
        assert database.changes().summary().outgoing == (34 if moment == "before" else 0)
        assert database.changes().push().bytes_up < 3 * MIB
        assert database.changes().all() == []
    assert len(history(folder_connection)) == 2
    content = read(folder_connection, tmp_path / "c.blt")
    assert content == {f"k{key}": random.Random(key).randbytes(MIB) for key in range(34)}


# Large values


_MOVE_LARGE = """
    import json, resource, sys, catalog
    connection = catalog.S3Connection(**json.loads(sys.stdin.readline()))
    with catalog.open(connection, sys.argv[1], "w", lock="commit") as database:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        database.changes().push()
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_large_value(bucket_connection: S3Connection, tmp_path: Path) -> None:
    """A value beyond what is sent at once goes up in parts from the disk, taking little memory, and comes back whole."""
    value = random.Random(1).randbytes(MIB) * 70
    with opened(bucket_connection, tmp_path / "a.blt") as database:
        database["small"] = b"s"
        database["large"] = value
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_MOVE_LARGE), str(tmp_path / "a.blt")],
        input=parameters(bucket_connection),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert int(process.stdout) < 64 + 40
    with opened(bucket_connection, tmp_path / "b.blt", "r") as database:
        assert database["large"] == value
        assert database["small"] == b"s"


def test_damaged_large_value_is_not_pushed(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A large value that is damaged on the disk is not pushed; the error names its key."""
    with opened(folder_connection, tmp_path / "a.blt") as database:
        database["large"] = bytes(65 * MIB)
    state = (tmp_path / "a.blt").stat()
    with (tmp_path / "a.blt").open("r+b") as file:
        file.seek(30 * MIB)
        file.write(b"x")
    os.utime(tmp_path / "a.blt", ns=(state.st_atime_ns, state.st_mtime_ns))
    with opened(folder_connection, tmp_path / "a.blt") as database:
        with pytest.raises(catalog.IntegrityError, match="large"):
            database.changes().push()
        assert history(folder_connection) == []
