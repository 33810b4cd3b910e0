"""A writer that is killed at any step loses nothing that was acknowledged and invents nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from .conftest import MEMORY

TESTS = Path(__file__).resolve().parents[1]
LARGE = settings.get_current_profile_name() == "large"


@pytest.mark.parametrize("first", [1, 2, 3] if LARGE else [2, 5])
def test_no_kill_loses_or_invents_anything(first: int) -> None:
    """Killed at the n-th step, and the repair killed too: what was synced is there, nothing else is, and booklet agrees."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "local.killed_writer", folder, str(first), "3" if LARGE else "7"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-2]) > 200
