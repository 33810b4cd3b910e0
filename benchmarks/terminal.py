"""A program in a terminal of its own: what it wrote, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

_PRIVATE = re.compile(rb"\x1b(?:\[[<-?][0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[P_][^\x1b]*\x1b\\)")
"""What asks something of a terminal, and draws nothing."""
_MOST_AT_ONCE = 1 << 16


class NotShownError(Exception):
    """A text that was waited for did not appear."""


class Terminal:
    """Runs a program in a pseudo-terminal, types, and waits for text; times are those of ``time.perf_counter``."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (140, 42)) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], list(command), {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._written = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """The lines of the screen to which something was written since the last key: only what changes is written."""
        return "\n".join(self._screen.display[line] for line in sorted(self._screen.dirty))

    @property
    def size(self) -> int:
        """How many bytes were written since the last key."""
        return len(self._written)

    def press(self, keys: str) -> float:
        """Type keys; gives when."""
        self._written = b""
        self._screen.dirty.clear()
        at = time.perf_counter()
        os.write(self._fd, keys.encode())
        return at

    def wait_for(self, pattern: str, seconds: float = 60.0) -> float:
        """Read until a text was written since the last key that matches ``pattern``; gives when it was there."""
        deadline = time.perf_counter() + seconds
        while not re.search(pattern, self.text):
            ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - time.perf_counter()))
            if not ready:
                raise NotShownError(f"{pattern!r} was not shown within {seconds} s. Shown was: {self.text[-400:]!r}")
            try:
                self._read()
            except OSError:
                raise NotShownError(f"{pattern!r} was not shown: the program ended. Shown was: {self.text[-2000:]!r}") from None
        return time.perf_counter()

    def rest(self, seconds: float = 0.3, longest: float = 20.0) -> None:
        """Read until nothing was written for a while.

        Raises:
            NotShownError: when something is written again and again, for longer than that.
        """
        deadline = time.perf_counter() + longest
        while select.select([self._fd], [], [], seconds)[0]:
            if time.perf_counter() > deadline:
                raise NotShownError(f"After {longest:g} s something is still being written.")
            self._read()

    def _read(self) -> None:
        read = os.read(self._fd, _MOST_AT_ONCE)
        self._written += read
        self._stream.feed(_PRIVATE.sub(b"", read))

    def memory(self, line: str = "VmRSS") -> float:
        """The resident memory of the program now, or with "VmHWM" its highest so far, in MB (10⁶ bytes). Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
        assert found
        return int(found[1]) * 1024 / 1e6
