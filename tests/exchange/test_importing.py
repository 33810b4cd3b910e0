"""Bringing files into a database: what comes in, and what is refused before anything is set."""

from __future__ import annotations

import io
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from catalog import (
    CancelledError,
    CatalogError,
    InputOptions,
    InvalidInputError,
    LocalFileError,
    Progress,
    Report,
    UnsupportedFormatError,
    import_file,
    plan_import,
)
from catalog.exchange import importing, text_lines
from catalog.exchange.arrow_values import column_values

from .conftest import Make

_CSV = "key,mm,sky,wet,code\nseattle/1,0.5,rain,true,007\nseattle/2,12,,false,1e400\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv(folder: Path, make: Make) -> None:
    """Each row is a key; what is written as JSON writes numbers, true and false becomes that, an empty cell nothing."""
    database = make()
    done = import_file(database, written(folder, "rain.csv", _CSV))

    assert dict(database) == {
        "seattle/1": {"mm": 0.5, "sky": "rain", "wet": True, "code": "007"},
        "seattle/2": {"mm": 12, "sky": None, "wet": False, "code": "1e400"},
    }
    assert (done.format, done.keys, done.replaced, done.first) == ("csv", 2, 0, ("seattle/1", "seattle/2"))
    assert database.changes().summary().outgoing == 2


@pytest.mark.parametrize(
    ("name", "content", "options", "value"),
    [
        ("a.csv", "id;n\nk;1\n", InputOptions(key=("id",), delimiter=";"), {"n": 1}),
        ("a.tsv", "key\tn\nk\t1\n", InputOptions(), {"n": 1}),
        ("a.txt", "key,n\r\nk,1\r\n\r\n", InputOptions("csv"), {"n": 1}),
        ("a.csv", "\ufeffkey,n\nk,1", InputOptions(), {"n": 1}),
        ("a.csv", "key,n\nk,1", InputOptions(as_text=True), {"n": "1"}),
        ("a.csv", "key,n\nk,é\n".encode("latin-1"), InputOptions(encoding="latin-1"), {"n": "é"}),
        ("a.csv", "key,n\nk,é\n".encode("utf-16"), InputOptions(encoding="utf-16"), {"n": "é"}),
        ("a.csv", 'key,n\nk,"a\nb, ""c"""\n', InputOptions(), {"n": 'a\nb, "c"'}),
        ("a.csv", "key\nk\n", InputOptions(), {}),
        ("a.csv", f"key,n\nk,{2**63}\n", InputOptions(), {"n": str(2**63)}),
        ("a.jsonl", '{"key": "k", "n": [1, null]}\n\n', InputOptions(), {"n": [1, None]}),
        ("a.ndjson", '{"value": [1, 2], "key": "k"}', InputOptions(), [1, 2]),
        ("a.jsonl", '{"id": "k", "n": 1}', InputOptions(key=("id",)), {"n": 1}),
    ],
)
def test_forms(folder: Path, make: Make, name: str, content: str | bytes, options: InputOptions, value: Any) -> None:
    """Other separators, endings, encodings, marks, quotes and shapes are read as they are meant."""
    database = make()
    import_file(database, written(folder, name, content), options)

    assert dict(database) == {"k": value}


def test_a_key_of_several_columns(folder: Path, make: Make) -> None:
    """Columns make a key together, in the order that was asked for, with slashes between; numbers are written out."""
    database = make()
    path = written(folder, "a.jsonl", '{"day": 7, "station": "sea", "mm": 1}\n')
    import_file(database, path, InputOptions(key=("station", "day")))

    assert dict(database) == {"sea/7": {"mm": 1}}


def test_parquet(folder: Path, make: Make) -> None:
    """A table comes in with its types; what JSON does not know becomes text or seconds."""
    table = pa.table({"id": [1, 2], "n": [1.5, None], "at": [["x"], []], "cost": [Decimal("1.10"), None]})
    parquet.write_table(table, folder / "a.parquet")
    database = make()
    import_file(database, folder / "a.parquet", InputOptions(key=("id",)))

    assert dict(database) == {"1": {"n": 1.5, "at": ["x"], "cost": "1.10"}, "2": {"n": None, "at": [], "cost": None}}


