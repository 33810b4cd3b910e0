"""An opening belongs to the process that made it: a forked child reads through handles of its own, and disturbs nothing."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from static_web import StaticWeb

import catalog
from catalog import Catalog, ConnectionGroup, Database, LockTimeoutError, S3Connection, WrongProcessError
from catalog.credentials.session_store import this_session
from catalog.database.options import Flag
from catalog.locking.breaking import read_holder
from catalog.processes import fork
from catalog.processes.fork import OfOneProcess
from catalog.store.directory.files import _thread_locks
from catalog.store.directory.store import DirectoryStore

from .children import in_child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def opened(connection: S3Connection, file: Path, flag: Flag = "c", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, value_serializer="orjson", **more)
    return database


@pytest.fixture
def database(remote: S3Connection, tmp_path: Path) -> Iterator[Database]:
    """A pushed database that is open for writing, with one value that is only in the remote and one in the buffer."""
    with opened(remote, tmp_path / "first.blt") as first:
        first.update({"far": [1], "near": [2]})
        first.changes().push()
    with opened(remote, tmp_path / "mine.blt") as mine:
        mine["buffered"] = [3]
        yield mine


WAYS_TO_WRITE: dict[str, Callable[[Database], Any]] = {
    "set": lambda db: db.set("x", 1),
    "delete": lambda db: db.__delitem__("near"),
    "update": lambda db: db.update({"x": 1}),
    "clear": lambda db: db.clear(),
    "prune": lambda db: db.prune(),
    "sync": lambda db: db.sync(),
    "set_metadata": lambda db: db.set_metadata({"x": 1}),
    "set_timestamp": lambda db: db.set_timestamp("near", 5),
    "push": lambda db: db.changes().push(),
    "discard": lambda db: db.changes().discard(),
    "undo": lambda db: db.undo(),
    "tag": lambda db: db.tag("x"),
    "forget": lambda db: db.forget(["near"]),
    "collect": lambda db: db.collect_garbage(dry_run=False),
    "delete_remote": lambda db: db.delete_remote(),
    "map": lambda db: db.map(lambda key, value: None),
}


def refusal(act: Callable[[], Any]) -> str:
    """The kind of error that a child gets, and what it is told to do."""
    try:
        act()
    except catalog.CatalogError as error:
        return f"{type(error).__name__}: {error.hint}"
    return "was let"


def test_a_child_is_refused_every_way_to_write(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Each command that writes is a WrongProcessError that says what to do, and the parent goes on as if there were no child."""
    with opened(folder_connection, tmp_path / "mine.blt") as db:
        db.update({"far": [1], "near": [2]})
        db.changes().push()
        db["buffered"] = [3]
        told = in_child(lambda: {name: refusal(partial(write, db)) for name, write in WAYS_TO_WRITE.items()})
        refused = f"WrongProcessError: {WrongProcessError('').hint}"
        assert {name: said for name, said in told.items() if said != refused} == {}

        db["later"] = [4]
        assert db.changes().push().keys == 2
    with opened(folder_connection, tmp_path / "fresh.blt", "r") as fresh:
        assert dict(fresh.items()) == {"far": [1], "near": [2], "buffered": [3], "later": [4]}


def test_a_child_reads_what_its_parent_saw(database: Database) -> None:
    """It sees what was set before the fork, buffered or not, fetches what is far, and keeps lists and totals right."""

    def read() -> Any:
        return [dict(database.items()), len(database), database.page(limit=2)[0].key, database.writable, database["far"]]

    everything = {"far": [1], "near": [2], "buffered": [3]}
    assert in_child(read) == [everything, 3, "buffered", False, [1]]
    assert dict(database.items()) == everything
    assert database.changes().push().keys == 1


def test_a_child_that_closes_frees_nothing_of_its_parent(database: Database, remote: S3Connection, tmp_path: Path) -> None:
    """Lock, lease and buffer stay the parent's, whether the child reads first or not."""

    def read_and_close() -> Any:
        value = database["near"]
        database.close()
        return value

    assert in_child(read_and_close) == [2]
    assert in_child(database.close) is None

    with pytest.raises(LockTimeoutError):
        opened(remote, tmp_path / "mine.blt", "w", lock="commit", lock_timeout=0)
    holder = read_holder(remote)
    assert holder is not None
    assert f"process {os.getpid()}" in holder.owner
    database["after"] = [4]
    assert database.changes().push().keys == 2


