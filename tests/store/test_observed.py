"""A store that tells what was asked of it."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

import pytest

import catalog
from catalog import Catalog, Request, S3Connection
from catalog.errors import CatalogError, ObjectMissingError, PreconditionFailedError, UnreachableError
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import ByteRange, IfAbsent, ObjectStore, Source
from catalog.store.observed import ObservedStore, observed
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from catalog.testing.seaweed import Seaweed
from catalog.testing.store_contract import Stand, StoreContract


@pytest.fixture
def asked() -> list[Request]:
    """What the store was asked, in order."""
    return []


@pytest.fixture
def real(tmp_path: Path) -> ObjectStore:
    """The store that is observed."""
    return DirectoryStore(tmp_path / "remote")


@pytest.fixture
def store(real: ObjectStore, asked: list[Request]) -> ObjectStore:
    """The store as its users have it."""
    return observed(real, asked.append)


class TestLikeAnyStore(StoreContract):
    """Being observed changes nothing."""

    many = 5

    @pytest.fixture
    def stand(self, store: ObjectStore, real: ObjectStore) -> Stand:
        """The wrapper, and the store behind it."""

        def raw_put(name: str, body: bytes) -> None:
            real.put(name, body)

        def raw_get(name: str) -> bytes | None:
            return real.get(name).body if any(item.name == name for item in real.list(name)) else None

        return Stand(store, "data/rain.blt", raw_put, raw_get)


def _short(asked: list[Request]) -> list[tuple[str, str, str, int, int]]:
    return [(item.verb, item.name, item.outcome, item.bytes_up, item.bytes_down) for item in asked]


def test_each_request_is_told_with_its_bytes(store: ObjectStore, asked: list[Request]) -> None:
    """Verb, object, outcome and the bytes of the bodies are told, in the order in which the requests ended."""
    tag = store.put("a", b"12345")
    store.get("a")
    store.get("a", ByteRange(1, 2))
    assert store.get_if_changed("a", tag) is None
    store.head("a")
    store.put_large("b", Source(3, lambda: io.BytesIO(b"abc")))
    assert [item.name for item in store.list("")]
    assert store.copy("a", store, "c")
    store.delete("c")
    store.delete_many(["a", "b"])

    assert _short(asked) == [
        ("PUT", "a", "ok", 5, 0),
        ("GET", "a", "ok", 0, 5),
        ("GET", "a", "ok", 0, 2),
        ("GET", "a", "unchanged", 0, 0),
        ("HEAD", "a", "ok", 0, 0),
        ("PUT", "b", "ok", 3, 0),
        ("LIST", "* (2 found)", "ok", 0, 0),
        ("COPY", "a", "ok", 0, 0),
        ("DELETE", "c", "ok", 0, 0),
        ("DELETE", "2 objects", "ok", 0, 0),
    ]
    assert all(item.seconds >= 0 and item.where == store.where for item in asked)


def test_failures_are_told_in_a_word(store: ObjectStore, real: ObjectStore, asked: list[Request]) -> None:
    """What is missing, refused or unanswered is told as that, and raised as before."""
    with pytest.raises(ObjectMissingError):
        store.get("nothing")
    store.put("a", b"1")
    with pytest.raises(PreconditionFailedError):
        store.put("a", b"2", precondition=IfAbsent())
    plan = FaultPlan([Fault(FaultKind.FAIL_BEFORE, "get")])
    with pytest.raises(UnreachableError):
        observed(FaultyStore(real, plan), asked.append).get("a")

    assert [item.outcome for item in asked] == ["missing", "ok", "refused", "no answer"]


def test_a_listing_that_is_left_early_is_told(store: ObjectStore, asked: list[Request]) -> None:
    """Whoever takes only the first of a listing has asked for it all the same."""
    store.put("a", b"1")
    store.put("b", b"1")
    listing = store.list("")
    next(listing)
    del listing

    assert _short(asked)[-1] == ("LIST", "* (1 found)", "ok", 0, 0)


def test_without_an_observer_a_store_is_itself(real: ObjectStore) -> None:
    """Nothing stands between a store and a caller that does not watch."""
    assert observed(real, None) is real


def test_a_copied_remote_is_told_on_both_sides(tmp_path: Path, asked: list[Request]) -> None:
    """What a copy writes at its target is told as well as what it reads at its source."""
    here, there = (S3Connection(db_key="rain", endpoint_url=(tmp_path / name).as_uri()) for name in ("here", "there"))
    with catalog.open(here, tmp_path / "rain.blt", "n", "orjson", observer=asked.append) as database:
        database["a"] = 1
        database.changes().push()
        database.copy_remote(there)

    assert {item.where for item in asked} == {str(tmp_path / "here"), str(tmp_path / "there")}


def test_a_catalog_tells_all_that_it_asks(tmp_path: Path, asked: list[Request]) -> None:
    """Groups, states and databases of one catalog are told to one observer."""
    place = S3Connection(db_key="rain", endpoint_url=(tmp_path / "remotes").as_uri())
    with catalog.open(place, tmp_path / "rain.blt", "n", "orjson") as database:
        database["a"] = 1
        database.changes().push()
    ours = Catalog(tmp_path / "catalog", observer=asked.append)
    ours.add_group("lab", place.model_copy(update={"db_key": "lab.group"}))
    with ours.open_group("lab", "c", lock="commit") as group:
        group.add(place, name="rain")
    assert [(item.verb, item.outcome) for item in asked if item.name == "rain"] == [("GET", "ok")]
    asked.clear()

    [entry] = ours.entries("lab")
    ours.status(entry)
    with ours.open(entry) as database:
        assert database["a"] == 1
    assert {item.name.partition("/")[0] for item in asked} == {"rain", "lab.group"}
    assert all(isinstance(item, Request) for item in asked)


def test_no_secret_is_told(seaweed: Seaweed, asked: list[Request]) -> None:
    """Neither keys nor signatures are in what is told of a real server, whether it answers or refuses."""
    store = seaweed.store(seaweed.buckets[1], "rw")
    name = f"data/{secrets.token_hex(6)}"
    watched = ObservedStore(store, asked.append)
    watched.put(name, b"1")
    watched.get(name)
    with pytest.raises(CatalogError):
        watched.get(f"{name}/nothing")
    watched.delete(name)

    told = repr(asked).lower()
    assert [item.outcome for item in asked] == ["ok", "ok", "missing", "ok"]
    assert "signature" not in told
    assert "credential" not in told
    assert all(part.lower() not in told for part in (seaweed.rw.access_key_id, seaweed.rw.secret_access_key))
