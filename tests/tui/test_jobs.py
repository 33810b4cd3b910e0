"""Library calls in threads."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from catalog import CatalogError, Progress
from tui.app import is_busy
from tui.jobs import AlreadyWritingError, Done, Jobs, ReadError, StaleError, Transfer, unexpected


def _fail(error: Exception) -> Any:
    raise error


async def _idle(jobs: Jobs) -> None:
    """Wait until no thread runs, and everything that was answered is known."""
    assert await asyncio.to_thread(jobs.idle.wait, 10)
    await asyncio.sleep(0)


def _begun(work: Awaitable[Any]) -> asyncio.Future[Any]:
    return asyncio.ensure_future(work)


async def _outcome(work: asyncio.Future[Any]) -> object:
    """What a call has given, or the kind of its error."""
    try:
        return await asyncio.wait_for(work, 10)
    except (StaleError, ReadError, CatalogError) as error:
        return type(error)


async def test_a_read_is_answered_from_another_thread() -> None:
    """What a read finds reaches whoever waits for it; nothing runs in the thread of the screen."""
    jobs = Jobs()

    assert await jobs.latest("value", "Reading", lambda: threading.current_thread().name) == "catalog-job"
    await _idle(jobs)


async def test_a_job_keeps_the_program_busy() -> None:
    """While a job has a thread the program is not idle, which its end must know."""
    assert await Jobs().latest("value", "Reading", is_busy)


async def test_a_failed_read_says_what_it_was_for() -> None:
    """An error of the library is given as it is, with what was being done."""
    error = CatalogError("The remote is gone.")

    with pytest.raises(ReadError) as failure:
        await Jobs().latest("value", "Reading a value", lambda: _fail(error))
    assert (failure.value.what, failure.value.error) == ("Reading a value", error)


def test_a_foreign_error_is_told_without_its_text() -> None:
    """The text of an error that is not ours may quote a secret, so only its kind and place are told."""
    try:
        raise ValueError("secret-access-key")
    except ValueError as error:
        told = unexpected(error)

    assert "ValueError" in str(told)
    assert "secret-access-key" not in str(told)


async def test_a_stale_answer_is_let_go() -> None:
    """When a newer read of the same slot was asked for, the older answer is dropped, whichever ends first."""
    jobs, gate, dropped = Jobs(), threading.Event(), list[str]()

    def slow() -> str:
        gate.wait(10)
        return "old"

    old = _begun(jobs.latest("value", "Reading", slow, dropped.append))
    await asyncio.sleep(0)
    assert await jobs.latest("value", "Reading", lambda: "new", dropped.append) == "new"
    gate.set()

    assert await _outcome(old) is StaleError
    assert dropped == ["old"]


async def test_forgotten_reads_are_stale() -> None:
    """After `forget` no answer of a slot arrives, neither of one that runs nor of one that waits."""
    jobs, gate = Jobs(), threading.Event()
    reads = [_begun(jobs.latest("value", "Reading", lambda: gate.wait(10))) for _ in range(6)]
    await asyncio.sleep(0)
    jobs.forget("value")
    gate.set()

    assert [await _outcome(read) for read in reads] == [StaleError] * 6


async def test_many_reads_of_a_slot_do_not_pile_up() -> None:
    """Beyond four reads at once only the newest waits; those between are never made."""
    jobs, gate, started = Jobs(), threading.Event(), list[int]()

    def work(number: int) -> int:
        started.append(number)
        gate.wait(10)
        return number

    def call(number: int) -> Callable[[], int]:
        return lambda: work(number)

    reads = [_begun(jobs.latest("value", "Reading", call(number))) for number in range(50)]
    await asyncio.sleep(0)
    gate.set()

    assert [await _outcome(read) for read in reads] == [*[StaleError] * 49, 49]
    assert sorted(started) == [0, 1, 2, 3, 49]


async def test_who_waits_no_more_lets_the_answer_go() -> None:
    """A part of the screen that is gone meanwhile leaves nothing open behind it."""
    jobs, gate, dropped = Jobs(), threading.Event(), list[str]()

    def slow() -> str:
        gate.wait(10)
        return "file"

    read = _begun(jobs.latest("open", "Opening", slow, dropped.append))
    await asyncio.sleep(0)
    read.cancel()
    gate.set()
    await _idle(jobs)

    assert dropped == ["file"]


async def test_reads_of_a_lane_are_all_answered() -> None:
    """Each read of a lane is answered, or says what it has met, though only four run at once."""
    jobs, lock = Jobs(), threading.Lock()
    running, most = 0, 0

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return number if number else _fail(OSError("disk"))

    def call(number: int) -> Callable[[], int]:
        return lambda: work(number)

    found = [one async for one in jobs.each("statuses", [call(number) for number in range(30)])]

    assert {one for one in found if isinstance(one, int)} == set(range(1, 30))
    assert sum(isinstance(one, CatalogError) for one in found) == 1
    assert most <= 4


def _push(subject: str, verb: str = "push") -> Transfer:
    return Transfer(subject, verb, subject, Progress())


async def test_a_second_write_of_the_same_database_is_refused() -> None:
    """While a database is written, another write of it is refused at once; of another database it is not."""
    jobs, gate = Jobs(), threading.Event()

    def slow() -> Done:
        gate.wait(10)
        return Done("pushed")

    writes = [jobs.write(_push(name), slow) for name in ("one", "two")]
    with pytest.raises(AlreadyWritingError) as refusal:
        jobs.write(_push("one", "pull"), slow)
    assert refusal.value.transfer.verb == "push"
    assert [transfer.subject for transfer in jobs.transfers] == ["one", "two"]
    gate.set()

    assert [(await write).text for write in writes] == ["pushed", "pushed"]
    assert jobs.transfers == ()
    assert [ended.outcome for ended in jobs.ended] == [Done("pushed")] * 2


async def test_a_failed_write_raises_and_is_kept() -> None:
    """Whatever a write meets is an error of that write, stands among those that have ended, and the database is free again."""
    jobs = Jobs()
    with pytest.raises(CatalogError, match="OSError"):
        await jobs.write(_push("one"), lambda: _fail(OSError("disk")))

    assert jobs.transfers == ()
    [ended] = jobs.ended
    assert isinstance(ended.outcome, CatalogError)


async def test_the_end_of_a_session_stops_writes_and_answers_nobody() -> None:
    """Closing asks running writes to stop, waits a moment, and lets nothing be told any more."""
    jobs, transfer = Jobs(), _push("one")

    def slow() -> Done:
        transfer.progress.wait(10)
        return Done("pushed")

    write = _begun(jobs.write(transfer, slow))
    jobs.close()
    await asyncio.sleep(0)

    assert transfer.progress.cancelled
    assert jobs.idle.is_set()
    assert not write.done()
    write.cancel()


async def test_starting_a_job_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take long to let a new thread run; whoever asks for a job is not held up by that."""
    jobs, gate, start = Jobs(), threading.Event(), threading.Thread.start

    def start_late(thread: threading.Thread) -> None:
        gate.wait(10)
        start(thread)

    with monkeypatch.context() as late:
        late.setattr(threading.Thread, "start", start_late)
        read = _begun(jobs.latest("value", "Reading", lambda: "it"))
        await asyncio.sleep(0)
        assert not jobs.idle.is_set()
        assert not read.done()
        gate.set()
        assert await read == "it"


def test_the_thread_that_starts_jobs_ends_with_them() -> None:
    """A session leaves no thread behind."""
    before = threading.active_count()
    jobs = Jobs()
    jobs.run(lambda: None)
    assert jobs.idle.wait(10)
    del jobs
    deadline = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        gc.collect()
