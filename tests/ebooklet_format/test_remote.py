"""What is read of an ebooklet remote that changes, that is damaged, large, copied or moved, and that nothing is written to it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

import catalog
from catalog import GoneError, IntegrityError, S3Connection, UnsupportedFormatError
from catalog.ebooklet_format.entries import IndexEntry
from catalog.ebooklet_format.names import EbookletNames
from catalog.groups.status import State, read_remote, remote_status
from catalog.store.observed import Request
from catalog.testing.seaweed import Seaweed

from .fixtures import OF_EACH_KIND, Fixture
from .made import Made, names_below, some_values
from .places import BUCKET, Places


@pytest.fixture
def place(seaweed: Seaweed) -> S3Connection:
    """A place that no other test uses."""
    return seaweed.connection(f"ebooklet/{secrets.token_hex(6)}", BUCKET)


@pytest.fixture
def made(seaweed: Seaweed, place: S3Connection) -> Made:
    """What writes there as ebooklet does."""
    assert place.db_key is not None
    return Made(seaweed.store(BUCKET), place.db_key)


def read(place: S3Connection, file: Path) -> dict[str, bytes]:
    """Everything in a database, value by value."""
    with catalog.open(place, file) as db:
        return {key: db.get_bytes(key) for key in db}


@pytest.mark.parametrize("grouped", [True, False])
def test_a_newer_commit_is_seen(made: Made, place: S3Connection, tmp_path: Path, grouped: bool) -> None:
    """A file that has some values sees what a later push changed, added and deleted; what did not change is not fetched again."""
    made.put(some_values(9), 1000, grouped=grouped)
    with catalog.open(place, tmp_path / "a.blt") as db:
        assert db.load_items(["key 000", "key 001", "key 002"]) == {}
    newer = some_values(9) | {"key 001": (2000, b"new"), "more": (2001, b"more")}
    del newer["key 002"]
    made.put(newer, 3000, grouped=grouped)

    with catalog.open(place, tmp_path / "a.blt") as db:
        assert dict(db.timestamps()) == {key: time for key, (time, _) in newer.items()}
        states = {info.key: str(info.state) for info in db.page()}
        assert states.pop("key 000") == "local"
        assert db.load_items() == {}
        assert {key: db.get_bytes(key) for key in db} == {key: value for key, (_, value) in newer.items()}
        assert list(db.changes().all()) == []


@pytest.mark.parametrize("flag", ["w", "c", "n"])
@pytest.mark.parametrize("lock", ["session", "commit"])
def test_nothing_is_written_to_it(made: Made, place: S3Connection, tmp_path: Path, flag: str, lock: str) -> None:
    """Opening it for writing is refused before a lock, a probe or anything else is written, and says what to do."""
    made.put(some_values(3), 1000)
    before = names_below(made.store, made.db_key)
    asked: list[Request] = []
    with pytest.raises(UnsupportedFormatError, match=r"written by ebooklet.*copy_remote"):
        catalog.open(place, tmp_path / "a.blt", flag, lock=lock, observer=asked.append)  # type: ignore[call-overload]

    assert names_below(made.store, made.db_key) == before
    assert {request.verb for request in asked} <= {"HEAD", "GET"}


def test_the_index_is_fetched_once(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """A new file asks once for the object of the index; a known one asks whether it changed; a value is one small request."""
    made.put(some_values(50), 1000, each=100)
    with catalog.open(place, tmp_path / "a.blt") as db:
        assert db.requests == 1
        assert len(db) == 50
        assert db["key 007"] == 7
        assert db.requests == 2
    with catalog.open(place, tmp_path / "a.blt") as db:
        assert list(db)[7] == "key 007"
        assert db.requests == 1


def test_a_large_index_is_read_in_pieces(
    made: Made, place: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that is larger than a head can be is read in pieces, sorted with little memory, and read again when it changed."""
    for module, name, value in (
        ("commit", "MOST_BYTES", 2000),
        ("ebooklet_index", "MOST_BYTES", 2000),
        ("ebooklet_index", "_PIECE", 500),
        ("ebooklet_index", "_SORTED_TOGETHER", 10),
        ("ebooklet_index", "_SPOOLED_TOGETHER", 4),
    ):
        monkeypatch.setattr(f"catalog.remote.{module}.{name}", value)
    values = {f"{number * 7 % 100:02}": (100 + number, b"%d" % number) for number in range(100)}
    made.put(values, 1000)
    with catalog.open(place, tmp_path / "a.blt") as db:
        assert list(db) == sorted(values)
        assert dict(db.timestamps()) == {key: time for key, (time, _) in values.items()}
    made.put(values | {"new": (5000, b"5")}, 6000)

    assert len(read(place, tmp_path / "a.blt")) == 101


