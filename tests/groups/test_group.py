"""A group of connections: what it holds, that it travels like a database, and that a stranger's entries do no harm."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import booklet
import orjson
import pytest

import catalog
from catalog import (
    ConflictError,
    ConnectionGroup,
    Database,
    EntryExistsError,
    EntryMissingError,
    IntegrityError,
    InvalidConnectionError,
    InvalidInputError,
    InvalidKeyError,
    InvalidValueError,
    ReadOnlyError,
    RemoteMissingError,
    S3Connection,
)
from catalog.database.options import Flag
from catalog.store.access import connect_store


def opened(connection: S3Connection, file: Path, flag: Flag = "c") -> ConnectionGroup:
    return catalog.open(connection, file, flag, remote_conn_group=True, lock="commit")


def database(folder: Path, name: str, **content: Any) -> S3Connection:
    """A pushed database in a folder."""
    connection = S3Connection(db_key=name, endpoint_url=(folder / "databases").as_uri())
    with catalog.open(connection, folder / f"{name}.blt", "c", value_serializer="orjson", lock="commit") as made:
        made.update(content)
        made.set_metadata({"of": name})
        made.changes().push()
    return connection


def test_add_and_find(remote: S3Connection, tmp_path: Path) -> None:
    """A database is added by what is read at its connection, and found by uuid in every spelling and by name."""
    rain = database(tmp_path, "rain", a=1, b=2)
    with opened(remote, tmp_path / "g.blt") as group:
        key = group.add(rain, user_meta={"x": 1}, name="Rain", description="of a year", tags=("wet", "free"))

        assert [group.find(one) for one in (key, uuid.UUID(key), str(uuid.UUID(key)), key.upper(), "Rain")] == [key] * 5
        entry = group.entry(key)
        assert (entry.name, entry.description, entry.tags, entry.keys) == ("Rain", "of a year", ("wet", "free"), 2)
        assert (entry.connection, entry.user_meta, entry.remote_meta) == (rain, {"x": 1}, {"of": "rain"})
        assert (list(group), len(group), key in group) == ([key], 1, True)


def test_added_again_is_brought_up_to_date(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Adding a database a second time replaces its entry."""
    rain = database(tmp_path, "rain", a=1)
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(rain)
        with catalog.open(rain, tmp_path / "rain.blt", "w", lock="commit") as made:
            made["b"] = 2
            made.changes().push()
        assert group.add(rain, name="again") == key
        assert (group.entry(key).keys, group.entry(key).commit_number, group.entry(key).name) == (2, 2, "again")


def test_a_copy_does_not_take_the_place_of_its_original(folder_connection: S3Connection, tmp_path: Path) -> None:
    """What a tool copied has the uuid of its original: it is added under its own key, or says that it is to replace the entry."""
    rain = database(tmp_path, "rain", a=1)
    copy = S3Connection(db_key="rain", endpoint_url=(tmp_path / "copied").as_uri())
    shutil.copytree(tmp_path / "databases", tmp_path / "copied")
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(rain, name="Rain")
        with pytest.raises(EntryExistsError, match=f"{key} already, at {rain}; at {copy} is a copy") as caught:
            group.add(copy, name="Copy")
        assert "key=" in caught.value.hint
        assert group.entry(key).connection == rain

        assert group.add(copy, "rain-copy", name="Copy") == "rain-copy"
        assert [(entry.key, entry.connection) for entry in group.entries()] == [("rain-copy", copy), (key, rain)]
        assert group.add(copy, key, name="Moved") == key
        assert group.entry(key).connection == copy
        public = S3Connection(db_key="rain", endpoint_url=copy.endpoint_url, db_url="https://example.org/copy")
        assert group.add(public) == key
        assert group.entry(key).connection == public


SECRET = "wJalrXUtnFEMI"
FOREIGN: list[tuple[str, dict[str, Any]]] = [
    ("remote_conn.access_key", {"remote_conn": {"access_key": SECRET}}),
    ("remote_conn.access_key_id", {"remote_conn": {"access_key_id": SECRET, "access_key": SECRET}}),
    ("remote_conn.token", {"remote_conn": {"token": {"deep": SECRET}}}),
    ("secret_access_key", {"secret_access_key": SECRET}),
    ("catalog.access_key", {"catalog": {"access_key": SECRET}}),
]


