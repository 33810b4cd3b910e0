"""What a store makes of conditional writes: found by a race on real servers, remembered, and noticed when it changes."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

import catalog
import catalog.locking.capabilities
from catalog import S3Connection, StoreError
from catalog.connection import AccessKeys
from catalog.errors import AccessDeniedError, PreconditionFailedError, UnreachableError
from catalog.locking.capabilities import RACERS, Conditions, conditions_of, note, probe, recall, still_kept
from catalog.locking.election import Tickets
from catalog.locking.lease import Lease
from catalog.progress import Progress
from catalog.store.access import connect_store
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import IfMatch, ObjectStore, Powers
from catalog.store.s3.store import S3Store
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from catalog.testing.rclone import Rclone
from catalog.testing.seaweed import Seaweed
from catalog.testing.stub_server import Answer, StubRequest, StubServer, response, s3_error

DB_KEY = "data/rain.blt"
Lock = Literal["session", "commit"]


class Refusing:
    """An S3 server in memory which answers NotImplemented to every conditional write, as Backblaze B2 does, unless told not to.

    ``behaviour`` is what it makes of conditions.
    """

    def __init__(self, behaviour: Conditions = Conditions.REFUSED) -> None:
        self.behaviour = behaviour
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def __call__(self, request: StubRequest) -> Answer:
        """Answer one request."""
        parts = urlsplit(request.target)
        _, _, name = unquote(parts.path).lstrip("/").partition("/")
        with self._lock:
            if request.method == "PUT":
                return self._put(name, request)
            if request.method == "DELETE":
                self.objects.pop(name, None)
                return response(204)
            if request.method == "POST":
                for key in ET.fromstring(request.body).iter("{http://s3.amazonaws.com/doc/2006-03-01/}Key"):
                    self.objects.pop(key.text or "", None)
                return response(200, b"<DeleteResult/>")
            if not name:
                return self._list(parse_qs(parts.query).get("prefix", [""])[0])
            if name not in self.objects:
                return s3_error(404, "NoSuchKey")
            body = self.objects[name][0]
            if request.headers.get("if-none-match") == _tag(body):
                return response(304)
            return response(200, body, ETag=_tag(body))

    def _put(self, name: str, request: StubRequest) -> Answer:
        absent, match = request.headers.get("if-none-match"), request.headers.get("if-match")
        if absent or match:
            there = self.objects.get(name)
            if self.behaviour is Conditions.REFUSED:
                return s3_error(501, "NotImplemented")
            if self.behaviour is Conditions.KEPT and (there if absent else there is None or _tag(there[0]) != match):
                return s3_error(412, "PreconditionFailed")
        self.objects[name] = (request.body, datetime.now(UTC))
        return response(200, ETag=_tag(request.body))

    def _list(self, prefix: str) -> Answer:
        found = "".join(
            f"<Contents><Key>{name}</Key><Size>{len(body)}</Size><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for name, (body, at) in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        return response(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode())


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that remembers nothing yet."""
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def memory() -> Refusing:
    """A service that refuses conditions."""
    return Refusing()


@pytest.fixture
def connection(memory: Refusing) -> Iterator[S3Connection]:
    """A database at that service."""
    with StubServer(memory) as server:
        yield S3Connection("AKSTUB", "not-a-secret", DB_KEY, "bucket", server.url)


@pytest.fixture
def store(connection: S3Connection) -> ObjectStore:
    """Its bucket."""
    return connect_store(connection, writing=True)


class Unknown(FaultyStore):
    """A store of which it is not known what it makes of conditions."""

    def __init__(self, store: ObjectStore, plan: FaultPlan | None = None) -> None:
        super().__init__(store, plan or FaultPlan())
        self.powers = Powers(writes=True, lists=True, compare_and_swap=None)


