"""One writer at a time holds a lease; a dead one blocks nobody, and a lost one is noticed before anything is committed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

import catalog
from catalog import S3Connection
from catalog.errors import AccessDeniedError, CancelledError, LeaseLostError, LockTimeoutError, UnreachableError
from catalog.locking import head_writer
from catalog.locking.lease import PATIENCE, SECONDS, Lease, LeaseHolder, read_holder, who_am_i
from catalog.progress import Progress
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import ObjectInfo, ObjectStore
from catalog.store.wrapped import WrappedStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore

NAME = "data/rain.blt.lock"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty store."""
    return DirectoryStore(tmp_path / "store")


def take(store: ObjectStore, **options: Any) -> Lease:
    """Take the lease."""
    usual: dict[str, Any] = {"timeout": 0, "force": False, "progress": Progress()}
    return Lease.acquire(store, NAME, **(usual | options))


def theirs(store: ObjectStore, owner: str = "bob@lab, process 7", seconds: float = 60) -> LeaseHolder:
    """A lease that another machine took and never renews."""
    holder = LeaseHolder("b" * 32, owner, "2026-11-23 08:00:00 UTC", seconds)
    store.put(NAME, msgspec.json.encode(holder))
    return holder


def test_a_lease_is_taken_confirmed_and_given_back(store: DirectoryStore) -> None:
    """While it is held it says whose it is; afterwards it is free, and giving it back twice is no error."""
    lease = take(store)
    lease.confirm()
    found = read_holder(store, NAME)

    assert found is not None
    assert found[0] == lease.holder
    assert who_am_i() in found[0].owner
    lease.release()
    lease.release()
    assert read_holder(store, NAME) is None
    with pytest.raises(LeaseLostError):
        lease.confirm()


def test_a_second_writer_times_out_and_names_the_first(store: DirectoryStore) -> None:
    """Who waits too long is told who holds the lease and since when, and what to do."""
    theirs(store)
    with pytest.raises(LockTimeoutError, match=r"bob@lab, process 7 \(since 2026-11-23 08:00:00 UTC\)") as caught:
        take(store, timeout=0.2)

    assert "force_lock" in caught.value.hint
    assert read_holder(store, NAME) is not None


def test_who_waits_gets_it_when_it_is_free(store: DirectoryStore) -> None:
    """A waiting writer is told for whom, and goes on when the other gives the lease back."""
    first = take(store)
    said: list[str] = []
    threading.Timer(0.3, first.release).start()
    second = take(store, timeout=30, progress=Progress(lambda report: said.append(report.phase)))

    second.confirm()
    assert any(who_am_i() in phase for phase in said)
    second.release()


def test_waiting_can_be_cancelled(store: DirectoryStore) -> None:
    """A cancel ends the waiting at once, and takes nothing."""
    holder = theirs(store)
    progress = Progress()
    threading.Timer(0.2, progress.cancel).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        take(store, timeout=60, progress=progress)

    assert time.monotonic() - started < 10
    found = read_holder(store, NAME)
    assert found is not None
    assert found[0] == holder


def test_a_dead_holder_is_taken_over(store: DirectoryStore) -> None:
    """A lease that is not renewed for its time is taken over, whatever the clocks say."""
    theirs(store, seconds=1)
    lease = take(store, timeout=30)

    lease.confirm()
    lease.release()


class Old(WrappedStore):
    """A store whose lease was written long ago."""

    @override
    def head(self, name: str) -> ObjectInfo:
        found = self.store.head(name)
        return ObjectInfo(found.size, found.etag, datetime.now(UTC) - timedelta(hours=2 if name == NAME else 0))


def test_a_holder_that_died_long_ago_is_taken_over_at_once(store: DirectoryStore) -> None:
    """A lease written hours ago needs no waiting."""
    theirs(store)
    lease = take(Old(store), timeout=0)

    lease.confirm()
    lease.release()


