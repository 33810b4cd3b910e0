"""Commands that arrange groups, make databases, and exchange them with files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from catalog import Catalog, Database

from .conftest import Run


def test_edit(folder: Path, run: Run) -> None:
    """What a group says of a database changes as far as it is given."""
    done = run("edit", "field/rain", "--description", "Rain of two years", "--tag", "wet", "--tag", "free")

    assert done.stdout == "Changed what field says of rain.\n", done.stderr
    (_, rain) = Catalog(folder).entries("field")
    assert (rain.name, rain.description, rain.tags) == ("rain", "Rain of two years", ("wet", "free"))
    assert run("edit", "field/rain", "--no-tags", "--name", "drizzle").exit_code == 0
    assert [(entry.name, entry.tags) for entry in Catalog(folder).entries("field")] == [("drizzle", ()), ("notes", ("t",))]


def test_edit_needs_something(run: Run) -> None:
    """Without anything to change it is wrong usage."""
    assert run("edit", "field/rain").exit_code == 2


def test_move_and_remove(folder: Path, run: Run) -> None:
    """A database goes to another group, and out of it, with its data where it was."""
    assert "Moved field/notes to lab" in run("move", "field/notes", "lab").stdout
    assert [entry.name for entry in Catalog(folder).entries("lab")] == ["notes", "rain"]
    removed = run("remove", "lab/notes")
    assert "its data stays at file://" in removed.stdout
    assert [entry.name for entry in Catalog(folder).entries("lab")] == ["rain"]


def test_move_says_what_it_leaves_out(folder: Path, run: Run) -> None:
    """A field that does not belong into an entry is named, and stays behind."""
    here = Catalog(folder)
    key = next(entry.key for entry in here.entries("field") if entry.name == "notes")
    with here.open_group("field", "c", lock="commit") as group:
        stored = group[key]
        Database.set(group, key, {**stored, "remote_conn": {**stored["remote_conn"], "access_key": "wJalrXUtnFEMI"}})
    done = run("move", "field/notes", "lab")
    assert "Left out of its entry, where it does not belong: remote_conn.access_key." in done.stderr
    assert "wJalr" not in done.output


def test_a_copy_is_added_under_a_key_of_its_own(folder: Path, tmp_path: Path, run: Run) -> None:
    """What a tool copied takes an option in its original's group; without it the original's entry stays, and one is told."""
    shutil.copytree(tmp_path / "remotes", tmp_path / "copied")
    entry = next(entry for entry in Catalog(folder).entries("field") if entry.name == "notes")
    where = ("--db-key", str(entry.connection.db_key), "--endpoint", (tmp_path / "copied").as_uri())
    refused = run("add", "field", "copied", *where)
    assert (refused.exit_code, "is a copy of it" in refused.stderr, "--key" in refused.stderr) == (1, True, True)
    assert "key='" not in refused.stderr
    assert "Added copied to field, which has 3 databases now." in run("add", "field", "copied", *where, "--key", "copy").stdout
    assert run("get", "field/copied", "plain").stdout == run("get", "field/notes", "plain").stdout


def test_moving_to_nowhere(run: Run) -> None:
    """A group that is not there is named."""
    result = run("move", "field/notes", "nowhere")

    assert (result.exit_code, "'nowhere'" in result.stderr) == (1, True)


def test_import(tmp_path: Path, run: Run) -> None:
    """A file is brought in as changes, after a look with --dry-run that changes nothing."""
    table = tmp_path / "rain.csv"
    table.write_text("day,mm\na/1,9\nz/1,2.5\n")

    planned = run("import", "field/rain", str(table), "--key", "day", "--dry-run").stdout
    assert planned == (
        "field/rain: 2 keys would be set, 1 of them in place of what was there (1 of these not pushed yet), 18 B of values.\n"
    )
    assert run("get", "field/rain", "z/1").exit_code == 1
    done = run("import", "field/rain", str(table), "--key", "day").stdout
    assert done.endswith("18 B of values. `catalog push` sends them.\n")
    assert json.loads(run("get", "field/rain", "a/1").stdout) == {"mm": 9}


def test_import_of_a_bad_file(tmp_path: Path, run: Run) -> None:
    """What is wrong is told with its line, and what to do."""
    table = tmp_path / "rain.csv"
    table.write_text("day;mm\na/1;9\n")

    result = run("import", "field/rain", str(table))
    assert result.exit_code == 1
    assert "rain.csv: there is no column 'key'" in result.stderr
    assert "--delimiter ';'" in result.stderr


def test_export(tmp_path: Path, run: Run) -> None:
    """A database is written to a file, once; a file that is there stays."""
    target = str(tmp_path / "rain.jsonl")
    assert run("export", "field/rain", target, "--prefix", "a/").stdout.startswith("field/rain: 2 keys written to ")
    assert [json.loads(line)["key"] for line in Path(target).read_text().splitlines()] == ["a/1", "a/2"]
    again = run("export", "field/rain", target)
    assert (again.exit_code, "--overwrite" in again.stderr) == (1, True)
    assert run("export", "field/rain", target, "--overwrite").exit_code == 0


def test_create(tmp_path: Path, folder: Path, run: Run) -> None:
    """A database is made of a file beside its group, pushed, and listed; hostile keys in messages do no harm."""
    table = tmp_path / "ice.jsonl"
    table.write_text('{"key": "evil\\u001b[2J", "n": 1}\n')
    done = run("create", "field/ice", str(table), "--description", "Ice", "--tag", "cold")

    assert done.stdout.startswith("Made field/ice at file://"), done.stderr
    assert done.stdout.endswith("/remotes/groups/ice: 1 key was set, 7 B of values.\n")
    assert [entry.name for entry in Catalog(folder).entries("field")] == ["ice", "notes", "rain"]
    assert "in step" in run("status", "field/ice").stdout
    assert run("create", "field/ice", str(table)).exit_code == 1
    assert "no keys yet" in run("create", "field/none").stdout


@pytest.mark.parametrize("name", ["ice", "field/", "/ice"])
def test_a_new_database_has_a_group_and_a_name(run: Run, name: str) -> None:
    """Without both it is wrong usage."""
    assert run("create", name).exit_code == 2


def test_create_from_a_folder(tmp_path: Path, run: Run) -> None:
    """A folder of files makes a database of bytes."""
    files = tmp_path / "pictures"
    files.mkdir()
    (files / "a.bin").write_bytes(b"\x00\x01")
    assert "1 key was set, 2 B of values" in run("create", "lab/pictures", str(files)).stdout
    assert run("get", "lab/pictures", "a.bin", "--raw").stdout_bytes == b"\x00\x01"
