"""The program `catalog` on a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 60.0


# A run of the tests that a shell started in the background ignores interrupts, and so would the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Terminal:
    """A program on a terminal of 120 by 40: what it shows can be waited for, and keys can be pressed."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 120))
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until ``text`` was shown."""
        deadline = time.monotonic() + _PATIENCE
        while text not in self._plain():
            assert time.monotonic() < deadline, self._plain()[-2000:]
            if select.select([self._master], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self._master, 65536).decode(errors="replace")
                except OSError:
                    break
        assert text in self._plain(), self._plain()[-2000:]

    def press(self, keys: bytes) -> None:
        """Send keys."""
        os.write(self._master, keys)

    def leave(self) -> int:
        """Read on until the program has ended; its exit code."""
        deadline = time.monotonic() + _PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 65536).decode(errors="replace")
                except OSError:
                    break
        return self.process.wait(10)

    def close(self) -> None:
        """End the program if it still runs, and give the terminal back."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _plain(self) -> str:
        return re.sub(r"\x1b(\[[0-9;?<>=]*[a-zA-Z]|[\]P_][^\x07\x1b]*(\x07|\x1b\\)|.)", "", self.shown)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    """The program `catalog` on a terminal."""
    opened = Terminal([sys.executable, "-m", "catalog.cli", *arguments], {**os.environ, "TERM": "xterm-256color", **environment})
    try:
        yield opened
    finally:
        opened.close()
