"""What the demo's databases hold, against facts that can be looked up elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from catalog.demo import records
from catalog.demo.databases import GROUPS, DemoDatabase


def test_daily_weather() -> None:
    """Two cities times the 1,461 days of four years, as NOAA measured them."""
    found = records.daily_weather()

    assert len(found) == 2 * 1461
    assert found["seattle/2012-01-03"] == {
        "precipitation_mm": 0.8,
        "high_c": 11.7,
        "low_c": 7.2,
        "wind_m_s": 2.3,
        "sky": "rain",
    }


def test_hourly_temperature() -> None:
    """Two cities times 365 days, each an array of integers."""
    found = records.hourly_temperature()

    assert len(found) == 2 * 365
    assert found["seattle/2010-01-01"].dtype == np.int16
    assert found["seattle/2010-01-01"][:2].tolist() == [394, 392]
    assert {len(hours) for hours in found.values()} <= {23, 24}


def test_mauna_loa_co2() -> None:
    """Weeks are collected by month, and the first of them is the first that was ever measured."""
    found = records.mauna_loa_co2()

    assert found["1958/03"]["weeks"] == [date(1958, 3, 29)]
    assert found["1958/03"]["ppm"].tolist() == [316.1]
    assert found["2001/12"]["ppm"][-1] > 370


def test_storms() -> None:
    """Hurricane Katrina of 2005 has its known strength and its track in UTC."""
    katrina = records.storms()["2005/katrina"]

    assert katrina["strongest_knots"] == 150
    assert katrina["track"][0]["at"] == datetime(2005, 8, 23, 18, tzinfo=UTC)
    assert timedelta(days=7) < katrina["lasted"] < timedelta(days=9)


def test_earthquakes() -> None:
    """The Hualien earthquake of 6 February 2018 is there at its hour."""
    hualien = records.earthquakes()["2018-02-06/us1000chhc"]

    assert hualien["magnitude"] == 6.4
    assert hualien["time"] == "2018-02-06T15:50:42.400+00:00"


def test_airports() -> None:
    """Airports are found by state and code."""
    assert records.airports()["WA/SEA"]["name"] == "Seattle-Tacoma Intl"


def test_flights() -> None:
    """There are 50,000 flights with keys of their own, the first to Houston at a quarter past five."""
    found = records.flights()

    assert len(found) == 50_000
    assert found["2013-01-01/EWR/UA1545"] == {
        "to": "IAH",
        "scheduled": "05:15",
        "departure_delay_min": 2,
        "arrival_delay_min": 11,
        "in_air_min": 227,
        "miles": 1400,
    }


def test_airport_weather() -> None:
    """Each day of an airport is a small file of comma-separated values."""
    lines = records.airport_weather()["JFK/2013-02-08.csv"].decode().splitlines()

    assert lines[0] == "hour,temp,dewp,humid,wind_dir,wind_speed,precip,pressure,visib"
    assert len(lines) == 25
    assert {line.count(",") for line in lines} == {8}


def test_annual_messages() -> None:
    """Lincoln's message of 1863 is there by paragraph."""
    found = records.annual_messages()

    assert found["1863/lincoln/003"] == "We remain in peace and friendship with foreign powers."
    assert all(isinstance(text, str) and text for text in found.values())


@pytest.mark.parametrize("database", [database for group in GROUPS for database in group.databases], ids=lambda one: one.name)
def test_stories_end_in_edits_of_what_was_published(database: DemoDatabase) -> None:
    """What a story deletes was published, what it sets differs from that, and keys are plain ASCII paths."""
    found = database.records()
    story = database.story(found)

    assert all(key.isascii() and key.isprintable() for key in found)
    assert 100 <= len(story.published) <= 50_000
    for edits in (story.theirs, story.ours):
        assert set(edits.delete) <= set(story.published)
        for key, value in edits.put.items():
            assert repr(value) != repr(story.published.get(key))