def spoiled(stored: Any, more: dict[str, Any]) -> dict[str, Any]:
    """An entry with more in it."""
    nested = {name: {**stored[name], **value} for name, value in more.items() if isinstance(stored.get(name), dict)}
    return {**stored, **more, **nested}


@pytest.mark.parametrize(("field", "more"), FOREIGN, ids=[field for field, _ in FOREIGN])
def test_a_field_that_no_entry_has_is_refused_or_left_out(
    folder_connection: S3Connection, tmp_path: Path, field: str, more: dict[str, Any]
) -> None:
    """What a caller gives is refused, by the field's name and without its value; what another wrote goes no further."""
    rain = database(tmp_path, "rain", a=1)
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(rain)
        stored = group[key]
        bad = spoiled(stored, more)
        with pytest.raises(InvalidConnectionError) as caught:
            group.put(key, bad)
        assert field in caught.value.message
        assert SECRET not in f"{caught.value!r} {caught.value}"
        assert group[key] == stored

        assert field in group.put_cleaned(key, bad).left_out
        assert group[key] == stored

        Database.set(group, key, bad)
        assert field in group.entry(key).left_out
        assert field in group.edit(key, description="edited").left_out
        assert group.entry(key).left_out == ()
        assert SECRET not in str(group[key])


def test_remove(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A removed entry is gone; the database stays; removing it again is a KeyError."""
    rain = database(tmp_path, "rain", a=1)
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(rain)
        group.remove(key)
        assert (len(group), group.entries()) == (0, [])
        for act in (lambda: group.remove(key), lambda: group[key], lambda: group.entry(key)):
            with pytest.raises(KeyError):
                act()
    with catalog.open(rain, tmp_path / "other.blt") as found:
        assert found["a"] == 1


def test_not_found(folder_connection: S3Connection, tmp_path: Path) -> None:
    """A name that nobody has, or several have, is an error that says what to do."""
    with opened(folder_connection, tmp_path / "g.blt") as group:
        for name in ("rain", "wind"):
            group.add(database(tmp_path, name), name="same")
        with pytest.raises(InvalidInputError, match="uuid"):
            group.find("same")
        with pytest.raises(EntryMissingError):
            group.find("other")


def test_wrong_additions(folder_connection: S3Connection, tmp_path: Path) -> None:
    """What is not there, cannot be stored, or could not be read again is refused, and nothing is added."""
    rain = database(tmp_path, "rain")
    with opened(folder_connection, tmp_path / "g.blt") as group:
        with pytest.raises(RemoteMissingError, match="Push it first"):
            group.add(S3Connection(db_key="nothing", endpoint_url=(tmp_path / "databases").as_uri()))
        with pytest.raises(InvalidValueError):
            group.add(rain, user_meta=object())
        too_long: list[dict[str, Any]] = [{"name": "x" * 2000}, {"description": "x" * 200_000}, {"user_meta": "x" * (2 << 20)}]
        for more in too_long:
            with pytest.raises(InvalidInputError):
                group.add(rain, **more)
        unusable: list[Any] = ["a/b", "..\n", "k" * 300, b"k"]
        for key in unusable:
            with pytest.raises(InvalidKeyError):
                group.add(rain, key=key)
        assert len(group) == 0
        group.changes().push()
    with opened(folder_connection, tmp_path / "g.blt", "r") as group, pytest.raises(ReadOnlyError):
        group.add(rain)


def test_no_secret_is_stored(seaweed: Any, bucket_connection: S3Connection, tmp_path: Path) -> None:
    """Neither the local files nor the remote of a group hold the keys of a connection that was added."""
    keys = bucket_connection.access_keys
    assert keys is not None
    with catalog.open(bucket_connection, tmp_path / "a.blt", "c", lock="commit") as made:
        made["a"] = b"1"
        made.changes().push()
    place = S3Connection(db_key="group", endpoint_url=(tmp_path / "remote").as_uri())
    with opened(place, tmp_path / "g.blt") as group:
        group.add(bucket_connection)
        group.changes().push()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "seaweed" not in str(path))
    assert bucket_connection.bucket is not None
    assert bucket_connection.bucket.encode() in written
    assert keys.secret_access_key.encode() not in written
    assert keys.access_key_id.encode() not in written


def test_entries_are_ebooklets(folder_connection: S3Connection, tmp_path: Path) -> None:
    """An entry is a JSON document of ebooklet's version 1 in a plain booklet, with ours in one further field."""
    rain = database(tmp_path, "rain", a=1)
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(rain, user_meta="u")
    with booklet.open(tmp_path / "g.blt") as plain:
        stored = plain[key]
    ours = stored.pop("catalog")
    assert stored.pop("timestamp") > 1_600_000_000_000_000
    assert stored == {
        "entry_version": 1,
        "type": "CatalogDatabase",
        "remote_meta": {"of": "rain"},
        "user_meta": "u",
        "remote_conn": {"db_key": "rain", "bucket": None, "endpoint_url": rain.endpoint_url, "db_url": None},
    }
    assert ours["keys"] == 1


def test_entries_of_ebooklet_are_read(folder_connection: S3Connection, tmp_path: Path) -> None:
    """An entry that ebooklet wrote, without our field, is a whole entry."""
    with opened(folder_connection, tmp_path / "g.blt") as group:
        Database.set(
            group,
            "ab12",
            {
                "entry_version": 1,
                "type": "EVariableLengthValue",
                "timestamp": 1_700_000_000_000_000,
                "remote_meta": None,
                "user_meta": {"who": "them"},
                "remote_conn": {
                    "db_key": "x/rain.blt",
                    "bucket": "bucket",
                    "endpoint_url": "https://s3.example.org",
                    "db_url": None,
                },
            },
        )
        entry = group.entry("ab12")
        assert (entry.name, entry.user_meta, entry.connection.bucket) == ("rain.blt", {"who": "them"}, "bucket")


def test_groups_travel(remote: S3Connection, tmp_path: Path) -> None:
    """A group is pushed and pulled like a database; entries that two people add meet, and equal keys conflict."""
    rain, wind = database(tmp_path, "rain", a=1), database(tmp_path, "wind", a=1)
    with opened(remote, tmp_path / "mine.blt") as mine:
        mine.changes().push()
        with opened(remote, tmp_path / "theirs.blt") as theirs:
            key = theirs.add(rain, name="theirs")
            theirs.changes().push()
        mine.add(wind, name="Wind")
        mine.changes().push()
        assert [entry.name for entry in mine.entries()] == ["theirs", "Wind"]
        mine.add(rain, name="mine")
        with opened(remote, tmp_path / "theirs.blt") as theirs:
            theirs.add(rain, name="theirs again")
            theirs.changes().push()
        with pytest.raises(ConflictError) as caught:
            mine.changes().push()
        assert caught.value.keys == (key,)
        mine.changes().resolve(key, "theirs")
        assert mine.entry(key).name == "theirs again"


HOSTILE: dict[str, Any] = {
    "not a dict": 5,
    "list": [],
    "null": None,
    "no connection": {"entry_version": 1},
    "connection of a wrong type": {"remote_conn": 5},
    "numbers": {"remote_conn": {"db_key": 5, "bucket": 6}},
    "password": {"remote_conn": {"db_key": "a", "bucket": "bucket", "endpoint_url": "https://user:hunter2@example.org"}},
    "signed": {"remote_conn": {"db_url": "https://example.org/a?X-Amz-Signature=hunter2"}},
    "parent": {"remote_conn": {"db_key": "../../a", "bucket": "bucket", "endpoint_url": "https://example.org"}},
    "control": {"remote_conn": {"db_key": "a\x1b[2J", "bucket": "bucket", "endpoint_url": "https://example.org"}},
    "tags": {"remote_conn": {"db_key": "a", "bucket": "bucket"}, "catalog": {"tags": 5}},
    "counts": {"remote_conn": {"db_key": "a", "bucket": "bucket"}, "catalog": {"keys": -1}},
    "long": {"remote_conn": {"db_key": "a", "bucket": "bucket"}, "catalog": {"name": "n" * 5000}},
    "profile": {"remote_conn": {"db_key": "a", "bucket": "bucket"}, "catalog": {"profile": "../../etc"}},
    "ours is a list": {"remote_conn": {"db_key": "a", "bucket": "bucket"}, "catalog": [1]},
}


def test_hostile_entries_hide_no_other(remote: S3Connection, tmp_path: Path) -> None:
    """Entries that anyone may have written are left out one by one, each with what is wrong; the good one is there."""
    rain = database(tmp_path, "rain", a=1)
    with opened(remote, tmp_path / "g.blt") as group:
        good = group.add(rain)
        for key, value in HOSTILE.items():
            Database.set(group, key, value)
        Database.set(group, "no json", b"\xff{", encode_value=False)
        Database.set(group, "deep", b"[" * 100_000, encode_value=False)
        Database.set(group, "huge", b'"' + b"x" * (3 << 20) + b'"', encode_value=False)
        Database.set(group, "key\x1b[2J", {"remote_conn": 5})
        group.changes().push()
    with opened(remote, tmp_path / "reader.blt", "r") as group:
        assert [entry.key for entry in group.entries()] == [good]
        problems = group.problems()
        assert problems.keys() == {*HOSTILE, "no json", "deep", "huge", "key\x1b[2J"}
        for key, problem in problems.items():
            assert isinstance(problem, IntegrityError), key
            assert "hunter2" not in str(problem)
            assert str(problem).isprintable()
        assert group.find("rain") == good
        assert group._session.remote.store.traffic.bytes_down < 2 << 20


def test_hostile_words_of_a_usable_entry(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Control characters in names and descriptions are kept as they are, and are the screen's to escape."""
    with opened(folder_connection, tmp_path / "g.blt") as group:
        Database.set(
            group,
            "k",
            {
                "remote_conn": {"db_key": "a", "bucket": "bucket", "endpoint_url": "https://example.org"},
                "catalog": {"name": "\x1b[2J\u202e", "description": "\x00"},
                "timestamp": "never",
                "type": 5,
            },
        )
        (entry,) = group.entries()
        assert (entry.name, entry.timestamp, entry.type) == ("\x1b[2J\u202e", 0, "5")
        assert catalog.escape(entry.name).isprintable()


@pytest.mark.usefixtures("nothing_inline")
def test_damaged_entry_hides_no_other(remote: S3Connection, tmp_path: Path) -> None:
    """An entry whose bytes are damaged in the remote is a problem, and the others are listed."""
    with opened(remote, tmp_path / "g.blt") as group:
        keys = [group.add(database(tmp_path, name, a=1), name=name) for name in ("rain", "wind", "snow")]
        group.changes().push()
    store = connect_store(remote, writing=True)
    (pack,) = [listed.name for listed in store.list(f"{remote.db_key}.d/packs/")]
    body = store.get(pack).body
    store.put(pack, body.replace(b'"name":"wind"', b'"name":"WIND"'))
    with opened(remote, tmp_path / "reader.blt", "r") as group:
        assert [entry.name for entry in group.entries()] == ["rain", "snow"]
        assert list(group.problems()) == [keys[1]]


def test_a_document_of_a_group_is_json(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Stored bytes of an entry are JSON that any program reads."""
    with opened(folder_connection, tmp_path / "g.blt") as group:
        key = group.add(database(tmp_path, "rain"))
        assert orjson.loads(group.get_bytes(key))["remote_conn"]["db_key"] == "rain"


def test_nothing_is_assigned(folder_connection: S3Connection, tmp_path: Path) -> None:
    """group[key] = … is refused with the way that works: it would not look whether there is a database."""
    with opened(folder_connection, tmp_path / "g.blt") as group, pytest.raises(InvalidInputError, match=r"group\.add\("):
        group["x"] = {"db_key": "rain"}


def test_a_group_has_a_history(remote: S3Connection, tmp_path: Path) -> None:
    """An entry that was removed and pushed comes back by undo; versions are compared, tagged and opened by name."""
    rain = database(tmp_path, "rain", a=1)
    with opened(remote, tmp_path / "g.blt") as group:
        key = group.add(rain, name="Rain")
        group.changes().push(message="with rain")
        group.tag("with rain")
        group.remove(key)
        group.changes().push(message="without")

        assert [commit.message for commit in group.history()][-1] == "with rain"
        assert [change.key for change in group.diff("with rain", group.commit_at(3))] == [key]
        assert group.tags() == {"with rain": 1}
        with catalog.open(remote, tmp_path / "old.blt", remote_conn_group=True, version="with rain") as old:
            assert old.find("Rain") == key

        group.undo()
        assert group.find("Rain") == key
        group.revert(3)
        assert not list(group)
        group.untag("with rain")
        assert not group.tags()
        assert group.collect_garbage().dry_run
        assert group.forget([key]).versions == 1
        assert not list(group.history())[1:]
