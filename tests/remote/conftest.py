"""Parts that the tests of remotes share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from catalog.objectstore.directory import DirectoryStore
from catalog.remote.object_names import ObjectNames

settings.register_profile("small", max_examples=60, deadline=None)
settings.register_profile("large", max_examples=600, deadline=None)
if settings.get_current_profile_name() in ("default", "ci"):
    settings.load_profile("small")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty store in a folder."""
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def names() -> ObjectNames:
    """The names of one database."""
    return ObjectNames("data/rain.blt")
