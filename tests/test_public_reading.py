"""Reading in public: by an address alone, without keys, from a bucket that anyone may read and from a plain web server."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from static_web import StaticWeb

import catalog
from catalog import AccessDeniedError, ReadOnlyError, RemoteMissingError, S3Connection
from catalog.testing.seaweed import Seaweed
from catalog.testing.tap import Tap

VALUES = {f"k/{number:03}": {"number": number, "text": "x" * 500} for number in range(200)}
FIRST = {**VALUES, "k/000": "before", "gone": 1}


@dataclass(frozen=True)
class Published:
    """A database and a group that has it, each with the connection of its owner and its public address."""

    connection: S3Connection
    url: str
    group_url: str


def publish(connection: S3Connection, group: S3Connection, folder: Path) -> None:
    """Push a database in two commits, and a group with its address."""
    with catalog.open(connection, folder / "made.blt", "n", "orjson") as db:
        db.update(FIRST)
        db.set_metadata({"units": "mm"})
        db.changes().push(message="one")
        db["k/000"] = VALUES["k/000"]
        del db["gone"]
        db.changes().push(message="two")
    with catalog.open(group, folder / "group.blt", "n", remote_conn_group=True) as opened:
        opened.add(connection, name="public rain", tags=["rain"])
        opened.changes().push()


def in_bucket(seaweed: Seaweed, folder: Path, base: str = "") -> Published:
    """Publish in the bucket that anyone may read."""
    start = base or f"{seaweed.endpoint_url}/pub"
    key = secrets.token_hex(6)
    names = [f"{key}/rain.blt", f"{key}/group.blt"]
    pair = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
    places = [S3Connection(*pair, name, "pub", seaweed.endpoint_url, f"{start}/{name}") for name in names]
    publish(places[0], places[1], folder)
    return Published(places[0], f"{start}/{names[0]}", f"{start}/{names[1]}")


@pytest.fixture(params=["bucket", "web server"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Published]:
    """A published database, in a bucket and in a folder behind Python's http.server."""
    if request.param == "bucket":
        yield in_bucket(request.getfixturevalue("seaweed"), tmp_path)
        return
    remotes = tmp_path / "remotes"
    with StaticWeb(remotes) as web:
        names = ["rain.blt", "groups/group.blt"]
        places = [S3Connection(db_key=name, endpoint_url=remotes.as_uri(), db_url=f"{web.url}/{name}") for name in names]
        publish(places[0], places[1], tmp_path)
        yield Published(places[0], f"{web.url}/{names[0]}", f"{web.url}/{names[1]}")


def test_one_value(published: Published, tmp_path: Path) -> None:
    """One value is read without the others: a database opens, and get fetches what it needs."""
    with catalog.open(published.url, tmp_path / "reader.blt") as db:
        assert db["k/007"] == VALUES["k/007"]
        assert db.get("gone") is None
        assert db.get_timestamp("k/007") > 0


def test_all_of_it(published: Published, tmp_path: Path) -> None:
    """Keys, length, values, metadata are those that were pushed; load_items makes all of it local."""
    with catalog.open(published.url, tmp_path / "reader.blt") as db:
        assert len(db) == 200
        assert list(db.keys()) == sorted(VALUES)
        assert db.get_metadata() == {"units": "mm"}
        assert db.load_items() == {}
    with catalog.open(published.url, tmp_path / "reader.blt", offline=True) as db:
        assert dict(db.items()) == VALUES


def test_history(published: Published, tmp_path: Path) -> None:
    """Commits are listed with messages and authors, and an earlier one can be opened."""
    with catalog.open(published.url, tmp_path / "reader.blt") as db:
        assert [(commit.number, commit.message) for commit in db.history()] == [(2, "two"), (1, "one")]
        assert {(change.key, str(change.kind)) for change in db.diff(1, 2)} == {("k/000", "modified"), ("gone", "deleted")}
    with catalog.open(published.url, tmp_path / "reader.blt", version=1) as old:
        assert (old["k/000"], old["gone"], len(old)) == ("before", 1, 201)


def test_groups(published: Published, tmp_path: Path) -> None:
    """A group is read by its address, and the databases in it open from their entries, still without keys."""
    with catalog.open(published.group_url, tmp_path / "group copy.blt", remote_conn_group=True) as group:
        (entry,) = group.entries()
        assert (entry.name, entry.tags, entry.connection.db_url) == ("public rain", ("rain",), published.url)
    with catalog.open({"db_url": entry.connection.db_url}, tmp_path / "member.blt") as db:
        assert db["k/001"] == VALUES["k/001"]


