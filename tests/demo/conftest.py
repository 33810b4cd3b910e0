"""A demo that several tests look at, and a fresh one for tests that change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.demo.build import make_demo
from catalog.demo.folder import DemoFolder
from catalog.demo.remotes import Remotes


def _made(below: Path) -> DemoFolder:
    folder = DemoFolder(below / "my démo", "file")
    assert make_demo(folder, Remotes.in_folder(folder.remotes), lambda _: None)
    return folder


@pytest.fixture
def demo(tmp_path: Path) -> DemoFolder:
    """A demo of this test's own, below a folder whose name needs quoting."""
    return _made(tmp_path)


@pytest.fixture(scope="module")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A demo for tests that only look."""
    return _made(tmp_path_factory.mktemp("demo"))
