"""What the demo's databases hold: one function a database, from its data file to keys and values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from catalog.demo.tables import read_rows, read_table

Records = dict[str, Any]


def daily_weather() -> Records:
    """JSON objects by city and day."""
    return {
        f"{city.lower().replace(' ', '-')}/{day}": {
            "precipitation_mm": rain,
            "high_c": high,
            "low_c": low,
            "wind_m_s": wind,
            "sky": sky,
        }
        for city, day, rain, high, low, wind, sky in read_rows("daily-weather")
    }


def hourly_temperature() -> Records:
    """Arrays of up to 24 integers, tenths of a degree Fahrenheit, by city and day."""
    table = read_table("hourly-temperature")
    rows = zip(table["city"], table["day"], table["tenths"], strict=True)
    return {
        f"{city}/{day}": np.array([row[2] for row in hours], dtype="i2")
        for (city, day), hours in groupby(rows, key=itemgetter(0, 1))
    }


def mauna_loa_co2() -> Records:
    """Dictionaries of dates and an array of parts per million, by month."""
    weeks: dict[str, list[tuple[date, float]]] = {}
    for day, ppm in read_rows("mauna-loa-co2"):
        at = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        if ppm is not None:
            weeks.setdefault(f"{at:%Y/%m}", []).append((at, ppm))
    return {
        month: {"station": "Mauna Loa", "weeks": [at for at, _ in measured], "ppm": np.array([ppm for _, ppm in measured])}
        for month, measured in weeks.items()
    }


def storms() -> Records:
    """Dictionaries with a track of times and positions, by year and name."""
    rows = sorted(read_rows("storms"), key=itemgetter(1, 0, 2, 3, 4))
    found = {}
    for (year, name), points in groupby(rows, key=itemgetter(1, 0)):
        track = [
            {
                "at": datetime(year, month, day, hour, tzinfo=UTC),
                "position": (latitude, longitude),
                "status": status,
                "wind_knots": wind,
                "pressure_mbar": pressure,
            }
            for _, _, month, day, hour, latitude, longitude, status, _, wind, pressure in points
        ]
        found[f"{year}/{name.lower()}"] = {
            "name": name,
            "strongest_knots": max(point["wind_knots"] for point in track),
            "lasted": track[-1]["at"] - track[0]["at"],
            "track": track,
        }
    return found


def earthquakes() -> Records:
    """JSON objects by day and identifier."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    found = {}
    for ident, milliseconds, magnitude, scale, place, kind, status, felt, tsunami, *where in read_rows("earthquakes"):
        east, north, depth = where
        at = epoch + timedelta(milliseconds=milliseconds)
        found[f"{at:%Y-%m-%d}/{ident}"] = {
            "time": at.isoformat(timespec="milliseconds"),
            "magnitude": magnitude,
            "scale": scale,
            "place": place,
            "type": kind,
            "status": status,
            "felt_reports": felt,
            "tsunami": bool(tsunami),
            "longitude": east,
            "latitude": north,
            "depth_km": depth,
        }
    return found


def airports() -> Records:
    """JSON objects by state and code."""
    return {
        f"{state if state != 'NA' else country}/{iata}": {
            "name": name,
            "city": city,
            "state": state,
            "country": country,
            "latitude": latitude,
            "longitude": longitude,
        }
        for iata, name, city, state, country, latitude, longitude in read_rows("airports")
    }


def flights() -> Records:
    """JSON objects by day, airport and flight."""
    return {
        f"2013-{month:02}-{day:02}/{origin}/{carrier}{number}": {
            "to": to,
            "scheduled": f"{scheduled // 100:02}:{scheduled % 100:02}",
            "departure_delay_min": departure,
            "arrival_delay_min": arrival,
            "in_air_min": in_air,
            "miles": miles,
        }
        for month, day, carrier, number, origin, to, scheduled, departure, arrival, in_air, miles in read_rows("flights")
    }


def airport_weather() -> Records:
    """Files of comma-separated values, as bytes, by airport and day."""
    table = read_table("airport-weather")
    header = ",".join(name for name in table if name not in ("origin", "month", "day"))
    files: dict[str, list[str]] = {}
    for origin, month, day, *measures in zip(*table.values(), strict=True):
        line = ",".join("" if measure is None else str(measure) for measure in measures)
        files.setdefault(f"{origin}/2013-{month:02}-{day:02}.csv", [header]).append(line)
    return {key: ("\n".join(lines) + "\n").encode() for key, lines in files.items()}


def annual_messages() -> Records:
    """Paragraphs of text by year, president and place in the message."""
    found = {}
    for year, president, part, text in read_rows("annual-messages"):
        speaker = president if part == 1 else f"{president}-{part}"
        for number, paragraph in enumerate(text.split("\n\n"), start=1):
            found[f"{year}/{speaker}/{number:03}"] = paragraph.strip()
    return found
