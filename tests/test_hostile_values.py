"""A hostile pickle in a remote runs nothing, however the remote is reached; plain pickles are read all the same.

The screen program's own test is ``tests/tui``; what the restricted unpickler refuses is ``test_safe_pickle.py``.
"""

from __future__ import annotations

import datetime as dt
import os
import pickle
import secrets
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import booklet
import numpy as np
import pytest
import zstandard
from click.testing import CliRunner, Result

import catalog
from catalog import Catalog, Database, S3Connection, UntrustedValueError
from catalog.cli import cli
from catalog.testing.seaweed import Seaweed

PLAIN: dict[str, Any] = {
    "list": [1, "two", None, (3.5, {4})],
    "dict": {"nested": {"a": [b"bytes"]}},
    "time": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "day": dt.date(2026, 1, 2),
    "decimal": Decimal("1.50"),
    "uuid": UUID(int=7),
    "array": np.arange(6.0).reshape(2, 3),
    "scalar": np.float32(1.5),
}


class Hostile:
    """When it is unpickled by Python itself, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._marker),)


class Stacked:
    """The same with a way round: looks up an attribute first."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> Any:
        return getattr, (Hostile(self._marker), "x")


def hostile_pickles(marker: Path) -> dict[str, bytes]:
    """Pickles that make ``marker`` when Python reads them."""
    return {
        "plain": pickle.dumps(Hostile(marker)),
        "old": pickle.dumps(Hostile(marker), protocol=0),
        "inside": pickle.dumps({"looks": ["harmless", Hostile(marker)]}),
        "stacked": pickle.dumps(Stacked(marker)),
        "by hand": b"cos\nmkdir\n(V" + str(marker).encode() + b"\ntR.",
    }


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """What the hostile pickles make; it must not be there in the end."""
    made = tmp_path / "it ran"
    yield made
    assert not made.exists()


@pytest.fixture(params=["pickle", "pickle_zstd"])
def published(request: pytest.FixtureRequest, seaweed: Seaweed, tmp_path: Path, marker: Path) -> S3Connection:
    """A public database of a stranger's, with plain values and hostile ones."""
    key = f"{secrets.token_hex(6)}/evil.blt"
    pair = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
    connection = S3Connection(*pair, key, "pub", seaweed.endpoint_url, f"{seaweed.endpoint_url}/pub/{key}")
    squeeze = zstandard.compress if request.param == "pickle_zstd" else bytes
    with catalog.open(connection, tmp_path / "theirs.blt", "n", request.param) as db:
        db.update(PLAIN)
        for name, raw in hostile_pickles(marker).items():
            db.set(f"hostile/{name}", squeeze(raw), encode_value=False)
        db.changes().push()
    return connection


def by_url(connection: S3Connection, folder: Path) -> Database:
    """As anyone would."""
    return catalog.open(str(connection.db_url), folder / "url.blt")


def by_key(connection: S3Connection, folder: Path) -> Database:
    """As a colleague with keys, for reading."""
    return catalog.open(connection, folder / "key.blt")


def by_key_to_write(connection: S3Connection, folder: Path) -> Database:
    """As a colleague with keys, for writing."""
    return catalog.open(connection, folder / "key.blt", "w")


def by_group(connection: S3Connection, folder: Path) -> Database:
    """Through a group that lists it."""
    place = S3Connection(db_key="group.blt", endpoint_url=(folder / "groups").as_uri())
    with catalog.open(place, folder / "group.blt", "n", remote_conn_group=True) as group:
        key = group.add(connection, name="evil")
        entry = group[key]
    return catalog.open({"db_url": entry["remote_conn"]["db_url"]}, folder / "member.blt")


def by_catalog(connection: S3Connection, folder: Path) -> Database:
    """Through the catalog of this machine, as the command line and the screen program do."""
    own = Catalog(folder / "catalog")
    own.add_group("strangers")
    with own.open_group("strangers", "c") as group:
        group.add(str(connection.db_url), name="evil")
        group.changes().push()
    return own.open(own.entries("strangers")[0], trust_connection=True)


Way = Callable[[S3Connection, Path], Database]
WAYS: list[Way] = [by_url, by_key, by_key_to_write, by_group, by_catalog]


