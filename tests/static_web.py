"""A plain static web server on this machine, which knows nothing of databases."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Self


class StaticWeb:
    """Python's own ``http.server`` over a folder, in a process of its own: ``with StaticWeb(folder) as web``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        found = re.search(r"port (\d+)", self._process.stdout.readline())
        assert found is not None
        self.url = f"http://127.0.0.1:{found[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
