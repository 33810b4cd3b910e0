"""What it costs to set, get, import and export values, and to import the same again: microseconds of processor time a row.

`python benchmarks/import_export.py [rows]`. It uses public names only, so that another version of the library can be
measured beside this one with PYTHONPATH, in the same minutes on the same machine.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

import catalog

ROWS = 50_000
REPEATED = 3
FORMATS = ("csv", "jsonl")


def main() -> None:
    """Print a table for each format."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            place = Path(folder, name)
            place.mkdir()
            _of_format(place, name, rows)
        _of_keys(Path(folder), rows)


def _values(rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(rows):
        value = {"station": "Oban", "mm": number / 7, "n": number, "wet": True, "note": "light rain"}
        yield f"rain/{number:07}", value


def _of_format(folder: Path, name: str, rows: int) -> None:
    source = folder / f"rows.{name}"
    _write(source, rows)
    reading = _least(rows, lambda: _read(source))
    _say(f"{name}: read by Python", reading, reading)
    with _new(folder) as database:
        plan = _least(rows, lambda: catalog.plan_import(source, "orjson"))
        _say(f"{name}: read and checked", plan, reading)
        _say(f"{name}: first import", _once(rows, lambda: catalog.import_file(database, source)), reading)
        database.changes().push()
        _say(f"{name}: same import again", _once(rows, lambda: catalog.import_file(database, source)), reading)
        print(f"{'':32} {len(database.changes().all()):,} changes by it")
        database.changes().push()
        _say(f"{name}: export", _once(rows, lambda: catalog.export_file(database, folder / f"out.{name}")), reading)


def _of_keys(folder: Path, rows: int) -> None:
    values = list(_values(rows))
    with _new(folder) as database:

        def set_all() -> None:
            for key, value in values:
                database[key] = value
            database.sync()

        first = _once(rows, set_all)
        _say("set", first, first)
        database.changes().push()
        _say("set the same again", _once(rows, set_all), first)
        print(f"{'':32} {len(database.changes().all()):,} changes by it")
        database.changes().push()
        _say("get", _once(rows, lambda: [database[key] for key, _ in values]), first)
        _say("items", _once(rows, lambda: list(database.items())), first)


def _new(folder: Path) -> catalog.Database:
    (folder / "remote").mkdir()
    place = catalog.S3Connection(db_key="rain.blt", endpoint_url=(folder / "remote").as_uri())
    return catalog.open(place, folder / "rain.blt", "n", value_serializer="orjson")


def _write(source: Path, rows: int) -> None:
    with source.open("w", newline="") as file:
        if source.suffix == ".csv":
            writer = csv.writer(file)
            writer.writerow(("key", "station", "mm", "n", "wet", "note"))
            writer.writerows((key, "Oban", repr(value["mm"]), value["n"], "true", "light rain") for key, value in _values(rows))
        else:
            file.writelines(orjson.dumps({"key": key, **value}).decode() + "\n" for key, value in _values(rows))


def _read(source: Path) -> None:
    with source.open() as file:
        for _ in csv.DictReader(file) if source.suffix == ".csv" else map(orjson.loads, file):
            pass


def _once(rows: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / rows * 1e6


def _least(rows: int, work: Callable[[], object]) -> float:
    return min(_once(rows, work) for _ in range(REPEATED))


def _say(what: str, cost: float, against: float) -> None:
    print(f"{what:32} {cost:8.2f} µs  {cost / against:6.1f}x", flush=True)


if __name__ == "__main__":
    main()
