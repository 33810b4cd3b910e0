"""Arranging a catalog: adding, describing, moving and removing databases of its groups; no data is ever touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import catalog
from catalog import (
    Catalog,
    Database,
    Entry,
    EntryMissingError,
    InvalidInputError,
    NotApprovedError,
    RemoteMissingError,
    S3Connection,
    State,
    read_remote,
)
from catalog.store.access import connect_store


@pytest.fixture
def rain(tmp_path: Path) -> S3Connection:
    """A pushed database."""
    connection = S3Connection(db_key="rain", endpoint_url=(tmp_path / "remotes").as_uri())
    with catalog.open(connection, tmp_path / "rain.blt", "c", value_serializer="orjson", lock="commit") as database:
        database["a"] = 1
        database.changes().push()
    return connection


@pytest.fixture
def mine(tmp_path: Path) -> Catalog:
    """A catalog with two groups of this machine."""
    made = Catalog(tmp_path / "catalog")
    made.add_group("one")
    made.add_group("two")
    return made


@pytest.fixture
def entry(mine: Catalog, rain: S3Connection) -> Entry:
    """The database, in the group `one`."""
    return mine.add("one", rain, name="Rain", description="of a year", tags=["wet"], user_meta={"n": 1})


def test_added(mine: Catalog, entry: Entry) -> None:
    """A database that the user names is added with what is said of it, and its place counts as approved."""
    assert mine.entries("one") == [entry]
    assert (entry.name, entry.description, entry.tags, entry.keys, entry.user_meta) == (
        "Rain",
        "of a year",
        ("wet",),
        1,
        {"n": 1},
    )
    with mine.open(entry, "w", origin="one", lock="commit") as database:
        assert database["a"] == 1


@pytest.mark.usefixtures("nothing_inline")
def test_a_remote_that_someone_deleted(mine: Catalog, entry: Entry, rain: S3Connection, tmp_path: Path) -> None:
    """A copy that never fetched the list of keys says that the remote was deleted, not that it is broken."""
    with mine.open(entry, "w", lock="commit", pull=False) as here:
        here["b"] = 2
    with catalog.open(rain, tmp_path / "rain.blt", "w") as theirs:
        theirs.delete_remote()

    status = mine.status(entry)
    assert (status.state, status.problem[:22]) == (State.EMPTY, "The remote was deleted")


def test_one_name_for_one_database(mine: Catalog, entry: Entry, rain: S3Connection, tmp_path: Path) -> None:
    """A name of the group is not given to another database, be it added, renamed or moved; its own it keeps."""
    other = rain.model_copy(update={"db_key": "other"})
    with catalog.open(other, tmp_path / "other.blt", "c", lock="commit") as database:
        database.changes().push()
    with pytest.raises(InvalidInputError, match="a database 'Rain' in this group already"):
        mine.add("one", other, name="Rain")
    assert mine.entries("one") == [entry]
    second = mine.add("one", other, name="Snow")
    with pytest.raises(InvalidInputError, match="'Rain'"):
        mine.edit("one", second.key, name="Rain")
    moved = mine.move(entry.key, "one", "two")
    mine.edit("one", second.key, name="Rain")
    with pytest.raises(InvalidInputError, match="'Rain'"):
        mine.move(moved.key, "two", "one")
    assert mine.edit("two", moved.key, name="Rain") == moved
    assert [found.key for found in mine.entries("one")] == [second.key]


def test_not_added(mine: Catalog, tmp_path: Path) -> None:
    """Where there is no database, nothing is added."""
    with pytest.raises(RemoteMissingError):
        mine.add("one", S3Connection(db_key="none", endpoint_url=tmp_path.as_uri()))

    assert mine.entries("one") == []


def test_described_anew(mine: Catalog, entry: Entry) -> None:
    """Only what is given changes, and the remote is not asked."""
    edited = mine.edit("one", entry.key, description="of two years", tags=[])

    assert mine.entries("one") == [edited]
    assert edited == replace(entry, description="of two years", tags=())
    assert mine.edit("one", entry.key, name="Drizzle", owner="bo").name == "Drizzle"


def test_a_description_nobody_could_read(mine: Catalog, entry: Entry) -> None:
    """A name that is too long is refused, and the entry stays."""
    with pytest.raises(InvalidInputError):
        mine.edit("one", entry.key, name="x" * 2000)

    assert mine.entries("one") == [entry]


def test_brought_up_to_date(mine: Catalog, entry: Entry, rain: S3Connection, tmp_path: Path) -> None:
    """An entry is asked for again what its remote says; what people said, and whose it is, stays."""
    mine.edit("one", entry.key, owner="bo")
    with catalog.open(rain, tmp_path / "rain.blt", "w", lock="commit") as database:
        database["b"] = 2
        database.changes().push()
    (stale,) = mine.entries("one")
    fresh = mine.refresh("one", stale)

    assert (fresh.keys, fresh.commit_number) == (2, 2)
    assert replace(fresh, keys=1, value_bytes=stale.value_bytes, commit_number=1, timestamp=stale.timestamp) == stale
    assert mine.entries("one") == [fresh]


def test_not_brought_up_to_date(mine: Catalog, entry: Entry, tmp_path: Path) -> None:
    """A place that was not approved is not asked; where another database lives by now, the entry stays as it is."""
    strange = replace(entry, connection=S3Connection(db_key="x", bucket="data", endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(NotApprovedError):
        mine.refresh("one", strange)
    other = S3Connection(db_key="other", endpoint_url=entry.connection.endpoint_url)
    with catalog.open(other, tmp_path / "other.blt", "c", value_serializer="orjson", lock="commit") as database:
        database.changes().push()
    with pytest.raises(InvalidInputError, match="Another database"):
        mine.refresh("one", replace(entry, connection=other), trust_connection=True)

    assert mine.entries("one") == [entry]


def test_moved(mine: Catalog, entry: Entry) -> None:
    """A moved database is in the other group as it was; its working copy is the same file."""
    mine.open(entry).close()
    moved = mine.move(entry.key, "one", "two")

    assert (mine.entries("one"), mine.entries("two")) == ([], [entry])
    assert (moved, mine.file_of(moved).exists()) == (entry, True)


def test_what_no_entry_has_is_neither_moved_nor_put_back(mine: Catalog, entry: Entry, tmp_path: Path) -> None:
    """An access key that someone wrote into an entry goes with it nowhere, and is said to have been left out."""
    with mine.open_group("one", "c", lock="commit") as group:
        stored = group[entry.key]
        Database.set(group, entry.key, {**stored, "remote_conn": {**stored["remote_conn"], "access_key": "wJalrXUtnFEMI"}})
    removed = mine.remove("one", entry.key)
    assert mine.put_back("one", entry.key, removed).left_out == ("remote_conn.access_key",)
    with mine.open_group("one", "c", lock="commit") as group:
        assert group[entry.key] == stored
        Database.set(group, entry.key, {**stored, "remote_conn": {**stored["remote_conn"], "access_key": "wJalrXUtnFEMI"}})

    assert mine.move(entry.key, "one", "two").left_out == ("remote_conn.access_key",)
    with mine.open_group("two") as group:
        assert group[entry.key] == stored
    (kept,) = mine.entries("two")
    assert kept.left_out == ()


def test_not_moved(mine: Catalog, entry: Entry, rain: S3Connection) -> None:
    """To where it is already, to no group, and what is not there, is not moved."""
    with pytest.raises(InvalidInputError, match="already"):
        mine.move(entry.key, "one", "one")
    with pytest.raises(EntryMissingError):
        mine.move(entry.key, "one", "three")
    mine.add("two", rain)
    with pytest.raises(InvalidInputError, match="already"):
        mine.move(entry.key, "one", "two")

    assert mine.entries("one") == [entry]


def test_removed_and_put_back(mine: Catalog, entry: Entry, rain: S3Connection, tmp_path: Path) -> None:
    """Removing forgets an entry and no data; putting back undoes it."""
    mine.open(entry).close()
    stored = mine.remove("one", entry.key)

    assert mine.entries("one") == []
    assert mine.file_of(entry).exists()
    with catalog.open(rain, tmp_path / "again.blt") as database:
        assert database["a"] == 1
    mine.put_back("one", entry.key, stored)
    assert mine.entries("one") == [entry]


@pytest.mark.parametrize(
    "act",
    [
        lambda mine: mine.edit("one", "no-such-key", name="x"),
        lambda mine: mine.move("no-such-key", "one", "two"),
        lambda mine: mine.remove("one", "no-such-key"),
    ],
    ids=["edit", "move", "remove"],
)
def test_what_is_not_there(mine: Catalog, entry: Entry, act: Callable[[Catalog], object]) -> None:
    """An entry that is gone is a typed error that names the group."""
    with pytest.raises(EntryMissingError, match="'one'"):
        act(mine)


def test_group_removed_and_put_back(mine: Catalog, entry: Entry) -> None:
    """A removed group comes back with what was not pushed; one of the same name made meanwhile has a file of its own."""
    record = mine.group("one")
    mine.remove_group("one")
    new = mine.add_group("one")
    assert (mine.entries("one"), new.file_path == record.file_path) == ([], False)
    with pytest.raises(InvalidInputError, match="already"):
        mine.put_back_group(record)
    mine.remove_group("one")
    mine.put_back_group(record)
    assert mine.entries("one") == [entry]


def test_what_is_at_a_place(mine: Catalog, entry: Entry, rain: S3Connection, tmp_path: Path) -> None:
    """A place says whether there is a database, a group or nothing."""
    found = read_remote(rain)
    assert found is not None
    assert (found.type, found.uuid, found.keys, found.commit.number) == ("database", entry.key, 1, 1)
    with mine.open_group("one", "w", lock="commit") as group:
        group.changes().push()
    there = read_remote(mine.group("one").connection)
    assert (there and there.type, there and there.keys) == ("group", 1)
    assert read_remote(S3Connection(db_key="none", endpoint_url=tmp_path.as_uri())) is None


def test_groups_have_states_too(mine: Catalog, entry: Entry) -> None:
    """A group is new, then ahead by what was not pushed, then in step."""
    assert mine.group_status("two").state is State.EMPTY
    assert (mine.group_status("one").state, mine.group_status("one").ahead) == (State.AHEAD, 1)
    with mine.open_group("one", "w", lock="commit") as group:
        group.changes().push()
    assert mine.group_status("one").state is State.IN_STEP
    assert mine.group_status("one", refresh=False).keys == 1


def test_group_that_cannot_be_asked(mine: Catalog) -> None:
    """A group whose server does not answer says so."""
    place = S3Connection(db_key="g", bucket="data", endpoint_url="http://127.0.0.1:9", anonymous=True, retries=0)
    mine.add_group("far", place)

    status = mine.group_status("far")
    assert (status.state, bool(status.problem)) == (State.UNREACHABLE, True)


def test_stale_entry(mine: Catalog, entry: Entry, rain: S3Connection) -> None:
    """An entry whose database is gone from its place is stale."""
    connect_store(rain, writing=True).delete("rain")

    status = mine.status(entry)
    assert (status.state, "Remove the entry" in status.problem) == (State.STALE, True)
