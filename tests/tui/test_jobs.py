"""Library calls in threads."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import dataclass, field

import pytest
from an_entry import ENTRY
from textual.message import Message

from catalog import CatalogError, Progress
from tui.app import is_busy
from tui.jobs import AlreadyWritingError, Jobs, Transfer, unexpected
from tui.messages import Answer, JobFailed, WriteFailed


@dataclass
class Found(Answer):
    """An answer that knows whether it was let go."""

    what: str
    dropped: list[str] = field(default_factory=list)

    def drop(self) -> None:
        """Note it."""
        self.dropped.append(self.what)


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.told = threading.Condition()

    def post_message(self, message: Message) -> bool:
        """Keep a message."""
        with self.told:
            self.heard.append(message)
            self.told.notify_all()
        return True

    def wait(self, count: int) -> list[Message]:
        """Wait until so many messages were heard."""
        with self.told:
            assert self.told.wait_for(lambda: len(self.heard) >= count, timeout=10)
            return list(self.heard)


def _fail(error: Exception) -> Answer:
    raise error


def _write_failed(error: CatalogError) -> WriteFailed:
    return WriteFailed(ENTRY, "push", error)


def test_a_read_ends_in_its_message() -> None:
    """What a read finds reaches its target, from another thread."""
    jobs, listener = Jobs(), Listener()

    jobs.read_latest("value", "Reading", lambda: Found(threading.current_thread().name), listener)

    [message] = listener.wait(1)
    assert isinstance(message, Found)
    assert message.what == "catalog-job"
    assert jobs.idle.wait(10)


def test_a_job_keeps_the_program_busy() -> None:
    """While a job has a thread the program is not idle, which its end must know."""
    jobs, listener = Jobs(), Listener()
    busy: list[bool] = []

    def look() -> Answer:
        busy.append(is_busy())
        return Answer()

    jobs.read_latest("value", "Reading", look, listener)
    listener.wait(1)

    assert busy == [True]


def test_a_failed_read_ends_in_a_message_too() -> None:
    """An error of the library is told as it is."""
    jobs, listener = Jobs(), Listener()
    error = CatalogError("The remote is gone.")

    jobs.read_latest("value", "Reading a value", lambda: _fail(error), listener)

    [message] = listener.wait(1)
    assert isinstance(message, JobFailed)
    assert (message.what, message.error) == ("Reading a value", error)


def test_a_foreign_error_is_told_without_its_text() -> None:
    """The text of an error that is not ours may quote a secret, so only its kind and place are told."""
    try:
        raise ValueError("secret-access-key")
    except ValueError as error:
        told = unexpected(error)

    assert "ValueError" in str(told)
    assert "secret-access-key" not in str(told)


def test_a_stale_answer_is_let_go() -> None:
    """When a newer read of the same slot was asked for, the older answer is dropped, whichever ends first."""
    jobs, listener, gate, dropped = Jobs(), Listener(), threading.Event(), list[str]()

    def slow() -> Answer:
        gate.wait(10)
        return Found("old", dropped)

    jobs.read_latest("value", "Reading", slow, listener)
    jobs.read_latest("value", "Reading", lambda: Found("new", dropped), listener)
    listener.wait(1)
    gate.set()

    assert jobs.idle.wait(10)
    assert [message.what for message in listener.heard if isinstance(message, Found)] == ["new"]
    assert dropped == ["old"]


def test_forgotten_reads_stay_silent() -> None:
    """After `forget` no answer of a slot arrives."""
    jobs, listener, gate = Jobs(), Listener(), threading.Event()

    def slow() -> Answer:
        gate.wait(10)
        return Found("old")

    jobs.read_latest("value", "Reading", slow, listener)
    jobs.forget("value")
    gate.set()

    assert jobs.idle.wait(10)
    assert listener.heard == []


def test_many_reads_of_a_slot_do_not_pile_up() -> None:
    """Beyond four reads at once only the newest waits; those between are never started."""
    jobs, listener, gate, started = Jobs(), Listener(), threading.Event(), list[int]()

    def work(number: int) -> Answer:
        started.append(number)
        gate.wait(10)
        return Found(str(number))

    for number in range(50):
        jobs.read_latest("value", "Reading", lambda number=number: work(number), listener)  # type: ignore[misc]
    gate.set()

    assert jobs.idle.wait(10)
    assert sorted(started) == [0, 1, 2, 3, 49]
    assert [message.what for message in listener.heard if isinstance(message, Found)] == ["49"]


def test_reads_of_a_lane_are_all_answered() -> None:
    """Each read of a lane ends in a message, though only four run at once."""
    jobs, listener, lock = Jobs(), Listener(), threading.Lock()
    running, most = 0, 0

    def work(number: int) -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return Found(str(number))

    jobs.read_all("statuses", "Asking", [lambda number=number: work(number) for number in range(30)], listener)  # type: ignore[misc]

    heard = listener.wait(30)
    assert {message.what for message in heard if isinstance(message, Found)} == {str(number) for number in range(30)}
    assert most <= 4


def test_a_second_write_of_the_same_database_is_refused() -> None:
    """While a database is written, another write of it is refused; of another database it is not."""
    jobs, listener, gate = Jobs(), Listener(), threading.Event()

    def slow() -> Answer:
        gate.wait(10)
        return Found("pushed")

    jobs.write(Transfer("one", "push", "one", Progress()), slow, _write_failed, listener)
    jobs.write(Transfer("two", "push", "two", Progress()), slow, _write_failed, listener)

    with pytest.raises(AlreadyWritingError) as refusal:
        jobs.write(Transfer("one", "pull", "one", Progress()), slow, _write_failed, listener)
    assert refusal.value.transfer.verb == "push"
    assert [transfer.subject for transfer in jobs.transfers] == ["one", "two"]
    gate.set()
    listener.wait(2)
    assert jobs.transfers == ()


def test_a_failed_write_ends_in_its_message() -> None:
    """Whatever a write meets is told as a failure of that write, and the database can be written again."""
    jobs, listener = Jobs(), Listener()

    jobs.write(Transfer("one", "push", "one", Progress()), lambda: _fail(OSError("disk")), _write_failed, listener)

    [message] = listener.wait(1)
    assert isinstance(message, WriteFailed)
    assert jobs.transfers == ()


def test_the_end_of_a_session_stops_writes_and_silences_reads() -> None:
    """Closing asks running writes to stop, waits a moment, and lets nothing be told any more."""
    jobs, listener, progress = Jobs(), Listener(), Progress()

    def slow() -> Answer:
        progress.wait(10)
        return Found("pushed")

    jobs.write(Transfer("one", "push", "one", progress), slow, _write_failed, listener)
    jobs.close()

    assert progress.cancelled
    assert jobs.idle.is_set()
    assert listener.heard == []


def test_starting_a_job_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take long to let a new thread run; whoever asks for a job is not held up by that."""
    jobs, listener, gate, start = Jobs(), Listener(), threading.Event(), threading.Thread.start

    def start_late(thread: threading.Thread) -> None:
        gate.wait(10)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_late)
    jobs.read_latest("value", "Reading", lambda: Found("it"), listener)
    assert not jobs.idle.is_set()
    assert listener.heard == []
    gate.set()

    listener.wait(1)
    assert jobs.idle.wait(10)


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
