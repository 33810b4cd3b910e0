"""A demo that several tests look at."""

from __future__ import annotations

import pytest

from catalog.demo.build import make_demo
from catalog.demo.folder import DemoFolder
from catalog.demo.remotes import Remotes


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A demo for tests that leave it as it was, below a folder whose name needs quoting."""
    folder = DemoFolder(tmp_path_factory.mktemp("demo") / "my démo", "file")
    assert make_demo(folder, Remotes.in_folder(folder.remotes), lambda _: None)
    return folder
