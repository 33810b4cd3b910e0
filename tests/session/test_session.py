"""One opening: the states of its keys, and that it stays on its commit whatever others do to the working copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import ConflictError, Database, KeyState, S3Connection
from catalog.database.options import Flag

OLD = {f"k{number:02d}": f"old {number}".encode() for number in range(30)}
NEW = {key: value.replace(b"old", b"new") for key, value in OLD.items()}


def opened(connection: S3Connection, file: Path, flag: Flag = "w", **more: Any) -> Database:
    database: Database = catalog.open(connection, file, flag, lock="commit", **more)
    return database


@pytest.fixture
def mine(remote: S3Connection, tmp_path: Path) -> Path:
    """A working copy of 30 keys, all local."""
    with opened(remote, tmp_path / "mine.blt", "c") as database:
        database.update(OLD)
        database.changes().push()
    return tmp_path / "mine.blt"


def colleague_pushes(connection: S3Connection, folder: Path, content: dict[str, bytes]) -> None:
    with opened(connection, folder / "theirs.blt") as database:
        database.update(content)
        database.changes().push()


def states(database: Database) -> dict[str, str]:
    return {info.key: str(info.state) for info in database.page()}


def test_states_of_keys(remote: S3Connection, tmp_path: Path) -> None:
    """A key is local, remote, added, modified, deleted or in conflict, and pages say so."""
    with opened(remote, tmp_path / "mine.blt", "c") as database:
        database.update({"a": b"1", "b": b"1", "c": b"1", "d": b"1", "e": b"1"})
        database.changes().push()
    with opened(remote, tmp_path / "other.blt") as database:
        database.load_items(["a", "c"])
        database["c"] = b"2"
        del database["d"]
        database["e"] = b"2"
        database["f"] = b"2"
        expected = {"a": "local", "b": "remote", "c": "modified", "d": "deleted", "e": "modified", "f": "added"}
        assert states(database) == expected
        colleague_pushes(remote, tmp_path, {"e": b"3"})
        database.changes().pull()
        assert states(database) == {**expected, "e": "conflict"}
        with pytest.raises(ConflictError):
            database.changes().push()
        database.changes().resolve("e", "mine")
        database.changes().push()
        assert states(database) == {"a": "local", "b": "remote", "c": "local", "e": "local", "f": "local"}
        assert [info.size for info in database.page()] == [1] * 5


def test_pages_and_prefixes(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Pages by prefix hold the keys with it and no other, at the ends of the alphabet too."""
    keys = ["a", "a/", "a/1", "a0", "b", "ä", "\U0010ffff", "\U0010ffff/x", "z" * 300]
    with opened(folder_connection, tmp_path / "mine.blt", "c") as database:
        database.update(dict.fromkeys(keys, b"v"))
        for pushed in (False, True):
            if pushed:
                database.changes().push()
            for prefix in ("", "a", "a/", "b", "c", "ä", "\U0010ffff", "z" * 299):
                page = [info.key for info in database.page(prefix=prefix)]
                assert page == sorted(key for key in keys if key.startswith(prefix)), prefix
            assert [info.key for info in database.page(after="a", prefix="a/")] == ["a/", "a/1"]
            assert database.page(after="zz", prefix="a") == []
            assert database.page(limit=0) == []


def test_reader_stays_on_its_commit(remote: S3Connection, mine: Path, tmp_path: Path) -> None:
    """A reader that goes through a working copy while a writer moves it on sees its own commit to the end, never a mixture."""
    colleague_pushes(remote, tmp_path, NEW)
    with opened(remote, mine, "r", pull=False) as reader:
        items, timestamps = iter(reader.items()), reader.timestamps(include_value=True)
        first = next(items)
        next(timestamps)
        with opened(remote, mine, "w") as writer:
            assert writer.load_items() == {}
            assert dict(writer.items()) == NEW
            assert dict([first, *items]) == OLD
            assert [value for _, _, value in timestamps] == list(OLD.values())[1:]
            assert dict(reader.items()) == OLD
            assert {key: reader[key] for key in reader} == OLD
    with opened(remote, mine, "r") as reader:
        assert dict(reader.items()) == NEW


def test_reader_beside_a_writer_sees_the_newest(remote: S3Connection, mine: Path, tmp_path: Path) -> None:
    """A reader that opens while a writer holds the working copy at an older commit reads the newest one."""
    with opened(remote, mine, "w"):
        colleague_pushes(remote, tmp_path, NEW)
        with opened(remote, mine, "r") as reader:
            assert dict(reader.items()) == NEW
            assert reader.load_items() == {}
            assert dict(reader.items()) == NEW
    with opened(remote, mine, "w") as writer:
        assert dict(writer.items()) == NEW
        assert writer.changes().all() == []


def test_reader_sees_the_writers_edits(remote: S3Connection, mine: Path) -> None:
    """Edits of the writer of a working copy are seen by its readers once they are synced."""
    with opened(remote, mine, "w") as writer, opened(remote, mine, "r") as reader:
        writer["k01"] = b"edited"
        del writer["k02"]
        writer["new"] = b"new"
        writer.sync()
        assert dict(reader.items()) == {
            **{key: value for key, value in OLD.items() if key != "k02"},
            "k01": b"edited",
            "new": b"new",
        }
        assert len(reader) == 30


def test_length_follows_every_change(remote: S3Connection, tmp_path: Path) -> None:
    """The length and the bytes of all values are right after each kind of change, pushed or not, seen by anyone."""
    with opened(remote, tmp_path / "mine.blt", "c") as database:
        model: dict[str, bytes] = {}

        def check() -> None:
            assert len(database) == len(model) == len(list(database))
            assert database.value_bytes == sum(map(len, model.values()))

        for number in range(60):
            key = f"k{number * 7 % 20}"
            if number % 5 == 4 and key in model:
                del database[key], model[key]
            else:
                database[key] = model[key] = bytes(number)
            check()
            if number % 13 == 5:
                database.changes().push()
                check()
            if number == 40:
                database.changes().push()
                database.clear()
                model.clear()
                check()
        database.changes().push()
        check()
    with opened(remote, tmp_path / "other.blt", "r") as other:
        assert (len(other), other.value_bytes) == (len(model), sum(map(len, model.values())))
        assert dict(other.items()) == model


def test_key_states_are_words() -> None:
    """States print as plain words."""
    assert [str(state) for state in KeyState] == ["local", "remote", "added", "modified", "deleted", "conflict"]
