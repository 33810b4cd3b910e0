"""Programs written for ebooklet go on with `catalog.ebooklet` in its place: names, answers, errors and warnings are its own."""

from __future__ import annotations

import secrets
import shutil
import uuid
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

import catalog
import catalog.ebooklet as ebooklet
from catalog import S3Connection as OurConnection
from catalog.testing.seaweed import Seaweed


@pytest.fixture
def connection(tmp_path: Path) -> ebooklet.S3Connection:
    """A place that no other test uses."""
    return in_folder(tmp_path, "data/rain.blt")


def in_folder(folder: Path, db_key: str) -> ebooklet.S3Connection:
    """A place in a folder, which is faster to reach than a bucket."""
    return ebooklet.S3Connection(None, None, db_key, None, (folder / "remotes").as_uri())


def at(seaweed: Seaweed, db_key: str, bucket: str = "priv") -> ebooklet.S3Connection:
    """A connection as programs make it."""
    keys = seaweed.rw
    return ebooklet.S3Connection(keys.access_key_id, keys.secret_access_key, db_key, bucket, seaweed.endpoint_url)


def double(key: str, value: int) -> tuple[str, int]:
    """What is mapped."""
    return key, value * 2


def push(connection: OurConnection, file: Path, **values: Any) -> None:
    """Make or change a database."""
    with ebooklet.open(connection, file, "c", "orjson") as db:
        db.update(values)
        assert db.changes().push()


