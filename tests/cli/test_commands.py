"""The commands on a catalog, through to its remotes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import catalog
from catalog import Catalog

from .conftest import Run, remote


class TestGroups:
    def test_groups(self, run: Run) -> None:
        """Groups are listed with how many databases they have and where they are."""
        lines = run("groups").stdout.splitlines()

        assert lines[0].split() == ["GROUP", "DATABASES", "REMOTE"]
        assert [line.split()[:2] for line in lines[1:]] == [["field", "2"], ["lab", "1"]]

    def test_groups_as_json(self, run: Run) -> None:
        """The same for programs."""
        listed = json.loads(run("groups", "--json").stdout)

        assert [(group["name"], group["databases"]) for group in listed] == [("field", 2), ("lab", 1)]
        assert listed[0]["remote"]["db_key"] == "groups/field"

    def test_a_catalog_without_groups(self, tmp_path: Path, run: Run) -> None:
        """An empty catalog says what to do, on stderr."""
        result = run("--catalog", str(tmp_path / "empty"), "groups")

        assert result.exit_code == 0
        assert result.stdout == ""
        assert "catalog add-group NAME" in result.stderr
        status = run("--catalog", str(tmp_path / "empty"), "status")
        assert (status.stdout, "catalog add GROUP NAME" in status.stderr) == ("", True)

    def test_add_group_and_add(self, tmp_path: Path, run: Run) -> None:
        """A group of this machine is added, then a database of it, which is listed afterwards."""
        assert run("add-group", "mine").stdout == "Added the group mine.\n"
        endpoint = (tmp_path / "remotes").as_uri()
        added = run(
            "add", "mine", "rain", "--db-key", "field/rain", "--endpoint", endpoint, "--tag", "x", "--description", "Rain"
        )

        assert added.stdout == "Added rain to mine, which has 1 database now.\n", added.stderr
        (listed,) = json.loads(run("databases", "mine", "--json").stdout)
        assert (listed["name"], listed["tags"], listed["description"]) == ("rain", ["x"], "Rain")
        assert run("push-group", "mine").stdout == "mine: pushed 1 entry as commit 1.\n"
        assert run("push-group", "mine").stdout == "mine: nothing to push.\n"

    def test_a_list_that_is_damaged(self, folder: Path, run: Run) -> None:
        """What is lost and what is not is said of the file that lists the groups."""
        (folder / "catalog.json").write_text("{bad")
        result = run("groups")

        assert (result.exit_code, "catalog.json is damaged" in result.stderr) == (1, True)
        assert "what it lists is added again. Data and keys are elsewhere" in result.stderr

    def test_add_needs_an_address(self, run: Run) -> None:
        """A database without an address is wrong usage."""
        result = run("add", "lab", "more")

        assert result.exit_code == 2
        assert "--db-key" in result.stderr

    def test_a_secret_in_an_address_is_refused(self, run: Run) -> None:
        """An address with a password is refused and never repeated."""
        result = run("add-group", "mine", "--url", "https://user:hunter2@example.org/x")

        assert result.exit_code == 1
        assert "hunter2" not in result.output


class TestDatabases:
    def test_databases(self, run: Run) -> None:
        """All databases are listed by group and name; or those of one group."""
        assert [line.split()[0] for line in run("databases").stdout.splitlines()[1:]] == [
            "field/notes",
            "field/rain",
            "lab/rain",
        ]
        assert [line.split()[0] for line in run("databases", "lab").stdout.splitlines()[1:]] == ["lab/rain"]

    def test_status(self, run: Run) -> None:
        """Status says what is ahead, and of all databases or one."""
        listed = {line["database"]: line for line in json.loads(run("status", "--json").stdout)}

        assert listed["field/rain"]["state"] == "ahead"
        assert listed["field/rain"]["ahead"] == 3
        assert listed["field/notes"]["state"] == "in step"
        assert "3 ahead" in run("status", "field/rain").stdout

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("nothing", "error: There is no database 'nothing' in this catalog.\nhint: `catalog databases` lists them.\n"),
            ("rain", "error: 'rain' is the name of 2 databases.\nhint: Say which: 'field/rain', 'lab/rain'.\n"),
            ("evil\x1b[2J", "error: There is no database 'evil\\x1b[2J' in this catalog.\n"),
        ],
    )
    def test_a_name_that_is_not_one_database(self, run: Run, name: str, said: str) -> None:
        """A name that no database has, or two, is an error that says what to do."""
        result = run("keys", name)

        assert result.exit_code == 1
        assert result.stderr.startswith(said)
        assert result.stdout == ""

    def test_an_unknown_group(self, run: Run) -> None:
        """A group that is not there is an error that names those that are."""
        result = run("databases", "nothing")

        assert result.exit_code == 1
        assert "hint: Its groups are 'field', 'lab'." in result.stderr

    def test_a_name_that_is_nearly_one(self, run: Run) -> None:
        """A name that was mistyped is answered with what is like it."""
        assert "hint: Do you mean 'field/rain'? `catalog databases`" in run("keys", "field/rian").stderr

    def test_two_of_one_name_by_their_ids(self, tmp_path: Path, folder: Path, run: Run) -> None:
        """Where someone else's group has a name twice, the ids are said."""
        with Catalog(folder).open_group("lab", "w", lock="commit") as group:
            added = group.add(remote(tmp_path, "field/notes"), name="rain")
        run("remove", "field/notes")
        result = run("keys", "lab/rain")

        assert (result.exit_code, added in result.stderr) == (1, True)
        assert run("keys", added).stdout.endswith("plain\n")

    def test_a_database_by_its_id(self, run: Run) -> None:
        """A database can be named by its uuid."""
        uuid = json.loads(run("databases", "lab", "--json").stdout)[0]["uuid"]

        assert run("keys", uuid).stdout == "raw\n"


