"""The election of writers, on a real server that ignores conditions, against ebooklet's rules, and among real processes."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import catalog
from catalog import LeaseLostError, LockTimeoutError, OutcomeUnknownError, S3Connection
from catalog.format.names import ObjectNames
from catalog.locking.election import Ticket, Tickets, read_tickets
from catalog.locking.head_writer import break_lock, take_lease
from catalog.locking.head_writer import read_holder as read_any_holder
from catalog.locking.lease import Lease, LeaseHolder, read_holder
from catalog.progress import Progress
from catalog.remote.commit import commit_in_turn
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import ObjectStore
from catalog.store.wrapped import WrappedStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from catalog.testing.rclone import Rclone

LARGE = os.environ.get("CATALOG_TURNS") == "large"
NAME = "rain.blt.lock"
_SETTLE = 0.1
_WRITER = """
import json, sys
import catalog

task = json.loads(sys.stdin.readline())
connection = catalog.S3Connection(**task["connection"])
for session in range(task["sessions"]):
    with catalog.open(connection, task["file"], "w", "str", lock=task["lock"], lock_timeout=200) as database:
        for number in range(task["pushes"]):
            database[f"{task['who']}/{session}/{number}"] = "x"
            print(database.changes().push().commit.number, flush=True)
"""


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    """A real server that ignores the conditions of writes."""
    with Rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> FaultPlan:
    """What goes wrong with the requests of databases that are opened after this."""
    plan = FaultPlan()

    def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> FaultyStore:
        return FaultyStore(connect_store(connection, writing=writing, progress=progress), plan)

    monkeypatch.setattr("catalog.database.open.connect_store", connect)
    return plan


@pytest.fixture
def connection(rclone: Rclone, plan: FaultPlan) -> S3Connection:
    """A place that no other test uses."""
    return rclone.connection(f"data/{secrets.token_hex(6)}.blt")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryStore:
    """A folder: it lists the times of its objects, too, and so exactly that writers need not wait for the end of a second."""
    monkeypatch.setattr("catalog.locking.election.SETTLE", _SETTLE)
    return DirectoryStore(tmp_path / "store")


def acquire(store: ObjectStore, *, timeout: float = 0, force: bool = False, seconds: float = 60) -> Tickets:
    """Stand in the election, and give up after ``timeout`` seconds behind others."""
    return Tickets.acquire(store, NAME, timeout=timeout, force=force, progress=Progress(), seconds=seconds)


def names_in(store: ObjectStore) -> set[str]:
    return {found.name for found in store.list("")}


def foreign_ticket(store: ObjectStore, id_: str = "0123456789abc") -> str:
    """The tickets of an ebooklet writer, as it puts them."""
    for number in (0, 1):
        store.put(f"{NAME}.{id_}-{number}", b"1")
    return id_


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Look until something is so; it must be within 20 seconds."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, what


class TestRank:
    """Who is before whom: ebooklet's rule."""

    NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def test_older_is_first(self) -> None:
        """The time of the second ticket counts, whatever the first one's."""
        early = Ticket("b", self.NOW + timedelta(seconds=5), self.NOW)
        late = Ticket("a", self.NOW - timedelta(seconds=5), self.NOW + timedelta(seconds=1))
        assert early.rank < late.rank

    def test_tie(self) -> None:
        """Of equal times the lower id is first."""
        assert Ticket("a", self.NOW, self.NOW).rank < Ticket("b", self.NOW, self.NOW).rank

    def test_half(self) -> None:
        """Who has put only the first ticket counts by that."""
        half = Ticket("z", self.NOW, None)
        assert half.rank < Ticket("a", self.NOW, self.NOW + timedelta(seconds=1)).rank
        assert not half.is_whole


