"""The demo's groups and databases: their names, descriptions, value types and stories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from catalog.demo import edits, records


class Copy(StrEnum):
    """How much of a database is on this machine."""

    VALUES = "all values"
    KEYS = "keys, values are fetched when they are read"
    NOTHING = "never opened here"


@dataclass(frozen=True, slots=True)
class DemoDatabase:
    """One database to make."""

    name: str
    description: str
    tags: tuple[str, ...]
    serializer: str
    records: Callable[[], records.Records]
    story: edits.StoryTeller = edits.in_step
    copy: Copy = Copy.VALUES


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """One group to make."""

    name: str
    databases: tuple[DemoDatabase, ...]


EARTH = DemoGroup(
    "earth",
    (
        DemoDatabase(
            "daily-weather",
            "Daily weather of Seattle and New York, 2012 to 2015 (NOAA)",
            ("weather", "daily"),
            "orjson",
            records.daily_weather,
            edits.last_days_not_pushed,
        ),
        DemoDatabase(
            "earthquakes",
            "All earthquakes of one week of 2018 (USGS)",
            ("geology",),
            "orjson",
            records.earthquakes,
            edits.reviewed_by_both,
        ),
        DemoDatabase(
            "hourly-temperature",
            "Hourly temperatures of Seattle and San Francisco, 2010, in tenths of °F (NOAA)",
            ("weather", "hourly", "arrays"),
            "numpy_int2",
            records.hourly_temperature,
        ),
        DemoDatabase(
            "mauna-loa-co2",
            "Carbon dioxide at Mauna Loa, weekly, 1958 to 2001 (US Department of Energy)",
            ("air", "weekly"),
            "pickle",
            records.mauna_loa_co2,
            edits.last_quarter_pushed,
        ),
        DemoDatabase(
            "storms",
            "Tracks of Atlantic storms, 1975 to 2022 (NOAA HURDAT2)",
            ("weather", "tracks"),
            "pickle",
            records.storms,
        ),
    ),
)

AMERICA = DemoGroup(
    "america",
    (
        DemoDatabase(
            "airports",
            "Airports of the United States (Department of Transportation)",
            ("aviation",),
            "orjson",
            records.airports,
            edits.renamed_by_both,
        ),
        DemoDatabase(
            "airport-weather",
            "Hourly observations at the airports of New York, 2013, as CSV files (NOAA)",
            ("aviation", "weather", "files"),
            "bytes",
            records.airport_weather,
            copy=Copy.NOTHING,
        ),
        DemoDatabase(
            "annual-messages",
            "Messages to Congress of Washington to Monroe and Lincoln, by paragraph",
            ("history", "text"),
            "str",
            records.annual_messages,
        ),
        DemoDatabase(
            "flights",
            "Departures from New York, January and February 2013 (Bureau of Transportation Statistics)",
            ("aviation", "large"),
            "orjson",
            records.flights,
            copy=Copy.KEYS,
        ),
    ),
)

GROUPS = (EARTH, AMERICA)
