"""Uploads run in parallel with bounded memory; the first error or a cancel stops the rest."""

from __future__ import annotations

import io
import threading

import pytest

from catalog.errors import CancelledError, UnreachableError
from catalog.progress import Progress
from catalog.remote import upload
from catalog.remote.upload import Uploads
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import Source
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore


def no_thread_left() -> bool:
    """Whether all upload threads ended."""
    return not [thread for thread in threading.enumerate() if thread.name.startswith("upload")]


def test_everything_is_up_when_the_context_ends(store: DirectoryStore) -> None:
    """All objects are in the store after the context, each `done` was called, and progress counts their bytes."""
    done: list[int] = []
    progress = Progress()
    with Uploads(store, 3, progress) as uploads:
        for number in range(200):
            uploads.put(f"o/{number}", lambda number=number: b"x" * number, number, lambda number=number: done.append(number))  # type: ignore[misc]
        uploads.put_large("large", Source(5, lambda: io.BytesIO(b"large")), lambda: done.append(-1))

    assert sorted(done) == list(range(-1, 200))
    assert {found.name: found.size for found in store.list("o/")} == {f"o/{number}": number for number in range(200)}
    assert store.get("large").body == b"large"
    assert progress.report.done_bytes == sum(range(200)) + 5
    assert no_thread_left()


def test_the_first_error_stops_the_rest(store: DirectoryStore) -> None:
    """After a failure the error is raised, objects not begun are given up, and no `done` lies about the failed one."""
    faulty = FaultyStore(store, FaultPlan([Fault(FaultKind.FAIL_BEFORE, "put", 3)]))
    made: list[int] = []
    done: list[int] = []

    def body(number: int) -> bytes:
        made.append(number)
        return b"x"

    def upload_all() -> None:
        with Uploads(faulty, 1, Progress()) as uploads:
            for number in range(1_000):
                uploads.put(f"o/{number}", lambda at=number: body(at), 1, lambda at=number: done.append(at))  # type: ignore[misc]

    with pytest.raises(UnreachableError):
        upload_all()

    assert 2 not in done
    assert {0, 1} <= set(done)
    assert len(made) < 100
    assert no_thread_left()


def test_an_error_of_the_caller_gives_up_what_waits(store: DirectoryStore) -> None:
    """When the context ends with an error of its own, that error is raised and waiting uploads are dropped."""
    plan = FaultPlan([Fault(FaultKind.HANG, "put", 1)])
    faulty = FaultyStore(store, plan)

    def upload_all() -> None:
        with Uploads(faulty, 1, Progress()) as uploads:
            for number in range(10):
                uploads.put(f"o/{number}", lambda: b"x", 1)
            assert plan.hanging.wait(10)
            threading.Timer(0.05, plan.release).start()
            raise KeyError

    with pytest.raises(KeyError):
        upload_all()

    assert [found.name for found in store.list("o/")] == ["o/0"]
    assert no_thread_left()


def test_no_more_is_begun_than_memory_allows(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """While as many bytes wait as are allowed, the next object is not even made."""
    monkeypatch.setattr(upload, "_MOST_WAITING_BYTES", 100)
    plan = FaultPlan([Fault(FaultKind.HANG, "put", 1)])
    alive = most = 0
    lock = threading.Lock()
    submitted = 0

    def body() -> bytes:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return b"x" * 40

    def done() -> None:
        nonlocal alive
        with lock:
            alive -= 1

    with Uploads(FaultyStore(store, plan), 8, Progress()) as uploads:

        def submit() -> None:
            nonlocal submitted
            for number in range(20):
                uploads.put(f"o/{number}", body, 40, done)
                submitted = number + 1

        worker = threading.Thread(target=submit)
        worker.start()
        assert plan.hanging.wait(10)
        plan.release()
        worker.join(30)

    assert submitted == 20
    assert most <= 2


def test_an_object_larger_than_the_room_goes_alone(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object of more bytes than may wait goes up when nothing else does, instead of waiting for ever."""
    monkeypatch.setattr(upload, "_MOST_WAITING_BYTES", 10)
    with Uploads(store, 2, Progress()) as uploads:
        for number in range(3):
            uploads.put(f"o/{number}", lambda: b"x" * 50, 50)

    assert len(list(store.list("o/"))) == 3


def test_a_cancel_stops_the_uploads(store: DirectoryStore) -> None:
    """A cancel raises CancelledError at the next object, and nothing is left running."""
    progress = Progress()

    def upload_all() -> None:
        with Uploads(store, 2, progress) as uploads:
            uploads.put("o/0", lambda: b"x", 1)
            progress.cancel()
            uploads.put("o/1", lambda: b"x", 1)

    with pytest.raises(CancelledError):
        upload_all()

    assert "o/1" not in [found.name for found in store.list("o/")]
    assert no_thread_left()


def test_a_body_that_fails_is_an_error(store: DirectoryStore) -> None:
    """What the maker of a body raises is raised to the caller."""

    def broken() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Uploads(store, 2, Progress()) as uploads:
        uploads.put("o/0", broken, 1)
