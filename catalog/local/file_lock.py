"""The lock of the one process that writes to a working copy: booklet's own file lock, with a timeout and a named holder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import IO, Any

import portalocker

from catalog.errors import LockTimeoutError
from catalog.progress import Progress

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25


class FileLock:
    """An exclusive lock on an open file, which plain booklet respects too. Ends with the process at the latest."""

    def __init__(self, fd: int, what: str) -> None:
        self._file: IO[Any] = os.fdopen(fd, "rb", buffering=0, closefd=False)
        self._what = what
        self._held = False

    def try_acquire(self) -> bool:
        """Take the lock if it is free."""
        try:
            portalocker.lock(self._file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.exceptions.LockException:
            return False
        self._held = True
        return True

    def acquire(self, timeout: float, holder: Callable[[], str], progress: Progress) -> None:
        """Take the lock, waiting up to ``timeout`` seconds; LockTimeoutError names the holder."""
        if self.try_acquire():
            return
        deadline = time.monotonic() + timeout
        progress.begin(f"waiting for {holder()} to close {self._what}")
        pause = _FIRST_PAUSE
        while not self.try_acquire():
            left = deadline - time.monotonic()
            if left <= 0:
                raise LockTimeoutError(self._what, holder(), timeout)
            progress.wait(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def release(self) -> None:
        """Give the lock back."""
        if self._held:
            self._held = False
            with contextlib.suppress(portalocker.exceptions.LockException, OSError):
                portalocker.unlock(self._file)
