"""JSON on lines."""

from __future__ import annotations

from itertools import islice

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tui.values.json_lines import highlight_json, json_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def test_short_inner_lists_stay_on_a_line() -> None:
    """An object is shown member by member; what is short inside it takes one line."""
    value = {"name": "rain", "days": [1, 2, 3], "station": {"id": "A", "lat": 1.5}, "deep": [{"a": [1]}]}

    assert list(json_lines(value)) == [
        "{",
        '  "name": "rain",',
        '  "days": [1, 2, 3],',
        '  "station": {"id": "A", "lat": 1.5},',
        '  "deep": [',
        "    {",
        '      "a": [1]',
        "    }",
        "  ]",
        "}",
    ]


def test_a_long_list_of_numbers_fills_its_rows() -> None:
    """Numbers stand in rows that are as wide as the screen allows."""
    lines = list(json_lines(list(range(100)), 40))

    assert max(map(len, lines)) <= 40
    assert len(lines) < 20


@given(JSON)
def test_the_lines_are_the_value(value: object) -> None:
    """Whatever the layout, the lines together are JSON of the same value."""
    assert orjson.loads("\n".join(json_lines(value, 30))) == orjson.loads(orjson.dumps(value))


def test_a_reader_may_stop_early() -> None:
    """The first lines of a huge value are made without the rest."""
    assert len(list(islice(json_lines([{"a": 1}] * 1_000_000), 10))) == 10


def test_a_very_deep_value_is_no_crash() -> None:
    """A value nested a thousand times deep is shown, with its innermost part left out."""
    lines = list(json_lines(orjson.loads("[" * 1000 + "1" + "]" * 1000)))

    assert len(lines) < 200
    assert "…" in lines[len(lines) // 2]


def test_a_deep_value_ends_on_one_line() -> None:
    """From a certain depth on, what is inside stays on one line, whole."""
    deep = orjson.loads("[" * 150 + "1" + "]" * 150)

    assert orjson.loads("\n".join(json_lines(deep))) == deep


def test_names_strings_numbers_and_words_have_colours() -> None:
    """Each kind of token has its own colour; hostile characters in strings are escaped."""
    line = highlight_json('  "na\u202eme": ["text", -1.5e3, true],')

    styles = {line.plain[span.start : span.end]: span.style for span in line.spans}
    assert styles['"na\\u202eme"'] == "$json-name"
    assert styles['"text"'] == "$json-string"
    assert styles["-1.5e3"] == "$json-number"
    assert styles["true"] == "$json-word"
