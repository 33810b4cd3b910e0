"""The contract of serializers: what comes back says what went in, or it was refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import kept
import numpy as np
import orjson
import pandas as pd
import pytest
from booklet import serializers as booklet_serializers
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.codecs.codec import codec_of
from catalog.errors import InvalidValueError

CODES: dict[Any, int] = booklet_serializers.serial_name_dict


@pytest.mark.parametrize("group", kept.SERIALIZERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_contract(group: str, data: st.DataObject) -> None:
    """Whatever is drawn of any kind is kept, converted as the table says, or refused, by each serializer."""
    kind = data.draw(st.sampled_from(list(kept.KINDS)), label="kind")
    value = data.draw(kept.KINDS[kind].others, label="value")
    made = kept.codec(*data.draw(st.sampled_from(kept.SERIALIZERS[group])))

    assert kept.outcome(kept.KINDS[kind], value, made) in kept.outcomes(group, kind)


def test_the_page_has_the_table() -> None:
    """docs/values.md says what happens; `python tests/codecs/kept.py` writes it."""
    assert kept.written() == kept.table()


def test_the_table_has_every_serializer() -> None:
    """Each serializer of booklet is in the table, but for that of geopandas, which has tests of its own."""
    listed = {name for group in kept.SERIALIZERS.values() for name, _ in group}

    assert listed == set(CODES) - {"gpd_zstd"}


def _noted(frame: pd.DataFrame, attrs: dict[str, Any]) -> pd.DataFrame:
    """A table with something noted of it."""
    frame.attrs = attrs
    return frame


@pytest.mark.parametrize(
    ("name", "value", "path", "words"),
    [
        ("orjson", {"rain": [0.1, 0.2, 0.3, math.nan]}, "$.rain[3]", 'NaN .*nan="null"'),
        ("orjson", {"a b": {"c": -math.inf}}, '$["a b"].c', "-inf is nothing that JSON has"),
        ("orjson", {"t": np.array([[1.0, 2.0], [np.nan, 3.0]])}, "$.t[1][0]", "NaN"),
        ("orjson", [{"a": {1: 2}}], "$[0].a", r"the key 1 \(int\) is no text"),
        ("orjson", [1 << 64], "$[0]", "beyond 64 bits"),
        ("orjson", {"a": ["\ud800"]}, "$.a[0]", "surrogate"),
        ("orjson", {"a": b"x"}, "$.a", "bytes"),
        ("orjson", {"a": np.array(["NaT"], "M8[ns]")}, "$.a[0]", "NaT"),
        ("orjson", {"a": np.array([0, 1], "M8[ns]")}, "$.a[1]", "microsecond"),
        ("orjson", pd.NaT, "$", "NaT"),
        ("orjson", kept.Point(math.nan), "$.x", "NaN"),
        ("json", [{"a": {None: 2}}], "$[0].a", "NoneType"),
        ("msgpack", [{"a": {1: 2}}], "$[0].a", "the key 1"),
        ("numpy_int1", np.array([1, 200]), "$[1]", "200 needs more than 8 bits"),
        ("pd_zstd", pd.DataFrame({"o": pd.Series([1, (1 << 60) + 1, None], dtype=object)}), "$['o'][1]", "astype"),
        ("pd_zstd", _noted(pd.DataFrame({"a": [1]}), {"x": (1, 2)}), "$.attrs", "attrs"),
    ],
)
def test_what_is_refused_is_found(name: str, value: Any, path: str, words: str) -> None:
    """The error names where in the value it is, what it is, and the way out."""
    with pytest.raises(InvalidValueError, match=words) as refused:
        codec_of(CODES[name]).encode(value)

    assert refused.value.path == path
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["pickle", "pickle_zstd"])
def test_what_repeats_itself_very_often(name: str) -> None:
    """Pickled, a large part is written once however often it occurs; what could not be read again is refused when it is set."""
    codec, part, text = codec_of(CODES[name]), [0] * 1_000, "x" * 100_000

    for value in ([part] * 2_000, {"a": [text] * 1_000}, [[part] * 50] * 50):
        with pytest.raises(InvalidValueError, match="could not be read again here") as refused:
            codec.encode(value)
        assert "trust=True" in refused.value.hint
        assert codec_of(CODES[name], trusted=True).encode(value)
    for kept_value in ([part] * 100, [part, text] * 100):
        assert codec.decode(codec.encode(kept_value)) == kept_value


@pytest.mark.parametrize("value", [[], {}])
def test_values_that_contain_themselves(value: Any) -> None:
    """They are refused by every serializer of trees, in the end."""
    inside: Any = value
    inside.append(value) if isinstance(value, list) else inside.update({"a": value})

    for name in ("orjson", "json", "msgpack"):
        with pytest.raises(InvalidValueError):
            codec_of(CODES[name]).encode(value)


def test_null_for_nan() -> None:
    """With nan="null" JSON has null in place of NaN and the infinities, wherever they are, and refuses the rest as before."""
    codec = codec_of(CODES["orjson"], nan="null")
    given = {"a": math.nan, "b": [math.inf, None], "c": np.array([1.0, np.nan]), "d": np.float64("nan"), "e": np.float32("inf")}

    assert codec.decode(codec.encode(given)) == {"a": None, "b": [None, None], "c": [1.0, None], "d": None, "e": None}
    for refused in ({"n": math.nan, 1: 2}, [math.nan, b"x"]):
        with pytest.raises(InvalidValueError):
            codec.encode(refused)


def test_as_booklet() -> None:
    """Programs made for ebooklet can have booklet's conversions: NaN to null, any key to text, no microseconds."""
    codec = codec_of(CODES["orjson"], as_booklet=True)

    assert (
        codec.encode({1: math.nan, "at": datetime.fromisoformat("2020-01-01T00:00:00.000005")})
        == b'{"1":null,"at":"2020-01-01T00:00:00"}'
    )


@given(kept.KINDS["lists, and mappings with text for keys"].others)
def test_json_is_the_json_of_booklet(value: Any) -> None:
    """What both keep has the same bytes, so that a value that is set again is the same."""
    for name in ("orjson", "json", "msgpack"):
        try:
            raw = codec_of(CODES[name]).encode(value)
        except InvalidValueError:
            continue
        assert raw == booklet_serializers.serial_dict[name].dumps(value)


def test_null_is_no_nan() -> None:
    """None, text with the word, and values that only look so are kept."""
    codec = codec_of(CODES["orjson"])
    value = {
        "a": None,
        "b": "null",
        "null": [None, 1.5, kept.Colour.RED, np.float64(1.5)],
        "at": datetime(2020, 1, 1, tzinfo=UTC),
    }

    assert orjson.loads(codec.encode(value))["null"] == [None, 1.5, "red", 1.5]
