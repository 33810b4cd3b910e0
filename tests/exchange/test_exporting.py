"""Writing a database into files, from which it can be made again."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import catalog
from catalog import (
    CancelledError,
    InputOptions,
    InvalidInputError,
    LocalFileError,
    OutputOptions,
    Progress,
    export_file,
    import_file,
)

from .conftest import Make

_TABLE: dict[str, dict[str, Any]] = {
    "a/1": {"mm": 0.5, "n": 3, "sky": 'rain, "heavy"\nnight', "ok": True},
    "a/2": {"mm": 2, "n": None, "late": "x"},
    "ü": {"mm": -1.25},
}


def test_csv(folder: Path, make: Make) -> None:
    """The fields become columns, and come back as they were; a field that is not there is an empty cell."""
    done = export_file(make(**_TABLE), folder / "out.csv")

    assert (folder / "out.csv").read_text().splitlines()[0] == "key,mm,n,sky,ok,late"
    assert (done.format, done.keys, done.file_bytes) == ("csv", 3, (folder / "out.csv").stat().st_size)
    again = make(name="again")
    import_file(again, folder / "out.csv")
    assert {key: {name: value for name, value in fields.items() if value is not None} for key, fields in again.items()} == {
        key: {name: value for name, value in fields.items() if value is not None} for key, fields in _TABLE.items()
    }


def test_csv_of_other_values(folder: Path, make: Make) -> None:
    """Values without fields are one column; what is no text and no number is JSON."""
    export_file(make(a=1, b=[1, {"c": 2}], d={"value": None, "deep": {"x": 1}}), folder / "out.tsv")

    lines = (folder / "out.tsv").read_text().splitlines()
    assert lines == ["key\tvalue\tdeep", "a\t1\t", 'b\t"[1,{""c"":2}]"\t', 'd\t\t"{""x"":1}"']


def test_json_lines(folder: Path, make: Make) -> None:
    """Any JSON comes back exactly; the key may have another name."""
    content: dict[str, Any] = {**_TABLE, "list": [1, None, "x"], "text": "y", "none": None, "key": {"key": "k"}}
    export_file(make(**content), folder / "out.jsonl", OutputOptions(key="id"))

    assert json.loads((folder / "out.jsonl").read_text().splitlines()[0]) == {"id": "a/1", "value": _TABLE["a/1"]}
    again = make(name="again")
    import_file(again, folder / "out.jsonl", InputOptions(key=("id",)))
    assert dict(again) == content


def test_parquet(folder: Path, make: Make) -> None:
    """Columns have the type that fits all of their values: whole numbers, numbers, text, or JSON text where they differ."""
    database = make(a={"n": 1, "x": 1, "m": 1, "z": None}, b={"n": 2, "x": 2.5, "m": "two"}, c={"t": True})
    export_file(database, folder / "out.parquet")

    table = parquet.read_table(folder / "out.parquet")
    assert [(field.name, field.type) for field in table.schema] == [
        ("key", pa.string()),
        ("n", pa.int64()),
        ("x", pa.float64()),
        ("m", pa.string()),
        ("z", pa.string()),
        ("t", pa.bool_()),
    ]
    assert table.to_pylist()[1] == {"key": "b", "n": 2, "x": 2.5, "m": '"two"', "z": None, "t": None}


@pytest.mark.parametrize("serializer", [None, "str", "orjson", "pickle"])
def test_folder(folder: Path, make: Make, serializer: str | None) -> None:
    """A folder keeps values as they are stored, so that any database can be made from it again."""
    content: dict[str, Any] = {"a/b": b"\x00\xff" if serializer is None else "text", "c": b"" if serializer is None else "ä"}
    database = make(serializer, **content)
    done = export_file(database, folder / "out")

    assert sorted(file.name for file in (folder / "out").rglob("*") if file.is_file()) == ["b", "c"]
    assert (folder / "out" / "a" / "b").read_bytes() == database.get_bytes("a/b")
    again = make(serializer, "again")
    import_file(again, folder / "out")
    assert (dict(again), done.keys) == (content, 2)


def test_some_keys(folder: Path, make: Make) -> None:
    """Only the keys with a prefix are written, and none whose deletion is not pushed yet."""
    database = make(**_TABLE)
    database.changes().push()
    del database["a/2"]

    assert export_file(database, folder / "out.jsonl", OutputOptions(prefix="a/")).keys == 1


def test_values_that_are_not_here(folder: Path, make: Make, tmp_path: Path) -> None:
    """Values that are only in the remote are fetched."""
    database = make(**_TABLE)
    database.changes().push()
    with catalog.open(database.connection, tmp_path / "other.blt") as other:
        assert export_file(other, folder / "out.csv").keys == 3


@pytest.mark.parametrize("key", ["../x", "/x", "x//y", "x/", ".", "a/../../b", "x\x00", "x\ny", "\u202ex", "x\\y", "n" * 300])
def test_keys_that_are_no_paths(folder: Path, make: Make, key: str) -> None:
    """A key that could lead out of the folder, or that no file can have, is refused, and nothing is left."""
    with pytest.raises(InvalidInputError, match="can be no path"):
        export_file(make(None, **{"a": b"1", key: b"2"}), folder / "out")

    assert list(folder.iterdir()) == []


def test_keys_that_are_in_each_others_way(folder: Path, make: Make) -> None:
    """A key below another cannot be a file below a file."""
    with pytest.raises(InvalidInputError, match="JSON lines"):
        export_file(make(None, **{"a": b"1", "a/b": b"2"}), folder / "out")

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("serializer", "value", "name", "words"),
    [
        (None, b"x", "out.jsonl", "The value of 'k' holds what is no JSON"),
        (None, b"x", "out.csv", "The value of 'k' holds what is no JSON"),
        ("pickle", {"a": b"x"}, "out.csv", "holds what is no JSON: .*a bytes is nothing"),
        ("pickle", {"a": [timedelta(1)]}, "out.jsonl", r"holds what is no JSON: \$\.a\[0\]: a timedelta is nothing"),
        ("orjson", {"key": 1}, "out.csv", "has a field 'key'.* --key"),
        ("orjson", {str(number): 1 for number in range(5000)}, "out.csv", "too many for a table"),
    ],
)
def test_values_that_make_no_table(folder: Path, make: Make, serializer: Any, value: Any, name: str, words: str) -> None:
    """What cannot be written is told with its key and a way out, and nothing is left."""
    with pytest.raises(InvalidInputError, match=words):
        export_file(make(serializer, k=value), folder / name)

    assert list(folder.iterdir()) == []


def test_arrays(folder: Path, make: Make) -> None:
    """Arrays are lists in JSON."""
    export_file(make("pickle", k={"a": np.arange(3)}, l=np.array([1.5])), folder / "out.jsonl")

    assert [json.loads(line)["value"] for line in (folder / "out.jsonl").read_text().splitlines()] == [{"a": [0, 1, 2]}, [1.5]]


def test_nothing_is_overwritten(folder: Path, make: Make) -> None:
    """A file that is there stays unless it may be replaced; a folder that is not empty stays in any case."""
    database = make(a={"n": 1})
    (folder / "out.csv").write_text("mine")
    with pytest.raises(InvalidInputError, match="there already"):
        export_file(database, folder / "out.csv")
    assert (folder / "out.csv").read_text() == "mine"
    export_file(database, folder / "out.csv", OutputOptions(overwrite=True))
    assert (folder / "out.csv").read_text() == "key,n\na,1\n"

    with pytest.raises(InvalidInputError, match="not empty"):
        export_file(database, folder, OutputOptions("folder", overwrite=True))
    (folder / "empty").mkdir()
    assert export_file(database, folder / "empty").keys == 1
    with pytest.raises(LocalFileError, match="no folder"):
        export_file(database, folder / "none" / "out.csv")


def test_cancelled(folder: Path, make: Make) -> None:
    """A cancelled export leaves nothing behind."""
    progress = Progress(lambda report: progress.cancel() if report.done_items else None)
    with pytest.raises(CancelledError):
        export_file(make(**{f"k{number}": {"n": 1} for number in range(3000)}), folder / "out.csv", progress=progress)

    assert list(folder.iterdir()) == []


def test_carriage_returns_come_back(folder: Path, make: Make) -> None:
    """A text with a carriage return stands in quotes, so that it does not end its line."""
    content = {"a": {"text": "one\rtwo"}, "b": {"text": "three"}}
    export_file(make(**content), folder / "out.csv")
    again = make(name="again")

    import_file(again, folder / "out.csv")

    assert dict(again) == content


def test_a_link_stays(folder: Path, make: Make) -> None:
    """With overwrite, what a link leads to is replaced, with the permissions that it has; the link stays a link."""
    (folder / "real.csv").write_text("old")
    (folder / "real.csv").chmod(0o640)
    (folder / "link.csv").symlink_to("real.csv")
    export_file(make(a={"n": 1}), folder / "link.csv", OutputOptions(overwrite=True))

    assert (folder / "link.csv").is_symlink()
    assert (folder / "real.csv").read_text() == "key,n\na,1\n"
    assert (folder / "real.csv").stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in folder.iterdir()) == ["link.csv", "real.csv"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_streams(folder: Path, make: Make, kind: str) -> None:
    """A stream that is open for bytes gets the file, and stays open; a folder of files is no stream."""
    database, stream = make(a={"n": 1}, b={"n": 2}), io.BytesIO()
    done = export_file(database, stream, OutputOptions(kind))
    export_file(database, folder / f"x.{kind}")

    assert not stream.closed
    assert done.file_bytes == len(stream.getvalue())
    assert stream.getvalue() == (folder / f"x.{kind}").read_bytes()
    with pytest.raises(InvalidInputError, match="no stream"):
        export_file(database, stream, OutputOptions("folder"))


def test_a_conflict_with_a_deletion(folder: Path, make: Make, tmp_path: Path) -> None:
    """A key that was deleted here and changed by someone else is in no export until the conflict is settled."""
    database = make(**_TABLE)
    database.changes().push()
    with catalog.open(database.connection, tmp_path / "theirs.blt", "w", lock="commit") as theirs:
        theirs["a/1"] = {"mm": 9}
        theirs.changes().push()
    del database["a/1"]
    database.changes().pull()
    assert database.changes().conflicts()

    assert export_file(database, folder / "out.jsonl").keys == 2
    assert export_file(database, folder / "out").keys == 2


def test_a_link_to_nothing_is_not_replaced(folder: Path, make: Make) -> None:
    """A link is something that is there, also where it leads nowhere."""
    (folder / "out.csv").symlink_to(folder / "nowhere")

    with pytest.raises(InvalidInputError, match="there already"):
        export_file(make(a=1), folder / "out.csv")

    assert (folder / "out.csv").is_symlink()
