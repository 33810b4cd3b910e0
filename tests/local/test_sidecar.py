"""The sidecar: read where it cannot be written, and believed no further than a stranger's file is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import booklet
import pytest
from processes.children import in_child

import catalog
from catalog import Database, IntegrityError, LocalFileError, S3Connection
from catalog.local import sidecar
from catalog.local.compact import content_beside
from catalog.local.sidecar import Sidecar

_NOBODY = 65_534

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def opened(place: S3Connection, file: Path, flag: Any = "r", **more: Any) -> Database:
    database: Database = catalog.open(place, file, flag, value_serializer="orjson", lock="commit", **more)
    return database


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that anyone may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def place(disk: Path) -> S3Connection:
    """A remote in that folder."""
    return S3Connection(db_key="rain", endpoint_url=(disk / "remote").as_uri())


def _content(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")}


def read_only(folder: Path, act: Callable[[], Any]) -> Any:
    """What ``act`` returns in a process that may not write to a folder; nothing in it is another after."""
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    before = _content(folder)

    def as_nobody() -> Any:
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        return act()

    told = in_child(as_nobody)
    assert _content(folder) == before
    return told


def reading(place: S3Connection, file: Path, **more: Any) -> Callable[[], Any]:
    """Reads everything of a working copy, and says what it has read."""

    def read() -> Any:
        with opened(place, file, **more) as database:
            return [dict(database.items()), len(database), database.changes().summary().outgoing, database.get_metadata()]

    return read


@pytest.mark.parametrize("more", [{}, {"offline": True}, {"pull": False}], ids=["online", "offline", "not pulled"])
def test_a_working_copy_that_cannot_be_written_is_read(place: S3Connection, disk: Path, more: Any) -> None:
    """What is pushed, fetched, edited and deleted here shows as everywhere, and no file is touched."""
    with opened(place, disk / "first.blt", "c") as first:
        first.update({"a": 1, "b": 2, "c": 3})
        first.set_metadata({"of": "rain"})
        first.changes().push()
    with opened(place, disk / "mine.blt", "w") as mine:
        mine.load_items(["a", "b", "c"])
        mine["a"] = 10
        del mine["b"]
    expected = [{"a": 10, "c": 3}, 2, 2, {"of": "rain"}]
    assert reading(place, disk / "mine.blt", **more)() == expected
    assert read_only(disk, reading(place, disk / "mine.blt", **more)) == expected


def test_what_is_fetched_is_read_though_it_cannot_be_kept(place: S3Connection, disk: Path) -> None:
    """A copy that holds no value, and that others have gone past, is read from the remote."""
    with opened(place, disk / "first.blt", "c") as first:
        first.update({f"k{number}": number for number in range(50)})
        first.changes().push()
        opened(place, disk / "mine.blt").close()
        first["k0"] = "newer"
        first.changes().push()
    read = reading(place, disk / "mine.blt")
    told = read_only(disk, lambda: [read(), read()])
    assert told[0] == told[1] == [{"k0": "newer", **{f"k{number}": number for number in range(1, 50)}}, 50, 0, None]


_KILLED = """
import os, sys, catalog
place = catalog.S3Connection(db_key="rain", endpoint_url=sys.argv[1])
db = catalog.open(place, sys.argv[2], "c", value_serializer="orjson", lock="commit")
db.update({"a": 1, "b": 2})
db.changes().push()
db["a"] = 10
db.sync()
del db["b"]
db._writer().flush()
os._exit(9)
"""


@pytest.mark.parametrize("index", [True, False], ids=["with the index of the log", "without"])
def test_what_a_killed_writer_left_is_read(place: S3Connection, disk: Path, index: bool) -> None:
    """Rows that are in the log only, and a booklet that was not put in order any more."""
    command = [sys.executable, "-c", _KILLED, str(place.endpoint_url), str(disk / "mine.blt")]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    assert (disk / "mine.blt.sync-wal").stat().st_size
    if not index:
        (disk / "mine.blt.sync-shm").unlink()
    reading(place, disk / "other.blt")()
    assert read_only(disk, reading(place, disk / "mine.blt")) == [{"a": 10}, 1, 2, None]
    assert read_only(disk, reading(place, disk / "mine.blt", offline=True)) == [{"a": 10}, 1, 2, None]


def test_a_booklet_alone_is_read(place: S3Connection, disk: Path) -> None:
    """On a disk that holds a plain booklet and nothing of ours."""
    with booklet.open(disk / "mine.blt", "n", key_serializer="str", value_serializer="orjson") as plain:
        plain.update({"a": 1, "b": 2})
    reading(place, disk / "other.blt", flag="c")()
    assert read_only(disk, reading(place, disk / "mine.blt", offline=True)) == [{"a": 1, "b": 2}, 2, 2, None]


def test_a_copy_that_was_being_rewritten_is_not_read_by_halves(place: S3Connection, disk: Path) -> None:
    """Without a way to finish that, one is told where it can be."""
    with opened(place, disk / "mine.blt", "c") as mine:
        mine["a"] = 1
        mine.changes().push()
        mine._session.state.compacting = True
    told = read_only(disk, reading(place, disk / "mine.blt"))
    assert told.startswith("LocalFileError")
    assert "Open it once where it can be written" in told


def test_writing_where_nothing_can_be_written_is_told(place: S3Connection, disk: Path) -> None:
    """Opening for writing, and for the first time, are errors that name the file."""
    with opened(place, disk / "mine.blt", "c") as mine:
        mine["a"] = 1
        mine.changes().push()
    told = read_only(disk, lambda: [_error(place, disk / name, flag) for name, flag in (("mine.blt", "w"), ("new.blt", "r"))])
    assert [kind for kind, _ in told] == ["LocalFileError"] * 2
    assert all(".blt" in words for _, words in told)


def _error(place: S3Connection, file: Path, flag: str) -> list[str]:
    try:
        opened(place, file, flag).close()
    except LocalFileError as error:
        return [type(error).__name__, str(error)]
    return ["opened", ""]


HOSTILE = {
    "a view without an end": "ALTER TABLE local RENAME TO mine; CREATE VIEW local AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL "
    "SELECT n + 1 FROM c) SELECT 'k' || n AS key, 0 AS status, 1 AS timestamp, 300 AS offset, 1 AS length, x'00' AS checksum, "
    "0 AS edit, NULL AS base, 0 AS by_content FROM c",
    "a trigger": "CREATE TRIGGER t AFTER UPDATE ON state BEGIN DELETE FROM local; END",
    "a virtual table": "DROP TABLE fetched; CREATE VIRTUAL TABLE fetched USING fts5(pack, offset, value, used)",
    "a generated column": "ALTER TABLE fetched ADD COLUMN more TEXT AS (printf('%99999999d', used))",
    "a table of another": "CREATE TABLE other (x)",
    "text where a number is": "UPDATE local SET length = 'long' WHERE key = 'k1'",
    "a negative length": "UPDATE local SET length = -5 WHERE key = 'k1'",
    "a number where a checksum is": "UPDATE local SET checksum = 5 WHERE key = 'k1'",
    "a key that is none": "UPDATE local SET key = x'ff00' WHERE key = 'k1'",
    "a base that is none": "UPDATE local SET status = 1, base = 'nonsense' WHERE key = 'k1'",
    "a head that is none": "UPDATE state SET value = 5 WHERE name = 'base'",
    "a fingerprint that is none": "INSERT OR REPLACE INTO state VALUES ('fingerprint', 5)",
    "a huge fact": "INSERT OR REPLACE INTO state VALUES ('writer', zeroblob(2000000))",
    "attempts that are none": "INSERT OR REPLACE INTO state VALUES ('attempts', x'00ff')",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strangers_sidecar_is_an_error_and_no_more(
    folder_connection: S3Connection, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is none of ours, or of another type, is an IntegrityError that says what to do, at once; no value changes."""
    monkeypatch.setattr(sidecar, "_MOST_VALUE_BYTES", 1 << 20)
    file = tmp_path / "mine.blt"
    with opened(folder_connection, file, "c") as mine:
        mine.update({f"k{number}": number for number in range(3)})
        mine.changes().push()
    _spoil(file, HOSTILE[name])
    before = file.read_bytes()
    # A reader has no attempts to look at.
    for flag in ("w",) if "'attempts'" in HOSTILE[name] else ("r", "w"):
        with pytest.raises(IntegrityError, match=r"mine\.blt\.sync") as caught:
            _use(folder_connection, file, flag)
        assert "Move the .sync file away" in caught.value.hint
        assert file.read_bytes() == before

    for end in ("", "-wal", "-shm"):
        (tmp_path / f"mine.blt.sync{end}").unlink(missing_ok=True)
    with opened(folder_connection, file, "w") as mine:
        assert dict(mine.items()) == {f"k{number}": number for number in range(3)}