def test_new_commits_arrive(published: Published, tmp_path: Path) -> None:
    """What the owner pushes later is there at the next opening."""
    with catalog.open(published.url, tmp_path / "reader.blt") as db:
        db.load_items()
    with catalog.open(published.connection, tmp_path / "made.blt", "w") as owner:
        owner["k/001"] = "new"
        del owner["k/002"]
        owner.changes().push()

    with catalog.open(published.url, tmp_path / "reader.blt") as db:
        assert (db["k/001"], "k/002" in db, len(db)) == ("new", False, 199)


def test_reading_only(published: Published, tmp_path: Path) -> None:
    """An address does not open for writing, and what was opened by one cannot be written to."""
    for flag in ("w", "c", "n"):
        with pytest.raises(ReadOnlyError):
            catalog.open(published.url, tmp_path / "writer.blt", flag)
    with catalog.open(published.url, tmp_path / "reader.blt") as db, pytest.raises(ReadOnlyError):
        db["k/001"] = 1


def test_no_database_there(published: Published, tmp_path: Path) -> None:
    """An address without a database is said to be one, and leaves no file."""
    with pytest.raises((RemoteMissingError, AccessDeniedError)):
        catalog.open(published.url + "x", tmp_path / "reader.blt")
    assert not (tmp_path / "reader.blt").exists()


_READ = """
import json, sys
import catalog

url, group_url, folder = sys.argv[1:]
with catalog.open(url, folder + "/rain.blt") as db:
    told = [db["k/003"]["number"], len(db), len(db.load_items()), [commit.message for commit in db.history()]]
with catalog.open(group_url, folder + "/group.blt", remote_conn_group=True) as group:
    told.append([entry.name for entry in group.entries()])
print(json.dumps(told))
"""


def test_a_machine_without_any_keys(published: Published, tmp_path: Path) -> None:
    """In a process with an empty environment and home, no keyring, no ``~/.aws``, everything is read."""
    (tmp_path / "home").mkdir()
    environment = {"HOME": str(tmp_path / "home"), "PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _READ, published.url, published.group_url, str(tmp_path / "home")]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [3, 200, 0, ["two", "one"], ["public rain"]]


def test_reopening_costs_one_conditional_get(seaweed: Seaweed, tmp_path: Path) -> None:
    """When nothing changed, opening again sends one GET, which is answered without a body."""
    with Tap(seaweed.port) as tap:
        found = in_bucket(seaweed, tmp_path, f"{tap.endpoint_url}/pub")
        with catalog.open(found.url, tmp_path / "reader.blt") as db:
            db.load_items()
        tap.reset()
        with catalog.open(found.url, tmp_path / "reader.blt") as db:
            assert dict(db.items()) == VALUES
            assert db.requests == 1
        counts = tap.counts()

    assert counts.requests == {"GET": 1}
    assert counts.bytes_up + counts.bytes_down < 1500


def test_one_value_costs_three_requests(seaweed: Seaweed, tmp_path: Path) -> None:
    """A first get of one value reads the head, a segment of the index and the value, none of them whole files of values."""
    with Tap(seaweed.port) as tap:
        found = in_bucket(seaweed, tmp_path, f"{tap.endpoint_url}/pub")
        tap.reset()
        with catalog.open(found.url, tmp_path / "reader.blt") as db:
            assert db["k/150"] == VALUES["k/150"]
        counts = tap.counts()

    assert counts.requests == {"GET": counts.total_requests}
    assert counts.total_requests <= 4
    assert counts.bytes_down < 25_000


def test_no_request_is_signed(seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment are not used for an address: nothing of them leaves the machine."""
    monkeypatch.setenv("CATALOG_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("CATALOG_SECRET_ACCESS_KEY", "not even a key")
    found = in_bucket(seaweed, tmp_path)

    with catalog.open(found.url, tmp_path / "reader.blt") as db:
        assert db["k/001"] == VALUES["k/001"]
        assert db._session.remote.store.powers.writes is False


def test_a_private_bucket_stays_private(seaweed: Seaweed, bucket_connection: S3Connection, tmp_path: Path) -> None:
    """The address of a database in a private bucket is refused, in words."""
    with catalog.open(bucket_connection, tmp_path / "made.blt", "n", "orjson") as db:
        db["a"] = 1
        db.changes().push()
    with pytest.raises(AccessDeniedError, match="not public"):
        catalog.open(f"{seaweed.endpoint_url}/priv/{bucket_connection.db_key}", tmp_path / "reader.blt")
