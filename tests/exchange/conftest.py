"""Databases to bring files into, and to write into files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Database, S3Connection

Make = Callable[..., Database]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes an open database with some content, in a folder."""
    with ExitStack() as stack:

        def made(serializer: Any = "orjson", name: str = "data", **content: Any) -> Database:
            place = S3Connection(db_key=name, endpoint_url=(tmp_path / "remotes").as_uri())
            database = catalog.open(place, tmp_path / "copies" / f"{name}.blt", "c", serializer, lock="commit")
            stack.enter_context(database)
            database.update(content)
            return database

        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for files."""
    made = tmp_path / "files"
    made.mkdir()
    return made
