"""Locks on files: who holds one is named, and a file system without locks is told as such."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

import catalog
from catalog import LockTimeoutError, S3Connection
from catalog.processes.file_lock import turn

_WITHOUT_LOCKS = """
import fcntl, sys, time

def refuse(*_):
    raise OSError(int(sys.argv[3]), "no locks available")

fcntl.flock = fcntl.lockf = refuse
import catalog

place = catalog.S3Connection(db_key="data/rain.blt", endpoint_url=sys.argv[1])
entries = catalog.Catalog()
for act in (
    lambda: catalog.open(place, sys.argv[2], "w", lock="commit"),
    lambda: catalog.open(place, sys.argv[2] + "-new", "r"),
    lambda: catalog.open(place, sys.argv[2] + "-new", "n", lock="commit"),
    lambda: entries.add_group("x"),
    lambda: catalog.open(place, sys.argv[2], "r")["a"],
):
    started = time.monotonic()
    try:
        print(repr(act()))
    except catalog.CatalogError as error:
        print(type(error).__name__, time.monotonic() - started < 5, error)
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOLCK, "its file system keeps no locks (no locks available)"), (errno.EIO, "cannot be locked (no locks available)")],
)
def test_a_file_system_without_locks_is_told_as_such(
    folder_connection: S3Connection, tmp_path: Path, number: int, said: str
) -> None:
    """Nobody is said to hold a lock that cannot be had, and nobody waits for it; what is there can be read."""
    with catalog.open(folder_connection, tmp_path / "mine.blt", "c", lock="commit") as database:
        database["a"] = b"1"
        database.changes().push()
    command = [sys.executable, "-c", _WITHOUT_LOCKS, str(folder_connection.endpoint_url), str(tmp_path / "mine.blt"), str(number)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    *refused, read = done.stdout.splitlines()
    assert read == "b'1'"
    assert len(refused) == 4
    for line in refused:
        assert line.startswith("LocalFileError True"), line
        assert said in line
        assert "locked by" not in line


def test_a_turn_that_is_taken_names_its_holder(tmp_path: Path) -> None:
    """Who waits for too long is told for whom; afterwards the turn is free."""
    again = turn(tmp_path / "lock", 0, "the folder", lambda: "another program")
    with (
        turn(tmp_path / "lock", 1, "the folder", lambda: "nobody"),
        pytest.raises(LockTimeoutError, match="the folder is locked by another program"),
        again,
    ):
        pass
    with turn(tmp_path / "lock", 0, "the folder", lambda: "nobody") as file:
        file.write("me")
