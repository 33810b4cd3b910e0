"""The command for a remote that went back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalog import Catalog

from .conftest import Run


@pytest.fixture
def run(folder: Path, run: Run) -> Run:
    """Commands on a catalog in which the remote of `field/notes` was put back to its first commit."""
    remotes = folder.parent / "remotes"
    shutil.copytree(remotes, folder.parent / "backup")
    here = Catalog(folder)
    entry = next(found for found in here.entries("field") if found.name == "notes")
    with here.open(entry, "w", lock="commit") as opened:
        opened["late"] = "only here"
        opened.changes().push()
    shutil.rmtree(remotes)
    shutil.copytree(folder.parent / "backup", remotes)
    return run


def test_what_went_back_is_told(run: Run) -> None:
    """Reading goes on and warns; a push fails and names the command; the status says so, and the command shows the ways out."""
    read = run("get", "field/notes", "late")
    assert read.stdout == "only here\n"
    assert "comes before" in read.stderr
    assert "catalog settle field/notes" in read.stderr
    pulled = run("pull", "field/notes")
    assert pulled.exit_code == 1
    assert "catalog settle" in pulled.stderr
    assert "parted" in run("status", "field/notes").stdout
    shown = run("settle", "field/notes").stdout
    assert [line.strip() for line in shown.splitlines() if line.startswith("  ")] == ["A late", "D late"]


def test_put_on_top(run: Run) -> None:
    """After a yes what is here is the newest commit; then there is nothing to settle."""
    assert run("settle", "field/notes", "--put-on-top").exit_code == 2
    done = run("settle", "field/notes", "--put-on-top", "--yes")
    assert "what was here is commit 2 now" in done.stdout
    assert "nothing to settle" in run("settle", "field/notes").stdout


def test_follow(run: Run) -> None:
    """After a yes the remote is followed, and a file has what was dropped."""
    done = run("settle", "field/notes", "--follow", "--yes")
    assert "dropped-" in done.stdout
    assert run("get", "field/notes", "late").exit_code == 1


def test_keep_as(run: Run) -> None:
    """What is here becomes another database of the group, and the old one can follow."""
    assert "Made field/kept" in run("settle", "field/notes", "--keep-as", "kept", "--yes").stdout
    assert run("get", "field/kept", "late").stdout == "only here\n"
    assert run("settle", "field/notes", "--follow", "--yes").exit_code == 0
