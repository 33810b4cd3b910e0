"""The document of the remote format is enough to read a remote, and its example is what it says."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

import catalog
from catalog import S3Connection
from catalog.store.directory.store import DirectoryStore

from . import reader_from_document
from .reader_from_document import Reader, read_pack

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "design" / "0001-remote-format.md"
KEY = "data/rain.blt"


class Remote:
    """A database in a folder, and its objects by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = DirectoryStore(folder / "remote")
        self.connection = S3Connection(db_key=KEY, endpoint_url=(folder / "remote").as_uri())

    def get(self, name: str) -> bytes:
        """An object."""
        return self.store.get(name).body

    def open(self, flag: Any = "c", name: str = "mine.blt") -> Any:
        """The database, with values that are bytes."""
        return catalog.open(self.connection, self.folder / name, flag)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """A remote with four commits and several runs, one of them with deletions; the last commit is not merged."""
    made = Remote(tmp_path)
    with made.open() as db:
        for number in range(2_000):
            db.set(f"key {number:05d}", b"v" * (number % 50), timestamp=1_000 + number)
        db["ü\0日本"] = b"\0\xff"
        db.set_metadata({"station": "Ada"})
        db.changes().push(message="first")
        for number in range(100):
            db[f"key {number * 3:05d}"] = b"changed %d" % number
        db.changes().push(message="second")
        del db["key 00003"], db["key 00004"]
        db["new"] = b"new"
        db.changes().push(message="third")
    return made


def test_the_reader_of_the_document_reads_what_was_written(remote: Remote) -> None:
    """Every key, timestamp and value, absent keys, metadata and history are the same for both."""
    reader = Reader(remote.get, KEY)
    with remote.open("r", "other.blt") as db:
        expected = [(key, timestamp, value) for key, timestamp, value in db.timestamps(include_value=True)]

    assert len(reader.head["runs"]) > 1
    assert list(reader.items()) == expected
    assert reader.head["keys"] == len(expected)
    assert reader.head["value_bytes"] == sum(len(value) for _, _, value in expected)
    assert reader.head["metadata"]["value"] == {"station": "Ada"}
    for key, _, value in expected[::97]:
        assert reader.find(key) == value
    for key in ("", "key 00003", "key 00004", "key 99999", "zzz", "\0"):
        assert reader.find(key) is None
    assert [head["message"] for head in reader.history()] == ["third", "second", "first"]


def test_earlier_commits_stay_readable(remote: Remote) -> None:
    """The copy of an earlier head describes the database as it was."""
    first = list(Reader(remote.get, KEY).history())[-1]
    names = [found.name for found in remote.store.list(f"{KEY}/commits/0000000001-")]
    reader = Reader(remote.get, KEY, names[0].rpartition("/")[2])

    assert len(names) == 1
    assert reader.head == first
    assert sum(1 for _ in reader.items()) == 2_001
    assert reader.find("key 00003") == b"vvv"


def test_packs_alone_hold_every_value(remote: Remote) -> None:
    """Read from nothing but their own ends, the packs have each value that was ever pushed."""
    found: dict[str, set[bytes]] = {}
    for pack in remote.store.list(f"{KEY}/packs/"):
        for key, (_, value) in read_pack(remote.get(pack.name), pack.name.rpartition("/")[2]).items():
            found.setdefault(key, set()).add(value)

    assert len(found) == 2_002
    assert found["key 00003"] == {b"vvv", b"changed 1"}


def blocks() -> list[tuple[str, str]]:
    """The example: language and text of each block of the document's last section."""
    example = DOCUMENT.read_text(encoding="utf-8").partition("## 8. Example")[2]
    return re.findall(r"```(\w+)\n(.*?)\n```", example, re.DOTALL)


def example() -> dict[str, bytes]:
    """The objects of the example."""
    (_, head), (_, segment), _, (_, pack) = blocks()
    body = head.encode() + b"\n"
    return {
        "rain.blt": body,
        "rain.blt/commits/0000000002-ec0c77e38fb71d73547e940b44e4391c": body,
        "rain.blt/index/6372568661824ea9febdc8e55b18607c": bytes.fromhex(segment),
        "rain.blt/packs/0608c48856958a30184bf7b82c2a02eb": bytes.fromhex(pack),
    }


def test_the_example_is_what_the_document_says() -> None:
    """The reader of the document reads the bytes in the document, and the columns are those that it shows."""
    objects = example()
    reader = Reader(objects.__getitem__, "rain.blt")

    assert {key: value.decode() for key, _, value in reader.items()} == {"2024-01-01": "1.5 mm", "2024-01-03 ☔": "12 mm"}
    assert reader.find("2024-01-02") is None
    assert read_pack(objects[sorted(objects)[-1]], "0608c48856958a30184bf7b82c2a02eb")["2024-01-02"] == (
        1_704_153_600_000_000,
        b"",
    )
    content = msgspec.msgpack.decode(zstandard.decompress(objects["rain.blt/index/6372568661824ea9febdc8e55b18607c"]))
    shown = json.loads(blocks()[2][1])
    assert [content[1][0].hex(), content[7].hex()] == [shown[1][0], shown[7]]
    assert [content[0], *content[2:7]] == [shown[0], *shown[2:7]]


def test_the_library_reads_the_example(tmp_path: Path) -> None:
    """A database of the document's bytes opens with the library: remotes written earlier stay readable."""
    store = DirectoryStore(tmp_path / "remote")
    for name, body in example().items():
        store.put(name, body)
    connection = S3Connection(db_key="rain.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(connection, tmp_path / "mine.blt", "r") as db:
        assert dict(db.items()) == {"2024-01-01": "1.5 mm", "2024-01-03 ☔": "12 mm"}
        assert db.get_metadata() == {"station": "Ada"}
        assert db.commit is not None
        assert db.commit.message == "Not measured"


def test_the_reader_knows_nothing_of_this_project() -> None:
    """The reader imports only the standard library, a MessagePack and a Zstandard library."""
    source = Path(reader_from_document.__file__).read_text(encoding="utf-8")
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert not any(name.startswith(("catalog", "tui", "tests", ".")) for name in imported)