class TestProbe:
    """The race."""

    def test_seaweed(self, seaweed: Seaweed) -> None:
        """A server that compares and swaps lets one racer win; nothing is left behind, and no more is sent than is said."""
        store = seaweed.store()
        key = f"data/{secrets.token_hex(6)}.blt"
        assert probe(store, key) is Conditions.KEPT
        assert list(store.list(key)) == []
        assert store.traffic.requests["PUT"] == RACERS + 1

    def test_rclone(self, tmp_path: Path) -> None:
        """A server that takes conditional writes for plain ones is found out."""
        with Rclone(tmp_path) as server:
            store = server.store()
            assert probe(store, DB_KEY) is Conditions.IGNORED
            assert server.files() == set()

    def test_refusing(self, store: ObjectStore, memory: Refusing) -> None:
        """A server that refuses conditional writes is found out."""
        assert probe(store, DB_KEY) is Conditions.REFUSED
        assert memory.objects == {}

    def test_stale_swap(self, tmp_path: Path) -> None:
        """A store that creates conditionally, but swaps over any version, does not keep conditions."""

        class OnlyCreates(Unknown):
            def put(self, name, body, *, metadata=None, precondition=None):  # type: ignore[no-untyped-def]
                if isinstance(precondition, IfMatch):
                    precondition = None
                return super().put(name, body, metadata=metadata, precondition=precondition)

        assert probe(OnlyCreates(DirectoryStore(tmp_path)), DB_KEY) is Conditions.IGNORED

    def test_denied(self, seaweed: Seaweed) -> None:
        """Keys that may not write find out nothing, and that is said."""
        with pytest.raises(AccessDeniedError):
            probe(seaweed.store(keys="ro"), DB_KEY)

    def test_repeated(self, tmp_path: Path) -> None:
        """A race without an outcome is held again."""
        faults = [Fault(FaultKind.FAIL_BEFORE, "put", number) for number in range(1, RACERS + 1)]
        store = Unknown(DirectoryStore(tmp_path), FaultPlan(faults))
        assert probe(store, DB_KEY) is Conditions.KEPT

    def test_unreachable(self, tmp_path: Path) -> None:
        """A race that nobody can run is no finding."""
        faults = [Fault(FaultKind.FAIL_BEFORE, "put", number) for number in range(1, 4 * RACERS)]
        with pytest.raises(UnreachableError):
            conditions_of(Unknown(DirectoryStore(tmp_path), FaultPlan(faults)), DB_KEY, Progress())


class TestMemory:
    """What this machine remembers."""

    def test_once(self, store: ObjectStore, home: Path) -> None:
        """A place is probed once; after that the answer costs nothing."""
        assert conditions_of(store, DB_KEY, Progress()) is Conditions.REFUSED
        store.traffic.reset()
        assert conditions_of(store, DB_KEY, Progress()) is Conditions.REFUSED
        assert store.traffic.total_requests == 0
        assert (home / "data" / "powers.json").stat().st_mode & 0o077 == 0

    def test_folder_and_aws(self, tmp_path: Path) -> None:
        """A folder and AWS are known: they are not asked."""
        folder = DirectoryStore(tmp_path / "remote")
        aws = S3Store("bucket", None, AccessKeys("AKSTUB", "not-a-secret"))
        for store in (folder, aws):
            assert conditions_of(store, DB_KEY, Progress()) is Conditions.KEPT
            assert store.traffic.total_requests == 0

    @pytest.mark.parametrize(("days", "remembered"), [(6.9, True), (7.1, False)])
    def test_a_week(self, store: ObjectStore, days: float, remembered: bool) -> None:
        """After a week a place is probed again."""
        old = note(store, Conditions.KEPT).model_copy(update={"probed": datetime.now(UTC) - timedelta(days=days)})
        catalog.locking.capabilities._keep(old)
        assert (recall(store) is not None) == remembered
        assert conditions_of(store, DB_KEY, Progress()) is (Conditions.KEPT if remembered else Conditions.REFUSED)

    def test_no_place_to_remember(self, store: ObjectStore, home: Path) -> None:
        """Where nothing can be written, the process remembers for itself."""
        home.write_text("a file where a folder should be")
        assert conditions_of(store, DB_KEY, Progress()) is Conditions.REFUSED
        store.traffic.reset()
        assert conditions_of(store, DB_KEY, Progress()) is Conditions.REFUSED
        assert store.traffic.total_requests == 0


class TestStillKept:
    """The write that must fail."""

    @pytest.fixture
    def kept(self, memory: Refusing, store: ObjectStore) -> ObjectStore:
        """A store that kept conditions when it was last looked at, two hours ago, with an immutable object in it."""
        memory.behaviour = Conditions.KEPT
        store.put("immutable", b"bytes")
        found = note(store, Conditions.KEPT)
        catalog.locking.capabilities._keep(found.model_copy(update={"checked": datetime.now(UTC) - timedelta(hours=2)}))
        store.traffic.reset()
        return store

    def test_kept(self, kept: ObjectStore) -> None:
        """As long as the store keeps conditions, it is asked once an hour."""
        assert still_kept(kept, "immutable", b"bytes")
        assert still_kept(kept, "immutable", b"bytes")
        assert kept.traffic.requests == {"PUT": 1}

    @pytest.mark.parametrize("behaviour", [Conditions.IGNORED, Conditions.REFUSED])
    def test_contradicted(self, kept: ObjectStore, memory: Refusing, behaviour: Conditions) -> None:
        """A store that does not any more is found out and remembered, and the object is as before."""
        memory.behaviour = behaviour
        assert not still_kept(kept, "immutable", b"bytes")
        found = recall(kept)
        assert found is not None
        assert found.conditions is behaviour
        assert memory.objects["immutable"][0] == b"bytes"

    @pytest.mark.parametrize("lock", ["session", "commit"])
    @pytest.mark.parametrize("behaviour", [Conditions.IGNORED, Conditions.REFUSED])
    def test_push_stops(
        self, memory: Refusing, connection: S3Connection, tmp_path: Path, behaviour: Conditions, lock: Lock
    ) -> None:
        """A push to a store that changed stops before anything is visible; the next opening takes turns."""
        memory.behaviour = Conditions.KEPT
        store = connect_store(connection, writing=True)
        with catalog.open(connection, tmp_path / "a.blt", "c", "str", lock=lock) as database:
            database["a"] = "1"
            database.changes().push()
            before = memory.objects[DB_KEY][0]
            memory.behaviour = behaviour
            found = note(store, Conditions.KEPT)
            catalog.locking.capabilities._keep(found.model_copy(update={"checked": datetime.now(UTC) - timedelta(hours=2)}))
            database["a"] = "2"
            with pytest.raises(StoreError, match="does not keep the conditions of writes any more"):
                database.changes().push()
            assert memory.objects[DB_KEY][0] == before
        with catalog.open(connection, tmp_path / "a.blt", "w", "str", lock=lock, force_lock=True) as database:
            assert database.changes().push().keys == 1
        assert not [name for name in memory.objects if name.startswith(f"{DB_KEY}.lock")]


