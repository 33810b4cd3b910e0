"""Opening: what each flag does, which files and remotes belong together, who may write, and what works without a network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import booklet
import pytest

import catalog
import catalog.locking.lease
from catalog import (
    CatalogError,
    ConflictError,
    Database,
    DatabaseMismatchError,
    InvalidConnectionError,
    InvalidInputError,
    LeaseLostError,
    LocalFileError,
    LockTimeoutError,
    Progress,
    ReadOnlyError,
    RemoteMissingError,
    S3Connection,
    UnreachableError,
    UnsupportedFormatError,
)
from catalog.database.options import Flag
from catalog.locking.lease import Lease, read_holder
from catalog.store.access import connect_store
from catalog.testing.faults import Fault, FaultKind, FaultPlan

OLD = {"a": 1, "b": 2, "c": 3}
NOWHERE = "http://127.0.0.1:9"
"""A port at which nobody listens."""


def opened(connection: Any, file: Path, flag: Flag = "r", **more: Any) -> Database:
    more = {"value_serializer": "orjson", "lock": "commit", **more}
    database: Database = catalog.open(connection, file, flag, **more)
    return database


def published(connection: S3Connection, file: Path, content: dict[str, Any] | None = None) -> None:
    with opened(connection, file, "c") as database:
        database.update(OLD if content is None else content)
        database.changes().push()


def read(connection: S3Connection, folder: Path) -> dict[str, Any]:
    """What someone sees who opens the remote for the first time."""
    with opened(connection, folder / "reader" / os.urandom(4).hex()) as database:
        return dict(database.items())


# Flags


@pytest.mark.parametrize("flag", ["r", "w"])
def test_nothing_there(remote: S3Connection, tmp_path: Path, flag: Flag) -> None:
    """r and w need an existing database; without one nothing is left behind."""
    with pytest.raises(RemoteMissingError, match="flag='c'"):
        opened(remote, tmp_path / "a.blt", flag)
    assert list(tmp_path.rglob("a.blt*")) == []


def test_c_creates_and_reopens(remote: S3Connection, tmp_path: Path) -> None:
    """c makes a database, which is visible to others with its first push, and opens it again afterwards."""
    with opened(remote, tmp_path / "a.blt", "c") as database:
        database["a"] = 1
    with pytest.raises(RemoteMissingError):
        opened(remote, tmp_path / "b.blt", "r")
    with opened(remote, tmp_path / "a.blt", "c") as database:
        assert dict(database.items()) == {"a": 1}
        database.changes().push()
    assert read(remote, tmp_path) == {"a": 1}


def test_c_finds_an_existing_remote(remote: S3Connection, tmp_path: Path) -> None:
    """c on a new file continues the database that is there, with its serializer."""
    published(remote, tmp_path / "a.blt")
    with catalog.open(remote, tmp_path / "b.blt", "c", value_serializer="pickle") as database:
        assert (database.serializer, dict(database.items())) == ("orjson", OLD)


def test_r_opens_an_unpushed_database(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A local database that was never pushed can be read."""
    with opened(folder_connection, tmp_path / "a.blt", "c") as database:
        database["a"] = 1
    with opened(folder_connection, tmp_path / "a.blt", "r") as database:
        assert dict(database.items()) == {"a": 1}
        assert (database.commit, database.remote_commit) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"flag": "x"},
        {"flag": "rw"},
        {"lock": "none"},
        {"offline": "maybe"},
        {"n_buckets": 0},
        {"n_buckets": 1 << 40},
        {"value_serializer": "yaml"},
        {"value_serializer": 5},
    ],
)
def test_wrong_arguments(folder_connection: S3Connection, tmp_path: Path, wrong: dict[str, Any]) -> None:
    """An argument that cannot be is refused before anything is made."""
    with pytest.raises(InvalidInputError):
        opened(folder_connection, tmp_path / "a.blt", **{"flag": "c", **wrong})
    assert list(tmp_path.iterdir()) == []


