"""What things cost in requests and bytes: exact, and independent of the machine.

Each cost is counted twice: by the store, which counts bodies, and on SeaweedFS by a tap on the line, which counts the heads of
requests and answers too. Times are for ``benchmarks/compare_ebooklet.py``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import catalog
from catalog.connection import AccessKeys, S3Connection
from catalog.database.database import Database
from catalog.database.options import Flag
from catalog.format.checksum import checksum
from catalog.format.head import CHECKSUM, Head, StoredHead, encode_changes, encode_head
from catalog.format.names import ObjectNames
from catalog.format.segment import DELETED, Entry
from catalog.local.booklet_header import new_header
from catalog.remote.commit import create_under_lease
from catalog.remote.place import Place as RemotePlace
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.access import connect_store
from catalog.store.interface import ObjectStore
from catalog.testing.large_remote import build_remote, value_of
from catalog.testing.seaweed import Seaweed
from catalog.testing.tap import Tap, TapCounts

KIB = 1024
MILLION = 1_000_000
THOUSANDS = 20_000
_NAME = "data/many.blt"


@dataclass
class Cost:
    """What a piece of work cost: by the store's own count and, where there is a tap, on the line."""

    requests: dict[str, int] = field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0
    line: TapCounts | None = None

    @property
    def total_requests(self) -> int:
        return sum(self.requests.values())

    @property
    def most_up(self) -> int:
        """The larger of the two counts of bytes up."""
        return max(self.bytes_up, self.line.bytes_up if self.line else 0)

    @property
    def most_down(self) -> int:
        """The larger of the two counts of bytes down."""
        return max(self.bytes_down, self.line.bytes_down if self.line else 0)


@dataclass(frozen=True)
class Place:
    """A place for databases, and the tap in front of it if there is a line to tap."""

    keys: AccessKeys | None
    bucket: str
    endpoint_url: str
    tap: Tap | None
    db_key: str = _NAME

    @property
    def connection(self) -> S3Connection:
        """The database at this place."""
        pair = (self.keys.access_key_id, self.keys.secret_access_key) if self.keys else (None, None)
        return S3Connection(pair[0], pair[1], self.db_key, self.bucket, self.endpoint_url)

    def at(self, db_key: str) -> Place:
        """Another database in the same place."""
        return replace(self, db_key=db_key)

    @contextmanager
    def opened(self, file: Path, flag: Flag, cost: Cost) -> Iterator[Database]:
        """Open a database, counting what the opening costs, and close it."""
        if self.tap is not None:
            self.tap.reset()
        with catalog.open(self.connection, file, flag) as database:
            self._note(database, cost)
            yield database

    @contextmanager
    def counted(self, database: Database, cost: Cost) -> Iterator[None]:
        """Count what is done within."""
        if self.tap is not None:
            self.tap.reset()
        database._session.remote.store.traffic.reset()
        yield
        self._note(database, cost)

    def _note(self, database: Database, cost: Cost) -> None:
        traffic = database._session.remote.store.traffic
        cost.requests, cost.bytes_up, cost.bytes_down = dict(traffic.requests), traffic.bytes_up, traffic.bytes_down
        if self.tap is not None:
            cost.line = self.tap.counts()
            assert cost.line.total_requests == traffic.total_requests


@pytest.fixture(scope="module")
def tap(seaweed: Seaweed) -> Iterator[Tap]:
    """A tap on the line to the server."""
    with Tap(seaweed.port) as made:
        yield made