class TestRefusingStore:
    """A database at a service that refuses conditions."""

    def test_session(self, connection: S3Connection, memory: Refusing, tmp_path: Path) -> None:
        """A writer wins an election, pushes, reads back what it pushed, and leaves no ticket."""
        with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
            assert isinstance(database._lease, Tickets)
            for number in range(3):
                database["a"] = str(number)
                assert database.changes().push().commit.number == number + 1  # type: ignore[union-attr]
        with catalog.open(connection, tmp_path / "b.blt") as database:
            assert dict(database) == {"a": "2"}
        assert not [name for name in memory.objects if name.startswith(f"{DB_KEY}.lock")]

    def test_two_writers(self, connection: S3Connection, tmp_path: Path) -> None:
        """Two writers without a session lock push at once: both pushes are in the history, one on top of the other."""
        with catalog.open(connection, tmp_path / "first.blt", "c", "str", lock="commit") as database:
            database["first"] = "x"
            database.changes().push()
        both = [catalog.open(connection, tmp_path / f"{who}.blt", "w", "str", lock="commit") for who in "ab"]
        for who, database in zip("ab", both, strict=True):
            database[who] = "x"
        pushing = [threading.Thread(target=database.changes().push) for database in both]
        for thread in pushing:
            thread.start()
        for thread in pushing:
            thread.join()
        for database in both:
            database.close()
        with catalog.open(connection, tmp_path / "last.blt") as database:
            assert set(database) == {"first", "a", "b"}
            assert [commit.number for commit in database.history()] == [3, 2, 1]

    def test_forgotten_power(self, connection: S3Connection, store: ObjectStore, tmp_path: Path) -> None:
        """A lease that the store refuses, against what is remembered, becomes an election at once."""
        note(store, Conditions.KEPT)
        with pytest.raises(StoreError):
            Lease.acquire(store, f"{DB_KEY}.lock", timeout=0, force=False, progress=Progress())
        with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
            assert isinstance(database._lease, Tickets)
        found = recall(store)
        assert found is not None
        assert found.conditions is Conditions.REFUSED

    def test_conflict(self, connection: S3Connection, tmp_path: Path) -> None:
        """A colleague's edit of the same key stops a push here, too."""
        with (
            catalog.open(connection, tmp_path / "a.blt", "c", "str", lock="commit") as mine,
            catalog.open(connection, tmp_path / "b.blt", "c", "str", lock="commit") as theirs,
        ):
            mine["a"] = "0"
            mine.changes().push()
            theirs.changes().pull()
            theirs["a"] = "1"
            theirs.changes().push()
            mine["a"] = "2"
            with pytest.raises(catalog.ConflictError):
                mine.changes().push()


def test_condition_that_helps(memory: Refusing, connection: S3Connection, store: ObjectStore, tmp_path: Path) -> None:
    """Who takes turns sends the condition along where one is taken: a service that keeps it after all refuses a stale head."""
    memory.behaviour = Conditions.IGNORED
    with catalog.open(connection, tmp_path / "a.blt", "c", "str") as database:
        database["a"] = "1"
        database.changes().push()
        memory.behaviour = Conditions.KEPT
        database["a"] = "2"
        with pytest.MonkeyPatch.context() as stale:
            stale.setattr("catalog.locking.head_writer.IfMatch", lambda _: IfMatch('"stale"'))
            with pytest.raises(PreconditionFailedError):
                database.changes().push()
        assert database.changes().push().keys == 1
    assert not list(store.list(f"{DB_KEY}.lock"))
