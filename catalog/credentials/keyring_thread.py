"""The one thread in which the keyring is spoken to, because an answer may never come.

A keyring daemon that is frozen, or a prompt that nobody answers, blocks its caller for ever. Python waits at exit for the
threads of its pools, so this is a plain daemon thread: the program can give up and end at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from typing_extensions import override

from catalog.errors import CredentialsError, CredentialsKind
from catalog.processes.fork import OfOneProcess
from catalog.progress import Progress

_T = TypeVar("_T")

_LOOK_FOR_CANCEL = 0.1


class KeyringThread(OfOneProcess):
    """Runs actions one after the other in a daemon thread and waits for each no longer than it is told.

    Args:
        translate: Makes a CredentialsError of whatever an action raised; it runs in the thread.
    """

    def __init__(self, translate: Callable[[BaseException], CredentialsError]) -> None:
        self._translate = translate
        self.after_fork()
        self.belong_here()

    def call(self, action: Callable[[], _T], what: str, timeout: float, progress: Progress | None = None) -> _T:
        """Run ``action`` and return what it returns.

        Raises:
            CredentialsError: (timed out) after ``timeout`` seconds, or what became of the action's own exception.
            CancelledError: when ``progress`` was cancelled; the action may still be running.
        """
        future: Future[_T] = Future()
        with self._lock:
            self._start()
            self._queue.put((future, action))
        if progress:
            progress.begin("waiting for the keyring")
        try:
            self._wait(future, timeout, progress)
        finally:
            never_ran = future.cancel()
        if never_ran:
            raise _timed_out(what, timeout, "an earlier request is still unanswered, and nothing was asked")
        if not future.done():
            raise _timed_out(what, timeout, "the request may still be carried out later")
        return future.result()

    @override
    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="keyring", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            future, action = self._queue.get()
            if future.set_running_or_notify_cancel():
                self._settle(future, action)
            del future, action

    def _settle(self, future: Future[Any], action: Callable[[], Any]) -> None:
        try:
            result = action()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller must hear of it and the thread must live
            failure = self._translate(error)
        else:
            future.set_result(result)
            return
        # The frames of the action hold the text of the entry, and a crash report may print the locals of every frame.
        failure.__traceback__ = failure.__context__ = failure.__cause__ = None
        future.set_exception(failure)

    @staticmethod
    def _wait(future: Future[Any], timeout: float, progress: Progress | None) -> None:
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0:
            if progress:
                progress.check()
            if wait([future], min(remaining, _LOOK_FOR_CANCEL) if progress else remaining).done:
                return


def _timed_out(what: str, timeout: float, state: str) -> CredentialsError:
    return CredentialsError(
        f"The keyring did not answer within {timeout:g} s while {what}; {state}.",
        kind=CredentialsKind.TIMED_OUT,
        hint="Look for its password prompt, or unlock or restart the keyring, then try again. CATALOG_KEYRING_TIMEOUT "
        "sets how many seconds to wait. Without a keyring: keys in the environment, or for this session only.",
    )
