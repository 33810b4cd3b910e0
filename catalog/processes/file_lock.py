"""Locks on files, which keep processes apart: booklet's own kind, with a timeout and a named holder."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import portalocker

from catalog.errors import LocalFileError, LockTimeoutError
from catalog.progress import Progress

_NO_LOCKS = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS))
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25
_LONGEST_PAUSE_FOR_A_TURN = 0.02


class FileLock:
    """An exclusive lock on an open file, which plain booklet respects too. Ends with the process at the latest."""

    def __init__(self, fd: int, what: str) -> None:
        self._file: IO[Any] = os.fdopen(fd, "rb", buffering=0, closefd=False)
        self._what = what
        self._held = False

    def try_acquire(self) -> bool:
        """Take the lock if it is free; LocalFileError when it cannot be locked."""
        try:
            portalocker.lock(self._file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.exceptions.AlreadyLocked:
            return False
        except portalocker.exceptions.LockException as error:
            raise _refused(self._what, error) from None
        self._held = True
        return True

    def acquire(
        self, timeout: float, holder: Callable[[], str], progress: Progress, *, longest_pause: float = _LONGEST_PAUSE
    ) -> None:
        """Take the lock, waiting up to ``timeout`` seconds; LockTimeoutError names the holder. Raises as `try_acquire`."""
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
            pause = min(pause * 2, longest_pause)

    def release(self) -> None:
        """Give the lock back."""
        if self._held:
            self._held = False
            with contextlib.suppress(portalocker.exceptions.LockException, OSError):
                portalocker.unlock(self._file)


@contextlib.contextmanager
def turn(path: Path, timeout: float, what: str, holder: Callable[[], str]) -> Iterator[IO[str]]:
    """Have the lock of a file that is there for nothing else, and is made if it is not there; gives the file, open for writing.

    Raises LockTimeoutError when someone, whom ``holder`` names, keeps it for more than ``timeout`` seconds, LocalFileError where
    the file system keeps no locks, and OSError when the file cannot be made.
    """
    with path.open("a+", encoding="utf-8") as file:
        lock = FileLock(file.fileno(), what)
        lock.acquire(timeout, holder, Progress(), longest_pause=_LONGEST_PAUSE_FOR_A_TURN)
        try:
            yield file
        finally:
            lock.release()


def _refused(what: str, error: portalocker.exceptions.LockException) -> LocalFileError:
    """Say why a lock cannot be had that nobody else has."""
    cause = next((found for found in (*error.args, error.__cause__, error.__context__) if isinstance(found, OSError)), None)
    said = (cause.strerror if cause is not None else None) or str(error)
    if cause is not None and cause.errno in _NO_LOCKS:
        return LocalFileError(
            f"{what} cannot be locked: its file system keeps no locks ({said}). Two programs could write to it at once.",
            path=what,
            hint="Use a file on a disk of this machine, or have the network drive mounted with locks.",
        )
    return LocalFileError(f"{what} cannot be locked ({said}).", path=what, hint="Check the disk, or the network drive.")