def test_parquet_without_pyarrow(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is not installed, the error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UnsupportedFormatError, match=r"booklet-catalog\[parquet\]"):
        import_file(make(), written(folder, "a.parquet", b"PAR1"))


def test_folder(folder: Path, make: Make) -> None:
    """Files become keys by their paths; links out of the folder are not followed, nor what is no file."""
    (folder / "b" / "c").mkdir(parents=True)
    written(folder, "a.bin", bytes(range(256)))
    written(folder / "b" / "c", ".d", b"")
    (folder / "passwords").symlink_to("/etc/passwd")
    (folder / "root").symlink_to("/")
    os.mkfifo(folder / "pipe")
    database = make(None)
    done = import_file(database, folder)

    assert dict(database) == {"a.bin": bytes(range(256)), "b/c/.d": b""}
    assert (done.format, done.value_bytes) == ("folder", 256)


def test_texts(folder: Path, make: Make) -> None:
    """A database of texts takes the one other column, as it is written, and files of text."""
    database = make("str")
    import_file(database, written(folder, "a.csv", "key,text\nk,007\nl,\n"))
    (folder / "a.csv").unlink()
    import_file(database, written(folder, "poem", "ä\n").parent)

    assert dict(database) == {"k": "007", "l": "", "poem": "ä\n"}


_WRONG: list[tuple[str, str | bytes, InputOptions, str]] = [
    ("a.csv", "", InputOptions(), "a.csv: it is empty"),
    ("a.csv", "id,n\n1,2\n", InputOptions(), "no column 'key' .* --key: its columns are 'id', 'n'"),
    ("a.csv", "key,n\n", InputOptions(key=("id",)), "no column 'id'"),
    ("a.csv", "key;n\nk;1\n", InputOptions(), "separated by ';'"),
    ("a.csv", "key,n,n\nk,1,2\n", InputOptions(), "line 1: more than one column is called 'n'"),
    ("a.csv", "key,n\nk,1\nl\n", InputOptions(), "line 3: it has 1 cells, the header 2"),
    ("a.csv", 'key,n\nk,"a\nb"\nl\n', InputOptions(), "line 4: it has 1 cells"),
    ("a.csv", 'key,n\nk,"1\n', InputOptions(), "line 2: it is no CSV"),
    ("a.csv", "key,n\nk,1\n\nl,2\nk,3\n", InputOptions(), "line 5: the key 'k' is that of line 2 too"),
    ("a.csv", "key,n\n,1\n", InputOptions(), "line 2: its key is empty"),
    ("a.csv", "key,n\nk,\xe9\n".encode("latin-1"), InputOptions(), "line 2: it is not text in utf-8.* --encoding latin-1"),
    ("a.csv", "key,n\nk,1\n".encode("utf-16"), InputOptions(), "line 1: it is not text in utf-8.* --encoding utf-16"),
    ("a.csv", b"key,n\nk,1\n\x00", InputOptions(encoding="utf-16"), "line 1: it is not text in utf-16"),
    ("a.csv", "key,n\n", InputOptions(encoding="klingon"), "no encoding 'klingon'"),
    ("a.csv", "key,n\n", InputOptions(delimiter="ab"), "'ab' cannot separate"),
    ("a.csv", f"key,n\n{'k' * 70_000},1\n", InputOptions(), "line 2: The key .* takes 70,000 bytes"),
    ("a.jsonl", '{"key": "k"}\n{"key":\n', InputOptions(), "line 2: it is no JSON: .* at column"),
    ("a.jsonl", "[1]\n", InputOptions(), "line 1: it is a list, not an object"),
    ("a.jsonl", '{"id": 1}\n', InputOptions(), "In line 1 the fields are 'id'. Say which to use with --key"),
    ("a.jsonl", '{"key": null}\n', InputOptions(), "line 1: its key is empty"),
    ("a.jsonl", '{"key": [1]}\n', InputOptions(), "line 1: its key is no text"),
    ("a.jsonl", '{"key": 1, "n": 1}\n{"key": "1"}\n', InputOptions(), "line 2: the key '1' is that of line 1 too"),
    ("a.jsonl", '{"key": "k", "n": NaN}\n', InputOptions(), "line 1: NaN is nothing that JSON has"),
    ("a.parquet", "no table", InputOptions(), "damaged, or no Parquet"),
    ("a.xyz", "key\n", InputOptions(), "ending of 'a.xyz' says no format"),
    ("a", "key\n", InputOptions(), "'a' has no ending .* --format"),
    ("a.csv", "key\n", InputOptions("excel"), "no format 'excel'"),
    ("a.csv", "key\n", InputOptions("folder"), "is no folder"),
]


