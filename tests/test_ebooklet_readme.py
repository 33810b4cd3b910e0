"""The README of ebooklet 0.5.10 runs: every block of code in it, and what its text says of the methods that no block shows.

The blocks are executed as they stand in ``ebooklet-0.5.10-readme.rst``, but for two things: ``import ebooklet`` becomes
``import catalog as ebooklet``, and the literals that are assigned to names (keys, bucket, addresses, paths) become real ones.
They are no program from top to bottom, so each gets the set-up that the text around it tells of.
"""

from __future__ import annotations

import ast
import re
import secrets
import textwrap
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from static_web import StaticWeb

import catalog
from catalog import Database, InvalidInputError, ReadOnlyError, RemoteMissingError, S3Connection
from catalog.testing.seaweed import Seaweed

README = Path(__file__).with_name("ebooklet-0.5.10-readme.rst")


def code_blocks(text: str) -> list[str]:
    """The Python in a reStructuredText."""
    return [textwrap.dedent(found) for found in re.findall(r"^\.\. code:: python\n((?:(?: .*)?\n)+)", text, re.MULTILINE)]


CONNECTION, CREATE, BY_ADDRESS, USE, CHANGES, GROUP = code_blocks(README.read_text())


class Substitution(ast.NodeTransformer):
    """Changes the import, and the string literals assigned to names; a name without a real value is an error."""

    def __init__(self, literals: dict[str, str]) -> None:
        self._literals = literals

    def visit_Import(self, node: ast.Import) -> ast.Import:
        return ast.Import([ast.alias("catalog", "ebooklet") if name.name == "ebooklet" else name for name in node.names])

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        target = node.targets[0]
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant):
            return ast.Assign(node.targets, ast.Constant(self._literals[target.id]))
        return node


def run(block: str, literals: dict[str, str], names: dict[str, Any]) -> dict[str, Any]:
    """Execute a block; the names it starts with and leaves behind."""
    tree = ast.fix_missing_locations(Substitution(literals).visit(ast.parse(block)))
    exec(compile(tree, README.name, "exec"), names)
    return names


