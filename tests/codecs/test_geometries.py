"""Tables of geopandas come back as they went in: their geometries, coordinate systems and other columns."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pytest
import shapely
from booklet import serializers as booklet_serializers
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.codecs.codec import codec_of
from catalog.errors import InvalidValueError

CODE = booklet_serializers.serial_name_dict["gpd_zstd"]
SYSTEMS = [None, "EPSG:4326", "EPSG:2193", "EPSG:3857"]

_places = st.tuples(*[st.floats(-1e7, 1e7)] * 2)
_shapes = st.one_of(
    st.none(),
    _places.map(shapely.Point),
    st.tuples(*[st.floats(-1e7, 1e7)] * 3).map(shapely.Point),
    st.lists(_places, min_size=2, max_size=4).map(shapely.LineString),
    st.lists(_places, min_size=0, max_size=3).map(shapely.MultiPoint),
    st.sampled_from([shapely.Polygon(), shapely.box(0, 0, 1, 2), shapely.GeometryCollection([shapely.Point(1, 2)])]),
)
_columns: dict[str, st.SearchStrategy[Any]] = {
    "count": st.integers(-(1 << 63), (1 << 63) - 1),
    "rain": st.floats(),
    "name": st.one_of(st.none(), st.text(st.characters(codec="utf-8"))),
    "wet": st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A table with one column of geometries, or two in different coordinate systems."""
    rows = draw(st.integers(0, 4))
    some = draw(st.lists(st.sampled_from(sorted(_columns)), unique=True))
    content = {name: draw(st.lists(_columns[name], min_size=rows, max_size=rows)) for name in some}
    table = gpd.GeoDataFrame(content, geometry=_series(draw, rows))
    if draw(st.booleans()):
        table["where else"] = _series(draw, rows)
    return table


def _series(draw: st.DrawFn, rows: int) -> gpd.GeoSeries:
    return gpd.GeoSeries(draw(st.lists(_shapes, min_size=rows, max_size=rows)), crs=draw(st.sampled_from(SYSTEMS)))


@settings(max_examples=40, deadline=None)
@given(table=tables(), trusted=st.booleans())
def test_tables_come_back(table: gpd.GeoDataFrame, trusted: bool) -> None:
    """Whatever is drawn is kept whole."""
    codec = codec_of(CODE, trusted=trusted)
    found = codec.decode(codec.encode(table))
    assert_geodataframe_equal(found, table)
    # To the comparison above, geometries of other dimensions are the same: their bytes are not.
    for name in ("geometry", "where else"):
        if name in table:
            assert found[name].crs == table[name].crs
            assert found[name].to_wkb().tolist() == table[name].to_wkb().tolist()


@pytest.mark.parametrize("value", [shapely.Point(1, 2), [1], gpd.GeoSeries([shapely.Point(1, 2)]), None])
def test_other_values_are_refused(value: Any) -> None:
    """What is no table is an error when it is set, not a value that is none any more."""
    with pytest.raises(InvalidValueError):
        codec_of(CODE).encode(value)
