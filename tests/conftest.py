"""The real stores that tests run against."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from catalog.changes import stage
from catalog.connection import S3Connection
from catalog.locking.capabilities import conditions_of
from catalog.progress import Progress
from catalog.store.access import connect_store
from catalog.testing.faults import FaultPlan, FaultyStore
from catalog.testing.seaweed import Seaweed

settings.register_profile("small", max_examples=40, deadline=None)
settings.register_profile("large", max_examples=600, deadline=None)
if settings.get_current_profile_name() in ("default", "ci"):
    settings.load_profile("small")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is remembered on this machine out of the user's own folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATALOG_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A real S3 server, one per test process, started when a test first asks for it; its powers are known."""
    with Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        for bucket in server.buckets:
            conditions_of(server.store(bucket, "rw"), "powers", Progress())
        yield server


@pytest.fixture
def bucket_connection(seaweed: Seaweed) -> S3Connection:
    """A place in a bucket that no other test uses, for a writer."""
    return seaweed.connection(f"data/{secrets.token_hex(6)}.blt")


@pytest.fixture
def folder_connection(tmp_path: Path) -> S3Connection:
    """A folder that no other test uses."""
    return S3Connection(db_key="data/rain.blt", endpoint_url=(tmp_path / "remote").as_uri())


@pytest.fixture(params=["bucket", "folder"])
def remote(request: pytest.FixtureRequest) -> S3Connection:
    """An unused place for a database, once in a real bucket and once in a folder."""
    connection = request.getfixturevalue(f"{request.param}_connection")
    assert isinstance(connection, S3Connection)
    return connection


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> FaultPlan:
    """What goes wrong with the requests of every database that is opened after this, none of it yet."""
    plan = FaultPlan()

    def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> FaultyStore:
        return FaultyStore(connect_store(connection, writing=writing, progress=progress), plan)

    monkeypatch.setattr("catalog.database.open.connect_store", connect)
    return plan


def pytest_collection_finish() -> None:
    """What is imported by now stays: collecting garbage need not look at it again in each of thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def nothing_inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small changes become packs and segments as large ones do, instead of being held by their commit."""
    monkeypatch.setattr(stage, "MOST_CHANGES", -1)
