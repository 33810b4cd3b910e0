"""Runs library calls in threads, so that nothing the disk or the network does can hold up the screen."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from catalog import CatalogError, Progress

from .kit.amounts import clock
from .pace import Pace

T = TypeVar("T")
D = TypeVar("D", bound="Done")
_AT_ONCE = 4
_KEPT = 200


@dataclass(frozen=True)
class Done:
    """What a write has done, in words."""

    text: str
    details: str = ""


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
    """A write that has ended: what it has done or why not, at what time of day, and after how many seconds."""

    transfer: Transfer
    outcome: Done | CatalogError
    time: str
    seconds: float


class AlreadyWritingError(Exception):
    """A database is being written; ``transfer`` says how."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(transfer.verb)
        self.transfer = transfer


class StaleError(Exception):
    """Nobody wants the answer any more: something newer was asked, or nothing."""


class ReadError(Exception):
    """A read did not succeed: what it was for, and the library's own error."""

    def __init__(self, what: str, error: CatalogError) -> None:
        super().__init__(what)
        self.what = what
        self.error = error


@dataclass(frozen=True, eq=False)
class _Call:
    """A call, and what is done with what it found or met; with None when it was never made."""

    make: Callable[[], Any]
    end: Callable[[Any, bool], None]


@dataclass
class _Slot:
    """One kind of read: how many of its threads run, which answer is wanted, and what waits."""

    newest: int = 0
    running: int = 0
    waiting: tuple[int, _Call] | None = None


