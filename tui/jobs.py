"""Runs library calls in threads, so that nothing the disk or the network does can hold up the screen."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from textual.message import Message

from catalog import CatalogError, Progress
from tui.kit.amounts import clock
from tui.session.pace import Pace

from .messages import Answer, JobFailed

Work = Callable[[], Answer]
_AT_ONCE = 4
_KEPT = 200


class Target(Protocol):
    """Whoever is told how a job ended."""

    def post_message(self, message: Message) -> bool:
        """Take a message; may be called from any thread."""


@dataclass(frozen=True, eq=False)
class Transfer:
    """A push, a pull or another write that is running."""

    subject: str
    verb: str
    name: str
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    pace: Pace = field(default_factory=Pace)

    @property
    def is_held(self) -> bool:
        """Whether it was asked to hold still."""
        return self.progress.paused

    def hold(self) -> None:
        """Hold still at the next step."""
        self.progress.pause()

    def go_on(self) -> None:
        """Go on after a pause."""
        self.pace.begin_afresh()
        self.progress.resume()


@dataclass(frozen=True, eq=False)
class Ended:
    """A write that has ended: with what message, at what time of day, and after how many seconds."""

    transfer: Transfer
    message: Answer
    time: str
    seconds: float


class AlreadyWritingError(Exception):
    """A database is being written; ``transfer`` says how."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(transfer.verb)
        self.transfer = transfer


@dataclass
class _Slot:
    """One kind of read: how many of its threads run, which answer is wanted, and what waits."""

    newest: int = 0
    running: int = 0
    waiting: tuple[int, str, Work, Target] | None = None


@dataclass
class _Lane:
    """Reads that are all wanted, a few at a time."""

    running: int = 0
    waiting: deque[tuple[str, Work, Target]] = field(default_factory=deque)


def unexpected(error: Exception) -> CatalogError:
    """Say that something broke without saying what it was holding: a foreign error's text may quote a secret."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_qualname}, line {place.tb_lineno}" if place else ""
    return CatalogError(
        f"Something unexpected happened: {type(error).__name__}{where}.",
        hint="This is a fault of the program; please report it.",
    )


class Jobs:
    """The threads of one session.

    Each job ends in exactly one message to its target, unless a newer job of its slot made its answer stale or the session
    is over. Threads are daemons: a server that never answers cannot keep the program from ending.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}
        self._lanes: dict[str, _Lane] = {}
        self._transfers: dict[str, Transfer] = {}
        self._ended: deque[Ended] = deque(maxlen=_KEPT)
        self._running = 0
        self._closed = False
        self.idle = threading.Event()
        self.idle.set()
        self._starting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=_start_each, args=(self._starting,), name="catalog-jobs", daemon=True).start()
        weakref.finalize(self, self._starting.put, None)

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """The writes that are running, oldest first."""
        with self._lock:
            return tuple(self._transfers.values())

    @property
    def ended(self) -> tuple[Ended, ...]:
        """The writes of this session that have ended, newest first."""
        with self._lock:
            return tuple(reversed(self._ended))

    def read_latest(self, slot: str, what: str, work: Work, target: Target) -> None:
        """Run a read whose older answers of the same slot are no longer wanted.

        At most four threads of a slot run at once; beyond that only the newest read waits.
        """
        with self._lock:
            state = self._slots.setdefault(slot, _Slot())
            state.newest += 1
            if state.running >= _AT_ONCE:
                state.waiting = (state.newest, what, work, target)
                return
            state.running += 1
            number = state.newest
        self._start(lambda: self._run_slot(state, number, what, work, target))

    def forget(self, slot: str) -> None:
        """Make every answer of a slot that is still to come stale."""
        with self._lock:
            if state := self._slots.get(slot):
                state.newest += 1
                state.waiting = None

    def read_all(self, lane: str, what: str, works: Iterable[Work], target: Target) -> None:
        """Run reads that are all wanted, four at a time."""
        with self._lock:
            state = self._lanes.setdefault(lane, _Lane())
            state.waiting.extend((what, work, target) for work in works)
            starting = min(_AT_ONCE - state.running, len(state.waiting))
            state.running += starting
        for _ in range(starting):
            self._start(lambda: self._run_lane(state))

    def run(self, work: Callable[[], None]) -> None:
        """Run something nobody waits for, such as closing a file."""
        self._start(work)

    def write(
        self,
        transfer: Transfer,
        work: Work,
        failed: Callable[[CatalogError], Answer],
        target: Target,
    ) -> None:
        """Run a write.

        Raises:
            AlreadyWritingError: when the same database is being written.
        """
        with self._lock:
            if running := self._transfers.get(transfer.subject):
                raise AlreadyWritingError(running)
            self._transfers[transfer.subject] = transfer

        def run() -> None:
            message = _message(work, failed)
            with self._lock:
                del self._transfers[transfer.subject]
                self._ended.append(Ended(transfer, message, clock(), time.monotonic() - transfer.started))
            self._post(target, message)

        self._start(run)

    def close(self, seconds: float = 3.0) -> None:
        """End the session: ask writes to stop, give them a moment, and let no job speak any more."""
        for transfer in self.transfers:
            transfer.progress.cancel()
        with self._lock:
            self._closed = True
            for slot in self._slots.values():
                slot.waiting = None
            for lane in self._lanes.values():
                lane.waiting.clear()
        if self.transfers:
            self.idle.wait(seconds)

    def _start(self, body: Callable[[], None]) -> None:
        with self._lock:
            self._running += 1
            self.idle.clear()

        def run() -> None:
            try:
                body()
            finally:
                with self._lock:
                    self._running -= 1
                    if self._running == 0:
                        self.idle.set()

        self._starting.put(run)

    def _run_slot(self, slot: _Slot, number: int, what: str, work: Work, target: Target) -> None:
        while True:
            message = _message(work, lambda error, what=what: JobFailed(what, error))  # type: ignore[misc]
            with self._lock:
                wanted = number == slot.newest
                following, slot.waiting = slot.waiting, None
                if following is None:
                    slot.running -= 1
            if wanted:
                self._post(target, message)
            else:
                message.drop()
            if following is None:
                return
            number, what, work, target = following

    def _run_lane(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.waiting:
                    lane.running -= 1
                    return
                what, work, target = lane.waiting.popleft()
            self._post(target, _message(work, lambda error, what=what: JobFailed(what, error)))  # type: ignore[misc]

    def _post(self, target: Target, message: Answer) -> None:
        try:
            was_taken = not self._closed and target.post_message(message)
        except RuntimeError:
            # The event loop ended between the check and the call; there is nobody left to tell.
            was_taken = False
        if not was_taken:
            message.drop()


def _start_each(jobs: SimpleQueue[Callable[[], None] | None]) -> None:
    """Start each job in a thread of its own. Starting one waits until it runs, which the event loop has no time for."""
    while (job := jobs.get()) is not None:
        threading.Thread(target=job, name="catalog-job", daemon=True).start()
        # A job knows its session, which must not live on for it.
        del job


def _message(work: Work, failed: Callable[[CatalogError], Answer]) -> Answer:
    try:
        return work()
    except CatalogError as error:
        return failed(error)
    except Exception as error:  # noqa: BLE001 - whatever a job meets must become a message, never a dead thread
        return failed(unexpected(error))