def test_unknown_arguments(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A misspelt argument is a TypeError, as for every function."""
    with pytest.raises(TypeError, match="lock_time"):
        opened(folder_connection, tmp_path / "a.blt", "c", lock_time=5)


# n: a new beginning


def test_n_destroys_nothing_before_its_push(remote: S3Connection, tmp_path: Path) -> None:
    """Until the push others see the old database; then, in one commit, exactly the new one."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "n") as database:
        assert (len(database), list(database), database.get("a")) == (0, [], None)
        database["b"] = "new"
        assert read(remote, tmp_path) == OLD
        result = database.changes().push()
        assert result.commit is not None
        assert result.commit.number == 2
        assert database.changes().all() == []
    assert read(remote, tmp_path) == {"b": "new"}


def test_n_shows_what_it_will_delete(remote: S3Connection, tmp_path: Path) -> None:
    """Before the push, the differences tell what the new beginning takes away."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "n") as database:
        database["b"] = "new"
        kinds = {change.key: str(change.kind) for change in database.changes().iter_changes()}
        assert kinds == {"a": "deleted", "b": "modified", "c": "deleted"}


def test_n_can_be_taken_back(remote: S3Connection, tmp_path: Path) -> None:
    """Discarding after n shows the old database again, even with another kind of values."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "n", value_serializer="pickle") as database:
        database["z"] = {1, 2}
        assert database.serializer == "pickle"
        database.changes().discard()
        assert (database.serializer, dict(database.items())) == ("orjson", OLD)
    with opened(remote, tmp_path / "a.blt", "w") as database:
        assert dict(database.items()) == OLD
        assert database.changes().all() == []


def test_n_continues_after_reopening(remote: S3Connection, tmp_path: Path) -> None:
    """A new beginning that was closed without a push goes on with w, and replaces the remote when it is pushed."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "n") as database:
        database["z"] = 1
    with opened(remote, tmp_path / "a.blt", "w") as database:
        assert dict(database.items()) == {"z": 1}
        assert read(remote, tmp_path) == OLD
        database.changes().push()
    assert read(remote, tmp_path) == {"z": 1}


def test_n_with_nothing_in_it(remote: S3Connection, tmp_path: Path) -> None:
    """An empty new beginning, pushed, leaves an empty database."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "n") as database:
        assert database.changes().push()
        assert database.changes().push().commit is None
    assert read(remote, tmp_path) == {}


def test_n_keeps_unpushed_edits_aside(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Edits that were never pushed are in a booklet beside the file, each time n is used."""
    for number in range(4):
        with opened(folder_connection, tmp_path / "a.blt", "n" if number else "c") as database:
            database["mine"] = number
    kept = []
    for aside in tmp_path.glob("a.blt.unpushed-*"):
        with booklet.open(aside) as plain:
            kept.append(plain["mine"])
    assert sorted(kept) == [0, 1, 2]


def test_n_changes_the_serializer_for_everyone(remote: S3Connection, tmp_path: Path) -> None:
    """A new beginning with another serializer reaches colleagues when they pull, in an open database too."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "b.blt", "w") as colleague:
        assert dict(colleague.items()) == OLD
        with opened(remote, tmp_path / "a.blt", "n", value_serializer="str") as database:
            database["b"] = "text"
            database.changes().push()
        colleague.changes().pull()
        assert (colleague.serializer, dict(colleague.items())) == ("str", {"b": "text"})
    assert read(remote, tmp_path) == {"b": "text"}


def test_n_meets_a_colleagues_push(remote: S3Connection, tmp_path: Path) -> None:
    """What a colleague pushes after the new beginning is not replaced unseen."""
    published(remote, tmp_path / "a.blt")
    published(remote, tmp_path / "b.blt", {})
    with opened(remote, tmp_path / "a.blt", "n") as database:
        database["mine"] = 1
        with opened(remote, tmp_path / "b.blt", "w") as colleague:
            colleague["a"] = "theirs"
            colleague.changes().push()
        with pytest.raises(ConflictError) as caught:
            database.changes().push()
        assert caught.value.keys == ("a",)
        assert [change.key for change in database.changes().conflicts()] == ["a"]
    with opened(remote, tmp_path / "a.blt", "w") as database:
        with pytest.raises(ConflictError):
            database.changes().push()
        assert read(remote, tmp_path) == {**OLD, "a": "theirs"}
        database.changes().resolve("a", "theirs")
        database.changes().push()
    assert read(remote, tmp_path) == {"a": "theirs", "mine": 1}


def test_n_on_a_new_file(remote: S3Connection, tmp_path: Path) -> None:
    """n without a local file begins an empty one, whatever the remote holds."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "new" / "b.blt", "n") as database:
        assert len(database) == 0
        assert read(remote, tmp_path) == OLD
        database["n"] = 1
        database.changes().push()
    assert read(remote, tmp_path) == {"n": 1}


# Connections


def test_dict_and_group_entry_as_connection(remote: S3Connection, tmp_path: Path) -> None:
    """A dict of parameters, with keys or without, is a connection as good as an object."""
    published(remote, tmp_path / "a.blt")
    keys = remote.access_keys
    parameters = remote.to_dict()
    if keys is not None:
        parameters |= {"access_key_id": keys.access_key_id, "access_key": keys.secret_access_key}
    with opened(parameters, tmp_path / "b.blt") as database:
        assert dict(database.items()) == OLD


@pytest.mark.parametrize("wrong", [5, None, ["x"], {}, {"db_key": "x"}, {"bucket": "b", "nonsense": 1}, "ftp://x/y", ""])
def test_no_connection(tmp_path: Path, wrong: Any) -> None:
    """What is no connection is refused with what a connection is."""
    with pytest.raises(InvalidConnectionError):
        opened(wrong, tmp_path / "a.blt")


@pytest.mark.parametrize("flag", ["w", "c", "n"])
def test_addresses_only_read(tmp_path: Path, flag: Flag) -> None:
    """A web address cannot be opened for writing."""
    with pytest.raises(ReadOnlyError, match="flag='r'"):
        opened("http://127.0.0.1:9/data/rain.blt", tmp_path / "a.blt", flag)


def test_address_of_a_public_bucket(seaweed: Any, tmp_path: Path) -> None:
    """A database in a bucket that anyone may read opens by its address, without keys."""
    connection = seaweed.connection(f"data/{os.urandom(4).hex()}.blt", bucket="pub")
    published(connection, tmp_path / "a.blt")
    with opened(f"{seaweed.endpoint_url}/pub/{connection.db_key}", tmp_path / "b.blt") as database:
        assert dict(database.items()) == OLD
        assert not database.writable


# Which file belongs to which remote


def test_another_database_is_refused(remote: S3Connection, tmp_path: Path) -> None:
    """A file made for another database is refused with a way out, and keeps what is in it."""
    published(remote, tmp_path / "a.blt")
    other = S3Connection(db_key="other", endpoint_url=(tmp_path / "elsewhere").as_uri())
    with opened(other, tmp_path / "b.blt", "c") as database:
        database["mine"] = 1
    for flag in ("r", "w", "c"):
        with pytest.raises(DatabaseMismatchError, match="file_path"):
            opened(remote, tmp_path / "b.blt", flag)
    with opened(other, tmp_path / "b.blt", "w") as database:
        assert dict(database.items()) == {"mine": 1}
        assert database.changes().push().keys == 1
    assert read(remote, tmp_path) == OLD


def test_a_file_of_another_database_in_its_place(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Another booklet copied over a working copy is refused, not taken for a thousand edits; the right one back is as before."""
    published(folder_connection, tmp_path / "a.blt")
    with opened(folder_connection, tmp_path / "a.blt", "w") as database:
        database["b"] = "edited"
        del database["c"]
    right = (tmp_path / "a.blt").read_bytes()
    with booklet.open(tmp_path / "x.blt", "n", value_serializer="orjson", key_serializer="str") as plain:
        plain["x"] = 1
    (tmp_path / "a.blt").write_bytes((tmp_path / "x.blt").read_bytes())
    for flag in ("r", "w"):
        with pytest.raises(DatabaseMismatchError, match=r"\.sync"):
            opened(folder_connection, tmp_path / "a.blt", flag)

    (tmp_path / "a.blt").write_bytes(right)
    with opened(folder_connection, tmp_path / "a.blt", "w") as database:
        assert dict(database.items()) == {"a": 1, "b": "edited"}
        assert [change.key for change in database.changes().outgoing()] == ["b", "c"]


def test_a_group_is_no_database(remote: S3Connection, tmp_path: Path) -> None:
    """A group opens only as a group and a database only as a database; the error says how."""
    with catalog.open(remote, tmp_path / "g.blt", "c", remote_conn_group=True, lock="commit") as group:
        group.changes().push()
    with pytest.raises(InvalidInputError, match="remote_conn_group=True"):
        opened(remote, tmp_path / "b.blt")
    database = S3Connection(db_key="plain", endpoint_url=(tmp_path / "elsewhere").as_uri())
    published(database, tmp_path / "a.blt")
    with pytest.raises(InvalidInputError, match="without remote_conn_group"):
        catalog.open(database, tmp_path / "c.blt", "r", remote_conn_group=True)


def test_plain_booklet_to_a_new_remote(remote: S3Connection, tmp_path: Path) -> None:
    """A booklet made and edited for days attaches to a new remote, with its uuid, timestamps, metadata and serializer."""
    with booklet.open(tmp_path / "a.blt", "n", value_serializer="pickle", key_serializer="str") as plain:
        plain.set("a", (1, 2), timestamp=1_600_000_000_000_000)
        plain["b"] = "gone"
        plain.set_metadata({"of": "mine"})
    with booklet.open(tmp_path / "a.blt", "w") as plain:
        del plain["b"]
        plain["c"] = {3}
        uuid = plain.uuid
    with catalog.open(remote, tmp_path / "a.blt", "w", lock="commit") as database:
        assert [change.key for change in database.changes().outgoing()] == ["", "a", "c"]
        assert database.changes().push().keys == 2
        assert database.uuid == uuid
    with catalog.open(remote, tmp_path / "b.blt", "r") as other:
        assert dict(other.items()) == {"a": (1, 2), "c": {3}}
        assert other.get_timestamp("a") == 1_600_000_000_000_000
        assert other.get_metadata() == {"of": "mine"}


def test_plain_edits_between_sessions(remote: S3Connection, tmp_path: Path) -> None:
    """Additions, changes, deletions, new timestamps and metadata made with plain booklet are found and pushed."""
    published(remote, tmp_path / "a.blt", {**OLD, "d": 4})
    with booklet.open(tmp_path / "a.blt", "w") as plain:
        plain["new"] = "n"
        plain["a"] = "changed"
        del plain["b"]
        plain.set_timestamp("c", 1_600_000_000_000_000)
        plain.set_metadata("meta")
    with opened(remote, tmp_path / "a.blt", "w") as database:
        kinds = {change.key: str(change.kind) for change in database.changes().outgoing()}
        assert kinds == {"": "added", "a": "modified", "b": "deleted", "c": "modified", "new": "added"}
        database.changes().push()
    with opened(remote, tmp_path / "b.blt") as other:
        assert dict(other.items()) == {"a": "changed", "c": 3, "d": 4, "new": "n"}
        assert other.get_timestamp("c") == 1_600_000_000_000_000
        assert other.get_metadata() == "meta"


def test_lost_sidecar_overwrites_nobody(remote: S3Connection, tmp_path: Path) -> None:
    """Without its sidecar a working copy is compared anew: edits of a colleague, also of metadata, are conflicts."""
    with opened(remote, tmp_path / "a.blt", "c") as database:
        database.update(OLD)
        database.set_metadata("old")
        database.changes().push()
    with opened(remote, tmp_path / "b.blt", "w") as colleague:
        colleague["a"] = "theirs"
        colleague["new"] = "theirs"
        colleague.set_metadata("theirs")
        del colleague["c"]
        colleague.changes().push()
    for left in tmp_path.glob("a.blt.sync*"):
        left.unlink()

    with opened(remote, tmp_path / "a.blt", "w") as database:
        assert [change.key for change in database.changes().conflicts()] == ["", "a"]
        with pytest.raises(ConflictError):
            database.changes().push()
        database.changes().resolve(["", "a"], "theirs")
        assert database["a"] == database["new"] == database.get_metadata() == "theirs"


def test_remote_made_while_open(remote: S3Connection, tmp_path: Path) -> None:
    """Two people who begin with the same booklet: who pushes second is shown the other's edits, of metadata too."""
    with booklet.open(tmp_path / "a.blt", "n", value_serializer="orjson", key_serializer="str") as plain:
        plain["a"] = 1
    (tmp_path / "b.blt").write_bytes((tmp_path / "a.blt").read_bytes())
    with opened(remote, tmp_path / "a.blt", "w") as mine:
        mine["a"] = "mine"
        mine["b"] = "mine"
        mine.set_metadata("mine")
        with opened(remote, tmp_path / "b.blt", "w") as theirs:
            theirs["a"] = "theirs"
            theirs.set_metadata("theirs")
            theirs.changes().push()
        with pytest.raises(ConflictError) as caught:
            mine.changes().push()
        assert set(caught.value.keys) == {"(metadata)", "a"}
        mine.changes().resolve(["", "a"], "mine")
        mine.changes().push()
    with opened(remote, tmp_path / "c.blt") as reader:
        assert dict(reader.items()) == {"a": "mine", "b": "mine"}
        assert reader.get_metadata() == "mine"


def test_damaged_sidecar_says_what_to_do(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A sidecar that is no database is an error that says how to go on, and that way works."""
    published(folder_connection, tmp_path / "a.blt")
    with opened(folder_connection, tmp_path / "a.blt", "w") as database:
        database["mine"] = 1
    for left in tmp_path.glob("a.blt.sync*"):
        left.unlink()
    (tmp_path / "a.blt.sync").write_bytes(b"nonsense" * 1000)
    with pytest.raises(CatalogError, match=r"Move the \.sync file away"):
        opened(folder_connection, tmp_path / "a.blt", "w")
    (tmp_path / "a.blt.sync").rename(tmp_path / "away")
    with opened(folder_connection, tmp_path / "a.blt", "w") as database:
        assert [change.key for change in database.changes().outgoing()] == ["mine"]
        assert dict(database.items()) == {**OLD, "mine": 1}


@pytest.mark.parametrize("content", [b"", b"x", b"not a booklet" * 50])
def test_a_file_that_is_no_booklet(folder_connection: S3Connection, tmp_path: Path, content: bytes) -> None:
    """A file that is no booklet is refused and left as it is, with n too."""
    (tmp_path / "a.txt").write_bytes(content)
    for flag in ("r", "w", "c", "n"):
        with pytest.raises(UnsupportedFormatError, match="booklet"):
            opened(folder_connection, tmp_path / "a.txt", flag)
    assert (tmp_path / "a.txt").read_bytes() == content


def test_a_folder_in_the_place_of_the_file(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A path that is a folder, or lies below a file, is a LocalFileError that names it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder", tmp_path / "file" / "a.blt"):
        with pytest.raises(LocalFileError, match=path.relative_to(tmp_path).parts[0]):
            opened(folder_connection, path, "c")


# A remote that went away


def test_remote_deleted_meanwhile(remote: S3Connection, tmp_path: Path) -> None:
    """When the remote was deleted, w says so, r reads what is local, and c pushes what is local as a new database."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "w") as database:
        database["mine"] = 1
        database.set_metadata("kept")
    connect_store(remote, writing=True).delete(str(remote.db_key))

    with pytest.raises(RemoteMissingError, match="flag='c'"):
        opened(remote, tmp_path / "a.blt", "w")
    with opened(remote, tmp_path / "a.blt", "r") as database:
        assert dict(database.items()) == {**OLD, "mine": 1}
    with opened(remote, tmp_path / "a.blt", "c") as database:
        assert database.changes().push().keys == 4
    assert read(remote, tmp_path) == {**OLD, "mine": 1}


def test_remote_deleted_while_open(remote: S3Connection, tmp_path: Path) -> None:
    """A push to a remote that was deleted meanwhile is an error, not a new database with only the edited keys."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "w") as database:
        database["mine"] = 1
        connect_store(remote, writing=True).delete(str(remote.db_key))
        for _ in range(2):
            with pytest.raises(RemoteMissingError, match="flag='c'"):
                database.changes().push()
        assert dict(database.items()) == {**OLD, "mine": 1}
    with opened(remote, tmp_path / "a.blt", "c") as database:
        database.changes().push()
    assert read(remote, tmp_path) == {**OLD, "mine": 1}


def test_remote_replaced_by_another(remote: S3Connection, tmp_path: Path) -> None:
    """A remote that someone deleted and made anew is another database: nothing of either is mixed or lost."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "w") as database:
        database["mine"] = 1
        connect_store(remote, writing=True).delete(str(remote.db_key))
        published(remote, tmp_path / "b.blt", {"other": 1})
        with pytest.raises(DatabaseMismatchError):
            database.changes().push()
        with pytest.raises(DatabaseMismatchError):
            database.changes().pull()
        assert database["mine"] == 1
    with pytest.raises(DatabaseMismatchError):
        opened(remote, tmp_path / "a.blt", "w")
    assert read(remote, tmp_path) == {"other": 1}


# Offline


def unreachable(connection: S3Connection) -> S3Connection:
    """The same database, at a server that does not answer."""
    return S3Connection("AKID", "secret", connection.db_key, connection.bucket or "bucket", NOWHERE, retries=0, read_timeout=2)


@pytest.mark.usefixtures("nothing_inline")
def test_offline_reads_and_writes_what_is_local(remote: S3Connection, tmp_path: Path) -> None:
    """Offline, local values are read, edits wait, what is not local says so; online again, edits are pushed."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "b.blt", "w") as database:
        assert database["a"] == 1
        assert list(database) == ["a", "b", "c"]
    with opened(remote, tmp_path / "b.blt", "w", offline=True) as database:
        assert (database["a"], len(database), list(database)) == (1, 3, ["a", "b", "c"])
        database["mine"] = 1
        del database["c"]
        with pytest.raises(UnreachableError, match="offline"):
            database["b"]
        for act in (database.changes().push, database.changes().pull, database.changes().refresh):
            with pytest.raises(UnreachableError):
                act()
        failed = database.load_items()
        assert list(failed) == ["b"]
        assert [change.key for change in database.changes().outgoing()] == ["c", "mine"]
        assert database.requests == 0
    with opened(remote, tmp_path / "b.blt", "w") as database:
        assert database.changes().push().keys == 2
    assert read(remote, tmp_path) == {"a": 1, "b": 2, "mine": 1}


def test_offline_edits_meet_a_colleagues(remote: S3Connection, tmp_path: Path) -> None:
    """An edit made offline that meets a colleague's becomes a conflict, not a winner."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "w", offline=True) as database:
        database["a"] = "mine"
    with opened(remote, tmp_path / "b.blt", "w") as colleague:
        colleague["a"] = "theirs"
        colleague.changes().push()
    with opened(remote, tmp_path / "a.blt", "w") as database:
        with pytest.raises(ConflictError):
            database.changes().push()
        assert database["a"] == "mine"
    assert read(remote, tmp_path)["a"] == "theirs"


def test_offline_begins_a_database(folder_connection: S3Connection, tmp_path: Path) -> None:
    """c works offline, and its database is pushed later; r and w need a file."""
    for flag in ("r", "w"):
        with pytest.raises(LocalFileError, match="online"):
            opened(folder_connection, tmp_path / "a.blt", flag, offline=True)
    with opened(folder_connection, tmp_path / "a.blt", "c", offline=True) as database:
        database["a"] = 1
    with opened(folder_connection, tmp_path / "a.blt", "w") as database:
        database.changes().push()
    assert read(folder_connection, tmp_path) == {"a": 1}


def test_auto_offline(bucket_connection: S3Connection, tmp_path: Path) -> None:
    """auto opens what is local when the server does not answer, for writing too; without it that is an UnreachableError."""
    published(bucket_connection, tmp_path / "a.blt")
    gone = unreachable(bucket_connection)
    for flag in ("r", "w"):
        with pytest.raises(UnreachableError):
            opened(gone, tmp_path / "a.blt", flag)
        with opened(gone, tmp_path / "a.blt", flag, offline="auto") as database:
            assert dict(database.items()) == OLD
    with opened(gone, tmp_path / "a.blt", "w", offline="auto", lock="session") as database:
        database["mine"] = 1
    with pytest.raises(UnreachableError):
        opened(gone, tmp_path / "new.blt", "c", offline="auto")
    with opened(bucket_connection, tmp_path / "a.blt", "w", offline="auto") as database:
        assert database.changes().push().keys == 1


def test_pull_false_stays_where_it_is(remote: S3Connection, tmp_path: Path) -> None:
    """With pull=False the working copy keeps its commit, and the newer one shows as incoming until it is pulled."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "b.blt", "w") as colleague:
        colleague["a"] = "new"
        colleague.changes().push()
    for flag in ("r", "w"):
        with opened(remote, tmp_path / "a.blt", flag, pull=False) as database:
            assert database["a"] == 1
            assert database.commit is not None
            assert database.remote_commit is not None
            assert (database.commit.number, database.remote_commit.number) == (1, 2)
            assert [change.key for change in database.changes().incoming()] == ["a"]
    with opened(remote, tmp_path / "a.blt", "r") as database:
        assert database["a"] == "new"


# Serializers


class Shout:
    """A serializer of one's own."""

    @staticmethod
    def dumps(value: str) -> bytes:
        return value.upper().encode()

    @staticmethod
    def loads(raw: bytes) -> str:
        return raw.decode() + "!"


def test_custom_serializer_is_asked_for(remote: S3Connection, tmp_path: Path) -> None:
    """A database with a serializer class of its own needs that class; its stored bytes can always be had with it."""
    with opened(remote, tmp_path / "a.blt", "c", value_serializer=Shout) as database:
        database["a"] = "hear"
        database.changes().push()
    with pytest.raises(InvalidInputError, match="value_serializer"):
        opened(remote, tmp_path / "b.blt", "w", value_serializer=None, lock="session")
    with opened(remote, tmp_path / "b.blt", "w", value_serializer=Shout, lock="session", lock_timeout=0.1) as database:
        assert database["a"] == "HEAR!"
        assert database.get_bytes("a") == b"HEAR"


# The lease


def holder(connection: S3Connection) -> Any:
    found = read_holder(connect_store(connection, writing=False), f"{connection.db_key}.lock")
    return found[0] if found is not None else None


def test_session_takes_the_lease(remote: S3Connection, tmp_path: Path) -> None:
    """A writer holds the lease from opening to closing; readers and lock='commit' do not take it."""
    with opened(remote, tmp_path / "a.blt", "c", lock="session") as database:
        database["a"] = 1
        assert f"process {os.getpid()}" in holder(remote).owner
        database.changes().push()
        assert holder(remote) is not None
        with opened(remote, tmp_path / "b.blt", "r", lock="session") as reader:
            assert reader["a"] == 1
    assert holder(remote) is None
    with opened(remote, tmp_path / "a.blt", "w", lock="commit") as database:
        database["b"] = 1
        assert holder(remote) is None
        database.changes().push()
        assert holder(remote) is None


def test_second_writer_waits_and_gives_up(remote: S3Connection, tmp_path: Path) -> None:
    """A second writer is told whom it waits for, and gives up in time with an error that names them."""
    said: list[str] = []
    with opened(remote, tmp_path / "a.blt", "c", lock="session"):
        with pytest.raises(LockTimeoutError, match=f"process {os.getpid()}") as caught:
            opened(
                remote,
                tmp_path / "b.blt",
                "c",
                lock="session",
                lock_timeout=0.15,
                progress=Progress(lambda report: said.append(report.phase)),
            )
        assert "force_lock" in caught.value.hint
    assert any("waiting for" in phase and str(os.getpid()) in phase for phase in said)
    with opened(remote, tmp_path / "b.blt", "c", lock="session", lock_timeout=5):
        pass


def test_second_writer_gets_its_turn(remote: S3Connection, tmp_path: Path) -> None:
    """A waiting writer goes on as soon as the first one closes."""
    first = opened(remote, tmp_path / "a.blt", "c", lock="session")
    first["a"] = 1
    waiting = Progress(lambda report: first.close() if "waiting" in report.phase else None)
    with opened(remote, tmp_path / "b.blt", "c", lock="session", lock_timeout=20, progress=waiting) as second:
        second["b"] = 1
        second.changes().push()
    assert read(remote, tmp_path) == {"b": 1}


def test_waiting_can_be_cancelled(remote: S3Connection, tmp_path: Path) -> None:
    """Waiting for a lease ends at once when it is cancelled, and leaves nothing open."""
    with opened(remote, tmp_path / "a.blt", "c", lock="session"):
        waiting = Progress(lambda report: waiting.cancel())
        with pytest.raises(catalog.CancelledError):
            opened(remote, tmp_path / "b.blt", "c", lock="session", lock_timeout=60, progress=waiting)
    with opened(remote, tmp_path / "b.blt", "c", lock="session", lock_timeout=0.1):
        pass


def test_dead_writers_lease_is_taken_over(remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease of a writer that died is taken over when its time is over, without force."""
    store = connect_store(remote, writing=True)
    dead = Lease.acquire(store, f"{remote.db_key}.lock", timeout=0, force=False, progress=Progress(), seconds=1)
    dead._stop.set()
    with opened(remote, tmp_path / "a.blt", "c", lock="session", lock_timeout=20) as database:
        database["a"] = 1
        database.changes().push()
        with pytest.raises(LeaseLostError):
            dead.confirm()


def test_living_writers_lease_is_renewed(remote: S3Connection, tmp_path: Path) -> None:
    """A writer that lives keeps its lease beyond its time."""
    store = connect_store(remote, writing=True)
    living = Lease.acquire(store, f"{remote.db_key}.lock", timeout=0, force=False, progress=Progress(), seconds=1)
    with pytest.raises(LockTimeoutError):
        opened(remote, tmp_path / "a.blt", "c", lock="session", lock_timeout=2)
    living.confirm()
    living.release()


def test_lost_lease_cannot_commit(remote: S3Connection, tmp_path: Path) -> None:
    """A writer whose lease was broken cannot commit; its changes are kept, and pushed when it opens again."""
    published(remote, tmp_path / "a.blt")
    with opened(remote, tmp_path / "a.blt", "w", lock="session") as first:
        first["first"] = 1
        with opened(remote, tmp_path / "b.blt", "w", lock="session", force_lock=True) as second:
            with pytest.raises(LeaseLostError, match=str(os.getpid())):
                first.changes().push()
            assert first["first"] == 1
            second["second"] = 2
            second.changes().push()
        with pytest.raises(LeaseLostError):
            first.changes().push()
        assert [change.key for change in first.changes().outgoing()] == ["first"]
    with opened(remote, tmp_path / "a.blt", "w", lock="session", lock_timeout=1) as first:
        first.changes().push()
    assert read(remote, tmp_path) == {**OLD, "first": 1, "second": 2}


def test_closing_leaves_anothers_lease(remote: S3Connection, tmp_path: Path) -> None:
    """A writer whose lease was broken does not give back the other's when it closes."""
    first = opened(remote, tmp_path / "a.blt", "c", lock="session")
    with opened(remote, tmp_path / "b.blt", "c", lock="session", force_lock=True):
        with pytest.raises(LeaseLostError):
            first.changes().push()
        first.close()
        assert holder(remote) is not None


def test_failed_opening_gives_the_lease_back(remote: S3Connection, tmp_path: Path) -> None:
    """An opening that fails after it took the lease and the file gives both back."""
    published(remote, tmp_path / "a.blt")
    other = S3Connection(db_key="other", endpoint_url=(tmp_path / "elsewhere").as_uri())
    with opened(other, tmp_path / "b.blt", "c") as database:
        database["b"] = 1
    with pytest.raises(DatabaseMismatchError):
        opened(remote, tmp_path / "b.blt", "w", lock="session")
    assert holder(remote) is None
    with opened(other, tmp_path / "b.blt", "w", lock_timeout=0) as database:
        assert database["b"] == 1


# Many processes


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python script in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


_CREATE = """
    import json, sys, catalog
    connection = catalog.S3Connection(**json.loads(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    with catalog.open(connection, sys.argv[2], sys.argv[3], lock="commit", lock_timeout=60) as database:
        if sys.argv[3] == "c":
            database[sys.argv[4]] = b"mine"
            database.pop("k1", None)
        print(sorted(database), flush=True)
"""


@pytest.mark.parametrize("flag", ["r", "c"])
def test_processes_create_a_working_copy_at_once(folder_connection: S3Connection, tmp_path: Path, flag: str) -> None:
    """Processes that open a new working copy in the same moment share one: each sees all, and no edit or deletion is lost."""
    with catalog.open(folder_connection, tmp_path / "a.blt", "c") as database:
        database.update({f"k{number}": b"v" for number in range(4)})
        database.changes().push()
    script = textwrap.dedent(_CREATE)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, json.dumps(folder_connection.to_dict()), str(tmp_path / "b.blt"), flag, f"p{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    with catalog.open(folder_connection, tmp_path / "b.blt", "w", lock="commit") as database:
        if flag == "r":
            assert said == ["['k0', 'k1', 'k2', 'k3']\n"] * 4
            assert database.changes().all() == []
        else:
            assert sorted(database) == ["k0", "k2", "k3", "p0", "p1", "p2", "p3"]
    assert list(tmp_path.glob(".b.blt*")) == []


_OPEN_AND_DIE = """
    import json, os, signal, sys, catalog, catalog.database.open
    from catalog.store.access import connect_store
    from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
    plan = FaultPlan([Fault(FaultKind.KILL_AFTER, number=int(sys.argv[3]))])
    catalog.database.open.connect_store = lambda connection, **more: FaultyStore(connect_store(connection, **more), plan)
    catalog.open(catalog.S3Connection(**json.loads(sys.argv[1])), sys.argv[2], "w", lock="session")
"""


@pytest.mark.parametrize("request_number", [3, 4])
def test_killed_opening_leaves_nothing_in_the_way(folder_connection: S3Connection, tmp_path: Path, request_number: int) -> None:
    """After an opening that was killed, readers read, and a writer waits for its lease or breaks it."""
    published(folder_connection, tmp_path / "a.blt")
    process = run(_OPEN_AND_DIE, json.dumps(folder_connection.to_dict()), tmp_path / "b.blt", request_number)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL

    with opened(folder_connection, tmp_path / "b.blt", "r") as database:
        assert dict(database.items()) == OLD
    with pytest.raises(LockTimeoutError, match=f"process {process.pid}"):
        opened(folder_connection, tmp_path / "b.blt", "w", lock="session", lock_timeout=0)
    with opened(folder_connection, tmp_path / "b.blt", "w", lock="session", force_lock=True) as database:
        database["b"] = "new"
        database.changes().push()


def test_kept_etag_belongs_to_its_head(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Whatever readers note about newer commits meanwhile, a head that is remembered has its own tag, never another's."""
    published(folder_connection, tmp_path / "a.blt")
    with opened(folder_connection, tmp_path / "b.blt", "r", pull=False) as first:
        older = first._session.seen
    with opened(folder_connection, tmp_path / "a.blt", "w") as writer:
        writer["a"] = 2
        writer.changes().push()
    with opened(folder_connection, tmp_path / "b.blt", "r", pull=False) as first:
        newer = first._session.seen
        with opened(folder_connection, tmp_path / "b.blt", "r", pull=False) as second:
            tags = {head.commit_id: head.etag for head in (older, newer) if head is not None}
            assert len(tags) == 2

            def note() -> None:
                for _ in range(200):
                    first._session.remember_seen(older)
                    first._session.remember_seen(newer)

            with ThreadPoolExecutor(1) as pool:
                noting = pool.submit(note)
                while not noting.done():
                    second._session.load_heads()
                    seen = second._session.seen
                    assert seen is not None
                    assert tags[seen.commit_id] == seen.etag
                noting.result()


def test_lost_reply_while_opening(folder_connection: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
    """When the network fails while opening, that is an error; the next opening works, and no lock of ours is in its way."""
    published(folder_connection, tmp_path / "a.blt")
    planned = [
        (FaultKind.FAIL_BEFORE, "put"),
        (FaultKind.FAIL_BEFORE, "get_if_changed"),
        (FaultKind.LOSE_REPLY, "get_if_changed"),
    ]
    for kind, verb in planned:
        faults.add(Fault(kind, verb))
        with pytest.raises(UnreachableError):
            opened(folder_connection, tmp_path / "a.blt", "w", lock="session")
        assert faults.faults == []
        with opened(folder_connection, tmp_path / "a.blt", "w", lock="session", lock_timeout=0) as database:
            assert dict(database.items()) == OLD


def test_lost_reply_to_the_lease(remote: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
    """A lease whose reply was lost is held all the same, and given back."""
    published(remote, tmp_path / "a.blt")
    faults.add(Fault(FaultKind.LOSE_REPLY, "put", name_part=".lock"))
    with opened(remote, tmp_path / "a.blt", "w", lock="session") as database:
        assert len(faults.fired) == 1
        database["b"] = "new"
        database.changes().push()
    assert holder(remote) is None