class TestGroupOutOfReach:
    """One group of the catalog is at a server that does not answer."""

    @pytest.fixture(autouse=True)
    def far(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Adds the group `far`."""
        monkeypatch.setenv("CATALOG_ACCESS_KEY_ID", "AKIA12345678")
        monkeypatch.setenv("CATALOG_SECRET_ACCESS_KEY", "hush")
        run("add-group", "far", "--db-key", "far", "--bucket", "data", "--endpoint", "http://127.0.0.1:9")

    def test_others_are_used(self, run: Run) -> None:
        """A database that is named in full is used without a word about the other group."""
        done = run("keys", "field/rain")

        assert (done.exit_code, done.stdout, done.stderr) == (0, "a/1\na/2\nc/1\n", "")

    def test_lists_leave_it_out(self, run: Run) -> None:
        """Lists have the others, and say on stderr what is not in them."""
        for command in ("databases", "status"):
            done = run(command, "--json")
            assert done.stderr.startswith("warning: far is left out: http://127.0.0.1:9/data: ")
            assert len(json.loads(done.stdout)) == 3
        assert [group["databases"] for group in json.loads(run("groups", "--json").stdout)] == [2, 1, None]

    def test_alone_it_is_an_error(self, run: Run) -> None:
        """Where it is what was asked for, it is an error."""
        assert run("databases", "far").exit_code == 1
        assert run("keys", "far/rain").exit_code == 1


class TestKeys:
    def test_keys(self, run: Run) -> None:
        """Keys come in order, by prefix and limit, without those that are deleted here."""
        assert run("keys", "field/rain").stdout == "a/1\na/2\nc/1\n"
        assert run("keys", "field/rain", "--prefix", "a/", "--limit", "1").stdout == "a/1\n"

    def test_keys_as_json(self, run: Run) -> None:
        """JSON has the state of each key."""
        listed = {line["key"]: line["state"] for line in json.loads(run("keys", "field/rain", "--json").stdout)}

        assert listed["a/1"] == "modified"
        assert listed["c/1"] == "added"
        assert listed["b/1"] == "deleted"

    def test_a_name_from_a_group_is_escaped(self, run: Run, folder: Path) -> None:
        """The name that someone gave a database in a group controls no terminal, whichever command tells it."""
        with Catalog(folder).open_group("field", "w", lock="commit") as group:
            key = group.add(remote(folder.parent, "field/notes"), name="notes\x1b[2J\u202e")
        for command in ("diff", "status", "history", "pull", "push", "lock show"):
            done = run(*command.split(), key)
            assert done.exit_code == 0, done.output
            assert "\x1b" not in done.output
            assert "\u202e" not in done.output

    def test_control_characters_are_escaped(self, run: Run) -> None:
        """Keys and values that would control the terminal are shown escaped."""
        assert run("keys", "field/notes").stdout == "evil\\x1b[2Jkey\nplain\n"
        assert run("get", "field/notes", "evil\x1b[2Jkey").stdout == "text\\x1b]0;owned\\x07\n"

    def test_get(self, run: Run) -> None:
        """JSON is indented, text is itself, and --raw gives the stored bytes exactly."""
        assert run("get", "field/rain", "a/2").stdout == '{\n  "mm": 2\n}\n'
        assert run("get", "field/notes", "plain").stdout == "two\nlines\n"
        assert run("get", "lab/rain", "raw", "--raw").stdout_bytes == b"\x00\xff"

    def test_a_key_that_is_not_there(self, run: Run) -> None:
        """A missing key is an error, not an empty value."""
        result = run("get", "field/rain", "z")

        assert result.exit_code == 1
        assert result.stderr.startswith("error: field/rain has no key 'z'.\nhint: ")


class TestChanges:
    def test_diff(self, run: Run) -> None:
        """A difference shows added, modified and deleted keys with old and new lines."""
        assert run("diff", "field/rain").stdout.splitlines() == [
            "3 keys outgoing, not pushed yet",
            "  M a/1",
            '      -   "mm": 1',
            '      +   "mm": 1.5',
            "  D b/1",
            "      - {",
            '      -   "mm": 3',
            "      - }",
            "  A c/1",
            "      + {",
            '      +   "mm": 4',
            "      + }",
        ]

    def test_diff_by_name_only(self, run: Run) -> None:
        """--names leaves the values out, --limit says how many are left out."""
        assert run("diff", "field/rain", "--names", "--limit", "1").stdout.splitlines() == [
            "3 keys outgoing, not pushed yet",
            "  M a/1",
            "  … and 2 more keys",
        ]

    def test_diff_as_json(self, run: Run) -> None:
        """JSON has all three directions, with sizes of either side."""
        listed = json.loads(run("diff", "field/rain", "--json").stdout)

        assert [(change["key"], change["kind"]) for change in listed["outgoing"]] == [
            ("a/1", "modified"),
            ("b/1", "deleted"),
            ("c/1", "added"),
        ]
        assert listed["outgoing"][2]["base"] is None
        assert listed["incoming"] == listed["conflict"] == []

    def test_in_step(self, run: Run) -> None:
        """Where nothing differs, it says so."""
        assert run("diff", "field/notes").stdout == "field/notes is in step with its remote.\n"

    def test_push(self, folder: Path, run: Run) -> None:
        """A push sends the changes with the message, and a second one has nothing to send."""
        first, second = (run("push", "field/rain", "-m", "spring") for _ in range(2))

        assert first.stdout.startswith("field/rain: pushed 3 keys, ")
        assert first.stdout.endswith(" as commit 2.\n")
        assert second.stdout == "field/rain: nothing to push.\n"
        entry = next(entry for entry in Catalog(folder).entries("field") if entry.name == "rain")
        with Catalog(folder).open(entry) as opened:
            assert opened.commit is not None
            assert opened.commit.message == "spring"
            assert dict(opened) == {"a/1": {"mm": 1.5}, "a/2": {"mm": 2}, "c/1": {"mm": 4}}

    def test_push_of_one_key(self, run: Run) -> None:
        """--key pushes that key and leaves the others unpushed."""
        assert run("push", "field/rain", "--key", "c/1").stdout.startswith("field/rain: pushed 1 key, ")
        assert "2 ahead" in run("status", "field/rain").stdout

    def test_pull(self, tmp_path: Path, run: Run) -> None:
        """A pull brings what someone else pushed."""
        with catalog.open(remote(tmp_path, "field/notes"), tmp_path / "eve.blt", "w", lock="commit") as eve:
            eve["new"] = "from eve"
            eve.changes().push()

        assert "1 key incoming, not pulled yet\n  A new\n      + from eve\n" in run("diff", "field/notes").stdout
        assert run("pull", "field/notes").stdout.startswith("field/notes: pulled 1 key, ")
        assert run("pull", "field/notes").stdout == "field/notes: nothing to pull.\n"
        assert run("get", "field/notes", "new").stdout == "from eve\n"

    def test_conflict(self, tmp_path: Path, run: Run) -> None:
        """A push onto someone else's change of the same key is refused with its name; taking theirs settles it."""
        with catalog.open(remote(tmp_path, "field/rain"), tmp_path / "eve.blt", "w", lock="commit") as eve:
            eve["a/1"] = {"mm": 1.7}
            eve.changes().push()

        refused = run("push", "field/rain")
        assert refused.exit_code == 1
        assert "'a/1'" in refused.stderr
        shown = run("diff", "field/rain").stdout
        assert "1 key changed on both sides" in shown
        assert '      here:  +   "mm": 1.5' in shown
        assert '      there: +   "mm": 1.7' in shown
        assert run("resolve", "field/rain", "a/1", "--theirs").stdout == "field/rain: 1 conflict resolved, theirs kept.\n"
        assert run("get", "field/rain", "a/1").stdout == '{\n  "mm": 1.7\n}\n'
        assert run("push", "field/rain").stdout.startswith("field/rain: pushed 2 keys, ")

    def test_keeping_mine(self, tmp_path: Path, run: Run) -> None:
        """A conflict resolved with --mine is pushed over the other's value."""
        with catalog.open(remote(tmp_path, "field/rain"), tmp_path / "eve.blt", "w", lock="commit") as eve:
            eve["a/1"] = {"mm": 1.7}
            eve.changes().push()

        pulled = run("pull", "field/rain").stdout
        assert "1 key changed on both sides and kept as here: 'a/1'. See `catalog diff field/rain`." in pulled
        assert run("resolve", "field/rain", "a/1", "--mine").stdout == "field/rain: 1 conflict resolved, mine kept.\n"
        assert run("push", "field/rain").stdout.startswith("field/rain: pushed 3 keys, ")
        with catalog.open(remote(tmp_path, "field/rain"), tmp_path / "eve.blt") as eve:
            assert eve["a/1"] == {"mm": 1.5}

    @pytest.mark.parametrize("arguments", [("a/1", "--mine"), ("a/1",), ("--mine",), ("a/1", "--mine", "--theirs")])
    def test_resolve_wants_a_conflict_and_a_side(self, run: Run, arguments: tuple[str, ...]) -> None:
        """Without a conflict it is an error, without a key or just one side wrong usage; nothing changes."""
        result = run("resolve", "field/rain", *arguments)

        assert result.exit_code == (1 if len(arguments) == 2 else 2)
        assert "3 ahead" in run("status", "field/rain").stdout

    def test_discard(self, run: Run) -> None:
        """Named changes are given up, then all of them."""
        assert run("discard", "field/rain", "b/1").stdout == "field/rain: 1 change discarded.\n"
        assert run("keys", "field/rain").stdout == "a/1\na/2\nb/1\nc/1\n"
        assert run("discard", "field/rain", "--all").stdout == "field/rain: 2 changes discarded.\n"
        assert run("get", "field/rain", "a/1").stdout == '{\n  "mm": 1\n}\n'

    def test_discard_of_what_did_not_change(self, run: Run) -> None:
        """A key without an unpushed change is an error, and nothing is discarded, or pushed."""
        assert run("push", "field/rain", "--key", "a/1", "--key", "a/2").exit_code == 1
        result = run("discard", "field/rain", "a/1", "a/2")

        assert result.exit_code == 1
        assert "no unpushed change of 'a/2'" in result.stderr
        assert "3 ahead" in run("status", "field/rain").stdout

    @pytest.mark.parametrize("arguments", [(), ("--all", "a/1")])
    def test_discard_wants_keys_or_all(self, run: Run, arguments: tuple[str, ...]) -> None:
        """Neither and both are wrong usage."""
        assert run("discard", "field/rain", *arguments).exit_code == 2


def test_the_environment_names_the_catalog(folder: Path) -> None:
    """CATALOG_DIR stands for --catalog, in a process of its own; a pipe that is closed early is no error."""
    environment = {**os.environ, "CATALOG_DIR": str(folder)}
    script = f"{sys.executable} -m catalog.cli keys field/rain | head -1"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert result.stdout == "a/1\n"
    assert result.stderr == ""


def test_an_output_that_cannot_show_every_character(folder: Path) -> None:
    """With an output that only knows Latin characters, what it cannot show is escaped instead of failing."""
    command = [sys.executable, "-m", "catalog.cli", "--catalog", str(folder), "keys", "東京"]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1:strict"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert result.returncode == 1
    assert "\\u6771\\u4eac" in result.stderr


def test_the_screen_program_needs_a_terminal(run: Run) -> None:
    """`catalog tui` without a terminal is an error that says what works instead."""
    result = run("tui")

    assert result.exit_code == 1
    assert "needs a terminal" in result.stderr


def test_a_catalog_folder_that_is_a_file(tmp_path: Path, run: Run) -> None:
    """--catalog naming a file is wrong usage."""
    (tmp_path / "file").write_text("")

    assert run("--catalog", str(tmp_path / "file"), "groups").exit_code == 2
