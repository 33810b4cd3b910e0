"""Parts that the tests of working copies share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("small", max_examples=60, deadline=None)
settings.register_profile("large", max_examples=600, deadline=None)
if settings.get_current_profile_name() in ("default", "ci"):
    settings.load_profile("small")


MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of files and syncs a test: a disk would only make them slow."""


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a working copy is to be."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder) / "rain.blt"
