"""The demo is made, used again, repaired and started over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import Catalog, State
from catalog.demo.build import make_demo
from catalog.demo.databases import GROUPS
from catalog.demo.edits import COLLEAGUE
from catalog.demo.folder import MARKER, DemoFolder
from catalog.demo.remotes import Remotes
from catalog.errors import InvalidInputError


def states(folder: DemoFolder) -> dict[str, State]:
    """How each database of a demo stands to its remote."""
    here = Catalog(folder.catalog)
    return {
        f"{record.name}/{entry.name}": here.status(entry).state for record in here.groups() for entry in here.entries(record.name)
    }


class TestMaking:
    def test_every_state_is_there_to_be_seen(self, shared_demo: DemoFolder) -> None:
        """The demo has databases ahead, behind, diverged, in conflict and in step."""
        assert states(shared_demo) == {
            "earth/daily-weather": State.AHEAD,
            "earth/earthquakes": State.DIVERGED,
            "earth/hourly-temperature": State.IN_STEP,
            "earth/mauna-loa-co2": State.BEHIND,
            "earth/storms": State.IN_STEP,
            "america/airports": State.CONFLICT,
            "america/airport-weather": State.NOT_HERE,
            "america/annual-messages": State.IN_STEP,
            "america/flights": State.IN_STEP,
        }

    def test_groups_describe_their_databases(self, shared_demo: DemoFolder) -> None:
        """Entries carry the names, descriptions, tags and the owner."""
        here = Catalog(shared_demo.catalog)

        for group in GROUPS:
            entries = {entry.name: entry for entry in here.entries(group.name)}
            assert set(entries) == {database.name for database in group.databases}
            for database in group.databases:
                entry = entries[database.name]
                assert (entry.description, entry.tags, entry.owner) == (database.description, database.tags, COLLEAGUE)

    def test_a_demo_is_used_again(self, shared_demo: DemoFolder) -> None:
        """A second run finds the demo, with what was done in it."""
        before = (shared_demo.path / MARKER).stat().st_mtime_ns

        assert not make_demo(shared_demo, Remotes.in_folder(shared_demo.remotes), pytest.fail)
        assert (shared_demo.path / MARKER).stat().st_mtime_ns == before

    def test_fresh_starts_over(self, shared_demo: DemoFolder) -> None:
        """With fresh, what was discarded in the demo is there again."""
        demo = shared_demo
        here = Catalog(demo.catalog)
        entry = next(entry for entry in here.entries("earth") if entry.name == "daily-weather")
        with here.open(entry, "w", lock="commit") as opened:
            opened.changes().discard()
        assert states(demo)["earth/daily-weather"] is State.IN_STEP

        assert make_demo(demo, Remotes.in_folder(demo.remotes), lambda _: None, fresh=True)

        assert states(demo)["earth/daily-weather"] is State.AHEAD

    def test_a_foreign_folder_is_left_alone(self, tmp_path: Path) -> None:
        """With fresh, too, nothing is made or removed in a folder that is not the demo's."""
        (tmp_path / "thesis.txt").write_text("mine")
        folder = DemoFolder(tmp_path, "file")

        with pytest.raises(InvalidInputError):
            make_demo(folder, Remotes.in_folder(folder.remotes), lambda _: None, fresh=True)

        assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_killed_run_is_repaired(tmp_path: Path) -> None:
    """Killed while it publishes, the demo is made whole by the next run."""
    command = [sys.executable, "-m", "catalog.cli", "demo", "--text", "--dir", str(tmp_path / "demo")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if "storms" in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait(60) == -signal.SIGKILL
    process.stderr.close()
    folder = DemoFolder(tmp_path / "demo", "file")
    assert '"building"' in (folder.path / MARKER).read_text()

    assert make_demo(folder, Remotes.in_folder(folder.remotes), lambda _: None)

    assert states(folder)["earth/storms"] is State.IN_STEP
