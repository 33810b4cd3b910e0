"""Search: what is found, in which order, and among many."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import Entry, S3Connection
from catalog.groups.search import SearchIndex


def entry(name: str, **more: Any) -> Entry:
    said: dict[str, Any] = {
        "key": name.encode().hex().ljust(32, "0")[:32],
        "description": "",
        "tags": (),
        "owner": "ada",
        "type": "x",
        "connection": S3Connection(db_key=f"data/{name.strip()}", bucket="open", endpoint_url="https://s3.example.org"),
        "timestamp": 0,
        "user_meta": None,
        "remote_meta": None,
        "keys": 1,
        "value_bytes": 1,
        "commit_number": 1,
    }
    return Entry(name=name, **{**said, **more})


@pytest.fixture
def index() -> SearchIndex:
    """Five databases in two groups."""
    rain = entry("rain", description="Daily rain of Seattle", tags=("weather", "US"))
    snow = entry("Schnee-Höhe", description="Snow; no rain", user_meta={"station": ["W24233", {"élévation": 112}]})
    quakes = entry("quakes", description="Earthquakes", remote_meta={"units": {"depth": "km"}})
    return SearchIndex(
        [("field", rain), ("field", snow), ("lab", quakes), ("lab", entry("terrain")), ("lab", entry("  b", owner="bo"))]
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rain", ["rain", "terrain", "Schnee-Höhe"]),
        ("RAIN seattle", ["rain"]),
        ("us weather", ["rain"]),
        ("hohe", ["Schnee-Höhe"]),
        ("w24233 112", ["Schnee-Höhe"]),
        ("Elevation", ["Schnee-Höhe"]),
        ("depth km", ["quakes"]),
        ("lab data", ["  b", "quakes", "terrain"]),
        ("bo", ["  b"]),
        ("nothing like it", []),
        ("", ["  b", "quakes", "rain", "Schnee-Höhe", "terrain"]),
    ],
)
def test_what_is_found(index: SearchIndex, text: str, names: list[str]) -> None:
    """Every word must be somewhere, in any case and with or without accents; names come before all else."""
    results = index.search(text)

    assert [found.entry.name for found in results.found] == names
    assert results.total == len(names)


def test_what_was_found_is_shown(index: SearchIndex) -> None:
    """A result says in which field a word is and what stands around it."""
    shown = {text: index.search(text).found[0] for text in ("weather", "quakes", "24233")}

    assert (shown["weather"].field, shown["weather"].excerpt) == ("tags", "weather, US")
    assert (shown["quakes"].field, shown["quakes"].excerpt) == ("name", "Earthquakes")
    assert (shown["24233"].field, shown["24233"].excerpt) == ("notes", "station W24233 élévation 112")


def test_few_are_given_and_all_are_counted(index: SearchIndex) -> None:
    """A limit keeps the answer short; the number says how many there are."""
    results = index.search("ada", limit=2)

    assert (len(results.found), results.total) == (2, 4)


def test_a_megabyte_of_metadata_is_not_searched_through() -> None:
    """Only the beginning of metadata is searched, so that no entry can make searching slow."""
    big = entry("big", user_meta={"first": "needle", "filling": "x" * 1_000_000, "last": "pin"})

    index = SearchIndex([("g", big)])

    assert index.search("needle").total == 1
    assert index.search("pin").total == 0


def test_each_letter_narrows_ten_thousand_databases() -> None:
    """While a search is typed, each letter leaves what the one before found, or less of it (how fast: benchmarks/search.py)."""
    words = ("rain", "snow", "wind", "tide", "soil", "river", "ozone")
    index = SearchIndex(
        ("group", entry(f"{words[number % 7]}-{number}", description=f"Series {number} of station {number % 97}" * 3))
        for number in range(10_000)
    )
    typed = "station 42 ozone"
    totals = [index.search(typed[:end]).total for end in range(1, len(typed) + 1)]

    assert totals == sorted(totals, reverse=True)
    assert totals[0] == 10_000
    ozone = [number for number in range(10_000) if number % 7 == 6]
    assert totals[-1] == sum("42" in f"{number} {number % 97}" for number in ozone)
