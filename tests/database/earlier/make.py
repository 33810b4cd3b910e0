"""Makes the working copies that `test_earlier_copies.py` opens. Run with the version of the library that they are to be of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import catalog
from catalog import Database, S3Connection

OUT = Path(sys.argv[1])
MOMENT = 1_700_000_000_000_000


def opened(name: str, flag: Any, db_key: str = "rain.blt") -> Database:
    connection = S3Connection(None, None, db_key, "bucket", endpoint_url=(OUT / "store").as_uri())
    return catalog.open(connection, OUT / name, flag, value_serializer="orjson", lock="commit", author="ada")


def main() -> None:
    (OUT / "store" / "bucket").mkdir(parents=True)
    with opened("seed.blt", "c") as database:
        for number in range(6):
            database.set(f"k{number}", {"n": number}, timestamp=MOMENT + number)
        database.set_metadata({"title": "first"}, timestamp=MOMENT + 100)
        database.changes().push(message="first")
    with opened("edited.blt", "w") as database:
        database.load_items(["k0", "k1", "k2"])
        database.set("k1", {"n": "edited"}, timestamp=MOMENT + 200)
        database.set("new", {"n": "new"}, timestamp=MOMENT + 201)
        del database["k2"]
        database.set_metadata({"title": "edited"}, timestamp=MOMENT + 202)
    with opened("clean.blt", "w") as database:
        database.load_items()
    with opened("cleared.blt", "w") as database:
        database.clear()
        database.set("only", 1, timestamp=MOMENT + 203)
    with opened("conflict.blt", "w") as database:
        database.set("k3", "mine", timestamp=MOMENT + 204)
        database.set_metadata({"title": "mine"}, timestamp=MOMENT + 205)
    with opened("seed.blt", "w") as database:
        database.set("k3", "theirs", timestamp=MOMENT + 206)
        database.set_metadata({"title": "theirs"}, timestamp=MOMENT + 207)
        database.changes().push(message="second")
    opened("conflict.blt", "w").close()
    with opened("unpushed.blt", "c", "other.blt") as database:
        database.set("a", 1, timestamp=5)
        database.set_metadata({"m": 1}, timestamp=6)


if __name__ == "__main__":
    main()