def test_a_program_of_any_version(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """What makes, changes, lists, pushes and reads a database runs, with the arguments that say how ebooklet stores it."""
    with ebooklet.open_ebooklet(
        connection, tmp_path / "a.blt", flag="n", value_serializer="orjson", group_bytes=1 << 20, push_packers=2, num_groups=None
    ) as db:
        assert (db.writable, db.offline, db.group_bytes, db.type) == (True, False, 1 << 20, "EVariableLengthValue")
        db["key1"] = ["one", 2, ("three", 4)]
        db["key2"] = {1: 2}
        db.set_metadata({"title": "rain"})
        changes = db.changes()
        assert [change["key"] for change in changes.iter_changes()] == ["key1", "key2"]
        first = next(changes.iter_changes())
        assert isinstance(first["local_timestamp"], datetime)
        assert (first.remote_timestamp, first.key) == (None, "key1")
        result = changes.push(force_push=True)
        assert (result.updated, result.failures, bool(result)) == (True, {}, True)
        assert not db.changes().push()
        del db["key2"]
        assert db.changes().pending_deletes == {"key2"}
        assert list(db.changes().iter_changes()) == []
        db.changes().discard()
        assert "key2" in db

    with ebooklet.open(connection, tmp_path / "b.blt") as db:
        assert db["key1"] == ["one", 2, ["three", 4]]
        assert db.get_metadata() == {"title": "rain"}
        assert (db._n_buckets > 0, len(db)) == (True, 2)


def test_values_are_those_of_booklet(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """What booklet's serializer converts is converted as there, where `catalog` itself refuses it; every set is a change."""
    with ebooklet.open(connection, tmp_path / "a.blt", "c", "orjson") as db:
        db["a"] = (1, float("nan"))
        assert db["a"] == [1, None]
        db.changes().push()
        db["a"] = (1, float("nan"))
        assert [change["key"] for change in db.changes().iter_changes()] == ["a"]
        assert db.changes().push().updated


def test_clear_prune_and_map(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """clear() takes the metadata too, prune() takes reindex, and map() gives results and stores none."""
    with ebooklet.open(connection, tmp_path / "a.blt", "c", "orjson") as db:
        db.update({"a": 1, "b": 2})
        db.set_metadata({"x": 1})
        db.changes().push()
        assert dict(db.map(double, n_workers=1)) == {"a": 2, "b": 4}
        assert db["a"] == 1
        assert isinstance(db.prune(reindex=True), int)
        db.clear()
        assert (len(db), db.get_metadata()) == (0, None)
        db.changes().push()
    with ebooklet.open(connection, tmp_path / "b.blt") as db:
        assert (len(db), db.get_metadata()) == (0, None)


def test_a_group_opens_without_being_told(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """A group is a group in `open`; entries are added, set, and read as dicts; the wrong way to open is a TypeError."""
    push(connection, tmp_path / "a.blt", a=1)
    home = in_folder(tmp_path, "groups/rcg")
    with ebooklet.open_rcg(home, tmp_path / "g.blt", "c") as group:
        group.add(connection, key="rain", user_meta={"unit": "mm"})
        group["again"] = connection
        assert group.changes().push().updated
    with ebooklet.open(home, tmp_path / "other.blt") as group:
        assert isinstance(group, ebooklet.RemoteConnGroup)
        assert group["rain"]["user_meta"] == {"unit": "mm"}
        assert group["again"]["remote_conn"]["db_key"] == connection.db_key
        assert group.type == "RemoteConnGroup"
    with pytest.raises(TypeError):
        ebooklet.open_ebooklet(home, tmp_path / "other.blt")
    with pytest.raises(TypeError):
        ebooklet.open_rcg(connection, tmp_path / "rcg.blt")


def test_a_remote_without_a_file(seaweed: Seaweed, tmp_path: Path) -> None:
    """`S3Connection.open` says what is there, copies it, and deletes it, without a local file of the caller's."""
    connection = at(seaweed, f"data/{secrets.token_hex(6)}.blt")
    with connection.open() as session:
        assert (session.initialized, session.uuid, session.get_type(), session.get_timestamp()) == (False, None, None, None)
        with pytest.raises(ebooklet.ReadOnlyError):
            session.delete_remote()
    push(connection, tmp_path / "a.blt", a=1)
    with ebooklet.open(connection, tmp_path / "a.blt", "w") as db:
        db.set_metadata([1])
        db.changes().push()
    other = at(seaweed, f"data/{secrets.token_hex(6)}.blt")
    with connection.open("w") as session:
        assert isinstance(session.get_uuid(), uuid.UUID)
        assert (session.type, session.get_user_metadata()) == ("EVariableLengthValue", [1])
        assert isinstance(session.timestamp, int)
        session.copy_remote(other)
        assert session.break_other_locks() == []
        session.delete_remote()
        assert not session.initialized
    with ebooklet.open(other, tmp_path / "copy.blt") as db:
        assert db["a"] == 1
    assert catalog.read_remote(connection) is None


@pytest.mark.usefixtures("nothing_inline")
def test_what_is_missing_is_reported(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """fsck says whether there is a database, and what it names that is not there."""
    assert not ebooklet.fsck(connection).db_object_exists
    push(connection, tmp_path / "a.blt", a=1)
    report = ebooklet.fsck(connection, check_objects=True)
    assert (report.db_object_exists, report.claimed_but_missing, report.unmanifested_group_ids) == (True, [], [])
    for folder in (tmp_path / "remotes").rglob("packs"):
        shutil.rmtree(folder)
    assert ebooklet.fsck(connection, check_objects=True).claimed_but_missing


def test_errors_are_those_that_programs_catch(seaweed: Seaweed, connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """Each error has ebooklet's name, is the built-in that it was, and is still the one of `catalog`."""
    with pytest.raises(ebooklet.RemoteMissingError) as missing:
        ebooklet.open(connection, tmp_path / "a.blt")
    assert isinstance(missing.value, (ValueError, ebooklet.Error))
    assert isinstance(missing.value, catalog.RemoteMissingError)
    assert "there is no database here" in str(missing.value)

    push(connection, tmp_path / "a.blt", a=1)
    with ebooklet.open(connection, tmp_path / "r.blt") as db:
        with pytest.raises(ebooklet.ReadOnlyError) as refused:
            db["a"] = 2
        assert isinstance(refused.value, ValueError)
        with pytest.raises(ValueError, match="reading"):
            db.changes().push()
        with pytest.raises(KeyError):
            db["none"]
    other = in_folder(tmp_path, "data/other.blt")
    push(other, tmp_path / "o.blt", a=1)
    with pytest.raises(ebooklet.UUIDMismatchError):
        ebooklet.open(other, tmp_path / "a.blt")
    assert ebooklet.errors.UUIDMismatchError is ebooklet.UUIDMismatchError
    stranger = ebooklet.S3Connection("AK" * 8, "x" * 30, "a.blt", "priv", seaweed.endpoint_url)
    with pytest.raises(urllib3.exceptions.HTTPError, match="denied"):
        ebooklet.open(stranger, tmp_path / "x.blt")


def test_a_conflict_stops_though_ebooklet_knows_none(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """Two people who changed the same key: the second push raises, and nothing of the first is lost."""
    push(connection, tmp_path / "a.blt", a=1)
    with ebooklet.open(connection, tmp_path / "b.blt", "w") as db:
        db["a"] = 2
    push(connection, tmp_path / "a.blt", a=3)
    with ebooklet.open(connection, tmp_path / "b.blt", "w") as db, pytest.raises(ebooklet.ConflictError):
        db.changes().push()


@pytest.mark.usefixtures("nothing_inline")
def test_offline_is_said(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """Falling back to what is here is a UserWarning; what is not here is an OfflineError, an unreachable remote an HTTPError."""
    push(connection, tmp_path / "a.blt", a=1, b=2)
    with ebooklet.open(connection, tmp_path / "r.blt") as db:
        assert db["a"] == 1
    nowhere = ebooklet.S3Connection("AKIDAKIDAKID", "secret", "data/rain.blt", "priv", "http://127.0.0.1:9", retries=0)
    with pytest.raises(urllib3.exceptions.HTTPError):
        ebooklet.open(nowhere, tmp_path / "r.blt")
    with pytest.warns(UserWarning, match="unreachable"):
        db = ebooklet.open(nowhere, tmp_path / "r.blt", offline="auto")
    with db:
        assert db.offline
        with pytest.raises(ebooklet.OfflineError):
            db["b"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ebooklet.open(nowhere, tmp_path / "r.blt", offline=True).close()


def test_a_reader_pulls(connection: ebooklet.S3Connection, tmp_path: Path) -> None:
    """A session opened for reading sees news by changes().pull()."""
    push(connection, tmp_path / "a.blt", a=1)
    with ebooklet.open(connection, tmp_path / "r.blt") as db:
        assert db["a"] == 1
        push(connection, tmp_path / "a.blt", a=2)
        db.changes().pull()
        assert db["a"] == 2


@pytest.mark.parametrize("more", [{"group_bytes": "1"}, {"num_groups": True}, {"nonsense": 1}])
def test_arguments_that_are_none(connection: ebooklet.S3Connection, tmp_path: Path, more: dict[str, Any]) -> None:
    """An argument that no version took, or of another type, is a TypeError."""
    with pytest.raises(TypeError):
        ebooklet.open(connection, tmp_path / "a.blt", "c", **more)
    with pytest.raises(ValueError, match="offline"):
        ebooklet.open(connection, tmp_path / "a.blt", "c", offline=True)
