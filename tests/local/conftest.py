"""Parts that the tests of working copies share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of files and syncs a test: a disk would only make them slow."""


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a working copy is to be."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder) / "rain.blt"
