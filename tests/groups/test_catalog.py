"""The catalog of one machine: its groups, where the working copies lie, and how each database stands."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import Catalog, EntryMissingError, InvalidInputError, LocalFileError, NotApprovedError, S3Connection, State
from catalog.groups.entry import Entry
from catalog.store.access import connect_store
from catalog.testing.seaweed import Seaweed


@pytest.fixture
def mine(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog(tmp_path / "catalog")


def entry_of(connection: S3Connection, key: str = "ab" * 16) -> Entry:
    return Entry(key, "rain", "", (), "me", connection, "CatalogDatabase", 0, None, None, 0, 0, 0)


def publish(connection: S3Connection, file: Path, **content: Any) -> None:
    with catalog.open(connection, file, "c", value_serializer="orjson", lock="commit") as database:
        database.update(content)
        database.changes().push()


# Groups


def test_groups_are_kept(mine: Catalog, folder_connection: S3Connection) -> None:
    """Groups are kept in their order, with their places and files, for the next process too."""
    assert mine.groups() == []
    local, shared = mine.add_group("Mine"), mine.add_group("Théirs & ours", folder_connection)

    again = Catalog(mine.folder)
    assert again.groups() == [local, shared]
    assert again.group("Mine") == local
    assert shared.connection == folder_connection
    assert local.file_path != shared.file_path


def test_similar_names_have_their_own_files(mine: Catalog) -> None:
    """Names that would give one file name give two."""
    records = [mine.add_group(name) for name in ("a b", "a-b", "A B", "ä", "ö")]

    assert len({record.file_path for record in records}) == 5


@pytest.mark.parametrize("name", ["", " x", "x ", "a/b", "a\\b", "a\nb", "\x1b[2J", "x" * 101])
def test_unusable_names(mine: Catalog, name: str) -> None:
    """A name with control characters, slashes or too many characters is refused, and nothing is kept."""
    with pytest.raises(InvalidInputError):
        mine.add_group(name)
    assert mine.groups() == []


def test_taken_and_missing_names(mine: Catalog) -> None:
    """A name that is taken is refused; one that nobody has is an error that lists those that are."""
    mine.add_group("one")
    with pytest.raises(InvalidInputError, match="already"):
        mine.add_group("one")
    for act in (lambda: mine.group("two"), lambda: mine.remove_group("two"), lambda: mine.open_group("two")):
        with pytest.raises(EntryMissingError, match="'one'"):
            act()


def test_removing_a_group_forgets_it_only(mine: Catalog) -> None:
    """A removed group is forgotten here; its file and its remote stay."""
    record = mine.add_group("one")
    with mine.open_group("one", "c") as group:
        group.changes().push()
    mine.remove_group("one")

    assert mine.groups() == []
    assert record.file_path.exists()
    with catalog.open(record.connection, record.file_path, "r", remote_conn_group=True) as group:
        assert len(group) == 0


_ADD = """
    import sys, pathlib, catalog
    mine = catalog.Catalog(pathlib.Path(sys.argv[1]))
    for number in range(15):
        mine.add_group(f"{sys.argv[2]} {number}")
"""


def test_processes_add_groups_at_once(mine: Catalog) -> None:
    """Two processes that add groups at the same time lose none."""
    processes = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(_ADD), str(mine.folder), name]) for name in ("one", "two")
    ]
    assert [process.wait(60) for process in processes] == [0, 0]

    assert {record.name for record in mine.groups()} == {f"{name} {number}" for name in ("one", "two") for number in range(15)}
    assert len({record.file_path for record in mine.groups()}) == 30


@pytest.mark.parametrize("content", ["", "{", "[]", '{"groups": 5}', '{"groups": [{"name": 5}]}', "\x00" * 50])
def test_damaged_catalog_file(mine: Catalog, content: str) -> None:
    """A damaged list of groups is an error that names the file; nothing overwrites it."""
    mine.folder.mkdir()
    file = mine.folder / "catalog.json"
    file.write_text(content)
    for act in (mine.groups, lambda: mine.add_group("new")):
        with pytest.raises(LocalFileError, match=r"catalog\.json"):
            act()
    assert file.read_text() == content


def test_hostile_catalog_file(mine: Catalog) -> None:
    """A file name in the list leads nowhere outside the catalog's folder."""
    mine.folder.mkdir()
    place = {"db_key": "a", "endpoint_url": (mine.folder / "x").as_uri()}
    groups = [{"name": "one", "file": "../../../etc/passwd", "connection": place}]
    (mine.folder / "catalog.json").write_text(json.dumps({"groups": groups}))

    assert mine.group("one").file_path == mine.folder / "groups" / "passwd"


