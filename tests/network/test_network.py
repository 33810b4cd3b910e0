"""Four processes write through a line on which much goes wrong: no change that they were told is pushed is lost.

A small part runs always. All of it, until 3,000 requests went wrong::

    CATALOG_NETWORK=large python -m pytest -n 0 -s --timeout 3600 tests/network

``CATALOG_NETWORK_SEED`` is another order of faults, ``CATALOG_NETWORK_FAULTS`` how many there are to be.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog import S3Connection
from catalog.credentials.profile import Profile
from catalog.testing.seaweed import Seaweed

from .line import FAULTS, FaultyLine

LARGE = os.environ.get("CATALOG_NETWORK") == "large"
SEED = int(os.environ.get("CATALOG_NETWORK_SEED", "0"))
WANTED = int(os.environ.get("CATALOG_NETWORK_FAULTS", "3000" if LARGE else "20"))
SECONDS = 60 if LARGE else 6
WRITERS = 4
READ_TIMEOUT = 2.0
RETRIES = 2
LONGEST = 120.0
"""Seconds that an opening and its pushes take at most: some requests, each given up after its patience, and pauses."""


def through(line: FaultyLine, place: S3Connection) -> dict[str, Any]:
    """How a writer gets to a place by the line."""
    return {
        **{name: getattr(place, name) for name in ("db_key", "bucket")},
        "endpoint_url": line.endpoint_url,
        "read_timeout": READ_TIMEOUT,
        "retries": RETRIES,
    }


def write(line: FaultyLine, place: S3Connection, keys: dict[str, str], folder: Path, seed: int) -> list[list[dict[str, Any]]]:
    """Let the writers write for some seconds; what each said."""
    told = [
        {
            "connection": through(line, place),
            "name": f"w{number}",
            "folder": str(folder),
            "seconds": SECONDS,
            "seed": seed + number,
        }
        for number in range(WRITERS)
    ]
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "network.writer", json.dumps(one)],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **keys},
        )
        for one in told
    ]
    said = []
    for writer in writers:
        out, _ = writer.communicate(timeout=SECONDS + 2 * LONGEST)
        said.append([json.loads(spoken) for spoken in out.splitlines()])
    return said


@pytest.mark.timeout(3600 if LARGE else 120)
def test_nothing_that_was_pushed_is_lost(seaweed: Seaweed, tmp_path: Path) -> None:
    """What a push was said to have brought up is there, as a reader sees with a good line; all errors are ours."""
    place = seaweed.connection(f"n{secrets.token_hex(4)}.blt")
    with catalog.open(place, tmp_path / "made.blt", "n", "orjson", lock="commit") as made:
        made["begun"] = True
        made.changes().push()
    line = FaultyLine(seaweed.port, f"/{place.db_key}", share=0.25 if LARGE else 0.15, seed=SEED)
    pair = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
    keys = dict(zip(Profile.at(line.endpoint_url).environment_variables, pair, strict=True))
    pushes, errors, rounds, longest = 0, Counter[str](), 0, 0.0
    while line.faults < WANTED:
        said = write(line, place, keys, tmp_path / f"round{rounds}", SEED + 100 * rounds)
        rounds += 1
        acknowledged: dict[str, int] = {}
        for mine in said:
            assert mine, "a writer said nothing"
            assert not [one["foreign"] for one in mine if "foreign" in one]
            assert "done" in mine[-1]
            for one in mine:
                if "pushed" in one:
                    pushes += 1
                    acknowledged.update(one["pushed"])
                elif "error" in one:
                    errors[one["error"]] += 1
                    longest = max(longest, one["seconds"])
        with catalog.open(place, tmp_path / f"reader{rounds}.blt") as reader:
            found = {key: value["n"] for key, value in reader.items() if key != "begun"}
        # what came after may have been made too, though nobody said so
        lost = {key: number for key, number in acknowledged.items() if found.get(key, 0) < number}
        assert not lost, f"lost: {lost}"
        print(f"round {rounds}: {pushes:,} pushes, {line.faults:,} faults", file=sys.__stdout__, flush=True)
    line.close()
    print(
        f"{pushes:,} pushes in {rounds} rounds, {line.faults:,} faults {dict(line.counts)}, errors {dict(errors)}",
        file=sys.__stdout__,
    )
    assert pushes > 0
    assert longest < LONGEST
    if LARGE:
        assert set(line.counts) == set(FAULTS)
