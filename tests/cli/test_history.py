"""The commands about versions, tags, garbage and forgetting."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import catalog
from catalog import Catalog
from catalog.cli.program import cli
from catalog.remote.garbage import Garbage, Keep, find_garbage
from catalog.remote.remote import Remote

from .conftest import Run, remote


@pytest.fixture
def run(folder: Path, run: Run) -> Run:
    """Commands on a catalog whose database `field/notes` has three commits."""
    here = Catalog(folder)
    entry = next(found for found in here.entries("field") if found.name == "notes")
    with here.open(entry, "w", lock="commit") as opened:
        opened["plain"] = "changed"
        opened.changes().push(message="second")
        del opened["evil\x1b[2Jkey"]
        opened.changes().push(message="third \x1b[2J")
    return run


def answer(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    """Run a command and answer its question."""
    result = CliRunner().invoke(cli, ["--catalog", str(folder), *arguments], input=text)
    return result.exit_code, result.output


def test_history(run: Run) -> None:
    """Commits are listed newest first with their tags, and messages obey nothing."""
    run("tag", "add", "field/notes", "start", "--at", "1")
    lines = run("history", "field/notes").stdout.splitlines()

    assert lines[0].split() == ["COMMIT", "ID", "TIME", "AUTHOR", "KEYS", "SIZE", "TAGS", "MESSAGE"]
    assert [line.split()[0] for line in lines[1:]] == ["4", "3", "2", "1"]
    assert "start" in lines[4]
    assert "\x1b" not in "".join(lines)
    listed = json.loads(run("history", "field/notes", "--json", "--limit", "2").stdout)
    assert [(found["number"], found["keys"]) for found in listed] == [(4, 1), (3, 1)]


def test_show(run: Run) -> None:
    """A value at a version; a missing key and a missing version say what to do."""
    assert run("show", "field/notes", "plain", "--at", "1").stdout == "two\nlines\n"
    assert run("show", "field/notes", "plain", "--at", "2").stdout == "changed\n"
    assert run("show", "field/notes", "plain", "--at", "2", "--raw").stdout == "changed"
    missing = run("show", "field/notes", "none", "--at", "1")
    assert missing.exit_code == 1
    assert "had no key 'none' at 1" in missing.stderr
    assert "has no version '99'" in run("show", "field/notes", "plain", "--at", "99").stderr


def test_compare(run: Run) -> None:
    """What led from one version to another, and that two say the same."""
    assert run("compare", "field/notes", "1", "2").stdout.splitlines() == [
        "  M plain",
        "      - two",
        "      - lines",
        "      + changed",
    ]
    assert run("compare", "field/notes", "2", "2").stdout == "field/notes: 2 and 2 say the same.\n"
    assert "1 more key" in run("compare", "field/notes", "1", "3", "--names", "--limit", "1").stdout
    found = json.loads(run("compare", "field/notes", "2", "3", "--json").stdout)
    assert [(change["kind"], change["after"]) for change in found] == [("deleted", None)]


def test_revert_and_undo(run: Run) -> None:
    """Both make new commits, and undo twice is as before."""
    assert run("revert", "field/notes", "1", "-m", "back").stdout == "field/notes is at 1 again: commit 4, 2 keys.\n"
    assert run("get", "field/notes", "plain").stdout == "two\nlines\n"
    assert "commit 5, 1 key." in run("undo", "field/notes").stdout
    assert run("get", "field/notes", "plain").stdout == "changed\n"


def test_tags(run: Run) -> None:
    """Tags are added, listed and removed."""
    assert run("tag", "list", "field/notes").stderr == "field/notes has no tags.\n"
    assert run("tag", "add", "field/notes", "v1").stdout == "field/notes: commit 3 is v1 now.\n"
    assert json.loads(run("tag", "list", "field/notes", "--json").stdout) == {"v1": 3}
    assert run("tag", "list", "field/notes").stdout.splitlines()[1].split() == ["v1", "3"]
    assert run("tag", "remove", "field/notes", "v1").stdout == "field/notes: the tag v1 is removed.\n"


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects and commits of this minute count as old."""

    def find(remote: Remote, needed: set[str], grace: timedelta) -> Garbage:
        return find_garbage(remote, needed, timedelta(0))

    monkeypatch.setattr("catalog.changes.collect.find_garbage", find)
    monkeypatch.setattr("catalog.database.history.Keep", lambda days, commits: Keep(0, commits))