def hostile_keys(db: Database) -> list[str]:
    return [key for key in db if key.startswith("hostile/")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_runs(published: S3Connection, tmp_path: Path, way: Way, marker: Path) -> None:
    """Reading hostile values one by one is an error that says what to do; whatever method is used, nothing runs."""
    with way(published, tmp_path) as db:
        keys = hostile_keys(db)
        assert len(keys) == 5
        for key in keys:
            for read in (db.get, db.__getitem__):
                with pytest.raises(UntrustedValueError):
                    read(key)
            with pytest.raises(UntrustedValueError):
                db.get_timestamp(key, include_value=True)
            with pytest.raises(UntrustedValueError):
                dict(db.get_items([key]))
            with pytest.raises(UntrustedValueError):
                db.decode(db.get_bytes(key))
        for everything in (db.items, db.values, lambda: db.timestamps(include_value=True)):
            with pytest.raises(UntrustedValueError):
                list(everything())
        assert db.load_items() == {}
        assert not marker.exists()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_plain_pickles_are_read(published: S3Connection, tmp_path: Path, way: Way) -> None:
    """Lists, dicts, times, decimals, uuids, arrays and scalars of the same database come back equal and of the same type."""
    with way(published, tmp_path) as db:
        for key, value in PLAIN.items():
            found = db[key]
            assert type(found) is type(value)
            np.testing.assert_equal(found, value)


def test_it_would_have_run(tmp_path: Path) -> None:
    """The pickles of these tests are truly hostile: Python's own unpickler makes the marker."""
    for name, raw in hostile_pickles(tmp_path / "ran").items():
        try:
            pickle.loads(raw)
        except AttributeError:
            assert name == "stacked"
        assert (tmp_path / "ran").is_dir()
        (tmp_path / "ran").rmdir()


def test_who_asks_for_pickles_gets_them(published: S3Connection, tmp_path: Path) -> None:
    """Trust is given in code, by trust=True or by naming the serializer; then a pickle is what it is to Python."""
    with catalog.open(published, tmp_path / "theirs.blt", "w", trust=True) as db:
        db["mine"] = Path("a path")
        db.changes().push()
        serializer = db.serializer

    for trusted in ({"trust": True}, {"value_serializer": serializer}):
        with catalog.open(published, tmp_path / "reader.blt", **trusted) as db:
            assert db["mine"] == Path("a path")
    with catalog.open(published, tmp_path / "reader.blt") as db, pytest.raises(UntrustedValueError, match="trust"):
        db["mine"]


def test_a_push_of_strangers_changes_runs_nothing(published: S3Connection, tmp_path: Path) -> None:
    """Pulling, comparing, copying and pushing never decode values: hostile ones pass through as bytes."""
    target = S3Connection(db_key="copy.blt", endpoint_url=(tmp_path / "copy").as_uri())
    with catalog.open(published, tmp_path / "mine.blt", "w") as db:
        db.load_items()
        db["list"] = [2]
        for change in db.changes().all():
            db.changes().value(change, "base")
        db.changes().push()
        db.changes().pull()
        db.copy_remote(target)
        db.prune()
    with catalog.open(target, tmp_path / "copied.blt") as db:
        assert db["list"] == [2]


def test_a_mapped_function_gets_no_hostile_value(published: S3Connection, tmp_path: Path) -> None:
    """Values are decoded here, restricted, before workers see them."""
    with catalog.open(published, tmp_path / "mine.blt", "w") as db, pytest.raises(UntrustedValueError):
        db.map(max, keys=hostile_keys(db))


def test_a_local_file_from_a_stranger(folder_connection: S3Connection, tmp_path: Path, marker: Path) -> None:
    """A booklet file that someone sent is read with the same care."""
    with booklet.open(tmp_path / "sent.blt", "n", key_serializer="str", value_serializer="pickle") as sent:
        sent["a"] = Hostile(marker)
        sent["b"] = [1]
    with catalog.open(folder_connection, tmp_path / "sent.blt", "c") as db:
        assert db["b"] == [1]
        with pytest.raises(UntrustedValueError):
            db["a"]


def test_the_command_line_runs_nothing(published: S3Connection, tmp_path: Path, marker: Path) -> None:
    """``catalog get`` prints plain values, and of hostile ones what they are; ``diff`` shows both without reading them."""
    by_catalog(published, tmp_path).close()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--catalog", str(tmp_path / "catalog"), *arguments])

    assert "two" in run("get", "evil", "list").stdout
    for key in ("hostile/plain", "hostile/by hand"):
        refused = run("get", "evil", key)
        assert refused.exit_code == 1
        assert "Traceback" not in refused.stderr
        assert "run code" in refused.stderr or "trust" in refused.stderr
    assert not marker.exists()