@pytest.mark.parametrize(("name", "content", "options", "words"), _WRONG)
def test_what_is_wrong(folder: Path, make: Make, name: str, content: str | bytes, options: InputOptions, words: str) -> None:
    """Each thing that can be wrong is told with its line, and nothing of the file is set."""
    database = make(a=1)
    with pytest.raises(InvalidInputError, match=words):
        import_file(database, written(folder, name, content), options)

    assert dict(database) == {"a": 1}


def test_what_a_serializer_refuses(folder: Path, make: Make) -> None:
    """Values that a database does not take are told with their line: bytes, texts with more fields, files that are no JSON."""
    table = written(folder, "a.csv", "key,n,m\nk,1,2\n")
    for name, serializer, words in (("b", None, "line 2: The serializer 'bytes'"), ("s", "str", "line 2: values are texts here")):
        with pytest.raises(InvalidInputError, match=words):
            import_file(make(serializer, name), table)
    with pytest.raises(InvalidInputError, match=r"file 'a\.csv': it is not JSON"):
        import_file(make("orjson", "j"), folder)


def test_nothing_there(folder: Path, make: Make) -> None:
    """A path without a file is an error that names it."""
    with pytest.raises(LocalFileError, match=r"none\.csv"):
        import_file(make(), folder / "none.csv")


