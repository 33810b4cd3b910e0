"""A long-running reader pulls: it sees what others pushed since it was opened, whoever writes to its file."""

from __future__ import annotations

from pathlib import Path

import pytest

import catalog
from catalog import ReadOnlyError, S3Connection


@pytest.fixture
def published(folder_connection: S3Connection, tmp_path: Path) -> S3Connection:
    """A database with three keys."""
    with catalog.open(folder_connection, tmp_path / "theirs.blt", "c", "orjson") as theirs:
        theirs.update({"a": 1, "b": 2, "c": 3})
        theirs.changes().push()
    return folder_connection


def push_more(place: S3Connection, folder: Path) -> None:
    """Change, add and delete a key elsewhere."""
    with catalog.open(place, folder / "theirs.blt", "w") as theirs:
        theirs["a"] = 10
        theirs["d"] = 4
        del theirs["b"]
        theirs.changes().push()


def test_a_reader_sees_what_was_pushed_since(published: S3Connection, tmp_path: Path) -> None:
    """Keys, values and their number are those of the newest commit; the file builds on it from then on."""
    with catalog.open(published, tmp_path / "mine.blt") as mine:
        assert dict(mine.items()) == {"a": 1, "b": 2, "c": 3}
        push_more(published, tmp_path)
        assert dict(mine.items()) == {"a": 1, "b": 2, "c": 3}
        result = mine.changes().pull()

        assert (result.keys, result.commit) == (3, mine.commit)
        assert dict(mine.items()) == {"a": 10, "c": 3, "d": 4}
        assert len(mine) == mine.rows() == 3
        assert mine.changes().pull().keys == 0
    with catalog.open(published, tmp_path / "mine.blt", offline=True) as mine:
        assert sorted(mine) == ["a", "c", "d"]


def test_a_reader_beside_a_writer_sees_it_too(published: S3Connection, tmp_path: Path) -> None:
    """While a writer has the file, a pull of a reader is for itself; the writer's edits stay as they are."""
    file = tmp_path / "mine.blt"
    with catalog.open(published, file) as reader, catalog.open(published, file, "w", lock="commit") as writer:
        assert reader["a"] == 1
        writer["c"] = 30
        push_more(published, tmp_path)
        assert reader.changes().pull().keys == 3

        assert (reader["a"], sorted(reader)) == (10, ["a", "c", "d"])
        assert (writer["a"], writer["c"]) == (1, 30)


def test_an_earlier_version_is_not_pulled(published: S3Connection, tmp_path: Path) -> None:
    """A version that was opened never changes, and says so."""
    with catalog.open(published, tmp_path / "mine.blt", version=1) as past, pytest.raises(ReadOnlyError, match="earlier version"):
        past.changes().pull()
