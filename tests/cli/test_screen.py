"""The commands that open the screen program, on a terminal of their own."""

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
from pathlib import Path

import pytest

_PATIENCE = 60.0


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


def test_alone_on_a_terminal_it_opens_the_screen_program(folder: Path) -> None:
    """`catalog` shows the groups of the catalog, and q leaves it with success."""
    with terminal("--catalog", str(folder)) as shown:
        shown.wait_for("field")
        shown.press(b"q")

        assert shown.leave() == 0


def test_the_demo_opens_the_screen_program(tmp_path: Path) -> None:
    """`catalog demo` on a terminal makes the demo and shows it."""
    with terminal("demo", CATALOG_HOME=str(tmp_path / "home")) as shown:
        shown.wait_for("daily-weather: 2,921 keys")
        shown.wait_for("mauna-loa-co2")
        shown.press(b"q")

        assert shown.leave() == 0


def test_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    """Ctrl-C while the demo is made ends it without a traceback."""
    with terminal("demo", CATALOG_HOME=str(tmp_path / "home")) as shown:
        shown.wait_for("publishing")
        shown.process.send_signal(signal.SIGINT)

        assert shown.leave() == 130
        assert "interrupted" in shown.shown
        assert "Traceback" not in shown.shown


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {}])
def test_colours_are_for_terminals_that_want_them(folder: Path, variable: dict[str, str]) -> None:
    """On a terminal a list has a bold head, unless NO_COLOR is set."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    opened = Terminal(
        [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), "groups"],
        {**environment, "TERM": "xterm", **variable},
    )
    try:
        opened.wait_for("lab")
        assert opened.leave() == 0
        assert ("\x1b[1m" in opened.shown) is not bool(variable)
    finally:
        opened.close()