@pytest.fixture(scope="module", params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place for databases: a folder, and a bucket behind a tap."""
    if request.param == "folder":
        folder = tmp_path_factory.mktemp("costs")
        return Place(None, "costs", folder.as_uri(), None)
    server: Seaweed = request.getfixturevalue("seaweed")
    line: Tap = request.getfixturevalue("tap")
    return Place(server.rw, server.new_bucket(), line.endpoint_url, line)


def _key(number: int) -> str:
    return f"station/{number:08d}"


@pytest.fixture(scope="module")
def a_million(tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    """The objects of a remote of a million keys, in a folder."""
    folder = tmp_path_factory.mktemp("million")
    store = connect_store(S3Connection(db_key=_NAME, endpoint_url=folder.as_uri()), writing=True)
    build_remote(store, _NAME, MILLION, _key)
    return store


@pytest.fixture(scope="module")
def copied_million(place: Place, a_million: ObjectStore) -> Place:
    """Copies of these objects in a place."""
    target = connect_store(place.connection, writing=True)
    for listed in a_million.list(""):
        target.put(listed.name, a_million.get(listed.name).body)
    return place


@pytest.fixture
def million(copied_million: Place, a_million: ObjectStore) -> Place:
    """A remote of a million keys at its first commit, whatever other tests pushed."""
    connect_store(copied_million.connection, writing=True).put(_NAME, a_million.get(_NAME).body)
    return copied_million


@pytest.fixture(scope="module")
def published(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """A database of 20,000 keys, and the working copy that published it."""
    there = place.at("data/published.blt")
    file = tmp_path_factory.mktemp("published") / "mine.blt"
    with catalog.open(there.connection, file, "c", n_buckets=THOUSANDS) as database:
        for number in range(THOUSANDS):
            database[_key(number)] = value_of(number)
        database.changes().push()
    return there, file


def test_open_unchanged(published: tuple[Place, Path]) -> None:
    """Opening again when nothing changed asks one question, and the answer is empty."""
    place, file = published
    catalog.open(place.connection, file, "w").close()
    cost = Cost()
    with place.opened(file, "r", cost):
        pass

    assert cost.requests == {"GET": 1}
    assert cost.bytes_up == cost.bytes_down == 0
    assert cost.most_down <= 2 * KIB


def test_open_for_writing(published: tuple[Place, Path]) -> None:
    """Opening for writing takes the lease in one conditional write, and asks for the head in one conditional read."""
    place, file = published
    catalog.open(place.connection, file, "w").close()
    cost = Cost()
    with place.opened(file, "w", cost):
        pass

    assert cost.requests == {"PUT": 1, "GET": 1}
    assert cost.bytes_up <= KIB
    assert cost.bytes_down == 0
    assert cost.most_up <= 4 * KIB
    assert cost.most_down <= 2 * KIB


def test_push_ten(published: tuple[Place, Path]) -> None:
    """Pushing ten changed keys, from every part of the index, sends a pack of them, the lease, the commit and the head.

    The issue asks it of 100,000 keys. Of 20,000 it means the same, as what goes up does not depend on how many there are, which
    the tests with a million keys show; and there are segments enough that the keys lie in different ones.
    """
    place, file = published
    cost = Cost()
    with place.opened(file, "w", Cost()) as database, place.counted(database, cost):
        for number in range(10):
            database[_key(number * THOUSANDS // 10)] = random.Random(number).randbytes(1000)
        pushed = database.changes().push()

    assert pushed.keys == 10
    assert cost.requests == {"PUT": 4}
    assert cost.bytes_up <= 12 * KIB
    assert cost.most_up <= 20 * KIB
    assert cost.bytes_down == 0
    assert (pushed.requests, pushed.bytes_up) == (cost.total_requests, cost.bytes_up)


def test_push_ten_from_elsewhere(published: tuple[Place, Path], tmp_path: Path) -> None:
    """A working copy that never saw the index fetches, for a push, only the segments that the changed keys lie in."""
    place, _ = published
    cost = Cost()
    with place.opened(tmp_path / "theirs.blt", "w", Cost()) as database, place.counted(database, cost):
        for number in range(10):
            database[_key(number)] = random.Random(number).randbytes(1000)
        runs = database._session.seen.head.runs  # type: ignore[union-attr]
        database.changes().push()

    assert cost.requests["PUT"] == 4
    assert cost.requests["GET"] <= len(runs)
    assert cost.total_requests <= 6
    assert cost.most_up <= 20 * KIB


def test_push_nothing(published: tuple[Place, Path]) -> None:
    """A push without changes sends no request."""
    place, file = published
    cost = Cost()
    with place.opened(file, "w", Cost()) as database, place.counted(database, cost):
        assert not database.changes().push()

    assert cost.total_requests == 0


def test_get_one_of_a_million(million: Place, tmp_path: Path) -> None:
    """A first look at one key of a million reads the head, both frames of one segment at once, and the value: three trips."""
    opening, getting = Cost(), Cost()
    with million.opened(tmp_path / "cold.blt", "r", opening) as database, million.counted(database, getting):
        assert database[_key(345_678)] == value_of(345_678)

    assert opening.requests == {"GET": 1}
    assert getting.requests == {"GET": 3}
    assert opening.bytes_down + getting.bytes_down <= 64 * KIB
    assert opening.most_down + getting.most_down <= 68 * KIB


def test_push_one_of_a_million(million: Place, tmp_path: Path) -> None:
    """Pushing one changed key of a million from a new working copy reads keys of one segment and sends commit and head."""
    cost = Cost()
    with million.opened(tmp_path / "new.blt", "w", Cost()) as database, million.counted(database, cost):
        database[_key(500_000)] = bytes(100)
        pushed = database.changes().push()
        assert len(database) == MILLION

    assert pushed.keys == 1
    assert cost.requests == {"GET": 1, "PUT": 3}
    assert cost.bytes_up <= 16 * KIB
    assert cost.most_up <= 20 * KIB
    assert cost.most_down <= 24 * KIB


def test_pull_one_of_a_million(million: Place, tmp_path: Path) -> None:
    """Learning of one key that someone else pushed costs the head and the segments that are new."""
    mine, cost = tmp_path / "mine.blt", Cost()
    with million.opened(mine, "w", Cost()) as database:
        database[_key(1)]
    with million.opened(tmp_path / "theirs.blt", "w", Cost()) as database:
        database[_key(1)] = b"theirs"
        database.changes().push()
    with million.opened(mine, "r", cost) as database, million.counted(database, Cost()):
        assert database[_key(1)] == b"theirs"

    assert cost.total_requests <= 5
    assert cost.most_down <= 256 * KIB


def test_many_pushes(place: Place, tmp_path: Path) -> None:
    """The fiftieth push costs what the first did: runs are merged when they pile up, and seldom large ones.

    The base is so small that merges reach it, too: the costly case.
    """
    there, base, each, pushes = place.at("data/often.blt"), 2000, 10, 50
    costs = []
    source = random.Random(7)
    with catalog.open(there.connection, tmp_path / "often.blt", "c") as database:
        for number in range(base):
            database[_key(number)] = source.randbytes(100)
        database.changes().push()
        for _ in range(pushes):
            for number in source.sample(range(base), each):
                database[_key(number)] = source.randbytes(100)
            cost = Cost()
            with there.counted(database, cost):
                database.changes().push()
            costs.append(cost)

    assert sorted(cost.total_requests for cost in costs)[pushes // 2] <= 4
    assert max(cost.total_requests for cost in costs) <= 7
    assert max(cost.most_up for cost in costs) <= 100 * KIB
    assert sum(cost.bytes_up for cost in costs) / pushes <= 12 * KIB
    early, late = costs[: pushes // 2], costs[pushes // 2 :]
    assert sum(cost.bytes_up for cost in late) <= 1.5 * sum(cost.bytes_up for cost in early)
    cold = Cost()
    with there.opened(tmp_path / "cold.blt", "r", Cost()) as database, there.counted(database, cold):
        database[_key(base // 2)]
    assert cold.total_requests <= 5


@pytest.fixture(scope="module")
def thousand_commits(tmp_path_factory: pytest.TempPathFactory) -> S3Connection:
    """A remote after 1,000 commits, each of which set the same key to its number; of their objects only the 500th is there."""
    connection = S3Connection(db_key=_NAME, endpoint_url=tmp_path_factory.mktemp("thousand").as_uri())
    store, names, header = connect_store(connection, writing=True), ObjectNames(_NAME), new_header(None, 12_007)
    remote = Remote(RemotePlace(store, names), NoCache(), 2)
    current: StoredHead | None = None
    for number in range(1, 1_001):
        value, time = b"%d" % number, 1_700_000_000_000_000 + number
        entry = Entry(time, DELETED, 0, len(value), checksum(value), value)
        current = encode_head(
            Head(
                uuid=header.uuid.bytes,
                type="database",
                header=header.portable,
                time=time,
                author="ada@engine",
                message=f"Set it to {number}",
                keys=1,
                value_bytes=len(value),
                set=1,
                deleted=0,
                checksum=CHECKSUM,
                changes=encode_changes([("k", entry)]),
                runs=(),
                **remote.follow(current, store.put),
            )
        )
        if number == 500:
            store.put(names.commit(number, current.commit_id), current.commit_body)
    assert current is not None
    create_under_lease(remote.place, current)
    return connection


def test_history_of_a_thousand_commits(thousand_commits: S3Connection, tmp_path: Path) -> None:
    """A first look at all of them is four requests and 64 KiB; the same again, now or later, asks whether there are more.

    At each number of commits from 990 to 1,130 `tests/remote/test_log.py` counts the same.
    """
    with catalog.open(thousand_commits, tmp_path / "cold.blt", "r") as database:
        traffic = database._session.remote.store.traffic
        assert [commit.number for commit in database.history()] == list(range(1_000, 0, -1))
        assert traffic.total_requests <= 6
        assert traffic.bytes_down <= 64 * KIB
        traffic.reset()
        assert len(list(database.history())) == 1_000
        assert (traffic.total_requests, traffic.bytes_down) == (1, 0)
    with catalog.open(thousand_commits, tmp_path / "cold.blt", "r") as database:
        assert len(list(database.history())) == 1_000
        assert database._session.remote.store.traffic.requests == {"GET": 2}


def test_open_500_commits_back(thousand_commits: S3Connection, tmp_path: Path) -> None:
    """A commit far back is the head, one bundle of the log and its own object, in a new working copy."""
    with catalog.open(thousand_commits, tmp_path / "back.blt", "r", version=500) as database:
        assert database["k"] == b"500"
        traffic = database._session.remote.store.traffic
        assert traffic.total_requests <= 5
        assert traffic.bytes_down <= 64 * KIB


def test_commit_is_what_a_push_makes(tmp_path: Path) -> None:
    """The remote that these tests build without a working copy is what a push makes: it reads, and can be pushed to."""
    connection = S3Connection(db_key=_NAME, endpoint_url=tmp_path.as_uri())
    build_remote(connect_store(connection, writing=True), _NAME, 30, _key)
    with catalog.open(connection, tmp_path / "here.blt", "w") as database:
        assert dict(database.items()) == {_key(number): value_of(number) for number in range(30)}
        del database[_key(3)]
        database.changes().push()
        assert len(database) == 29
