"""A small real catalog with a database in each state, made in a folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

import catalog
from catalog import Catalog, Database, Entry, S3Connection

BASE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 10, 8, 15, tzinfo=UTC)
US, COLLEAGUE = "ada@desk", "bo@harbour"
Flag = Literal["r", "w", "c", "n"]
HOSTILE_KEY = "evil\x1b[31m\u202ekey"


class Hostile:
    """A value whose pickle runs a command when it is read carelessly."""

    def __reduce__(self) -> Any:
        return os.system, ("echo pwned",)


class Shelf:
    """Remotes, a colleague's copies, and our catalog over them, all below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = Catalog(folder / "catalog")

    def connection(self, name: str) -> S3Connection:
        """Where a database of the shelf lives."""
        return S3Connection(db_key=name, endpoint_url=(self.folder / "remotes").as_uri())

    def colleague(self, name: str, flag: Flag = "w", serializer: Any = None) -> Database:
        """The colleague's copy of a database."""
        path = self.folder / "colleague" / f"{name}.blt"
        path.parent.mkdir(exist_ok=True)
        opened = catalog.open(
            self.connection(name),
            path,
            flag,
            serializer,
            lock="commit",
            author=COLLEAGUE,
        )
        assert isinstance(opened, Database)
        return opened

    def publish(self, group: str, name: str, serializer: Any, values: dict[str, Any], description: str = "") -> Entry:
        """Push a database as the colleague and add it to a group of ours."""
        with self.colleague(name, "n", serializer) as database:
            for key, value in values.items():
                database.set(key, value, BASE)
            database.changes().push(message=f"Publish {name}")
        with self.catalog.open_group(group, "w", lock="commit", author=US) as opened:
            opened.add(self.connection(name), name=name, description=description, tags=("test",), owner=COLLEAGUE)
        return self.entry(name)

    def entry(self, name: str) -> Entry:
        """The entry of a database."""
        groups = [group.name for group in self.catalog.groups()]
        return next(entry for group in groups for entry in self.catalog.entries(group) if entry.name == name)

    def ours(self, name: str) -> Database:
        """Our copy of a database, for writing."""
        return self.catalog.open(self.entry(name), "w", lock="commit", pull=False, author=US)

    def take(self, name: str) -> None:
        """Fetch a whole database to this machine."""
        with self.ours(name) as database:
            database.load_items()

    def push_as_colleague(self, name: str, values: dict[str, Any], message: str = "Look again") -> None:
        """Let the colleague change a database and push it; None deletes a key."""
        with self.colleague(name) as database:
            for key, value in values.items():
                if value is None:
                    del database[key]
                else:
                    database.set(key, value, LATER)
            database.changes().push(message=message)

    def edit(self, name: str, values: dict[str, Any]) -> None:
        """Change our copy of a database without a push; None deletes a key."""
        with self.ours(name) as database:
            for key, value in values.items():
                if value is None:
                    del database[key]
                else:
                    database.set(key, value, LATER)

    def add_group(self, name: str) -> None:
        """Add an empty group, which lives beside the databases and so may suggest them."""
        self.catalog.add_group(name, self.connection(f"{name}.group"))
        with self.catalog.open_group(name, "c", lock="commit", author=US):
            pass

    def damage_head(self, name: str) -> None:
        """Overwrite the head of a database's remote."""
        (self.folder / "remotes" / name).write_bytes(b"{ this is no head")

    def list_at(self, group: str, name: str, connection: S3Connection) -> None:
        """Change where the entry of a database says that it lives."""
        with self.catalog.open_group(group, "w", lock="commit", author=US) as opened:
            stored = opened[self.entry(name).key]
            Database.set(opened, self.entry(name).key, {**stored, "remote_conn": connection.to_dict()})


def day(number: int) -> str:
    """A key of the weather."""
    return f"seattle/2012-01-{number:02}"


def weather(number: int) -> dict[str, Any]:
    """A value of the weather."""
    return {"date": f"2012-01-{number:02}", "high_c": 10.5 + number, "sky": "rain", "station": {"id": "W24233", "m": 112}}


MESSAGE = (
    "Fellow-Citizens of the Senate and House of Representatives:\n\n"
    "I embrace with great satisfaction the opportunity which now presents itself of congratulating you "
    "on the present favorable prospects of our public affairs."
)


def stock(shelf: Shelf) -> None:
    """Fill a shelf: one database ahead, one behind, one in conflict, one in step with values of many kinds, one not here."""
    shelf.add_group("earth")
    shelf.add_group("lab")
    shelf.add_group("empty")
    days = {day(number): weather(number) for number in range(1, 29)}
    shelf.publish("earth", "weather", "orjson", days, "Daily weather of Seattle")
    shelf.take("weather")
    shelf.edit("weather", {day(3): {**weather(3), "high_c": 14.0, "sky": "sun"}, day(5): None, day(30): weather(30)})

    quakes = {f"us{number}": {"magnitude": 5 + number / 10, "place": f"{number} km S of Tonga"} for number in range(9)}
    shelf.publish("earth", "quakes", "orjson", quakes, "Earthquakes of magnitude 5 and more")
    shelf.take("quakes")
    shelf.push_as_colleague("quakes", {"us3": {"magnitude": 6.1, "place": "corrected"}, "us9": {"magnitude": 5.9}})

    shelf.publish("earth", "messages", "str", {str(year): f"{MESSAGE} ({year})" for year in range(1790, 1796)}, "Messages")
    shelf.take("messages")
    shelf.edit("messages", {"1791": MESSAGE.replace("favorable", "favourable"), "1792": f"{MESSAGE}\n\nOne more line."})
    shelf.push_as_colleague("messages", {"1791": MESSAGE.replace("satisfaction", "pleasure"), "1795": None})

    series = {str(year): np.round(315 + 1.3 * year + 3 * np.sin(np.arange(52) / 8), 2) for year in range(4)}
    values = {**series, "table": {"rows": [(1, 2.5, "x"), (2, None, "y")]}, "zz-hostile": Hostile()}
    shelf.publish("lab", "co2", "pickle", values, "Carbon dioxide, ppm")
    shelf.take("co2")

    shelf.publish("lab", "pictures", None, {"a.bin": bytes(range(200)), "b.csv": b"n,x\n1,2\n", HOSTILE_KEY: b"\x00"})
    shelf.take("pictures")
    shelf.publish("lab", "far", "orjson", {"only": [1, 2, 3]}, "Never opened here")