def test_collect_garbage_only_says_what_it_would_do(run: Run) -> None:
    """Without --apply nothing is changed; young objects are told of."""
    assert run("collect-garbage", "field/notes").stdout == "field/notes: there is no garbage.\n"
    said = run("collect-garbage", "field/notes", "--keep-days", "0", "--keep-commits", "1")
    assert "2 versions to be given up, 1 version kept; 0 objects to be deleted, 0 B." in said.stdout
    assert "too young" in said.stdout
    assert len(json.loads(run("history", "field/notes", "--json").stdout)) == 3


@pytest.mark.usefixtures("no_grace")
def test_collect_garbage_asks_and_frees(run: Run, folder: Path) -> None:
    """It says what and how much, and does it after a yes only."""
    arguments = ("collect-garbage", "field/notes", "--keep-commits", "1", "--apply")
    code, output = answer(folder, "n\n", *arguments)
    assert code == 130
    assert "2 versions to be given up, 1 version kept" in output
    assert len(json.loads(run("history", "field/notes", "--json").stdout)) == 3

    code, output = answer(folder, "y\n", *arguments)

    assert code == 0
    assert "freed" in output
    assert [found["number"] for found in json.loads(run("history", "field/notes", "--json").stdout)] == [4, 3]
    assert run("get", "field/notes", "plain").stdout == "changed\n"
    assert json.loads(run(*arguments, "--yes", "--json").stdout)["commits_kept"] == 1
    assert run(*arguments, "--json").exit_code == 2


def test_forget_asks_and_forgets(run: Run, folder: Path) -> None:
    """It names the keys and what goes with them, does it after a yes only, and refuses a key that nobody has."""
    run("tag", "add", "field/notes", "v1")
    code, output = answer(folder, "n\n", "forget", "field/notes", "plain")
    assert code == 130
    assert "every version of 'plain' is removed" in output
    assert "with its tags 'v1'" in output
    assert run("get", "field/notes", "plain").stdout == "changed\n"

    done = run("forget", "field/notes", "plain", "--yes")

    assert done.stdout == "field/notes: 2 versions of 1 key forgotten, 4 commits given up.\n"
    assert run("get", "field/notes", "plain").exit_code == 1
    again = run("forget", "field/notes", "nothing", "--yes")
    assert (again.exit_code, "Nothing was changed" in again.stderr) == (1, True)


def test_push_dry_run_and_skipping_conflicts(run: Run) -> None:
    """A dry run tells and sends nothing."""
    said = run("push", "field/rain", "--dry-run")
    assert said.exit_code == 0, said.stderr
    assert "a push would send" in said.stdout
    assert "pushed" in run("push", "field/rain", "--skip-conflicts").stdout


def test_what_a_command_builds_on_was_seen(run: Run, folder: Path, tmp_path: Path) -> None:
    """A colleague's commit that was not pulled stops each command, by name; an option goes on top of it all the same."""
    with catalog.open(remote(tmp_path, "field/notes"), tmp_path / "theirs.blt", "w", lock="commit", author="bob@lab") as theirs:
        theirs["plain"] = "theirs"
        theirs.changes().push(message="mine \x1b[2J")
    commands = (
        ("undo", "field/notes"),
        ("revert", "field/notes", "2"),
        ("tag", "add", "field/notes", "x"),
        ("tag", "remove", "field/notes", "x"),
        ("forget", "field/notes", "plain", "--yes"),
        ("collect-garbage", "field/notes", "--apply", "--yes", "--keep-days", "0", "--keep-commits", "1"),
        ("delete", "field/notes", "--yes-delete", "notes"),
    )
    for command in commands:
        refused = run(*command)
        assert refused.exit_code == 1, command
        assert "commit 4 by bob@lab" in refused.stderr
        assert "--over" in refused.stderr
        assert "\x1b" not in refused.stderr
    assert run("undo", "field/notes", "--over", "3").exit_code == 1
    assert run("undo", "field/notes", "--over", "4").stdout.startswith("field/notes was taken back by one change: commit 5")
    assert run("get", "field/notes", "plain").stdout == "changed\n"
