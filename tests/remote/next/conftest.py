"""Parts that the tests of remotes share."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.format.next.names import ObjectNames
from catalog.store.directory.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty store in a folder."""
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def names() -> ObjectNames:
    """The names of one database."""
    return ObjectNames("data/rain.blt")
