"""`catalog lock`: whose the write lock is, and breaking it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import catalog
from catalog import Database, LeaseLostError, LockTimeoutError
from catalog.cli import cli
from catalog.locking.breaking import break_lock, read_holder

from .conftest import Run, remote


@pytest.fixture
def writer(run: Run, tmp_path: Path) -> Iterator[Database]:
    """Someone who has `lab/rain` open for writing."""
    with catalog.open(remote(tmp_path, "lab/rain"), tmp_path / "theirs.blt", "w") as opened:
        yield opened


def test_free(run: Run) -> None:
    """A free lock is nobody's, and breaking it changes nothing."""
    assert run("lock", "show", "lab/rain").output == "Nobody holds the write lock of lab/rain.\n"
    assert run("lock", "break", "lab/rain").output == "Nobody holds the write lock of lab/rain.\n"
    assert json.loads(run("lock", "show", "lab/rain", "--json").stdout) == {"held": False}


def test_show(run: Run, writer: Database) -> None:
    """A held lock is shown with its owner and since when."""
    holder = read_holder(writer.connection)
    assert holder is not None
    assert run("lock", "show", "lab/rain").output == f"lab/rain is locked by {holder.owner} (since {holder.since}).\n"
    facts = json.loads(run("lock", "show", "lab/rain", "--json").stdout)
    assert (facts["held"], facts["owner"]) == (True, holder.owner)


def test_break(run: Run, writer: Database) -> None:
    """A broken lock is free; who held it pushes no more."""
    result = run("lock", "break", "lab/rain", "--yes")
    assert result.exit_code == 0
    assert "is broken" in result.output
    assert read_holder(writer.connection) is None
    writer["new"] = b"1"
    with pytest.raises(LeaseLostError):
        writer.changes().push()


@pytest.mark.parametrize(("typed", "broken"), [("lab/rain\n", True), ("yes\n", False)])
def test_typed(folder: Path, writer: Database, typed: str, broken: bool) -> None:
    """Without --yes the name of the database must be typed."""
    result = CliRunner().invoke(cli, ["--catalog", str(folder), "lock", "break", "lab/rain"], input=typed)
    assert (result.exit_code == 0) == broken
    assert (read_holder(writer.connection) is None) == broken


def test_another_holder(writer: Database) -> None:
    """Only the lock that was asked about is broken."""
    holder = read_holder(writer.connection)
    assert holder is not None
    break_lock(writer.connection)
    assert break_lock(writer.connection, holder) is None
    with catalog.open(writer.connection, writer.file_path.with_name("other.blt"), "w"), pytest.raises(LockTimeoutError):
        break_lock(writer.connection, holder)