def test_entries_of_a_new_group(mine: Catalog) -> None:
    """A group that was never written to has no entries, and asking makes no file."""
    record = mine.add_group("one")

    assert mine.entries("one") == []
    assert not record.file_path.exists()


def test_open_a_database_of_a_group(mine: Catalog, tmp_path: Path) -> None:
    """From a group to an open database, whose working copy lies in the catalog's folder."""
    rain = S3Connection(db_key="rain", endpoint_url=(tmp_path / "databases").as_uri())
    publish(rain, tmp_path / "rain.blt", a=1)
    mine.add_group("one")
    with mine.open_group("one", "c") as group:
        group.add(rain)
    (entry,) = mine.entries("one")
    with mine.open(entry, "w") as database:
        assert database["a"] == 1
        assert database.file_path == mine.file_of(entry)
        assert database.file_path.is_relative_to(mine.folder)


@pytest.mark.parametrize("key", ["..", "../../x", "a/b", "a\\b", "\x00", "k" * 300, "C:x", "a_b"])
def test_files_of_hostile_keys(mine: Catalog, key: str, folder_connection: S3Connection) -> None:
    """Whatever an entry's key is, its file lies in the folder of databases, and is no other entry's."""
    file = mine.file_of(entry_of(folder_connection, key))

    assert file.parent == mine.folder / "databases"
    assert len(file.name) < 150
    others = [mine.file_of(entry_of(folder_connection, other)) for other in ("a_b", "___b", "a/b", "a\\b") if other != key]
    assert file not in others


# How a database stands


Make = Callable[[Catalog, Entry, Path], None]


def _edit(mine: Catalog, entry: Entry, _: Path) -> None:
    with mine.open(entry, "w", lock="commit") as database:
        assert database["a"] == "base"
        database["a"] = "mine"


def _pushed(mine: Catalog, entry: Entry, folder: Path, key: str = "b") -> None:
    mine.open(entry).close()
    publish(entry.connection, folder / "theirs.blt", **{key: "theirs"})


def _both(mine: Catalog, entry: Entry, folder: Path) -> None:
    _edit(mine, entry, folder)
    _pushed(mine, entry, folder)


def _conflict(mine: Catalog, entry: Entry, folder: Path) -> None:
    _edit(mine, entry, folder)
    with catalog.open(entry.connection, folder / "theirs.blt", "c", lock="commit") as database:
        database["a"] = "theirs"
        database.changes().push()


def _look(mine: Catalog, entry: Entry, _: Path) -> None:
    mine.open(entry).close()


def _delete(mine: Catalog, entry: Entry, _: Path) -> None:
    mine.open(entry).close()
    connect_store(entry.connection, writing=True).delete(str(entry.connection.db_key))


def _damage(mine: Catalog, entry: Entry, _: Path) -> None:
    mine.open(entry).close()
    connect_store(entry.connection, writing=True).put(str(entry.connection.db_key), b"{}")


@pytest.mark.parametrize(
    ("make", "state", "counts"),
    [
        (lambda *_: None, State.NOT_HERE, (0, 0, 0)),
        (_look, State.IN_STEP, (0, 0, 0)),
        (_edit, State.AHEAD, (1, 0, 0)),
        (_pushed, State.BEHIND, (0, 1, 0)),
        (_both, State.DIVERGED, (1, 1, 0)),
        (_conflict, State.CONFLICT, (0, 0, 1)),
        (_delete, State.EMPTY, (0, 0, 0)),
        (_damage, State.BROKEN, (0, 0, 0)),
    ],
    ids=["not here", "in step", "ahead", "behind", "diverged", "conflict", "deleted", "broken"],
)
def test_status(
    mine: Catalog, remote: S3Connection, tmp_path: Path, make: Make, state: State, counts: tuple[int, int, int]
) -> None:
    """Each way in which a working copy and its remote can stand is told, with its numbers, and changes nothing."""
    publish(remote, tmp_path / "theirs.blt", a="base")
    entry = entry_of(remote)
    make(mine, entry, tmp_path)
    status = mine.status(entry)

    assert (status.state, (status.ahead, status.behind, status.conflicts)) == (state, counts)
    assert status.file_exists == (state != State.NOT_HERE)
    assert bool(status.problem) == (state in (State.BROKEN, State.EMPTY))
    assert mine.status(entry) == status
    if state not in (State.BROKEN, State.EMPTY):
        assert status.keys >= 1