def test_a_segment_that_was_lost_is_made_again(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """What was kept of the index can be lost: it is made again of the object, unless that is another commit by now."""
    made.put(some_values(5), 1000)
    read(place, tmp_path / "a.blt")
    with catalog.open(place, tmp_path / "a.blt") as db:
        db._session.state.sidecar.run("DELETE FROM segment")
        assert len(list(db)) == 5
    with catalog.open(place, tmp_path / "a.blt") as db:
        db._session.state.sidecar.run("DELETE FROM segment")
        made.put(some_values(6), 2000)
        with pytest.raises(GoneError, match="pull"):
            list(db)


def test_an_index_that_points_elsewhere_is_not_believed(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """Where another value lies than the index says, the whole group is looked through by its keys."""
    made.put(some_values(6), 1000, shift=1)

    assert read(place, tmp_path / "a.blt") == {key: value for key, (_, value) in some_values(6).items()}


@pytest.mark.parametrize("grouped", [True, False])
def test_a_value_that_is_gone_is_told(made: Made, place: S3Connection, tmp_path: Path, grouped: bool) -> None:
    """A key whose value is not there is a GoneError that names it; the others are read."""
    made.put(some_values(4), 1000, grouped=grouped, each=1)
    lost = [name for name in names_below(made.store, f"{made.db_key}/") if name.endswith("key 002") or "/2." in name]
    made.store.delete_many(lost)
    with catalog.open(place, tmp_path / "a.blt") as db:
        failed = db.load_items()
        assert list(failed) == ["key 002"]
        assert isinstance(failed["key 002"], GoneError)
        assert db["key 001"] == 1
        with pytest.raises(GoneError, match="key 002"):
            db["key 002"]


def test_a_member_that_an_old_version_lost_is_told(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """ebooklet before 0.8.4 lost members of groups that its index still names: that is said, and no other value is given."""
    names = EbookletNames(made.db_key)
    made.put(some_values(2), 1000, each=2)
    [group] = names_below(made.store, f"{made.db_key}/")
    generation = group.rpartition(".")[2]
    entries = {"key 000": IndexEntry(100, 28, 1, 0), "lost": IndexEntry(100, 28, 1, 0)}
    made.put_head(entries, {0: generation}, 2000)
    with catalog.open(place, tmp_path / "a.blt") as db:
        with pytest.raises(GoneError, match="does not hold it"):
            db["lost"]
        assert db["key 000"] == 0
    assert names.group(0, generation) == group


def test_an_older_value_than_the_index_says_is_not_given(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """A value from before its entry comes from a cache on the way: it is refused. A newer one is what a push brought since."""
    names = EbookletNames(made.db_key)
    made.put(some_values(2), 1000, grouped=False)
    made.store.put(names.value("key 000"), b"1", metadata={"timestamp": "5"})
    made.store.put(names.value("key 001"), b"2", metadata={"timestamp": "5000"})
    with catalog.open(place, tmp_path / "a.blt") as db:
        with pytest.raises(IntegrityError, match="older than the index says"):
            db["key 000"]
        assert db["key 001"] == 2


@pytest.mark.parametrize("key", ["../other/secret", "a/./b", ".."])
def test_a_key_that_leads_elsewhere_is_not_followed(made: Made, place: S3Connection, tmp_path: Path, key: str) -> None:
    """A key of a stranger that would be another database's object is refused, and no request is sent for it."""
    made.put_head({key: IndexEntry(5)}, {}, 1000, width=15)
    with catalog.open(place, tmp_path / "a.blt") as db:
        asked = db.requests
        with pytest.raises(IntegrityError, match="no part of an object's name"):
            db[key]
        assert db.requests == asked


@pytest.mark.parametrize(
    ("entries", "manifest"),
    [
        ({"": IndexEntry(5, 20, 1, 0)}, {0: "0123456789abc"}),
        ({"a": IndexEntry(5, 20, 1, 7)}, {0: "0123456789abc"}),
        ({"adb01ebc1ba3433eb043527": IndexEntry(5, 20, 1, 0)}, {0: "0123456789abc"}),
        ({"7c40d2ea915b4f3a8e6d201": IndexEntry(5, 20, 1, 0)}, {0: "0123456789abc"}),
    ],
)
def test_an_index_that_cannot_be_is_refused(
    made: Made, place: S3Connection, tmp_path: Path, entries: dict[str, IndexEntry], manifest: dict[int, str]
) -> None:
    """Keys that no user can have, and groups that the manifest does not have, are damage."""
    made.put_head(entries, manifest, 1000)
    with catalog.open(place, tmp_path / "a.blt") as db, pytest.raises(IntegrityError, match="damaged"):
        list(db)


@pytest.mark.parametrize("fixture", OF_EACH_KIND, ids=lambda fixture: fixture.name)
def test_a_copy_without_user_metadata_is_read(fixture: Fixture, places: Places, tmp_path: Path) -> None:
    """What was copied by a tool that drops user metadata is recognised by its first bytes; values and entries are all there."""
    places.put(fixture, "bare/", with_metadata=False)
    for number, expected in enumerate(fixture.databases):
        place = places.with_keys("bare/" + expected.db_key)
        is_group = expected.type == "RemoteConnGroup"
        with catalog.open(place, tmp_path / f"{number}.blt", remote_conn_group=is_group) as db:
            assert db.load_items() == {}
            assert {key: db.get_bytes(key) for key in db} == {key: value for key, (_, value) in expected.values.items()}
            assert dict(db.timestamps()) == {key: time for key, (time, _) in expected.values.items()}
            assert db.get_metadata(include_timestamp=True) == (expected.metadata, expected.metadata_timestamp)


def test_a_file_follows_a_database_that_was_moved_to_our_format(made: Made, place: S3Connection, tmp_path: Path) -> None:
    """When a database in our format takes the place of ebooklet's, a file that read the one goes on with the other."""
    made.put(some_values(4), 1000)
    read(place, tmp_path / "a.blt")
    elsewhere = S3Connection(db_key="moved.blt", endpoint_url=(tmp_path / "remote").as_uri())
    with catalog.open(place, tmp_path / "b.blt") as db:
        db.copy_remote(elsewhere)
    with catalog.open(elsewhere, tmp_path / "moved.blt", "w") as db:
        db["more"] = 5
        db.changes().push()
        store = db._session.remote.store
        for found in sorted(store.list("moved.blt"), key=lambda found: found.name, reverse=True):
            made.store.put(made.db_key + found.name.removeprefix("moved.blt"), store.get(found.name).body)

    with catalog.open(place, tmp_path / "a.blt") as db:
        assert {key: db[key] for key in db} == {f"key {number:03}": number for number in range(4)} | {"more": 5}
        assert all(info.verified for info in db.page())


def test_it_is_described_without_its_index(made: Made, place: S3Connection) -> None:
    """What lies at a place is told in one request: type, uuid, keys and the time of the commit."""
    made.put(some_values(4), 1_700_000_000_000_000)

    found = read_remote(place)
    assert found is not None
    assert (found.type, found.uuid, found.keys) == ("database", f"{5:032x}", 4)
    assert found.commit.time.year == 2023
    assert remote_status(place).state is State.NOT_HERE
