"""A process of its own that works on a shelf as a notebook and a colleague would: one order a line, answered when it is done."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from catalog import CatalogError

from .shelf import Shelf, day, weather

VERBS = ("edit", "delete", "discard", "push", "pull", "colleague", "resolve", "add", "remove")


def act(shelf: Shelf, verb: str, number: int) -> None:
    """Do one thing; ``number`` chooses the key."""
    key = day(number % 9 + 1)
    value = {**weather(number % 9 + 1), "high_c": number}
    match verb:
        case "edit":
            shelf.edit("weather", {key: value})
        case "delete":
            with shelf.ours("weather") as database:
                if key in database:
                    del database[key]
        case "colleague":
            shelf.push_as_colleague("weather", {key: {**value, "sky": "fog"}})
        case "add":
            if not any(entry.name == "snow" for entry in shelf.catalog.entries("earth")):
                shelf.catalog.add("earth", shelf.connection("snow"), name="snow")
        case "remove":
            shelf.catalog.remove("earth", shelf.entry("snow").key)
        case _:
            _settle(shelf, verb, number)


def _settle(shelf: Shelf, verb: str, number: int) -> None:
    with shelf.ours("weather") as database:
        changes = database.changes()
        match verb:
            case "push":
                changes.push(skip_conflicts=True)
            case "pull":
                changes.pull()
            case "resolve":
                changes.resolve_all(lambda _: random.Random(number).choice(["mine", "theirs"]))
            case _:
                changes.discard()


def main() -> None:
    """Take orders until there are no more."""
    shelf = Shelf(Path(sys.argv[1]))
    for line in sys.stdin:
        verb, number = json.loads(line)
        try:
            act(shelf, verb, number)
        except (CatalogError, StopIteration) as error:
            print(json.dumps(type(error).__name__), flush=True)
        else:
            print(json.dumps("done"), flush=True)


if __name__ == "__main__":
    main()
