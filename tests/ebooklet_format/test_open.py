"""Every remote that a real ebooklet wrote opens for reading, with keys and by its address, and has what ebooklet saw in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import catalog
from catalog import S3Connection

from .fixtures import FIXTURES, Expected, Fixture
from .places import Places

every = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)


def open_for_reading(place: S3Connection | str, file: Path, expected: Expected) -> catalog.Database:
    """Open a database or a group."""
    return catalog.open(place, file, "r", remote_conn_group=expected.type == "RemoteConnGroup")


def check(opened: catalog.Database, expected: Expected) -> None:
    """Whether everything that a database says is what ebooklet saw."""
    assert len(opened) == len(expected.values)
    assert dict(opened.timestamps()) == {key: timestamp for key, (timestamp, _) in expected.values.items()}
    assert {key: opened.get_bytes(key) for key in opened} == {key: value for key, (_, value) in expected.values.items()}
    assert opened.get_metadata(include_timestamp=True) == (expected.metadata, expected.metadata_timestamp)
    assert opened.uuid.hex == expected.uuid
    assert opened.serializer == expected.serializer
    assert opened.commit is not None
    assert int(opened.commit.time.timestamp() * 1_000_000) == pytest.approx(expected.timestamp, abs=1)
    assert not any(info.verified for info in opened.page(limit=100))


@every
def test_it_opens_with_keys_and_by_its_address(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """Values, times, metadata, identity are those that ebooklet saw: from a new file, from one that has been open, and loaded."""
    places.put(fixture)
    for number, expected in enumerate(fixture.databases):
        for way, place in (("keys", places.with_keys(expected.db_key)), ("address", places.address(expected.db_key))):
            file = tmp_path / f"{number}-{way}.blt"
            with open_for_reading(place, file, expected) as opened:
                check(opened, expected)
            with open_for_reading(place, file, expected) as opened:
                assert opened.load_items() == {}
                check(opened, expected)
                assert opened.requests < 20
            with open_for_reading(place, file, expected) as opened:
                check(opened, expected)
                assert opened.requests == 1
