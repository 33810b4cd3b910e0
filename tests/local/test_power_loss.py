"""What was acknowledged is there after a loss of power at any moment.

``CATALOG_POWER=large pytest -n 2 -s tests/local/test_power_loss.py`` tries thousands of moments and says how many.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

import catalog
from catalog import S3Connection

from .power_loss import Moment, record, replay, write

LARGE = os.environ.get("CATALOG_POWER") == "large"
SEEDS, STEPS, STATES = (range(12), 60, 220) if LARGE else (range(12, 13), 30, 25)
STATES = int(os.environ.get("CATALOG_POWER_STATES", STATES))


def opened_again(moment: Moment, folder: Path) -> None:
    """Open what is left, and compare it with what may be there; a second opening sees the same."""
    connection = S3Connection(db_key="x.blt", endpoint_url=(folder / "store").as_uri())
    seen = []
    for _ in range(2):
        with catalog.open(connection, folder / "a.blt", "w", lock="commit", offline=True) as database:
            found: dict[str, str | None] = {key: value.decode() for key, value in database.items()}
            assert len(database) == len(found)
            metadata = database.get_metadata()
        seen.append((found, metadata))
    assert seen[0] == seen[1]
    found, metadata = seen[0]
    assert set(found) <= set(moment.allowed)
    for key, allowed in moment.allowed.items():
        if key:
            assert found.get(key) in allowed, key
        else:
            assert (None if metadata is None else f'{{"n":{metadata["n"]}}}') in allowed


@pytest.mark.skipif(shutil.which("strace") is None and "CI" not in os.environ, reason="strace is not installed")
@pytest.mark.timeout(1000 if LARGE else 120)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_lost(seed: int, tmp_path: Path) -> None:
    """After a loss of power at any moment the copy opens, holds all that was acknowledged, and nothing that nobody set."""
    trace = record(tmp_path, seed, STEPS)
    work, choose = tmp_path / "work", random.Random(seed)
    kinds = [(moment.is_critical, moment.is_torn) for moment in replay(trace, work)]
    total = len(kinds)
    wanted = choose.sample(range(total), min(STATES, total))
    for kind, times in enumerate((2, 1)):
        wanted += choose.choices([number for number, is_so in enumerate(kinds) if is_so[kind]], k=times * STATES)
    tried = 0
    for number, moment in enumerate(replay(trace, work)):
        for _ in range(wanted.count(number) if f"{work}/a.blt" in moment.files and moment.allowed else 0):
            folder = tmp_path / f"state {number}"
            folder.mkdir()
            write(moment, folder, work, choose)
            opened_again(moment, folder)
            shutil.rmtree(folder)
            tried += 1
    print(f"seed {seed}: {tried} states of {total} moments")
    assert tried > 0
