"""How long a search over a large catalog takes: python benchmarks/search.py [databases].

Prints the time to make the index, and for each letter typed the best of five times that an answer took.
"""

from __future__ import annotations

import random
import sys
import time

from catalog import Entry, S3Connection, SearchIndex

_WORDS = ("rain", "snow", "wind", "tide", "soil", "river", "ozone", "salinity", "current", "wave", "pressure", "ice")
_QUESTIONS = ("station 42 ozone", "salinity", "no such database", "e")
_ALLOWED = 0.1


def entry(number: int, source: random.Random) -> Entry:
    """A database with a description, tags and metadata of ordinary length."""
    words = source.choices(_WORDS, k=60)
    return Entry(
        key=f"{number:032x}",
        name=f"{words[0]}-{words[1]}-{number}",
        description=f"Hourly {' '.join(words[2:20])} of station {number % 500}",
        tags=tuple(words[20:24]),
        owner=f"person{number % 90}@institute",
        connection=S3Connection(db_key=f"{words[0]}/{number}", bucket="open-data", endpoint_url="https://s3.example.org"),
        type="CatalogDatabase",
        timestamp=0,
        user_meta={"station": number % 500, "instruments": words[24:40]},
        remote_meta={"units": dict(zip(words[40:50], words[50:], strict=True))},
        keys=1000,
        value_bytes=100_000,
        commit_number=3,
    )


def main() -> int:
    """Measure, print, and fail when an answer takes too long."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    source = random.Random(1)
    databases = [("group", entry(number, source)) for number in range(count)]
    began = time.perf_counter()
    index = SearchIndex(databases)
    print(f"{count:,} databases made searchable in {time.perf_counter() - began:.2f} s")
    slowest = 0.0
    for question in _QUESTIONS:
        for end in range(1, len(question) + 1):
            tries = []
            for _ in range(5):
                began = time.perf_counter()
                results = index.search(question[:end])
                tries.append(time.perf_counter() - began)
            slowest = max(slowest, min(tries))
        print(f"{question!r}: {results.total:,} found, last letter answered in {min(tries) * 1000:.1f} ms")
    print(f"slowest letter: {slowest * 1000:.1f} ms; allowed {_ALLOWED * 1000:.0f} ms")
    return int(slowest > _ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
