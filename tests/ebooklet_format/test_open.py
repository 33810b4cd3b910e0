"""Every remote that a real ebooklet wrote opens for reading, with keys and by its address, and has what ebooklet saw in it."""

from __future__ import annotations

from pathlib import Path

import pytest

import catalog
from catalog import KeyState, S3Connection

from .fixtures import FIXTURES, Expected, Fixture
from .places import Places

every = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)


def open_for_reading(place: S3Connection | str, file: Path, expected: Expected) -> catalog.Database:
    """Open a database or a group."""
    return catalog.open(place, file, "r", remote_conn_group=expected.type == "RemoteConnGroup")


SOME = 3


def check(opened: catalog.Database, expected: Expected) -> None:
    """Whether everything that a database says is what ebooklet saw."""
    assert len(opened) == len(expected.values)
    assert dict(opened.timestamps()) == {key: timestamp for key, (timestamp, _) in expected.values.items()}
    assert opened.get_metadata(include_timestamp=True) == (expected.metadata, expected.metadata_timestamp)
    assert opened.uuid.hex == expected.uuid
    assert opened.serializer == expected.serializer
    assert opened.commit is not None
    assert int(opened.commit.time.timestamp() * 1_000_000) == pytest.approx(expected.timestamp, abs=1)
    assert not any(info.verified for info in opened.page(limit=100))


@every
def test_it_opens_with_keys(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """Values, times, metadata, identity are those that ebooklet saw: from a new file, when loaded, and from that file alone."""
    places.put(fixture)
    for number, expected in enumerate(fixture.databases):
        place, file = places.with_keys(expected.db_key), tmp_path / f"{number}.blt"
        with open_for_reading(place, file, expected) as opened:
            check(opened, expected)
            for key in list(expected.values)[:SOME]:
                assert opened.get_bytes(key) == expected.values[key][1]
            assert opened.load_items() == {}
        with open_for_reading(place, file, expected) as opened:
            check(opened, expected)
            opened._session.cache.prune()
            assert {key: opened.get_bytes(key) for key in opened} == {key: at[1] for key, at in expected.values.items()}
            assert {info.state for info in opened.page(limit=100)} == {KeyState.LOCAL}
            assert {info.key: info.size for info in opened.page(limit=100)} == {
                key: len(at[1]) for key, at in expected.values.items()
            }
            assert opened.requests == 1


@every
def test_it_opens_by_its_address(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """Without keys, the same is read from the address."""
    places.put(fixture)
    for number, expected in enumerate(fixture.databases):
        with open_for_reading(places.address(expected.db_key), tmp_path / f"{number}.blt", expected) as opened:
            check(opened, expected)
            assert opened.load_items() == {}
            assert {key: opened.get_bytes(key) for key in opened} == {key: at[1] for key, at in expected.values.items()}