def test_a_very_long_line(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that would fill the memory is refused."""
    monkeypatch.setattr(text_lines, "LONGEST_LINE", 1000)
    with pytest.raises(InvalidInputError, match=r"line 2: it is longer than"):
        import_file(make(), written(folder, "a.csv", "key,n\nk," + "x" * 2000))


def test_a_plan_changes_nothing(folder: Path, make: Make) -> None:
    """A plan counts what is new and what is replaced; for a database to be made it needs the serializer only."""
    path = written(folder, "a.csv", "key,n\n" + "".join(f"k{number},1\n" for number in range(10)))
    database = make(k3={"n": 0}, other=1)

    plan = plan_import(path, database)
    assert (plan.keys, plan.replaced, plan.value_bytes, plan.first) == (10, 1, 70, ("k0", "k1", "k2", "k3", "k4"))
    assert len(database) == 2
    assert plan.edits_replaced == 1
    database.changes().push()
    assert (plan_import(path, database).replaced, plan_import(path, database).edits_replaced) == (1, 0)
    new = plan_import(path, "orjson")
    assert (new.keys, new.replaced, new.value_bytes) == (10, 0, 70)


def test_progress(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both passes are told, up to the size of the file, by bytes."""
    monkeypatch.setattr(importing, "_BATCH", 10)
    path = written(folder, "a.csv", "key,n\n" + "".join(f"k{number},1\n" for number in range(5000)))
    reports: list[Report] = []
    import_file(make(), path, progress=Progress(reports.append))

    assert {report.phase for report in reports} == {"checking", "importing"}
    assert {report.total_bytes for report in reports} == {path.stat().st_size}
    assert max(report.done_bytes for report in reports) == path.stat().st_size


@pytest.mark.parametrize(("phase", "there"), [("checking", 0), ("importing", 500)])
def test_cancelled(folder: Path, make: Make, phase: str, there: int) -> None:
    """Cancelled while checking nothing was set; while importing, what was set is said and can be discarded."""
    path = written(folder, "a.jsonl", "".join(f'{{"key": "k{number}", "n": 1}}\n' for number in range(2000)))
    database = make()

    def watch(report: Report) -> None:
        if report.phase == phase and report.done_items:
            progress.cancel()

    progress = Progress(watch)
    with pytest.raises(CancelledError) as caught:
        import_file(database, path, progress=progress)

    assert there <= len(database) <= there * 2
    assert ("discard" in caught.value.hint) == bool(there)
    database.changes().discard()
    assert len(database) == 0


def test_errors_are_of_the_tree(folder: Path, make: Make) -> None:
    """A folder that may not be read is a typed error too."""
    database = make(None)
    (folder / "a").write_bytes(orjson.dumps(1))
    (folder / "a").chmod(0)
    if os.access(folder / "a", os.R_OK):
        (folder / "a").unlink()
        (folder / "a").symlink_to("nowhere")
        with pytest.raises(InvalidInputError, match="'a' is a link to nothing"):
            import_file(database, folder)
        return
    with pytest.raises(CatalogError):
        import_file(database, folder)


def test_digits_of_other_scripts_are_text(folder: Path, make: Make) -> None:
    """Only what JSON would take for a number is one: digits of other scripts stay as they were written."""
    database = make()

    import_file(database, written(folder, "in.csv", "key,v\na,1٣\nb,13\n"))

    assert dict(database) == {"a": {"v": "1٣"}, "b": {"v": 13}}


def test_very_many_columns_are_checked_at_once(folder: Path, make: Make) -> None:
    """A header of a hundred thousand names is looked through once, not once for each name."""
    path = written(folder, "in.csv", "key," + ",".join(f"c{number}" for number in range(100_000)) + "\n")

    # once for each name takes minutes, which no test has
    assert plan_import(path, make()).keys == 0


@pytest.mark.parametrize("encoding", ["zip", "rot13", "hex"])
def test_codecs_that_make_no_text_are_no_encodings(folder: Path, make: Make, encoding: str) -> None:
    """Python's codecs for bytes are refused as encodings that are not there."""
    with pytest.raises(InvalidInputError, match="There is no encoding"):
        plan_import(written(folder, "in.csv", "key\n"), make(), InputOptions(encoding=encoding))


def test_one_long_text_in_all_rows_is_held_once(folder: Path, make: Make) -> None:
    """A Parquet file of some kilobytes whose rows share a long text is read with the memory of a few such texts."""
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), pa.array(["x" * 3_000_000]))
    table = pa.table({"key": [str(number) for number in range(300)], "text": shared})
    parquet.write_table(table, folder / "in.parquet", compression="zstd", store_schema=False)
    before = pa.default_memory_pool().max_memory()

    assert plan_import(folder / "in.parquet", make()).keys == 300
    assert pa.default_memory_pool().max_memory() < before + 200_000_000


_ARROW: dict[str, tuple[pa.Array, Any]] = {
    "dictionary": (pa.array(["a", None]).dictionary_encode(), "a"),
    "dictionary of times": (pa.array([1], pa.timestamp("s")).dictionary_encode(), "1970-01-01T00:00:01"),
    "list": (pa.array([[1, None], []]), [1, None]),
    "large list of decimals": (pa.array([[Decimal("1.10")]], pa.large_list(pa.decimal128(5, 2))), ["1.10"]),
    "list of a fixed size": (pa.array([[1, 2]], pa.list_(pa.int8(), 2)), [1, 2]),
    "list view": (pa.array([["x"]], pa.list_view(pa.string())), ["x"]),
    "struct": (pa.array([{"a": 1, "b": {"c": None}}]), {"a": 1, "b": {"c": None}}),
    "struct of times": (
        pa.array([{"at": 5}], pa.struct([("at", pa.timestamp("ms", "+05:30"))])),
        {"at": "1970-01-01T05:30:00.005000+05:30"},
    ),
    "map with text": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), {"k": 1}),
    "map with numbers": (pa.array([[(1, "x")]], pa.map_(pa.int64(), pa.string())), [[1, "x"]]),
    "decimal": (pa.array([Decimal("-0.001")]), "-0.001"),
    "decimal of 256 bits": (pa.array([Decimal(10**50)], pa.decimal256(60, 0)), str(10**50)),
    "duration": (pa.array([1_500], pa.duration("ms")), 1.5),
    "duration of nanoseconds": (pa.array([2_000_000_000], pa.duration("ns")), 2),
    "time of milliseconds": (pa.array([1], pa.time32("ms")), "00:00:00.001000"),
    "nanoseconds": (pa.array([1], pa.timestamp("ns")), "1970-01-01T00:00:00.000000001"),
    "before 1970": (pa.array([-1], pa.timestamp("us")), "1969-12-31T23:59:59.999999"),
    "summer time": (pa.array([1_783_000_000], pa.timestamp("s", "Europe/Berlin")), "2026-07-02T15:46:40+02:00"),
    "dates of 64 bits": (pa.array([86_400_000], pa.date64()), "1970-01-02"),
    "large text": (pa.array(["é"], pa.large_string()), "é"),
    "text view": (pa.array(["é"], pa.string_view()), "é"),
    "half": (pa.array([1.5], pa.float16()), 1.5),
    "uuid": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(15) + b"\1"], pa.binary(16))),
        "00000000-0000-0000-0000-000000000001",
    ),
    "nothing": (pa.nulls(1), None),
    "the largest": (pa.array([2**64 - 1], pa.uint64()), 2**64 - 1),
}