class TestElection:
    """One winner, and a queue behind."""

    def test_objects(self, store: DirectoryStore) -> None:
        """A holder has two tickets named and filled as ebooklet's, and says who it is in the lock object; release removes all."""
        held = acquire(store)
        found = names_in(store)
        assert found == {NAME, f"{NAME}.{held.holder.id}-0", f"{NAME}.{held.holder.id}-1"}
        assert store.get(f"{NAME}.{held.holder.id}-1").body == b"1"
        assert re.fullmatch(r"[0-9a-z]+", held.holder.id)
        said = read_holder(store, NAME)
        assert said is not None
        assert said[0].owner == held.holder.owner
        held.confirm()
        held.release()
        held.release()
        assert names_in(store) == set()

    def test_second_waits(self, store: DirectoryStore) -> None:
        """Behind a holder nobody gets in; the error names it, and nothing of the loser stays."""
        held = acquire(store)
        with pytest.raises(LockTimeoutError, match=re.escape(held.holder.owner)):
            acquire(store)
        held.confirm()
        assert len(names_in(store)) == 3
        held.release()

    def test_handed_over(self, store: DirectoryStore) -> None:
        """A waiting writer gets its turn when the holder is done, and not before."""
        first = acquire(store)
        won: list[Tickets] = []
        waiting = threading.Thread(target=lambda: won.append(acquire(store, timeout=30)))
        waiting.start()
        wait_for(lambda: len(read_tickets(store, NAME)) == 2, "no second writer")
        first.confirm()
        assert won == []
        first.release()
        waiting.join()
        won[0].confirm()
        won[0].release()

    def test_takes_the_settling_time(self, store: DirectoryStore) -> None:
        """No election is won before a writer of the same second would have been seen."""
        began = time.monotonic()
        held = acquire(store)
        assert time.monotonic() - began >= _SETTLE
        held.release()

    def test_late_but_older_ticket(self, store: DirectoryStore) -> None:
        """A ticket that is older, but appears between the two listings, is waited for."""

        class LateListing(WrappedStore):
            seen = 0

            def list(self, prefix: str):  # type: ignore[no-untyped-def]
                self.seen += 1
                if self.seen == 2:
                    id_ = foreign_ticket(self.store)
                    for number in (0, 1):
                        path = next(Path(self.store.where).rglob(f"*{id_}-{number}*"))
                        os.utime(path, (1_700_000_000, 1_700_000_000))
                return super().list(prefix)

        late = LateListing(store)
        with pytest.raises(LockTimeoutError, match="an ebooklet writer"):
            acquire(late)
        assert late.seen == 2

    def test_ebooklet_is_ahead(self, store: DirectoryStore) -> None:
        """A ticket of ebooklet is waited for, however long it stands still, and never cleared away."""
        id_ = foreign_ticket(store)
        for number in (0, 1):
            os.utime(next(Path(store.where).rglob(f"*{id_}-{number}*")), (1_700_000_000, 1_700_000_000))
        with pytest.raises(LockTimeoutError, match=r"an ebooklet writer \(since 2023-11-14 22:13:20 UTC\)"):
            acquire(store)
        assert len(names_in(store)) == 2

    def test_failed_entry(self, store: DirectoryStore) -> None:
        """A writer that cannot put its second ticket takes the first one back."""
        faulty = FaultyStore(store, FaultPlan([Fault(FaultKind.FAIL_BEFORE, "put", 2)]))
        with pytest.raises(catalog.UnreachableError):
            acquire(faulty)
        assert names_in(store) == set()

    def test_cancelled(self, store: DirectoryStore) -> None:
        """Who stops waiting leaves the queue."""
        held = acquire(store)
        progress = Progress()
        progress.cancel()
        with pytest.raises(catalog.CancelledError):
            Tickets.acquire(store, NAME, timeout=60, force=False, progress=progress)
        assert len(names_in(store)) == 3
        held.release()


