"""The program in a real terminal: what it leaves behind when it ends."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

import pytest

from .shelf import Shelf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a thing of Unix")

PATIENCE = 60.0
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"
SECRET = "wJalrXUtnFEMI-this-is-a-secret"
RUN = """
import sys
from pathlib import Path
from catalog import Catalog
from tui.app import run
sys.exit(run(lambda: Catalog(Path(sys.argv[1]))))
"""
CRASH = f"""
from tui.acts.program import ProgramActs

def fail(acts):
    held = "{SECRET}"
    raise RuntimeError(f"could not sign with {{held}}")

ProgramActs.zoom = fail
{RUN}
"""


def _run(script: str, shelf: Shelf, wait_for: bytes, key: bytes) -> tuple[int, bytes]:
    """Run a script in a terminal of its own, press a key once something is on the screen, and give its code and output."""
    import pty  # noqa: PLC0415 - not on Windows

    terminal, inner = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(shelf.folder / "catalog")],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=environment,
        start_new_session=True,
    )
    os.close(inner)
    said, pressed, deadline = b"", False, time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    said += os.read(terminal, 65536)
                except OSError:
                    break
            if not pressed and wait_for in said:
                os.write(terminal, key)
                pressed = True
        return process.wait(10), said
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_leaving_gives_the_terminal_back(stocked: Shelf) -> None:
    """After q the program ends well, off the alternate screen, with a visible cursor."""
    code, said = _run(RUN, stocked, b"Databases", b"q")

    assert code == 0
    assert LEAVES_ALTERNATE_SCREEN in said
    assert said.rfind(SHOWS_CURSOR) > said.rfind(b"\x1b[?25l")


def test_a_crash_gives_the_terminal_back_and_shows_no_value(stocked: Shelf) -> None:
    """After a fault of the program the terminal is as it was, the place of the fault is told, and what it held is not."""
    code, said = _run(CRASH, stocked, b"Databases", b"z")
    after = said[said.rfind(LEAVES_ALTERNATE_SCREEN) :].decode()

    assert code == 1
    assert "RuntimeError" in after
    assert "Please report this" in after
    assert SECRET not in said.decode()
