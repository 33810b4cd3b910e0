"""Text that is a table."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.values import describe, table
from tui.values.table import delimiter_of, read_table


@pytest.mark.parametrize(
    ("text", "name", "delimiter"),
    [
        ("a,b\n1,2\n3,4\n", "", ","),
        ("a;b\n1,5;2\n3,0;4\n", "", ";"),
        ("a\tb\n1\t2\n", "x.tsv", "\t"),
        ("a,b\n1,2\n", "x.csv", ","),
        ('a,b\n"1,5",2\n3,4\n', "", ","),
        ("a,b\n1,2\n", "", ""),
        ("One, two.\nThree, four, five.\nSix\n", "", ""),
        ("no table\n", "x.csv", ""),
        ("", "x.csv", ""),
    ],
)
def test_what_is_a_table(text: str, name: str, delimiter: str) -> None:
    """Lines with the same number of columns are a table, fewer only where the key says so; prose is none."""
    assert delimiter_of(text, name) == delimiter


def test_a_table_is_aligned() -> None:
    """Numbers stand to the right, text to the left, names above; long cells are cut, and control characters are seen."""
    text = "name,mm,note\nrain,1.5,x\nsnow storm,12,\x1b[31m\nfog,3," + "y" * 60 + "\n"
    document = describe(text, json=False)
    lines = [line.plain for line in document.body.fit(80)]

    assert document.kind == "text, table of 3 rows × 3 columns"
    assert lines[0] == "name         mm  note" + " " * 28
    assert lines[1].startswith("rain        1.5  x")
    assert lines[2].startswith("snow storm   12  \\x1b[31m")
    assert lines[3].rstrip().endswith("y…")


def test_columns_that_do_not_fit_are_counted() -> None:
    """A narrow pane shows the first columns and says how many there are more."""
    text = "\n".join(",".join(f"{row}{column:04}" for column in range(30)) for row in range(5))
    lines = [line.plain for line in describe(text, json=False).body.fit(40)]

    assert lines[0].endswith("+25")
    assert all(len(line) <= 40 for line in lines)


def test_a_long_table_comes_by_piece() -> None:
    """More rows than are shown are announced, not read."""
    found = read_table("a,b\n" + "1,2\n" * 50, ",", 10)

    assert found is not None
    assert (len(found[0].rows), found[1]) == (10, True)


def test_a_cell_without_end_is_no_table() -> None:
    """A quote that never ends makes a cell too large for the reader: the text is shown as text."""
    document = describe('a,b\n1,2\n3,4\n"' + "x\n" * 200_000, json=False, name="x.csv")

    assert document.kind.startswith("text, 200,004 lines")


def test_only_columns_in_view_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table of ten thousand columns no more cells are measured than can be seen, and it says how many are hidden."""
    row = ",".join(["1"] * 9_000)
    document = describe("\n".join([row] * 300), json=False, name="wide.csv")
    measured = 0

    def count(text: str) -> int:
        nonlocal measured
        measured += 1
        return cell_len(text)

    monkeypatch.setattr(table, "cell_len", count)
    lines = document.body.fit(80)

    assert lines[0].plain.endswith("+8974")
    assert 0 < measured < 300 * 80