@dataclass
class _Lane:
    """Reads that are all wanted, a few at a time."""

    running: int = 0
    waiting: deque[_Call] = field(default_factory=deque)


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

    Each call ends in exactly one answer or error for the coroutine that waits for it, unless the session is over. Threads are
    daemons: a server that never answers cannot keep the program from ending.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
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

    async def latest(self, slot: str, what: str, call: Callable[[], T], drop: Callable[[T], None] | None = None) -> T:
        """Make a read whose older answers of the same slot are no longer wanted; those are given to ``drop``.

        At most four threads of a slot run at once; beyond that only the newest read waits.

        Raises:
            StaleError: when a newer read of the slot was asked for, or its answers were forgotten.
            ReadError: when the library raises; ``what`` says what it was for.
        """
        answer, made = self._awaited(call, drop)
        self._begin_latest(slot, made)
        try:
            found: T = await answer
        except CatalogError as error:
            raise ReadError(what, error) from error
        return found

    def _begin_latest(self, slot: str, call: _Call) -> None:
        with self._lock:
            state = self._slots.setdefault(slot, _Slot())
            state.newest += 1
            if state.running >= _AT_ONCE:
                replaced, state.waiting = state.waiting, (state.newest, call)
            else:
                replaced = None
                state.running += 1
                number = state.newest
                self._start(lambda: self._run_slot(state, number, call))
        if replaced:
            replaced[1].end(None, False)

    def forget(self, slot: str) -> None:
        """Make every answer of a slot that is still to come stale."""
        with self._lock:
            state = self._slots.get(slot)
            waiting = state.waiting if state else None
            if state:
                state.newest += 1
                state.waiting = None
        if waiting:
            waiting[1].end(None, False)

    async def each(self, lane: str, calls: Iterable[Callable[[], T]]) -> AsyncIterator[T | CatalogError]:
        """Make reads that are all wanted, four at a time; gives what each has found or met, as it comes."""
        found: asyncio.Queue[T | CatalogError] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def end(answer: Any, _: bool) -> None:
            self._answer(loop, lambda: found.put_nowait(answer))

        made = [_Call(call, end) for call in calls]
        self._begin_all(lane, made)
        for _ in made:
            yield await found.get()

    def _begin_all(self, lane: str, calls: list[_Call]) -> None:
        with self._lock:
            state = self._lanes.setdefault(lane, _Lane())
            state.waiting.extend(calls)
            starting = min(_AT_ONCE - state.running, len(state.waiting))
            state.running += starting
            for _ in range(starting):
                self._start(lambda: self._run_lane(state))

    async def call(self, what: str, call: Callable[[], T]) -> T:
        """Make one call that is wanted, whatever else is asked.

        Raises:
            ReadError: when the library raises.
        """
        answer, made = self._awaited(call, None)
        self._start(lambda: self._make(made))
        try:
            found: T = await answer
        except CatalogError as error:
            raise ReadError(what, error) from error
        return found

    def run(self, work: Callable[[], None]) -> None:
        """Run something nobody waits for, such as closing a file."""
        self._start(work)

    def write(self, transfer: Transfer, call: Callable[[], D]) -> Awaitable[D]:
        """Begin a write; what it gives is awaited, and raises CatalogError when it did not happen.

        Raises:
            AlreadyWritingError: when the same subject is being written.
        """
        with self._lock:
            if running := self._transfers.get(transfer.subject):
                raise AlreadyWritingError(running)
            self._transfers[transfer.subject] = transfer

        def make() -> Any:
            outcome = _outcome(call)
            with self._lock:
                del self._transfers[transfer.subject]
                self._ended.append(Ended(transfer, outcome, clock(), time.monotonic() - transfer.started))
            return outcome

        answer, made = self._awaited(make, None)
        self._start(lambda: self._make(made))
        return answer

    def close(self, seconds: float = 3.0) -> None:
        """End the session: ask writes to stop, give them a moment, and let no call be answered any more."""
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

    def _awaited(self, call: Callable[[], T], drop: Callable[[T], None] | None) -> tuple[asyncio.Future[Any], _Call]:
        """A call, and the answer that a coroutine of this loop waits for."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def let_go(found: Any) -> None:
            if drop is not None and found is not None and not isinstance(found, CatalogError):
                drop(found)

        def settle(found: Any, is_wanted: bool) -> None:
            if answer.done():
                let_go(found)
            elif not is_wanted:
                answer.set_exception(StaleError())
                let_go(found)
            elif isinstance(found, CatalogError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def end(found: Any, is_wanted: bool) -> None:
            if not self._answer(loop, lambda: settle(found, is_wanted)):
                let_go(found)

        return answer, _Call(call, end)

    def _answer(self, loop: asyncio.AbstractEventLoop, give: Callable[[], None]) -> bool:
        """Give an answer in a loop; False when the session is over. It is idle again once who waited has taken it."""

        def answer() -> None:
            give()
            loop.call_soon(self._count, -1)

        if self._closed:
            return False
        self._count(1)
        try:
            loop.call_soon_threadsafe(answer)
        except RuntimeError:
            # The loop ended between the check and the call; there is nobody left to tell.
            self._count(-1)
            return False
        return True

    def _start(self, body: Callable[[], None]) -> None:
        """Run something in a thread of its own; the lock may be held or not."""
        self._count(1)

        def run() -> None:
            try:
                body()
            finally:
                self._count(-1)

        self._starting.put(run)

    def _count(self, change: int) -> None:
        with self._counting:
            self._running += change
            (self.idle.clear if self._running else self.idle.set)()

    def _make(self, call: _Call) -> None:
        call.end(_outcome(call.make), True)

    def _run_slot(self, slot: _Slot, number: int, call: _Call) -> None:
        while True:
            found = _outcome(call.make)
            with self._lock:
                wanted = number == slot.newest
                following, slot.waiting = slot.waiting, None
                if following is None:
                    slot.running -= 1
            call.end(found, wanted)
            if following is None:
                return
            number, call = following

    def _run_lane(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.waiting:
                    lane.running -= 1
                    return
                call = lane.waiting.popleft()
            self._make(call)


def _start_each(jobs: SimpleQueue[Callable[[], None] | None]) -> None:
    """Start each job in a thread of its own. Starting one waits until it runs, which the event loop has no time for."""
    while (job := jobs.get()) is not None:
        threading.Thread(target=job, name="catalog-job", daemon=True).start()
        # A job knows its session, which must not live on for it.
        del job


def _outcome(call: Callable[[], Any]) -> Any:
    """What a call finds, or the error that it meets: whatever that is, it must become an answer, never a dead thread."""
    try:
        return call()
    except CatalogError as error:
        return error
    except Exception as error:  # noqa: BLE001 - see above
        return unexpected(error)