class Moments(Progress):
    """A progress whose waits take no time, and a clock that they move on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.said: list[str] = []
        super().__init__(lambda report: self.said.append(report.phase))

    @override
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


def written_ago(store: ObjectStore, seconds: float) -> None:
    """Let the lease have been written some seconds ago, by the store's clock."""
    path = Path(store.where) / NAME
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def test_who_comes_after_a_holder_died_need_not_watch_it_anew(store: DirectoryStore) -> None:
    """A lease that nobody renewed for its time, by the store's own clock, is taken at once; the question leaves nothing."""
    theirs(store)
    written_ago(store, 80)
    take(store).release()
    assert [found.name for found in store.list("")] == []

    theirs(store)
    written_ago(store, 70)
    with pytest.raises(LockTimeoutError):
        take(store)
    moments = Moments()
    take(store, timeout=300, progress=moments, clock=moments.clock).release()
    assert moments.now - 1000 < 10
    assert "if it is gone, for 6 s" in moments.said[0]


class WrongClock(WrappedStore):
    """A store whose clock goes wrong by some hours, and that may refuse to tell it."""

    tells, hours = True, 1

    @override
    def head(self, name: str) -> ObjectInfo:
        found = self.store.head(name)
        assert found.modified is not None
        return ObjectInfo(found.size, found.etag, found.modified + timedelta(hours=self.hours))

    @override
    def put(self, name: str, body: bytes | bytearray, **options: Any) -> str:
        if "-clock-" in name and not self.tells:
            raise AccessDeniedError("only this object may be written")
        return self.store.put(name, body, **options)


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("hours", [1, -1])
def test_a_living_lease_is_not_taken_because_a_clock_is_wrong(store: DirectoryStore, tells: bool, hours: int) -> None:
    """Neither when a machine's clock is ahead of the store's, nor the other way round; a dead one is outlasted all the same."""
    theirs(store)
    wrong = WrongClock(store)
    wrong.tells, wrong.hours = tells, hours
    with pytest.raises(LockTimeoutError):
        take(wrong)
    moments = Moments()
    take(wrong, timeout=300, progress=moments, clock=moments.clock).release()
    assert 70 < moments.now - 1000 < 80


def test_every_wait_of_a_command_outlasts_a_dead_lease() -> None:
    """Who waits less would give up each time just before the lock is free."""
    assert head_writer._TIMEOUT > SECONDS * PATIENCE + 60


_KILLED = """
import os, sys, catalog
from catalog.locking.head_writer import HeadWriter
hold = HeadWriter.hold
HeadWriter.hold = lambda self: hold(self) and os._exit(9)
connection = catalog.S3Connection(db_key="data/rain.blt", endpoint_url=sys.argv[1])
with catalog.open(connection, sys.argv[2], "c", value_serializer="orjson", lock="commit") as db:
    db["a"] = 1
    db.changes().push()
"""


def test_a_first_push_that_was_killed_is_repeated_at_once_when_its_lease_has_run_out(
    folder_connection: S3Connection, tmp_path: Path
) -> None:
    """Nobody waits for a lease that ran out while nobody waited; before that it is said what is waited for."""
    command = [sys.executable, "-c", _KILLED, str(folder_connection.endpoint_url), str(tmp_path / "mine.blt")]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    assert (tmp_path / "remote" / NAME).exists()
    written_ago(DirectoryStore(tmp_path / "remote"), 80)
    moments = Moments()
    with catalog.open(folder_connection, tmp_path / "mine.blt", "c", lock="commit") as db:
        assert db.changes().push(progress=moments).keys == 1
    assert not [said for said in moments.said if "waiting" in said]


def test_a_holder_who_renews_keeps_it(store: DirectoryStore) -> None:
    """A lease that its owner renews is not taken, however long another waits."""
    first = take(store, seconds=1)
    with pytest.raises(LockTimeoutError):
        take(store, timeout=2.5)

    first.confirm()
    assert first.holder.renewals >= 2
    first.release()


