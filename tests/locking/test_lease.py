"""One writer at a time holds a lease; a dead one blocks nobody, and a lost one is noticed before anything is committed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from catalog.errors import CancelledError, LeaseLostError, LockTimeoutError, UnreachableError
from catalog.locking.lease import Lease, LeaseHolder, read_holder, who_am_i
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
    """A store whose objects were written long ago."""

    @override
    def head(self, name: str) -> ObjectInfo:
        found = self.store.head(name)
        return ObjectInfo(found.size, found.etag, datetime.now(UTC) - timedelta(hours=2))


def test_a_holder_that_died_long_ago_is_taken_over_at_once(store: DirectoryStore) -> None:
    """A lease written hours ago needs no waiting."""
    theirs(store)
    lease = take(Old(store), timeout=0)

    lease.confirm()
    lease.release()


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
