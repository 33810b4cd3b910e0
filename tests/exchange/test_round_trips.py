"""What goes out to a file and comes in again is the same, or the export said before which columns are not."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import Database, InputOptions, InvalidInputError, OutputOptions, export_file, import_file
from catalog.exchange.returns import Change, same_value

from .conftest import Make

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(
        ["1", "1.10", "-0", "1E5", "true", "", "null", "=1+1", "a\r\nb", 'q"', "é,;\t", "NaN", "inf", 2.0, 1e22, -0.0]
    )
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)
_RECORDS = st.dictionaries(st.sampled_from(["a", "b", "c d", "é"]), _TREES, max_size=3)
_KEYS = st.text(min_size=1, max_size=4).filter(lambda key: "\0" not in key)
_CONTENTS = st.dictionaries(_KEYS, _RECORDS | _TREES, min_size=1, max_size=4)
_settings = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_numbers = itertools.count()


@pytest.fixture
def pair(make: Make) -> tuple[Database, Database]:
    """Two databases of JSON, one to export and one to import."""
    return make(name="from"), make(name="to")


@pytest.fixture
def pair_of_texts(make: Make) -> tuple[Database, Database]:
    """The same of texts."""
    return make("str", name="from"), make("str", name="to")


def _there_and_back(pair: tuple[Database, Database], file: Path, content: Mapping[str, Any], **more: Any) -> tuple[Change, ...]:
    """Export a content and import it again; the columns that the export named before it wrote the first byte."""
    source, target = pair
    for database in pair:
        for key in list(database):
            del database[key]
    source.update(content)
    said: list[Change] = []

    def tell(changes: tuple[Change, ...]) -> None:
        assert not file.exists()
        said.extend(changes)

    done = export_file(source, file, OutputOptions(**more), tell=tell)
    assert done.changes == tuple(said)
    import_file(target, file)
    assert set(target) == set(content)
    return done.changes


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
@_settings
@given(content=_CONTENTS)
def test_what_is_not_named_comes_back(
    folder: Path, pair: tuple[Database, Database], ending: str, content: dict[str, Any]
) -> None:
    """Every field that no export named is the same after an import, in kind and content; JSON lines change none."""
    file = folder / f"{next(_numbers)}{ending}"
    changed = {change.column for change in _there_and_back(pair, file, content)}

    if ending == ".jsonl":
        assert not changed
        assert same_value(dict(pair[1]), content)
        return
    for key, value in content.items():
        back = pair[1][key]
        if isinstance(value, Mapping):
            assert all(same_value(back[name], value[name]) for name in value if name not in changed)
            assert set(back) - set(value) <= changed
        else:
            assert changed


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_tables_that_come_back_name_nothing(folder: Path, make: Make, ending: str) -> None:
    """A table whose columns have one kind each comes back, and nothing is said."""
    content = {"k/1": {"t": "é", "n": 1, "x": 0.5, "w": True}, "k/2": {"t": "1st", "n": -5, "x": 1e22, "w": None}}
    pair = make(name="from"), make(name="to")

    assert _there_and_back(pair, folder / f"x{ending}", content) == ()
    assert dict(pair[1]) == content


@pytest.mark.parametrize(
    ("ending", "content", "column", "how"),
    [
        (".csv", {"k": {"a": "1.5"}}, "a", "the text '1.5' of 'k' comes back as the number 1.5"),
        (".csv", {"k": {"a": ""}}, "a", "the text '' of 'k' comes back as null"),
        (".csv", {"k": {"a": [1]}}, "a", "the list of 'k' comes back as the text '[1]'"),
        (".csv", {"k": {"a": 1}, "l": {}}, "a", "keys without this field come back with null in it"),
        (".csv", {"k": 5}, "value", "values without fields, such as the number 5, come back as the field 'value'"),
        (".parquet", {"k": {"a": 2}, "l": {"a": 0.5}}, "a", "the number 2 of 'k' comes back as the number 2.0"),
        (".parquet", {"k": {"a": 2}, "l": {"a": "x"}}, "a", "the number 2 of 'k' comes back as the text '2'"),
        (
            ".parquet",
            {"k": {"a": (1 << 60) + 1}, "l": {"a": 0.5}},
            "a",
            "the number 1152921504606846977 of 'k' comes back as the text",
        ),
        (".parquet", {"k": {"a": {"b": 1}}}, "a", "the dict of 'k' comes back as the text"),
    ],
)
def test_what_is_named(folder: Path, make: Make, ending: str, content: dict[str, Any], column: str, how: str) -> None:
    """Each way in which a column does not come back is said in words, with a key."""
    changes = _there_and_back((make(name="from"), make(name="to")), folder / f"x{ending}", content)

    assert [change.column for change in changes] == [column]
    assert changes[0].how.startswith(how)


@_settings
@given(content=st.dictionaries(_KEYS, st.text(max_size=8), max_size=4))
def test_texts_come_back(folder: Path, pair_of_texts: tuple[Database, Database], content: dict[str, str]) -> None:
    """A database of texts comes back from CSV and JSON lines, whatever its texts look like."""
    for ending in (".csv", ".jsonl"):
        assert _there_and_back(pair_of_texts, folder / f"{next(_numbers)}{ending}", content) == ()
        assert dict(pair_of_texts[1]) == content


@pytest.mark.parametrize("serializer", ["json", "orjson_zstd", "pickle"])
def test_other_serializers(folder: Path, make: Make, serializer: str) -> None:
    """JSON lines keep whole numbers of any length, and say what becomes of values that are more than JSON."""
    more: dict[str, dict[str, Any]] = {"json": {"long": 10**30}, "pickle": {"tuple": (1, 2)}}
    content: dict[str, Any] = {"a": [1.5, None, {"é": "x"}], **more.get(serializer, {})}
    source, target = make(serializer, "from"), make(serializer, "to")
    source.update(content)
    said = export_file(source, folder / "x.jsonl").changes
    import_file(target, folder / "x.jsonl")

    assert [change.how for change in said] == (["the tuple of 'tuple' comes back as the list"] if serializer == "pickle" else [])
    assert dict(target) == {key: list(value) if isinstance(value, tuple) else value for key, value in content.items()}


def test_nan_is_not_exported_as_null(folder: Path, make: Make) -> None:
    """A NaN of a pickled value is refused by JSON lines with its path, and kept by a table of Parquet."""
    database = make("pickle", k={"x": float("nan")})
    with pytest.raises(InvalidInputError, match=r"\$\.x: NaN"):
        export_file(database, folder / "x.jsonl")
    export_file(database, folder / "x.parquet")
    again = make("pickle", "again")
    import_file(again, folder / "x.parquet")

    assert repr(dict(again)) == repr(dict(database))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_formulas_can_be_made_harmless(folder: Path, make: Make, text: str) -> None:
    """With excel_safe text that a spreadsheet would run begins with an apostrophe, in keys, names and cells; numbers stay."""
    database = make(**{text: {text: text, "n": -1}})
    done = export_file(database, folder / "x.csv", OutputOptions(excel_safe=True))

    cells = (folder / "x.csv").read_bytes().decode()
    assert cells.count(f"'{text}") == 3
    assert cells.endswith((",-1\n", ',"-1"\n'))
    assert {change.column for change in done.changes} == {"key", text}
    assert export_file(database, folder / "y.csv").changes == ()


def test_a_number_is_one_only_as_it_is_written(folder: Path, make: Make) -> None:
    """CSV cells become numbers only where writing these gives the same cell; all others are text, with every digit."""
    cells = ["1", "-5", "0.5", "1e+22", "1.10", "1E5", "-0", "007", "0.1234567890123456789", "9007199254740993.0", "1e-400", "+1"]
    (folder / "x.csv").write_text("key,v\n" + "".join(f"k{number},{cell}\n" for number, cell in enumerate(cells)))
    database = make()
    import_file(database, folder / "x.csv", InputOptions())
    values = [database[f"k{number}"]["v"] for number in range(len(cells))]

    assert values == [1, -5, 0.5, 1e22, *cells[4:]]
    assert all(
        str(value) == cell and (isinstance(value, str) or Decimal(cell) == Decimal(str(value)))
        for value, cell in zip(values, cells, strict=True)
    )
