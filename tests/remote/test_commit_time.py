"""Clocks that are off: no commit that nobody can read, none that hides later ones, and nothing out of range is let in."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import catalog
from catalog import Database, InvalidInputError, S3Connection
from catalog.connection import AccessKeys
from catalog.format.timestamp import microseconds
from catalog.remote.commit_time import commit_time
from catalog.store.directory.store import DirectoryStore
from catalog.store.s3.store import S3Store
from catalog.testing.stub_server import StubServer, response

YEAR = 365.25 * 86_400


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds this machine's clock is off; the first element counts."""
    off = [0.0]
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + int(off[0] * 1e9))
    return off


def opened(folder: Path, name: str) -> Database:
    place = S3Connection(db_key="rain.blt", endpoint_url=(folder / "store").as_uri())
    return catalog.open(place, folder / f"{name}.blt", "c", "orjson", lock="commit")


@pytest.mark.parametrize("years", [-30, -1, 1, 10, 200, 270])
def test_a_clock_that_is_off_does_not_date_a_commit(tmp_path: Path, clock: list[float], years: float) -> None:
    """The store's time is taken then, so that others read the commit, and the version of now is the newest."""
    with opened(tmp_path, "a") as db:
        db["k"] = 1
        db.changes().push()
    clock[0] = years * YEAR
    with opened(tmp_path, "b") as db:
        db["k"] = 2
        made = db.changes().push().commit
    clock[0] = 0
    assert made is not None
    assert abs(made.time - datetime.now(UTC)) < timedelta(hours=1)
    with opened(tmp_path, "a") as db:
        db["k"] = 3
        db.changes().push()
        assert db.commit_at(datetime.now(UTC) + timedelta(minutes=1)).number == 3


def test_the_date_of_a_server_counts(clock: list[float]) -> None:
    """A server tells its time with each answer; a clock that is off by less than a day is this machine's own."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    with StubServer(lambda _: response(404, Date=date)) as server:
        store = S3Store("bucket", server.url, AccessKeys("AKIDSTUB", "stub"), retries=0)
        clock[0] = 10 * YEAR
        ahead = commit_time(store)
        with pytest.raises(catalog.ObjectMissingError):
            store.get("a")
        told = commit_time(store)
        clock[0] = 3600
        assert abs(commit_time(store) - told - 3600e6) < 60e6
    assert ahead - told > 9 * YEAR * 1e6


def test_a_clock_that_no_commit_can_have(tmp_path: Path, clock: list[float]) -> None:
    """Where nobody tells the time it is said that the clock is wrong, and nothing is written."""
    store = DirectoryStore(tmp_path / "store")
    clock[0] = -100 * YEAR
    assert commit_time(store) > 0
    (tmp_path / "store" / "file").parent.mkdir(exist_ok=True)
    with StubServer(lambda _: response(404)) as server, pytest.raises(InvalidInputError, match="clock"):
        commit_time(S3Store("bucket", server.url, AccessKeys("AKIDSTUB", "stub"), retries=0))


@pytest.mark.parametrize("value", [-1, 1 << 56, "1969-12-31T23:59:59+00:00", "9999-01-01T00:00:00+00:00"])
def test_what_is_out_of_range_is_refused_where_it_enters(tmp_path: Path, clock: list[float], value: int | str) -> None:
    """A timestamp that booklet cannot keep never gets as far as a file; the largest that it can does, and comes back."""
    with pytest.raises(InvalidInputError):
        microseconds(value)
    with opened(tmp_path, "a") as db:
        clock[0] = -100 * YEAR
        with pytest.raises(InvalidInputError, match="clock"):
            db["k"] = 1
        with pytest.raises(InvalidInputError, match="clock"):
            catalog.open(db.connection.to_dict() | {"db_key": "new.blt"}, tmp_path / "new.blt", "c", "orjson", lock="commit")
        db.set("k", 1, (1 << 56) - 1)
        db.changes().push()
    with opened(tmp_path, "b") as db:
        assert db.get_timestamp("k") == (1 << 56) - 1