@pytest.mark.parametrize("name", _ARROW)
def test_types_of_arrow(name: str) -> None:
    """Each type says the same as a value that JSON has, alone and nested in a list."""
    column, value = _ARROW[name]

    assert repr(column_values(pa, column)[0]) == repr(value)
    nested = pa.ListArray.from_arrays([0, 1], column.slice(0, 1))
    assert repr(column_values(pa, nested)) == repr([[value]])


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([[1], [2**62]], pa.list_(pa.timestamp("us"))), "row 2, column 'v': its time is not between"),
        (pa.array([2**62 + 1], pa.duration("ns")), "row 1, column 'v': its duration has more digits"),
        (pa.array([1], pa.timestamp("us", "Mars/Base")), "column 'v': its time zone 'Mars/Base' is not known"),
        (pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())), "row 1, column 'v': a map has the same key twice"),
        (pa.array([{"a": [b"x"]}]), r"row 1, column 'v': \$\.v\.a\[0\]: a bytes"),
        (pa.array([1.0, float("nan")]), r"row 2, column 'v': \$\.v: NaN .*--nan null"),
    ],
)
def test_cells_that_are_refused(folder: Path, make: Make, column: pa.Array, words: str) -> None:
    """A cell without an exact meaning is refused with its row, its column and what to do; nothing is set."""
    table = pa.table({"key": [str(number) for number in range(len(column))], "v": column})
    parquet.write_table(table, folder / "a.parquet")
    database = make()
    with pytest.raises(InvalidInputError, match=words) as refused:
        import_file(database, folder / "a.parquet")

    assert refused.value.hint
    assert len(database) == 0


def test_nan_as_null(folder: Path, make: Make) -> None:
    """Asked for, NaN and the infinities become null, nested too."""
    parquet.write_table(pa.table({"key": ["k"], "v": [float("nan")], "w": [[float("inf"), 1.0]]}), folder / "a.parquet")
    database = make()
    import_file(database, folder / "a.parquet", InputOptions(nan="null"))

    assert database["k"] == {"v": None, "w": [None, 1.0]}


def test_a_dataset_of_parquet(folder: Path, make: Make) -> None:
    """A folder that Spark or Dask wrote is one table; the names of its folders are columns, read as cells of CSV are."""
    for month, keys in (("01", ["a", "b"]), ("12", ["c"])):
        part = folder / "t.parquet" / "year=2026" / f"month={month}"
        part.mkdir(parents=True)
        parquet.write_table(pa.table({"key": keys, "mm": [0.5] * len(keys)}), part / "part-0.parquet")
    (folder / "t.parquet" / "_SUCCESS").write_bytes(b"")
    database = make()
    done = import_file(database, folder / "t.parquet")

    assert (done.format, done.keys) == ("parquet", 3)
    assert dict(database)["c"] == {"mm": 0.5, "year": 2026, "month": 12}
    assert dict(database)["a"]["month"] == "01"
    parquet.write_table(pa.table({"key": ["c"], "mm": [1.0]}), folder / "t.parquet" / "year=2026" / "month=01" / "z.parquet")
    with pytest.raises(
        InvalidInputError, match=r"month=12/part-0.parquet, row 1: the key 'c' is that of year=2026/month=01/z.parquet"
    ):
        import_file(make(name="other"), folder / "t.parquet")