class TestEndings:
    """Holders that die, are broken, or are of the other kind."""

    def test_dead_holder(self, store: DirectoryStore) -> None:
        """Tickets of ours that nobody renews are cleared away, with what their holder said."""
        dead = acquire(store, seconds=1)
        dead._stop.set()
        after = acquire(store, timeout=30, seconds=1)
        said = read_holder(store, NAME)
        assert said is not None
        assert said[0].id == after.holder.id
        dead._stop.clear()
        with pytest.raises(LeaseLostError, match=re.escape(str(after.holder))):
            dead.confirm()
        dead.release()
        after.confirm()
        after.release()

    def test_long_dead_holder(self, store: DirectoryStore) -> None:
        """Tickets of ours from long ago, by the store's clock, hold nobody up."""
        dead = foreign_ticket(store, "catalog0123456789abcdef")
        for number in (0, 1):
            os.utime(next(Path(store.where).rglob(f"*{dead}-{number}*")), (1_700_000_000, 1_700_000_000))
        held = acquire(store)
        assert set(read_tickets(store, NAME)) == {held.holder.id}
        held.release()

    def test_renewed_holder(self, store: DirectoryStore) -> None:
        """A holder that lives keeps its place for longer than its time, and its rank."""
        held = acquire(store, seconds=1)
        rank = read_tickets(store, NAME)[held.holder.id].rank
        wait_for(lambda: held.holder.renewals >= 6, "not renewed")
        with pytest.raises(LockTimeoutError):
            acquire(store, seconds=1)
        assert read_tickets(store, NAME)[held.holder.id].rank == rank
        held.confirm()
        held.release()

    def test_broken(self, store: DirectoryStore) -> None:
        """A holder whose lock was broken knows it at the next confirm; its release leaves the next holder alone."""
        held = acquire(store)
        forced = acquire(store, force=True)
        with pytest.raises(LeaseLostError, match=re.escape(str(forced.holder))):
            held.confirm()
        held.release()
        forced.confirm()
        forced.release()
        assert names_in(store) == set()

    def test_half_broken(self, store: DirectoryStore) -> None:
        """ebooklet's force removes old tickets, of ours the second alone: that is enough to lose the lock."""
        held = acquire(store)
        store.delete(f"{NAME}.{held.holder.id}-1")
        with pytest.raises(LeaseLostError, match="nobody: someone broke it"):
            held.confirm()
        held.release()
        assert names_in(store) == set()

    def test_broken_while_waiting(self, store: DirectoryStore) -> None:
        """A waiting writer whose tickets were removed stands in line again."""
        first = acquire(store)
        won: list[Tickets] = []
        waiting = threading.Thread(target=lambda: won.append(acquire(store, timeout=30)))
        waiting.start()
        wait_for(lambda: len(read_tickets(store, NAME)) == 2, "no second writer")
        assert break_lock(Place(store, ObjectNames("rain.blt"))) == first.holder
        waiting.join()
        won[0].confirm()
        won[0].release()
        first.release()

    def test_lease_of_the_other_kind(self, store: DirectoryStore) -> None:
        """The holder of a lease that is kept by conditional writes is waited for."""
        lease = Lease.acquire(store, NAME, timeout=0, force=False, progress=Progress())
        with pytest.raises(LockTimeoutError, match=re.escape(lease.holder.owner)):
            acquire(store)
        lease.confirm()
        lease.release()

    def test_lease_meets_tickets(self, store: DirectoryStore) -> None:
        """Who believes in conditional writes waits for the winner of an election."""
        held = acquire(store)
        with pytest.raises(LockTimeoutError, match=re.escape(held.holder.owner)):
            Lease.acquire(store, NAME, timeout=0, force=False, progress=Progress())
        held.release()

    def test_slept(self, store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """A holder that slept for longer than its lease still has it if its tickets are there, after looking twice."""
        held = acquire(store)
        monkeypatch.setattr("catalog.locking.election._clock", lambda: time.monotonic() + 1e9)
        began = time.monotonic()
        held.confirm()
        assert time.monotonic() - began >= _SETTLE
        held.release()


class TestHolder:
    """Whose the lock is, in words."""

    def test_free(self, store: DirectoryStore) -> None:
        """Nobody's."""
        assert read_any_holder(Place(store, ObjectNames("rain.blt"))) is None

    def test_ebooklet(self, store: DirectoryStore) -> None:
        """Of an ebooklet writer its time is known; breaking removes it."""
        id_ = foreign_ticket(store)
        found = read_any_holder(Place(store, ObjectNames("rain.blt")))
        assert isinstance(found, LeaseHolder)
        assert (found.id, found.owner) == (id_, "an ebooklet writer")
        assert break_lock(Place(store, ObjectNames("rain.blt"))) == found
        assert names_in(store) == set()

    def test_neighbours_are_no_tickets(self, store: DirectoryStore) -> None:
        """Objects of another database whose key begins the same are neither read nor removed."""
        for name in ("rain.blt.lock.blt", "rain.blt.lock.blt/packs/1-0", "rain.blt.lock.a-b-1", "rain.blt.lock.a-2"):
            store.put(name, b"")
        assert read_tickets(store, NAME) == {}
        break_lock(Place(store, ObjectNames("rain.blt")))
        assert len(names_in(store)) == 4


@pytest.mark.timeout(1800 if LARGE else 120)
def test_no_lost_update(connection: S3Connection, rclone: Rclone, tmp_path: Path) -> None:
    """Several processes push to a store that ignores conditions: each push is in the history once, each key in the end.

    CATALOG_TURNS=large runs it with hundreds of pushes.
    """
    with catalog.open(connection, tmp_path / "first.blt", "c", "str", lock="commit") as database:
        database["first"] = "x"
        database.changes().push()
    sessions, pushes, turns = (6, 50, 25) if LARGE else (2, 10, 3)
    tasks = [("session", sessions, pushes)] * 2 + [("commit", 1, turns)] * 2
    keys = connection.access_keys
    assert keys is not None
    place = {**connection.to_dict(), "access_key_id": keys.access_key_id, "access_key": keys.secret_access_key}
    running = []
    for who, (lock, count, each) in enumerate(tasks):
        task = {"connection": place, "who": who, "lock": lock, "sessions": count, "pushes": each}
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({**task, "file": str(tmp_path / f"{who}.blt")}) + "\n")
        process.stdin.close()
        process.stdin = None
        running.append(process)
    answers = [process.communicate() for process in running]
    assert [errors for _, errors in answers] == [""] * len(tasks)
    numbers = sorted(int(line) for said, _ in answers for line in said.split())
    total = sum(count * each for _, count, each in tasks)

    assert numbers == list(range(2, total + 2))
    expected = {f"{who}/{s}/{n}" for who, (_, count, each) in enumerate(tasks) for s in range(count) for n in range(each)}
    with catalog.open(connection, tmp_path / "last.blt", "r") as database:
        assert set(database) == expected | {"first"}
        assert [commit.number for commit in database.history()] == list(range(total + 1, 0, -1))
    beside = f"{connection.db_key}.lock".replace("/", "!")
    assert not [name for name in rclone.files() if name.startswith(beside)]


