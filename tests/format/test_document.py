"""The document of the remote format is enough to read a remote: the fixtures, and its own example, which is what it says."""

from __future__ import annotations

import ast
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from . import reader_from_document
from .reader_from_document import Reader, content_of, read_head, read_pack

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "design" / "0001-remote-format.md"
FIXTURES = ROOT / "tests" / "format" / "fixtures"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "format-101.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def objects() -> dict[str, bytes]:
    """The objects of the fixtures, by name."""
    with zipfile.ZipFile(FIXTURES / "format-101.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("key", EXPECTED)
def test_the_reader_of_the_document_reads_the_fixtures(key: str, objects: dict[str, bytes]) -> None:
    """Every key, timestamp and value, absent keys, and the history are what was written."""
    reader, expected = Reader(objects.__getitem__, key), EXPECTED[key]
    items: list[Any] = [[found, timestamp, value.hex()] for found, timestamp, value in reader.items()]

    assert items == expected["items"]
    assert reader.line["id"] == expected["id"]
    assert reader.commit["keys"] == len(items)
    assert reader.commit["value_bytes"] == sum(len(value) // 2 for _, _, value in items)
    for found, _, value in items[::97]:
        assert reader.find(found) == bytes.fromhex(value)
    for absent in ("", "station/00001", "station/99999", "zzz", "\0\0"):
        assert (reader.find(absent) is not None) == (absent in {found for found, _, _ in items})
    log = [summary["message"] for summary in reader.log()]
    assert [reader.commit["message"], *reversed(log)] == expected["messages"]


def test_the_large_fixture_has_all_that_there_is(objects: dict[str, bytes]) -> None:
    """A table that is attached and is its own object too, several runs, changes, a bundle, tags, metadata in a pack, a salt."""
    reader = Reader(objects.__getitem__, "data/large.blt")
    below = "data/large.blt.d/"

    assert len(reader.line["parts"]) == 2
    assert {"table" in run for run in reader.commit["runs"]} == {True, False}
    assert reader.commit["changes"] is not None
    assert reader.commit["bundles"]
    assert reader.metadata() == {"about": "x" * 2_000, "nested": [1, {"two": None}]}
    assert "pack" in reader.commit["metadata"]
    assert reader.tags()["published"][0] == 2
    assert reader.commit["salt"]
    assert {name.removeprefix(below).partition("/")[0] for name in objects if name.startswith(below)} == {
        "commits", "index", "log", "packs", "tables", "tags"
    }  # fmt: skip


def test_earlier_commits_stay_readable(objects: dict[str, bytes]) -> None:
    """The object of each commit describes the database as it was, and is a head itself."""
    reader = Reader(objects.__getitem__, "data/large.blt")
    for number, keys in ((1, 1_000), (2, 980)):
        name = f"{number:010d}-{reader.log()[number - 1]['id']}"
        earlier = Reader(objects.__getitem__, "data/large.blt", name)
        assert sum(1 for _ in earlier.items()) == keys
        assert earlier.commit["number"] == number
    assert Reader(objects.__getitem__, "data/large.blt", name).find("station/00001") is None


def test_packs_alone_hold_what_is_not_inline(objects: dict[str, bytes]) -> None:
    """Read from nothing but their own ends, the packs have every value that was ever in one."""
    found: set[str] = set()
    for name, body in objects.items():
        if "/packs/" in name and name.startswith("data/large.blt"):
            for key, (_, value) in read_pack(body, name.rpartition("/")[2]).items():
                found.add(key)
                assert key or json.loads(value)["about"]

    assert len([key for key in found if key.startswith("station/")]) == 1_001
    assert "" in found


def test_a_mirror_says_so(objects: dict[str, bytes]) -> None:
    """The head of a mirror names what it follows."""
    assert Reader(objects.__getitem__, "mirror.blt").line["mirror"] == "https://example.org/original.blt"


def blocks() -> dict[str, tuple[str, str]]:
    """The example: language and text of each block of the document's last section, by the name before it."""
    example = DOCUMENT.read_text(encoding="utf-8").partition("## 13. Example")[2]
    found = re.findall(r"^`(\S+?)`[^\n]*\n\n```(\w+)\n(.*?)\n```", example, re.DOTALL | re.MULTILINE)
    return {name: (language, text) for name, language, text in found}


def plain(value: Any) -> Any:
    """A decoded MessagePack as the document shows it: binaries in hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_the_example_is_what_the_document_says() -> None:
    """The reader of the document reads the bytes in the document, and what it shows of them is what they hold."""
    shown = blocks()
    objects = {name: bytes.fromhex(text) for name, (language, text) in shown.items() if language == "hex"}
    reader = Reader(objects.__getitem__, "rain.blt")
    line, commit, _ = read_head(objects["rain.blt"])
    (index,) = (name for name in objects if "/index/" in name)
    (pack,) = (name for name in objects if "/packs/" in name)
    ref = reader._refs(reader.commit["runs"][0])[0]
    body = objects[index]

    assert {key: value.decode() for key, _, value in reader.items()} == {
        "2024-01-01": "1.5 mm", "2024-01-03 ☔": "12 mm", "2024-01-04": "0 mm"
    }  # fmt: skip
    assert reader.find("2024-01-02") is None
    assert reader.metadata() == {"station": "Ada"}
    assert read_pack(objects[pack], pack.rpartition("/")[2])["2024-01-02"][1] == b""
    assert json.loads(shown["line"][1]) == line
    assert json.loads(shown["commit"][1]) == plain(commit)
    assert json.loads(shown["changes"][1]) == [plain(msgspec.msgpack.decode(content)) for content in commit["changes"][:2]]
    assert json.loads(shown["refs"][1]) == plain(msgspec.msgpack.decode(commit["runs"][0]["refs"]))
    frames = [body[ref["keys_at"] :][: ref["keys_size"]], body[ref["entries_at"] :][: ref["entries_size"]]]
    assert json.loads(shown["segment"][1]) == [plain(msgspec.msgpack.decode(content_of(frame))) for frame in frames]


def test_the_reader_knows_nothing_of_this_project() -> None:
    """The reader imports only the standard library, a MessagePack and a Zstandard library."""
    source = Path(reader_from_document.__file__).read_text(encoding="utf-8")
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert not any(name.startswith(("catalog", "tui", "tests", ".")) for name in imported)