def test_a_child_that_drops_what_it_got_disturbs_nothing(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Databases that a child's garbage collection takes are not closed for the parent."""
    held = {"db": opened(folder_connection, tmp_path / "mine.blt")}
    held["db"]["kept"] = 1
    held["db"].sync()

    def drop() -> int:
        del held["db"]
        return gc.collect() and 0

    assert in_child(drop) == 0
    held["db"]["more"] = 2
    assert held["db"].changes().push().keys == 2
    held["db"].close()


DB: Database


def put(number: int) -> str:
    try:
        DB[f"c{number:03}"] = {"number": number}
        DB.sync()
    except WrongProcessError:
        return "refused"
    return "acknowledged"


def test_a_pool_that_inherits_a_writer_is_refused(folder_connection: S3Connection, tmp_path: Path) -> None:
    """With multiprocessing's fork no value is acknowledged that is not kept, and the parent's are whole."""
    global DB  # noqa: PLW0603 - inherited by the pool, as programs do it
    DB = opened(folder_connection, tmp_path / "mine.blt", lock="commit")
    DB["before"] = 1
    with warnings.catch_warnings(), multiprocessing.get_context("fork").Pool(2) as pool:
        warnings.simplefilter("ignore", DeprecationWarning)
        assert set(pool.map(put, range(20))) == {"refused"}
    DB["after"] = 2
    assert DB.changes().push().keys == 2
    DB.close()


def test_a_fork_while_other_threads_write_and_read(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Locks that other threads held at the fork do not hang the child; the parent loses nothing."""
    with opened(folder_connection, tmp_path / "mine.blt", lock="commit", buffer_size=2000) as db:
        db["seen"] = 0
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                db[f"k{number:06}"] = "x" * 300
                assert db["seen"] == 0
                number += 1

        threads = [threading.Thread(target=write) for _ in range(2)]
        for thread in threads:
            thread.start()
        told: list[Any] = []
        try:
            forking = threading.Thread(
                target=lambda: told.extend(in_child(lambda: [db["seen"], refusal(lambda: db.set("x", 1))[:17]]) for _ in range(8))
            )
            forking.start()
            forking.join()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert told == [[0, "WrongProcessError"]] * 8
        keys = len(db)
        assert db.changes().push().keys == keys


def test_no_child_is_made_while_a_thread_is_inside_sqlite(folder_connection: S3Connection, tmp_path: Path) -> None:
    """SQLite has locks of its own, which no child can give back: the fork waits until a statement has ended."""
    with opened(folder_connection, tmp_path / "mine.blt", lock="commit") as db, ThreadPoolExecutor() as pool:
        sidecar = db._session.state.sidecar
        inside, asked = threading.Event(), threading.Event()
        ended: list[str] = []

        class Watched(OfOneProcess):
            def before_fork(self) -> None:
                asked.set()

            def after_fork(self) -> None:
                return

        watched = Watched()
        watched.belong_here()

        def statement() -> int:
            inside.set()
            asked.wait()
            ended.append("statement")
            return 1

        sidecar._connection.create_function("slow", 0, statement)
        slow = pool.submit(sidecar.row, "SELECT slow()")
        inside.wait()
        assert in_child(lambda: [*ended, sidecar.row("SELECT 2")]) == ["statement", [2]]
        assert slow.result() == (1,)


def test_locks_are_taken_in_whatever_order_others_take_them() -> None:
    """Two threads that take two locks one way round do not block a fork that takes them the other way, nor it them."""
    first, second = threading.RLock(), threading.Lock()
    with ThreadPoolExecutor() as pool:
        has_first, taking = threading.Event(), threading.Event()

        def other() -> None:
            with first:
                has_first.set()
                taking.wait()
                with second:
                    pass

        working = pool.submit(other)
        has_first.wait()
        taking.set()
        taken = fork._take([second, first])
        fork._release(taken)
        working.result()
        assert set(map(id, taken)) == {id(first), id(second)}


def test_locks_that_other_threads_hold_are_not_waited_for(
    folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who held a lock at the fork is not there in the child, and would never give it back."""
    monkeypatch.setattr(fork, "_MOST_SECONDS", 0.01)
    with opened(folder_connection, tmp_path / "first.blt") as first:
        first["far"] = 1
        first.changes().push()
    with opened(folder_connection, tmp_path / "mine.blt", lock="commit") as db:
        session = db._session
        store = session.remote.store
        assert isinstance(store, DirectoryStore)
        locks: list[Any] = [session.lock, session.state.sidecar._lock, session.remote._segments._lock, store.traffic._lock]
        locks += [_thread_locks.of[tmp_path / "remote"], this_session._lock]

        def hold() -> None:
            for lock in locks:
                lock.acquire()
            held.set()
            go.wait()
            for lock in locks:
                lock.release()

        held, go = threading.Event(), threading.Event()
        holding = threading.Thread(target=hold)
        holding.start()
        held.wait()

        def read() -> Any:
            store.put("other", b"x")
            return [db["far"], len(db), db.changes().summary().outgoing, len(this_session.list())]

        told = in_child(read)
        go.set()
        holding.join()
        assert told == [1, 1, 0, len(this_session.list())]


def test_groups_earlier_versions_and_sorted_keys_in_a_child(folder_connection: S3Connection, tmp_path: Path) -> None:
    """What is opened besides a database is read in a child too."""
    with opened(folder_connection, tmp_path / "mine.blt") as db:
        db.update({"a": "long" * 9, "b": "short"})
        db.changes().push()
        db["c"] = "new"
        db.changes().push()
        place = S3Connection(db_key="team.group", endpoint_url=folder_connection.endpoint_url)
        group: ConnectionGroup
        with (
            catalog.open(place, tmp_path / "group.blt", "c", remote_conn_group=True) as group,
            catalog.open(folder_connection, tmp_path / "mine.blt", version=1) as past,
        ):
            key = group.add(folder_connection, name="rain")
            by_size = db.sorted_keys("size")
            db["d"] = ""

            def read() -> Any:
                names = [entry.name for entry in group.entries()]
                refused = refusal(lambda: group.remove(key))[:17]
                return [names, refused, dict(past.items()), [info.key for info in by_size.page_at(0, 9)], len(by_size)]

            assert in_child(read) == [["rain"], "WrongProcessError", {"a": "long" * 9, "b": "short"}, ["a", "b", "c", "d"], 4]
            assert [info.key for info in by_size.page_at(0, 9)] == ["a", "b", "c"]
            by_size.close()
            group.remove(key)


def test_a_catalog_works_in_a_child(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A Catalog holds nothing of one process: a child opens and changes through it what is its own."""
    with opened(folder_connection, tmp_path / "mine.blt") as db:
        db["a"] = 1
        db.changes().push()
    mine = Catalog(tmp_path / "catalog")
    mine.add_group("team")

    def add() -> Any:
        entry = mine.add("team", folder_connection, name="rain")
        with mine.open(entry, "w", lock="commit") as again:
            again["b"] = 2
            return again.changes().push().keys

    assert in_child(add) == 1
    assert [entry.name for entry in mine.entries("team")] == ["rain"]


def test_a_web_address_is_read_by_parent_and_child(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Each has a connection to the server of its own."""
    with opened(folder_connection, tmp_path / "mine.blt") as db:
        db.update({f"k{number}": number for number in range(4)})
        db.changes().push()
    with StaticWeb(tmp_path / "remote") as web, catalog.open(f"{web.url}/data/rain.blt", tmp_path / "public.blt") as public:
        assert public["k0"] == 0
        assert in_child(lambda: [public["k1"], public["k2"]]) == [1, 2]
        assert public["k3"] == 3


def test_a_child_of_a_child_is_refused_too(folder_connection: S3Connection, tmp_path: Path) -> None:
    """However far a child is from the process that opened it."""
    with opened(folder_connection, tmp_path / "mine.blt") as db:
        db["a"] = 1
        assert in_child(lambda: in_child(lambda: [db["a"], refusal(lambda: db.set("b", 2))[:17]])) == [1, "WrongProcessError"]


_KILLED = """
import os, sys, time, catalog
connection = catalog.S3Connection(db_key="data/rain.blt", endpoint_url=sys.argv[1])
db = catalog.open(connection, sys.argv[2], "c", value_serializer="orjson", lock="commit")
db["kept"] = 1
db.sync()
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
print(child, flush=True)
time.sleep(60)
"""


def test_a_child_does_not_keep_the_lock_of_a_parent_that_was_killed(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A pool that outlives its parent locks nobody out."""
    command = [sys.executable, "-c", _KILLED, str(folder_connection.endpoint_url), str(tmp_path / "mine.blt")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        os.kill(child, 0)
        try:
            with opened(folder_connection, tmp_path / "mine.blt", "w", lock="commit", lock_timeout=0) as db:
                assert db["kept"] == 1
        finally:
            os.kill(child, signal.SIGKILL)


_ENDS_NORMALLY = """
import os, shutil, sys, catalog
connection = catalog.S3Connection(db_key="data/rain.blt", endpoint_url=sys.argv[1])
path = sys.argv[2]
def opened():
    return catalog.open(connection, path, "c", value_serializer="orjson", lock="commit")
db = opened()
db["old"] = 1
db.sync()
go, tell = os.pipe()
child = os.fork()
if child == 0:
    os.read(go, 1)
    sys.exit(0)
db.close()
for end in ("", ".sync"):
    os.remove(path + end)
db = opened()
db["new"] = 2
db.sync()
os.write(tell, b"x")
assert os.waitpid(child, 0)[1] == 0
print(os.path.exists(path + ".sync-wal"), flush=True)
os._exit(1)
"""


def test_a_child_that_ends_takes_no_file_of_its_parent_along(folder_connection: S3Connection, tmp_path: Path) -> None:
    """SQLite connections that a child got are not closed at its end either: that would remove a log that is in use by now."""
    command = [sys.executable, "-c", _ENDS_NORMALLY, str(folder_connection.endpoint_url), str(tmp_path / "mine.blt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "True", done.stderr
    with opened(folder_connection, tmp_path / "mine.blt", "w", lock="commit") as db:
        assert dict(db.items()) == {"new": 2}