@pytest.fixture(params=["bucket", "folder"])
def literals(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Real keys and places: a bucket that anyone may read on SeaweedFS, and a folder behind a static web server."""
    db_key = f"{secrets.token_hex(6)}/big_data.blt"
    found = {"db_key": db_key, "local_file_path": str(tmp_path / "here" / "big_data.blt")}
    if request.param == "bucket":
        server: Seaweed = request.getfixturevalue("seaweed")
        found |= {"access_key_id": server.rw.access_key_id, "access_key": server.rw.secret_access_key, "bucket": "pub"}
        found |= {"endpoint_url": server.endpoint_url, "db_url": f"{server.endpoint_url}/pub/{db_key}"}
        yield found
        return
    remotes = tmp_path / "remotes"
    with StaticWeb(remotes) as web:
        found |= {"access_key_id": "AK", "access_key": secrets.token_urlsafe(30), "bucket": "big_bucket"}
        found |= {"endpoint_url": remotes.as_uri(), "db_url": f"{web.url}/big_bucket/{db_key}"}
        yield found


@pytest.fixture
def names(literals: dict[str, str]) -> dict[str, Any]:
    """The names that the first block leaves behind, and the path of the second."""
    found = run(CONNECTION, literals, {})
    found["local_file_path"] = literals["local_file_path"]
    return found


@pytest.fixture
def remote_conn(names: dict[str, Any]) -> S3Connection:
    """The connection that the first block makes."""
    made = names["remote_conn"]
    assert isinstance(made, S3Connection)
    return made


@pytest.fixture
def published(remote_conn: S3Connection, tmp_path: Path) -> S3Connection:
    """The same, with a database there that was pushed from another machine."""
    with catalog.open(remote_conn, tmp_path / "elsewhere.blt", "n", "pickle") as db:
        db["key0"] = {"zero": 0}
        db["old"] = 1
        db.changes().push()
    return remote_conn


def test_connection(literals: dict[str, str]) -> None:
    """The first block makes a connection of what it is given, which never shows its secret."""
    made = run(CONNECTION, literals, {})["remote_conn"]

    for name in ("db_key", "bucket", "endpoint_url", "db_url"):
        assert getattr(made, name) == literals[name]
    assert literals["access_key"] not in repr(made) + str(made) + str(made.to_dict())


def test_create(literals: dict[str, str], names: dict[str, Any]) -> None:
    """The second block makes a database whose values may be anything that pickles."""
    db = run(CREATE, literals, names)["db"]
    db["any"] = {1: complex(1, 2)}
    db.close()

    with catalog.open(names["remote_conn"], literals["local_file_path"], "r", "pickle") as again:
        assert again.serializer == "pickle"
        assert dict(again) == {"any": {1: complex(1, 2)}}


@pytest.mark.parametrize("same_file", [True, False])
def test_open_by_address(literals: dict[str, str], names: dict[str, Any], published: S3Connection, same_file: bool) -> None:
    """The third block reads a published database by its address alone, into a new local file or the one there is."""
    if same_file:
        with catalog.open(published, literals["local_file_path"]) as first:
            assert first["old"] == 1
    run(BY_ADDRESS, literals, names)

    with names["db"] as db:
        assert dict(db) == {"key0": {"zero": 0}, "old": 1}
        with pytest.raises(ReadOnlyError):
            db["key1"] = 1


def test_by_address_the_database_must_exist(literals: dict[str, str], names: dict[str, Any]) -> None:
    """The third block says so when there is no database, as its comment tells."""
    with pytest.raises(RemoteMissingError):
        run(BY_ADDRESS, literals, names)
    assert not Path(literals["local_file_path"]).exists()


@pytest.mark.parametrize("is_published", [True, False])
def test_use(literals: dict[str, str], names: dict[str, Any], is_published: bool, request: pytest.FixtureRequest) -> None:
    """The fourth block writes, reads, closes, and reads again what was never pushed, beside a remote or before there is one."""
    if is_published:
        request.getfixturevalue("published")
    run(CREATE, literals, names)

    run(USE, literals, names)

    assert names["value1"] == ["one", 2, "three", 4]
    with pytest.raises(InvalidInputError):
        names["db"].get("key1")
    with catalog.open(names["remote_conn"], literals["local_file_path"]) as db:
        assert set(db) == ({"key0", "old", "key1"} if is_published else {"key1"})


def test_changes(
    literals: dict[str, str], names: dict[str, Any], published: S3Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fifth block prints each change with its key and both timestamps, and pushes them for others to see."""
    with catalog.open(published, literals["local_file_path"], "w", "pickle") as db:
        theirs = db.get_timestamp("key0")
        db.set("key0", "changed", timestamp="2026-01-02T03:04:05+00:00")
        db.set("new", None, timestamp="2026-01-02T03:04:06+00:00")
        del db["old"]

    run(CHANGES, literals, names)

    changed, added, deleted = capsys.readouterr().out.splitlines()
    remote_time = catalog.Version(theirs, 0, b"").time.isoformat(sep=" ", timespec="seconds")
    assert changed == f"outgoing modified key0 (local 2026-01-02 03:04:05+00:00, remote {remote_time})"
    assert added == "outgoing added new (local 2026-01-02 03:04:06+00:00, remote absent)"
    assert deleted.startswith("outgoing deleted old (local absent, remote 20")
    with catalog.open(published, tmp_path / "other.blt", value_serializer="pickle") as other:
        assert dict(other) == {"key0": "changed", "new": None}


def test_timestamps_of_changes(published: S3Connection, literals: dict[str, str]) -> None:
    """A change tells its key and both timestamps as numbers too, and iter_changes may be asked for again."""
    with catalog.open(published, literals["local_file_path"], "w", "pickle") as db:
        theirs = db.get_timestamp("key0")
        db.set("key0", 1, timestamp=1_700_000_000_000_000)
        changes = db.changes()

        assert [(c.key, c.local_timestamp, c.remote_timestamp) for c in changes.iter_changes()] == [
            ("key0", 1_700_000_000_000_000, theirs)
        ]
        assert len(list(changes.iter_changes())) == 1


def test_delete_remote(published: S3Connection, literals: dict[str, str], tmp_path: Path) -> None:
    """delete_remote deletes the entire remote database; the local file stays."""
    with catalog.open(published, literals["local_file_path"], "w", "pickle") as db:
        db.delete_remote()
        assert dict(db) == {"key0": {"zero": 0}, "old": 1}

    with pytest.raises(RemoteMissingError):
        catalog.open(published, tmp_path / "other.blt")


def test_copy_remote(published: S3Connection, literals: dict[str, str], tmp_path: Path) -> None:
    """copy_remote copies the database to where another S3Connection points."""
    db_key = f"copies/{secrets.token_hex(6)}.blt"
    other = S3Connection(
        literals["access_key_id"], literals["access_key"], db_key, literals["bucket"], endpoint_url=literals["endpoint_url"]
    )
    with catalog.open(published, literals["local_file_path"], "w", "pickle") as db:
        db.copy_remote(other)

    with catalog.open(other, tmp_path / "other.blt", value_serializer="pickle") as copied:
        assert dict(copied) == {"key0": {"zero": 0}, "old": 1}


def test_load_items_and_get_items(published: S3Connection, literals: dict[str, str]) -> None:
    """load_items fetches keys and returns the failures, of which there are none; get_items returns keys and values."""
    with catalog.open(published, literals["local_file_path"], value_serializer="pickle") as db:
        assert dict(db.get_items(["old", "none"], default="?")) == {"old": 1, "none": "?"}
        assert db.load_items(["key0"]) == {}
        assert db.load_items() == {}
    with catalog.open(published, literals["local_file_path"], value_serializer="pickle", offline=True) as db:
        assert dict(db) == {"key0": {"zero": 0}, "old": 1}


def test_a_database_is_a_mutable_mapping(remote_conn: S3Connection, literals: dict[str, str]) -> None:
    """The MutableMapping class, and the dbm methods sync and prune, are there, as the introduction says."""
    with catalog.open(remote_conn, literals["local_file_path"], "c", "pickle") as db:
        assert isinstance(db, MutableMapping)
        db["a"] = 1
        db["a"] = 2
        db.sync()
        db.prune()
        assert db.pop("a") == 2


@pytest.fixture
def group_literals(literals: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The names of the sixth block, for a group beside the database."""
    found = {f"{name}_rcg": literals[name] for name in ("access_key_id", "access_key", "bucket", "endpoint_url")}
    key = f"{literals['db_key']}.group"
    return found | {
        "db_key_rcg": key,
        "db_url_rcg": literals["db_url"] + ".group",
        "local_file_path_rcg": str(tmp_path / "group.blt"),
    }


def test_group(literals: dict[str, str], group_literals: dict[str, str], published: S3Connection, tmp_path: Path) -> None:
    """The sixth block makes a group with one database in it and pushes it: by uuid, as a dict, without a secret."""
    run(GROUP, {}, {"ebooklet": catalog, "remote_conn": published, **group_literals})

    with (
        catalog.open(published, tmp_path / "member.blt") as member,
        catalog.open(group_literals["db_url_rcg"], tmp_path / "group copy.blt", remote_conn_group=True) as group,
    ):
        ((key, entry),) = group.items()
        assert key == member.uuid.hex
    assert type(entry) is dict
    assert entry["remote_conn"] == {name: literals[name] for name in ("db_key", "bucket", "endpoint_url", "db_url")}
    assert literals["access_key"] not in str(entry)


def test_a_group_takes_only_databases_that_exist(remote_conn: S3Connection, group_literals: dict[str, str]) -> None:
    """The remote connection must already exist to be added."""
    with pytest.raises(RemoteMissingError):
        run(GROUP, {}, {"ebooklet": catalog, "remote_conn": remote_conn, **group_literals})


def test_a_group_has_no_set(remote_conn: S3Connection, tmp_path: Path) -> None:
    """A group functions like a database, but that set has been removed: entries come by add."""
    with catalog.open(remote_conn, tmp_path / "group.blt", "n", remote_conn_group=True) as group:
        assert not hasattr(group, "set")
        with pytest.raises(InvalidInputError, match="add"):
            group["x"] = {}


def test_metadata_of_a_member(
    literals: dict[str, str], group_literals: dict[str, str], published: S3Connection, tmp_path: Path
) -> None:
    """The dict of a group also has the metadata that users gave the database."""
    with catalog.open(published, literals["local_file_path"], "w") as db:
        db.set_metadata({"units": "mm"})
        db.changes().push()

    run(GROUP, {}, {"ebooklet": catalog, "remote_conn": published, **group_literals})

    with catalog.open(group_literals["db_url_rcg"], tmp_path / "copy.blt", remote_conn_group=True) as group:
        (entry,) = group.values()
    assert entry["remote_meta"] == {"units": "mm"}


def test_later_names(literals: dict[str, str], published: S3Connection, group_literals: dict[str, str], tmp_path: Path) -> None:
    """open_ebooklet and open_rcg, ebooklet's later names, open a database and a group."""
    with catalog.open_ebooklet(published, literals["local_file_path"], "w", "pickle") as db:
        assert isinstance(db, Database)
        assert db["old"] == 1
    place = S3Connection(
        literals["access_key_id"],
        literals["access_key"],
        group_literals["db_key_rcg"],
        literals["bucket"],
        endpoint_url=literals["endpoint_url"],
    )
    with catalog.open_rcg(place, tmp_path / "group.blt", "n") as group:
        group.add(published, user_meta={"note": 1})
        assert group.changes().push()
    with catalog.open_rcg(place, tmp_path / "copy.blt") as group:
        assert [entry["user_meta"] for entry in group.values()] == [{"note": 1}]


def test_a_dict_is_a_connection(literals: dict[str, str], published: S3Connection, tmp_path: Path) -> None:
    """The parameters of a connection may be given as a dict, with keys to write, or with an address to read."""
    everything = {name: literals[name] for name in ("access_key_id", "access_key", "db_key", "bucket", "endpoint_url")}
    with catalog.open(everything, tmp_path / "one.blt", "w", "pickle") as db:
        db["dict"] = True
        db.changes().push()
    with catalog.open({"db_url": literals["db_url"]}, tmp_path / "two.blt", value_serializer="pickle") as db:
        assert db["dict"] is True


def test_every_name_of_the_readme_is_there() -> None:
    """All that the README calls on ebooklet is in catalog under the same name."""
    asked = set(re.findall(r"ebooklet\.(\w+)\(", README.read_text()))

    assert asked == {"S3Connection", "open"}
    assert all(hasattr(catalog, name) for name in asked)
