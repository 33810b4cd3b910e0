"""Values as they leave the program."""

from __future__ import annotations

import ast
import io
from typing import Any

import numpy as np
import pytest

from tui.values import contents


@pytest.mark.parametrize(
    ("value", "json", "body", "ending", "is_text"),
    [
        ({"a": [1]}, True, b'{\n  "a": [\n    1\n  ]\n}', ".json", True),
        ("two\nlines", False, b"two\nlines", ".txt", True),
        ("half \ud800", False, b"half ?", ".txt", True),
        (b"text\n", False, b"text\n", ".txt", True),
        (b"\x00\xff", False, b"\x00\xff", ".bin", False),
        (b"a\x00", False, b"a\x00", ".bin", False),
        ({"a": (1, None)}, False, b"{'a': (1, None)}", ".txt", True),
        (np.float64(1.5), False, b"np.float64(1.5)", ".txt", True),
    ],
)
def test_a_value_is_written_as_what_it_is(value: Any, json: bool, body: bytes, ending: str, is_text: bool) -> None:
    """JSON is indented, text and bytes are as they are, other values are Python literals."""
    assert contents.of(value, json=json) == contents.Contents(body, ending, is_text)


def test_a_literal_is_whole() -> None:
    """What leaves the program is all of the value, however long its texts and lists are."""
    value = {"text": "x" * 10_000, "list": list(range(10_000))}

    assert ast.literal_eval(contents.of(value, json=False).body.decode()) == value


def test_arrays_inside_of_a_literal_are_whole() -> None:
    """Every number of an array is there, with all of its digits."""
    array = np.arange(5000) / 3
    found = contents.of({"series": array}, json=False).body.decode()

    np.testing.assert_array_equal(eval(found, {"array": np.array})["series"], array)


def test_an_array_is_a_file_of_numpy() -> None:
    """Arrays keep shape and type; those of objects, which would need a pickle, are literals."""
    array = np.arange(6, dtype="i2").reshape(2, 3)
    found = contents.of(array, json=False)

    assert (found.ending, found.is_text) == (".npy", False)
    np.testing.assert_array_equal(np.load(io.BytesIO(found.body), allow_pickle=False), array)
    assert contents.of(np.array([{}], dtype=object), json=False).ending == ".txt"
