"""Copying and deleting remotes, and questions that nobody answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import catalog
from catalog import Catalog
from catalog.cli import cli
from catalog.testing.seaweed import Seaweed

from .conftest import Run, remote


def test_copy(tmp_path: Path, run: Run) -> None:
    """The copy has what was pushed; the command that lists it is said, and works; copying again finds it."""
    place = ("--db-key", "copies/rain", "--endpoint", (tmp_path / "remotes").as_uri())
    done = run("copy", "field/rain", *place)

    assert done.stdout.startswith(f"field/rain: copied to {remote(tmp_path, 'copies/rain')}, "), done.stderr
    assert "3 changes that you did not push yet are not in the copy." in done.stderr
    assert f"`catalog add GROUP NAME --db-key copies/rain --endpoint {place[3]}`" in done.stderr
    assert run("add", "lab", "rain copy", *place).exit_code == 0
    with catalog.open(remote(tmp_path, "copies/rain"), tmp_path / "copy.blt") as copied:
        assert dict(copied) == {"a/1": {"mm": 1}, "a/2": {"mm": 2}, "b/1": {"mm": 3}}
    again = run("copy", "field/rain", *place)
    assert (again.exit_code, "is a copy of it already" in again.stdout) == (0, True)


def test_copy_needs_a_free_place(tmp_path: Path, run: Run) -> None:
    """Without a place it is wrong usage; another database is not overwritten."""
    assert run("copy", "field/rain").exit_code == 2
    taken = run("copy", "field/rain", "--db-key", "lab/rain", "--endpoint", (tmp_path / "remotes").as_uri())
    assert (taken.exit_code, "there is a database already" in taken.stderr) == (1, True)


def test_copy_and_delete_in_buckets(
    tmp_path: Path, folder: Path, run: Run, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server too: from a folder to a bucket, and deleted there."""
    monkeypatch.setenv("CATALOG_ACCESS_KEY_ID", seaweed.rw.access_key_id)
    monkeypatch.setenv("CATALOG_SECRET_ACCESS_KEY", seaweed.rw.secret_access_key)
    free = seaweed.connection(f"copies/{tmp_path.name}")
    place = ("--db-key", str(free.db_key), "--bucket", str(free.bucket), "--endpoint", str(free.endpoint_url))
    assert run("copy", "field/notes", *place).exit_code == 0
    assert run("remove", "field/notes").exit_code == 0
    assert run("add", "lab", "notes", *place).exit_code == 0

    done = run("delete", "lab/notes", "--yes-delete", "lab/notes")

    assert done.stdout == f"lab/notes: its remote at {free} is deleted.\n", done.stderr
    assert catalog.read_remote(free) is None
    assert [entry.name for entry in Catalog(folder).entries("lab")] == ["notes", "rain"]


@pytest.mark.parametrize(("typed", "code"), [("field/notes\n", 0), ("notes\n", 0), ("yes\n", 1), ("", 2)])
def test_delete_has_the_name_typed(tmp_path: Path, folder: Path, typed: str, code: int) -> None:
    """What would go is said; only its name deletes it, and where nobody types the option is named that does."""
    done = CliRunner().invoke(cli, ["--catalog", str(folder), "delete", "field/notes"], input=typed)

    assert done.exit_code == code
    assert "2 keys and a history of 1 commit are to be deleted, for everyone." in done.stderr
    assert ("--yes-delete field/notes" in done.stderr) == (code == 2)
    assert (catalog.read_remote(remote(tmp_path, "field/notes")) is None) == (code == 0)


def test_delete_says_where_else_it_is_listed(tmp_path: Path, folder: Path, run: Run) -> None:
    """Other groups that list it are named before."""
    run("add", "lab", "theirs", "--db-key", "field/notes", "--endpoint", (tmp_path / "remotes").as_uri())
    assert "It is also listed as lab/theirs." in run("delete", "field/notes").stderr


def test_delete_by_option(tmp_path: Path, run: Run) -> None:
    """The option must be its name; afterwards the working copy has all values, and a push makes a new remote."""
    wrong = run("delete", "field/rain", "--yes-delete", "rian")
    assert (wrong.exit_code, "nothing was done" in wrong.stderr) == (1, True)
    assert catalog.read_remote(remote(tmp_path, "field/rain")) is not None

    assert run("delete", "field/rain", "--yes-delete", "rain").exit_code == 0
    assert run("get", "field/rain", "a/2").stdout == '{\n  "mm": 2\n}\n'
    assert run("push", "field/rain").stdout.startswith("field/rain: pushed 3 keys, ")


def test_remove_group(tmp_path: Path, run: Run) -> None:
    """A group goes from the list of this machine and comes back; what was not shared is asked about."""
    assert run("remove-group", "nowhere").exit_code == 1
    assert run("edit", "lab/rain", "--description", "Rain").exit_code == 0
    asked = run("remove-group", "lab")
    assert (asked.exit_code, "1 entry of lab is not shared yet" in asked.stderr, "give --yes" in asked.stderr) == (2, True, True)
    run("push-group", "lab")

    assert "its entries stay at file://" in run("remove-group", "lab").stdout
    assert [group["name"] for group in json.loads(run("groups", "--json").stdout)] == ["field"]
    run("add-group", "lab", "--db-key", "groups/lab", "--endpoint", (tmp_path / "remotes").as_uri())
    assert [found["name"] for found in json.loads(run("databases", "lab", "--json").stdout)] == ["rain"]


def test_nobody_to_ask(run: Run) -> None:
    """Without anyone to answer it is wrong usage, and the option that answers is named."""
    done = run("forget", "field/notes", "plain")
    assert (done.exit_code, "give --yes" in done.stderr) == (2, True)
    assert run("get", "field/notes", "plain").exit_code == 0


def test_a_remote_that_others_deleted_is_made_anew(tmp_path: Path, run: Run) -> None:
    """After a colleague deleted a remote, a push says with which option it makes it anew of what is here, and does."""
    run("get", "field/rain", "a/2")
    with catalog.open(remote(tmp_path, "field/rain"), tmp_path / "theirs.blt", "w") as theirs:
        theirs.delete_remote()
    refused = run("push", "field/rain")
    assert (refused.exit_code, "catalog push DATABASE --create" in refused.stderr) == (1, True)
    done = run("push", "field/rain", "--create")

    assert done.stdout.startswith("field/rain: pushed "), done.stderr
    assert catalog.read_remote(remote(tmp_path, "field/rain")) is not None