class TestCommit:
    """The commit of a push in a store that ignores conditions."""

    def test_lost_reply(self, connection: S3Connection, plan: FaultPlan, tmp_path: Path) -> None:
        """A commit whose answer is lost is found by reading back."""
        key = connection.db_key or ""
        with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
            database["a"] = "1"
            plan.add(Fault(FaultKind.LOSE_REPLY, "put", 2, key))
            assert database.changes().push().keys == 1
            assert plan.fired
        with catalog.open(connection, tmp_path / "b.blt") as database:
            assert dict(database) == {"a": "1"}

    def test_lock_lost_meanwhile(self, connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the lock is gone after the head was written, the outcome is said to be unknown, not a success."""
        store = connect_store(connection, writing=True)
        real = commit_in_turn

        def and_break(*arguments: object) -> object:
            made = real(*arguments)  # type: ignore[arg-type]
            break_lock(Place(store, ObjectNames(connection.db_key or "")))
            return made

        with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
            database["a"] = "1"
            with monkeypatch.context() as broken:
                broken.setattr("catalog.locking.head_writer.commit_in_turn", and_break)
                with pytest.raises(OutcomeUnknownError):
                    database.changes().push()
        with catalog.open(connection, tmp_path / "a.blt", "w", "str") as database:
            assert not database.changes().outgoing()
            assert dict(database) == {"a": "1"}

    def test_broken_session(self, connection: S3Connection, tmp_path: Path) -> None:
        """A session whose lock was broken pushes nothing and keeps its changes."""
        store, names = connect_store(connection, writing=True), ObjectNames(connection.db_key or "")
        with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
            database["a"] = "1"
            other = take_lease(Place(store, names), timeout=0, force=True, progress=Progress())
            with pytest.raises(LeaseLostError):
                database.changes().push()
            other.release()
            assert [change.key for change in database.changes().outgoing()] == ["a"]
        with pytest.raises(catalog.ObjectMissingError):
            store.head(names.head)
