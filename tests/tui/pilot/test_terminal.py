"""The program in a real terminal: what it leaves behind when it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import Self

import pytest

from .shelf import Shelf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a thing of Unix")

PATIENCE = 60.0
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"
SECRET = "wJalrXUtnFEMI-this-is-a-secret"
OWN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
"""
RUN = """
import sys
from pathlib import Path
from catalog import Catalog
from tui.app import run
sys.exit(run(lambda: Catalog(Path(sys.argv[1]))))
"""
CRASH = f"""
from tui.browse.screen import BrowseScreen

def fail(screen):
    held = "{SECRET}"
    raise RuntimeError(f"could not sign with {{held}}")

BrowseScreen._zoom = fail
{RUN}
"""


class InTerminal:
    """A script in a terminal, which is its controlling one unless it belongs to another."""

    def __init__(self, script: str, shelf: Shelf, *, is_own: bool = True) -> None:
        import pty  # noqa: PLC0415 - not on Windows

        self._terminal, self.inner = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", (OWN_TERMINAL if is_own else "") + script, str(shelf.folder / "catalog")],
            stdin=self.inner,
            stdout=self.inner,
            stderr=self.inner,
            env=environment,
            start_new_session=True,
        )
        self.said = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.close()
        os.close(self.inner)

    def wait_for(self, text: bytes) -> None:
        """Wait until something is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            self._read()

    def press(self, keys: bytes) -> None:
        """Type keys, all at once."""
        os.write(self._terminal, keys)

    def end(self) -> int:
        """Wait for the end; gives the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.said[-500:]
            self._read()
        self._read()
        return self.process.wait()

    def _read(self) -> None:
        if self._terminal >= 0 and select.select([self._terminal], [], [], 0.1)[0]:
            self.said += os.read(self._terminal, 1 << 16)

    def close(self) -> None:
        """Close the window."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    @property
    def echoes(self) -> bool:
        """Whether what is typed in the terminal is shown."""
        import termios  # noqa: PLC0415 - not on Windows

        return bool(termios.tcgetattr(self.inner)[3] & termios.ECHO)


def _was_given_back(terminal: InTerminal) -> bool:
    """Off the alternate screen, with a visible cursor and an echo, and without reports of the mouse."""
    said = terminal.said
    is_shown = said.rfind(SHOWS_CURSOR) > said.rfind(b"\x1b[?25l")
    return (
        LEAVES_ALTERNATE_SCREEN in said
        and is_shown
        and said.rfind(b"\x1b[?1003l") > said.rfind(b"\x1b[?1003h")
        and terminal.echoes
    )


@pytest.mark.parametrize("keys", [b"q", b"qAE?P\x10i", b"\x11A"], ids=["q", "q and more", "ctrl+q"])
def test_leaving_gives_the_terminal_back(stocked: Shelf, keys: bytes) -> None:
    """After q the program ends well, and the terminal is as it was; what is typed after it is for nobody."""
    with InTerminal(RUN, stocked) as terminal:
        terminal.wait_for(b"weather")
        terminal.press(keys)

        assert terminal.end() == 0
        assert _was_given_back(terminal)
        assert b"fault in the program" not in terminal.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_gets_the_terminal_back(stocked: Shelf, number: signal.Signals) -> None:
    """`kill`, `timeout`, `docker stop` and a lost connection: the terminal is as it was, and the exit code says what it was."""
    with InTerminal(RUN, stocked) as terminal:
        terminal.wait_for(b"Databases")
        terminal.process.send_signal(number)

        assert terminal.end() == 128 + number
        assert _was_given_back(terminal)


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "another's"])
def test_it_ends_with_its_terminal(stocked: Shelf, is_own: bool) -> None:
    """When the window is closed the program ends, also where nobody sends it a signal."""
    with InTerminal(RUN, stocked, is_own=is_own) as terminal:
        terminal.wait_for(b"weather")
        terminal.close()

        terminal.end()


def test_a_crash_gives_the_terminal_back_and_shows_no_value(stocked: Shelf) -> None:
    """After a fault of the program the terminal is as it was, the place of the fault is told, and what it held is not."""
    with InTerminal(CRASH, stocked) as terminal:
        terminal.wait_for(b"Databases")
        terminal.press(b"z")
        code = terminal.end()
        after = terminal.said[terminal.said.rfind(LEAVES_ALTERNATE_SCREEN) :].decode()

        assert code == 1
        assert "RuntimeError" in after
        assert "Please report this" in after
        assert SECRET not in terminal.said.decode()