def _use(place: S3Connection, file: Path, flag: str) -> None:
    with opened(place, file, flag) as mine:
        dict(mine.items())
        mine.changes().all()
        if mine.writable:
            mine.changes().pull()


def _spoil(file: Path, script: str) -> None:
    connection = sqlite3.connect(f"{file}.sync")
    connection.executescript(script)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("flag", ["r", "w"])
def test_a_strangers_mark_of_a_compaction_touches_no_sibling(folder_connection: S3Connection, tmp_path: Path, flag: str) -> None:
    """Whatever name it gives: only what lies where our own compaction puts it is ever moved."""
    file = tmp_path / "mine.blt"
    with opened(folder_connection, file, "c") as mine:
        mine["a"] = 1
        mine.changes().push()
    siblings = {"thesis.docx": b"mine" * 99, "other.blt": file.read_bytes()}
    for name, body in siblings.items():
        (tmp_path / name).write_bytes(body)
    for value in ("'thesis.docx'", "'other.blt'", "'../victim'", f"'{tmp_path / 'thesis.docx'}'", "1", "NULL", "x'00'"):
        _spoil(file, f"INSERT OR REPLACE INTO state VALUES ('compacting', {value})")
        with opened(folder_connection, file, flag) as mine:
            assert mine["a"] == 1
        assert {name: (tmp_path / name).read_bytes() for name in siblings} == siblings


def test_what_lies_where_a_compaction_puts_it_must_be_of_this_booklet(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Another booklet, or something else, under that name does not take the place of this one."""
    file = tmp_path / "mine.blt"
    with opened(folder_connection, file, "c") as mine:
        mine["a"] = 1
        mine.changes().push()
    with booklet.open(tmp_path / "other.blt", "n", key_serializer="str", value_serializer="orjson") as other:
        other["b"] = 2
    for body in ((tmp_path / "other.blt").read_bytes(), b"nonsense", b""):
        content_beside(file).write_bytes(body)
        _spoil(file, "INSERT OR REPLACE INTO state VALUES ('compacting', 1)")
        with opened(folder_connection, file, "r") as mine:
            assert dict(mine.items()) == {"a": 1}


def test_a_name_with_signs_of_an_address_is_a_name(tmp_path: Path) -> None:
    """Question marks, hashes and percent signs in a path are part of it."""
    path = tmp_path / "a?mode=memory#b%41.sync"
    Sidecar(path).close()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