def test_force_takes_it_and_the_first_learns_so(store: DirectoryStore) -> None:
    """A broken lease is noticed by its old holder before it commits, and named; what it gives back is not the new one."""
    first = take(store)
    second = take(store, force=True)
    with pytest.raises(LeaseLostError, match=r"process"):
        first.confirm()
    first.release()

    second.confirm()
    second.release()


def test_a_lease_that_was_deleted_is_lost(store: DirectoryStore) -> None:
    """A lease that someone removed is no lease."""
    lease = take(store)
    store.delete(NAME)
    with pytest.raises(LeaseLostError, match="broke"):
        lease.confirm()


def test_of_many_one_gets_it(store: DirectoryStore) -> None:
    """Eight writers that ask at once: one gets the lease, seven time out."""
    got: list[Lease] = []
    refused: list[LockTimeoutError] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        try:
            got.append(take(store))
        except LockTimeoutError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(got), len(refused)) == (1, 7)
    got[0].confirm()
    got[0].release()


def test_a_lost_reply_leaves_no_lease_that_nobody_knows(store: DirectoryStore) -> None:
    """When the answer to taking or renewing it got lost, the lease is found to be ours."""
    lease = take(FaultyStore(store, FaultPlan([Fault(FaultKind.LOSE_REPLY, "put", 1), Fault(FaultKind.LOSE_REPLY, "put", 3)])))
    for _ in range(4):
        lease.confirm()

    lease.release()
    assert read_holder(store, NAME) is None


def test_a_request_that_never_arrived_takes_nothing(store: DirectoryStore) -> None:
    """Without a network there is no lease, and none is left behind."""
    with pytest.raises(UnreachableError):
        take(FaultyStore(store, FaultPlan([Fault(FaultKind.FAIL_BEFORE, "put")])))

    assert read_holder(store, NAME) is None


def test_a_renewal_that_does_not_arrive_renews_nothing(store: DirectoryStore) -> None:
    """While renewals fail, reading our old lease back does not make it younger: after its time it counts as lost."""

    class WritesNoMore(WrappedStore):
        @override
        def put(self, name: str, body: bytes | bytearray, **options: Any) -> str:
            raise UnreachableError("no network")

    first = take(store, seconds=1)
    found = read_holder(store, NAME)
    assert found is not None
    first._stop.set()
    lease = Lease(WritesNoMore(store), NAME, *found)
    deadline = time.monotonic() + 20

    def confirm_until_lost() -> None:
        while time.monotonic() < deadline:
            lease.confirm()

    with pytest.raises(LeaseLostError, match="ran out"):
        confirm_until_lost()
    lease.release()


@pytest.mark.parametrize(
    "body", [b"", b"1", b"\xff", b"{}", b"[" * 60_000, b'{"id":5}', b'{"id":"x","owner":"\xff","since":"","seconds":1}']
)
def test_a_lock_of_another_program_is_respected(body: bytes, store: DirectoryStore) -> None:
    """A lock object that we cannot read is someone's all the same; force takes it."""
    store.put(NAME, body)
    with pytest.raises(LockTimeoutError, match="unknown program"):
        take(store)
    lease = take(store, force=True)

    lease.confirm()
    lease.release()


def test_hostile_numbers_are_not_believed(store: DirectoryStore) -> None:
    """A lease that claims to hold for years is not readable as one, and so expires like any unknown one."""
    store.put(NAME, b'{"id":"x","owner":"x","since":"x","seconds":1e300}')
    found = read_holder(store, NAME)

    assert found is not None
    assert found[0].seconds == 60


def test_a_stale_holder_leaves_the_next_ones_lease_alone(store: DirectoryStore) -> None:
    """Who slept past the end of his lease gives nothing back: what is there may be another's by now."""
    first = take(store)
    first._renewed -= 10_000
    store.delete(NAME)
    second = take(store)
    first.release()
    second.confirm()
    assert read_holder(store, NAME) is not None
    second.release()