def test_a_folder_of_tables_is_a_folder_of_files(folder: Path, make: Make) -> None:
    """Files of Parquet in an ordinary folder are values of their own, unless it is said otherwise."""
    for name in ("a", "b"):
        parquet.write_table(pa.table({"key": [name]}), folder / f"{name}.parquet")

    assert import_file(make(None), folder).format == "folder"
    assert import_file(make(name="table"), folder, InputOptions("parquet")).keys == 2


def test_links_are_followed_inside(folder: Path, tmp_path: Path, make: Make) -> None:
    """Links to files and folders inside are read; those that leave, lead nowhere or go in circles are left out and named."""
    (folder / "d").mkdir()
    written(folder / "d", "f", b"1")
    written(tmp_path, "outside", b"2")
    for name, target in (
        ("file", "d/f"),
        ("dir", "d"),
        ("out", "../outside"),
        ("none", "nowhere"),
        ("self", "self"),
        ("d/up", ".."),
    ):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    database = make(None)
    done = import_file(database, folder)

    assert dict(database) == {"d/f": b"1", "dir/f": b"1", "file": b"1"}
    assert {found.name: found.reason for found in done.left_out} == {
        "out": "a link that leads out of the folder",
        "none": "a link to nothing",
        "self": "a link that leads to itself",
        "pipe": "no file, but a device, pipe or socket",
        "d/up": "a link to a folder that it lies in",
        "dir/up": "a link to a folder that it lies in",
    }


def test_what_is_there_already_is_no_change(folder: Path, make: Make) -> None:
    """A plan tells keys that are new, that have another value, and that are the same already."""
    path = written(folder, "a.csv", "key,n\na,1\nb,2\nc,3\n")
    database = make(a={"n": 1}, b={"n": 0})
    plan = plan_import(path, database)

    assert (plan.keys, plan.new, plan.replaced, plan.same) == (3, 1, 1, 1)
    assert plan.edits_replaced == 1


def test_only_what_differs_is_set(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many rows, in batches, those that are new or have another value are set, and no others are touched."""
    monkeypatch.setattr(importing, "_BATCH", 7)
    lines = "".join(f"k{number},{number}\n" for number in range(50))
    database = make(**{f"k{number}": {"n": number if number % 10 else -1} for number in range(45)})
    database.changes().push()
    plan = import_file(database, written(folder, "a.csv", "key,n\n" + lines))

    assert (plan.new, plan.replaced, plan.same) == (5, 5, 40)
    changed = {f"k{number}" for number in (*range(0, 45, 10), *range(45, 50))}
    assert {change.key for change in database.changes().all()} == changed
    assert dict(database) == {f"k{number}": {"n": number} for number in range(50)}


@pytest.mark.parametrize("second", [3, 40])
def test_a_key_that_comes_twice(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch, second: int) -> None:
    """It is found in the same batch and in a later one, with both of its lines, however the keys are sorted."""
    monkeypatch.setattr(importing, "_BATCH", 10)
    keys = [f"k{90 - number}" for number in range(50)]
    keys[second] = keys[1]
    path = written(folder, "a.csv", "key,n\n" + "".join(f"{key},1\n" for key in keys))

    with pytest.raises(InvalidInputError, match=rf"line {second + 2}: the key '{keys[1]}' is that of line 3"):
        import_file(make(), path)


def test_streams(folder: Path, make: Make) -> None:
    """A stream is read once, whatever it is, and keeps its place open."""
    database = make()
    stream = io.BytesIO(b"key,n\na,1\n")

    assert import_file(database, stream, InputOptions("csv")).keys == 1
    assert dict(database) == {"a": {"n": 1}}
    with pytest.raises(InvalidInputError, match="stream"):
        import_file(database, io.BytesIO(b""))