def test_status_without_asking(mine: Catalog, remote: S3Connection, tmp_path: Path) -> None:
    """Without refresh no request is sent, and what is known is told."""
    publish(remote, tmp_path / "theirs.blt", a="base")
    entry = replace(entry_of(remote), keys=7)
    assert (mine.status(entry, refresh=False).state, mine.status(entry, refresh=False).keys) == (State.NOT_HERE, 7)
    _pushed(mine, entry, tmp_path)

    assert mine.status(entry, refresh=False).state == State.IN_STEP
    assert mine.status(entry).state == State.BEHIND
    assert mine.status(entry, refresh=False).state == State.BEHIND


def test_status_of_nothing(mine: Catalog, remote: S3Connection) -> None:
    """A place where nothing was ever pushed is empty; with local content it is ahead."""
    entry = entry_of(remote)
    assert mine.status(entry).state == State.EMPTY
    with mine.open(entry, "c", lock="commit", value_serializer="orjson") as database:
        assert mine.status(entry).state == State.EMPTY
        database["a"] = 1
    assert (mine.status(entry).state, mine.status(entry).ahead) == (State.AHEAD, 1)


def test_status_of_what_cannot_be_reached(
    mine: Catalog, seaweed: Seaweed, bucket_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreachable, refused, without keys, without bucket: each is a state with its problem, and local numbers stay known."""
    keys = bucket_connection.access_keys
    assert keys is not None
    publish(bucket_connection, tmp_path / "theirs.blt", a="base")
    entry = entry_of(bucket_connection)
    _edit(mine, entry, tmp_path)
    pair = (keys.access_key_id, keys.secret_access_key)
    place = (bucket_connection.db_key, bucket_connection.bucket)

    def status(*parameters: Any, **more: Any) -> catalog.Status:
        made: dict[str, Any] = {"retries": 0, **more}
        return mine.status(replace(entry, connection=S3Connection(*parameters, **made)))

    seaweed.pause()
    try:
        away = status(*pair, *place, seaweed.endpoint_url, read_timeout=0.2)
    finally:
        seaweed.resume()
    assert (away.state, away.ahead, away.keys) == (State.UNREACHABLE, 1, 1)
    refused = status(keys.access_key_id, "wrong", *place, seaweed.endpoint_url)
    assert refused.state in (State.DENIED, State.NO_KEYS)
    nowhere = status(*pair, bucket_connection.db_key, "no-such-bucket", seaweed.endpoint_url)
    assert nowhere.state == State.DENIED
    keyless = status(None, None, *place, seaweed.endpoint_url, profile="nobody")
    assert keyless.state == State.NO_KEYS
    for found in (away, refused, nowhere, keyless):
        assert found.problem
        assert keys.secret_access_key not in found.problem
    assert mine.status(entry).state == State.AHEAD


def test_status_of_a_place_that_was_not_approved(
    mine: Catalog, bucket_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that a group suggests is not asked before it was approved on this machine."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    publish(bucket_connection, tmp_path / "theirs.blt", a="base")
    entry = entry_of(bucket_connection)
    mine.add_group("strangers", S3Connection(db_key="g", endpoint_url=(tmp_path / "remote").as_uri()))

    status = mine.status(entry, origin="strangers")
    assert (status.state, "never approved" in status.problem) == (State.NOT_APPROVED, True)
    with pytest.raises(NotApprovedError):
        mine.open(entry, origin="strangers")
    assert mine.status(entry, origin="strangers", trust_connection=True).state == State.NOT_HERE
