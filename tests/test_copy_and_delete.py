"""Copying a remote to another place and deleting one: exactly, verified, and finished by repeating what was cut short."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hiding import hiding

import catalog
from catalog import (
    IntegrityError,
    InvalidInputError,
    LockTimeoutError,
    PreconditionFailedError,
    ReadOnlyError,
    RemoteMissingError,
    S3Connection,
    StoreError,
    UnreachableError,
    UnseenCommitsError,
)
from catalog.changes import delete
from catalog.changes.versions import commit_over
from catalog.locking import head_writer
from catalog.progress import Progress
from catalog.remote.delete import delete_objects
from catalog.remote.objects import list_objects
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.store.connect import name_of
from catalog.store.wrapped import WrappedStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from catalog.testing.seaweed import Seaweed
from catalog.testing.tap import Tap

MB = 1_000_000
SECOND = {f"k{number:03}": secrets.token_bytes(20_000) for number in range(100)}
FIRST = {**SECOND, "k000": b"first", "gone": b"x" * 1000}

pytestmark = pytest.mark.usefixtures("nothing_inline")


def fill(connection: S3Connection, file: Path) -> None:
    """A database of 2 MB with three commits, the last of them metadata."""
    with catalog.open(connection, file, "n") as db:
        db.update(FIRST)
        db.changes().push(message="one")
        db["k000"] = SECOND["k000"]
        del db["gone"]
        db.changes().push(message="two")
        db.set_metadata({"units": "mm"})
        db.changes().push(message="three")


def objects(connection: S3Connection, prefix: str) -> dict[str, int]:
    """What a store holds below a prefix, leases left out, with sizes."""
    store = connect_store(connection, writing=True)
    return {found.name: found.size for found in store.list(prefix) if not found.name.endswith(".lock")}


def check_copy(connection: S3Connection, folder: Path) -> None:
    """What is at ``connection`` is the whole database of `fill`, which can be written to, with its history."""
    with catalog.open(connection, folder / "check.blt", "w") as db:
        assert dict(db.items()) == SECOND
        assert db.get_metadata() == {"units": "mm"}
        messages = [commit.message for commit in db.history()]
        assert messages[0].startswith("Copied from ")
        assert messages[1:] == ["three", "two", "one"]
        db["more"] = b"more"
        assert db.changes().push()
    with catalog.open(connection, folder / "old.blt", version=1) as old:
        assert dict(old.items()) == FIRST


def elsewhere(seaweed: Seaweed) -> S3Connection:
    """A place in the other bucket of the server."""
    return seaweed.connection(f"copies/{secrets.token_hex(6)}.blt", bucket="pub")


@pytest.fixture
def source(remote: S3Connection, tmp_path: Path) -> S3Connection:
    """The database of `fill`, in a bucket or in a folder."""
    fill(remote, tmp_path / "made.blt")
    return remote


@pytest.fixture
def in_folder(folder_connection: S3Connection, tmp_path: Path) -> S3Connection:
    """The database of `fill` in a folder."""
    fill(folder_connection, tmp_path / "made.blt")
    return folder_connection


@pytest.fixture
def target_faults(monkeypatch: pytest.MonkeyPatch) -> FaultPlan:
    """What goes wrong with requests to the place that a database is copied to, none of it yet."""
    plan = FaultPlan()

    def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> FaultyStore:
        return FaultyStore(connect_store(connection, writing=writing, progress=progress), plan)

    monkeypatch.setattr("catalog.changes.copy.connect_store", connect)
    return plan


class TestCopy:
    @pytest.mark.parametrize("target_kind", ["bucket", "folder"])
    def test_the_copy_is_complete_in_itself(
        self, source: S3Connection, target_kind: str, seaweed: Seaweed, tmp_path: Path
    ) -> None:
        """From bucket and folder to bucket and folder: after the source is deleted, values, metadata and history are there."""
        folder = (tmp_path / "other place").as_uri()
        target = elsewhere(seaweed) if target_kind == "bucket" else S3Connection(db_key="c.blt", endpoint_url=folder)
        with catalog.open(source, tmp_path / "made.blt", "w") as db:
            result = db.copy_remote(target)
            assert (result.found, result.copied > 5, result.total_bytes > 2 * MB) == (0, True, True)
            assert result.server_side == (result.copied if source.is_folder == target.is_folder else 0)
            db.delete_remote()

        check_copy(target, tmp_path)

    def test_a_reader_can_copy(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """The source needs not be open for writing, nor has anything of it to be local."""
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        with catalog.open(in_folder, tmp_path / "reader.blt") as db:
            db.copy_remote(target)

        check_copy(target, tmp_path)

    def test_a_public_address_can_be_copied(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """What is known only by its address, where nothing can be listed, is found by its history, and copied."""
        published = elsewhere(seaweed)
        fill(published, tmp_path / "made.blt")
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        address = f"{seaweed.endpoint_url}/pub/{published.db_key}"
        with catalog.open(address, tmp_path / "reader.blt") as db:
            db.copy_remote(target)

        check_copy(target, tmp_path)

    def test_inside_an_account_no_value_passes_through_here(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """The service copies: requests, indexes and heads are under 5% of what is copied; bodies that go up are tiny."""
        with Tap(seaweed.port) as tap:
            keys = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
            source, target = (
                S3Connection(*keys, f"c/{secrets.token_hex(6)}.blt", bucket, tap.endpoint_url) for bucket in ("priv", "pub")
            )
            fill(source, tmp_path / "made.blt")
            with catalog.open(source, tmp_path / "made.blt", "w") as db:
                tap.reset()
                result = db.copy_remote(target)
                counts = tap.counts()

        assert result.server_side == result.copied
        assert result.total_bytes > 2 * MB
        assert counts.bytes_up + counts.bytes_down < 0.05 * result.total_bytes
        assert sum(request.body_bytes for request in counts.log) < 10_000

    def test_two_key_pairs_are_streamed(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """With other keys for the target than for the source the service is not asked: each pair sees only its own place."""
        source = seaweed.connection(f"data/{secrets.token_hex(6)}.blt")
        fill(source, tmp_path / "made.blt")
        target = elsewhere(seaweed)
        read_only = S3Connection(
            seaweed.ro.access_key_id, seaweed.ro.secret_access_key, source.db_key, source.bucket, source.endpoint_url
        )
        with catalog.open(read_only, tmp_path / "reader.blt") as db:
            result = db.copy_remote(target)

        assert (result.server_side, result.copied > 5) == (0, True)
        check_copy(target, tmp_path)

    def test_local_changes_are_not_copied(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """The copy is of the remote; what was not pushed stays a change of this working copy."""
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            db["unpushed"] = b"1"
            db.copy_remote(target)
            assert [change.key for change in db.changes().outgoing()] == ["unpushed"]

        check_copy(target, tmp_path)

    def test_an_occupied_target_is_refused(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """Another database at the target stays as it was, also while someone has it open for writing."""
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        with catalog.open(target, tmp_path / "theirs.blt", "n") as theirs:
            theirs["theirs"] = b"1"
            theirs.changes().push()
            before = objects(target, "")
            with (
                catalog.open(in_folder, tmp_path / "made.blt", "w") as db,
                pytest.raises(InvalidInputError, match="a database already"),
            ):
                db.copy_remote(target)

        assert objects(target, "") == before

    def test_a_database_is_not_copied_onto_itself(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """The place of the source is no target: an error at once, and no waiting for one's own lease."""
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db, pytest.raises(InvalidInputError, match="itself"):
            db.copy_remote(in_folder)

    def test_there_must_be_something_to_copy(self, folder_connection: S3Connection, tmp_path: Path) -> None:
        """A database that was never pushed has no remote to copy."""
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        with catalog.open(folder_connection, tmp_path / "new.blt", "n") as db, pytest.raises(RemoteMissingError):
            db.copy_remote(target)

    def test_copying_again_does_nothing(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """A copy that is there already is found, by its head."""
        target = S3Connection(db_key="c.blt", endpoint_url=(tmp_path / "other place").as_uri())
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            db.copy_remote(target)
            again = db.copy_remote(target)

        assert (again.copied, again.server_side, again.total_bytes) == (0, 0, 0)


class TestNested:
    """Databases whose keys begin alike."""

    @pytest.mark.parametrize("key", ["data/rain.blt/2024.blt", "data", "data/rain.blt.d/x.blt"])
    def test_no_database_is_a_folder_of_another(self, remote: S3Connection, tmp_path: Path, key: str) -> None:
        """One is made neither below another's head nor where others' folder is: no file system could hold both."""
        start = f"{secrets.token_hex(4)}/"
        there, new = at_key(remote, f"{start}data/rain.blt"), at_key(remote, f"{start}{key}")
        fill(there, tmp_path / "made.blt")
        before = objects(there, start)
        refused = pytest.raises(InvalidInputError, match=r"[Nn]o database can be made")
        with catalog.open(there, tmp_path / "made.blt", "w") as db, refused:
            db.copy_remote(new)
        with pytest.raises(InvalidInputError, match=r"[Nn]o database can be made"):
            make(new, tmp_path / "new.blt")
        assert objects(there, start) == before

    def test_neighbours_never_touch_each_other(self, remote: S3Connection, tmp_path: Path) -> None:
        """What is deleted, collected and forgotten of one leaves all whose keys begin with its own as they are."""
        start = f"{secrets.token_hex(4)}/rain"
        places = [at_key(remote, start + ending) for ending in ("", ".blt", "2.blt", ".d2", "-lock/a.blt")]
        for number, place in enumerate(places):
            fill(place, tmp_path / f"{number}.blt")
        others = {name: size for place in places[1:] for name, size in objects(place, place.db_key or "").items()}
        with catalog.open(places[0], tmp_path / "0.blt", "w") as db:
            db.forget(["k001"])
            db.collect_garbage(dry_run=False)
            db.delete_remote()
        assert objects(places[0], start) == others


def make(connection: S3Connection, file: Path) -> None:
    """Push a first value to a place."""
    with catalog.open(connection, file, "c", lock="commit") as db:
        db["a"] = b"1"
        db.changes().push()


def at_key(place: S3Connection, db_key: str) -> S3Connection:
    """Another key of the same bucket or folder."""
    pair = place.access_keys
    identity, secret = (pair.access_key_id, pair.secret_access_key) if pair is not None else (None, None)
    return S3Connection(identity, secret, db_key, place.bucket, place.endpoint_url)


class TestInterruptedCopies:
    @pytest.mark.parametrize("number", [1, 3, 6])
    def test_a_failure_shows_nothing_and_is_made_up_for(
        self, in_folder: S3Connection, target_faults: FaultPlan, seaweed: Seaweed, tmp_path: Path, number: int
    ) -> None:
        """When the target stops answering there is no database to see; copying again goes on with what is not there yet."""
        target = elsewhere(seaweed)
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            target_faults.add(Fault(FaultKind.FAIL_BEFORE, "put", number, name_part=f"{target.db_key}.d/"))
            with pytest.raises(UnreachableError):
                db.copy_remote(target)
            with pytest.raises(RemoteMissingError):
                catalog.open(target, tmp_path / "none.blt")
            there = len(objects(target, f"{target.db_key}.d/"))
            result = db.copy_remote(target)

        assert result.found == there
        # one is the commit that makes the copy a database of its own
        assert result.copied + result.found + 1 == len(objects(target, f"{target.db_key}.d/"))
        check_copy(target, tmp_path)

    def test_a_lost_reply_to_the_last_write_is_found_out(
        self, in_folder: S3Connection, target_faults: FaultPlan, seaweed: Seaweed, tmp_path: Path
    ) -> None:
        """The head was written, its answer lost: the copy is complete, and said to be."""
        target = elsewhere(seaweed)
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            lost = Fault(FaultKind.LOSE_REPLY, "put", 1 + len(objects(in_folder, "data/rain.blt.d/")) + 2)
            target_faults.add(lost)
            db.copy_remote(target)

        assert target_faults.fired == [lost]
        check_copy(target, tmp_path)

    def test_a_killed_copy_goes_on(self, in_folder: S3Connection, seaweed: Seaweed, tmp_path: Path) -> None:
        """A process that is killed in the middle of a copy leaves nothing to see; copying again takes what it had done."""
        target = elsewhere(seaweed)
        told = {"source": in_folder.to_dict(), "target": target.to_dict(), "keys": pair_of(seaweed)}
        died = subprocess.run(
            [sys.executable, "-c", _KILLED_COPY], input=json.dumps(told), text=True, capture_output=True, check=False
        )
        assert died.returncode == -9, died.stderr
        there = objects(target, f"{target.db_key}.d/")
        assert there
        with pytest.raises(RemoteMissingError):
            catalog.open(target, tmp_path / "none.blt")

        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            result = db.copy_remote(target)

        assert result.found == len(there)
        check_copy(target, tmp_path)


def pair_of(seaweed: Seaweed) -> list[str]:
    return [seaweed.rw.access_key_id, seaweed.rw.secret_access_key]


_KILLED_COPY = """
import json, sys
from catalog import Progress
from catalog import S3Connection
from catalog.store.access import connect_store
from catalog.changes import delete
from catalog.changes.versions import commit_over
from catalog.remote.commit import read_head
from catalog.remote.copy import copy_remote
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.format.names import ObjectNames
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore

told = json.load(sys.stdin)
source, target = S3Connection(**told["source"]), S3Connection(*told["keys"], **told["target"])
plan = FaultPlan([Fault(FaultKind.KILL_AFTER, "put", 4)])
places = [Place(connect_store(one, writing=True), ObjectNames(one.db_key)) for one in (source, target)]
stored = read_head(places[0])
copy_remote(Remote(places[0], NoCache(), 1), stored, Place(FaultyStore(places[1].store, plan), places[1].names), Progress())
"""


def flipped(body: bytes) -> bytes:
    """The same with one bit in the middle another."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 4]) + body[middle + 1 :]


class TestVerification:
    @pytest.mark.parametrize("part", ["packs", "index", "commits"])
    def test_a_flipped_bit_in_the_copy_is_found(
        self, in_folder: S3Connection, seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
    ) -> None:
        """One bit wrong in any streamed object stops the copy, shows nothing, and is put right by copying again."""
        target = elsewhere(seaweed)
        spoiled: list[str] = []

        class Spoiling(WrappedStore):
            def put(self, name: str, body: bytes | bytearray, **more: object) -> str:
                if f"/{part}/" in name and not spoiled:
                    spoiled.append(name)
                    body = flipped(bytes(body))
                return self.store.put(name, body, **more)  # type: ignore[arg-type]

        def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> WrappedStore:
            return Spoiling(connect_store(connection, writing=writing, progress=progress))

        monkeypatch.setattr("catalog.changes.copy.connect_store", connect)
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            with pytest.raises(IntegrityError, match="copy again"):
                db.copy_remote(target)
            assert len(spoiled) == 1
            with pytest.raises(RemoteMissingError):
                catalog.open(target, tmp_path / "none.blt")
            db.copy_remote(target)

        check_copy(target, tmp_path)

    def test_a_flipped_bit_on_the_way_is_found(
        self, in_folder: S3Connection, seaweed: Seaweed, tmp_path: Path, faults: FaultPlan
    ) -> None:
        """A value that reaches us damaged from the source never becomes part of a copy."""
        target = elsewhere(seaweed)
        with catalog.open(in_folder, tmp_path / "reader.blt") as db:
            faults.add(Fault(FaultKind.FLIP_BIT, "get", name_part="/packs/"))
            with pytest.raises(IntegrityError):
                db.copy_remote(target)
            db.copy_remote(target)

        check_copy(target, tmp_path)

    def test_what_an_interrupted_copy_left_is_verified_too(
        self, in_folder: S3Connection, target_faults: FaultPlan, seaweed: Seaweed, tmp_path: Path
    ) -> None:
        """An object of the right size that is something else is not taken for a copied one."""
        target = elsewhere(seaweed)
        store = connect_store(target, writing=True)
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            target_faults.add(Fault(FaultKind.FAIL_BEFORE, "put", name_part=f"{target.db_key}.d/commits"))
            with pytest.raises(UnreachableError):
                db.copy_remote(target)
            name, _ = max(objects(target, f"{target.db_key}.d/packs/").items(), key=lambda item: item[1])
            store.put(name, flipped(store.get(name).body))
            with pytest.raises(IntegrityError, match="copy again"):
                db.copy_remote(target)
            db.copy_remote(target)

        check_copy(target, tmp_path)

    def test_an_object_that_went_away_is_missed(
        self, in_folder: S3Connection, seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A target that loses what it was given is no copy."""
        target = elsewhere(seaweed)

        class Losing(WrappedStore):
            def put(self, name: str, body: bytes | bytearray, **more: object) -> str:
                return "" if "/packs/" in name else self.store.put(name, body, **more)  # type: ignore[arg-type]

        def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> WrappedStore:
            return Losing(connect_store(connection, writing=writing, progress=progress))

        monkeypatch.setattr("catalog.changes.copy.connect_store", connect)
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db, pytest.raises(IntegrityError, match="not there"):
            db.copy_remote(target)

    def test_an_original_that_lost_anything_is_not_copied(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """Whatever is gone or cut off of what the head, the history and the tags reach, it is named, and no copy is visible."""
        target = S3Connection(db_key="copy.blt", endpoint_url=(tmp_path / "target").as_uri())
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            db.tag("published", 2)
            for number in range(30):
                db["often"] = b"%d" % number
                db.changes().push()
        below = f"{name_of(in_folder)}.d/"
        store = connect_store(in_folder, writing=True)
        kinds = {name.removeprefix(below).partition("/")[0]: name for name in sorted(objects(in_folder, below))}
        assert kinds.keys() == {"commits", "log", "index", "packs", "tags"}
        for name in kinds.values():
            whole = store.get(name).body
            for body in (None, whole[:-1]):
                store.delete(name)
                if body is not None:
                    store.put(name, body)
                with catalog.open(in_folder, tmp_path / "reader.blt") as reader, pytest.raises(IntegrityError):
                    reader.copy_remote(target)
                with pytest.raises(RemoteMissingError):
                    catalog.open(target, tmp_path / "none.blt")
            store.put(name, whole)
        with catalog.open(in_folder, tmp_path / "reader.blt") as reader:
            reader.copy_remote(target)
        with catalog.open(target, tmp_path / "copied.blt") as copied:
            # The copy's own commit, which names its original, is one more.
            assert len(list(copied.history())) == 35
            assert copied.tags() == {"published": 2}
            assert copied["often"] == b"29"


class TestHiddenObjects:
    """A store that lists nothing of what it holds."""

    @pytest.fixture(autouse=True)
    def hidden(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("catalog.database.open.connect_store", hiding)
        monkeypatch.setattr("catalog.changes.copy.connect_store", hiding)

    def test_a_copy_is_whole(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """What the head reaches is copied and verified, whatever the listings of both places show."""
        target = S3Connection(db_key="copy.blt", endpoint_url=(tmp_path / "target").as_uri())
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            result = db.copy_remote(target)

        assert result.copied == len(objects(in_folder, f"{name_of(in_folder)}.d/"))
        check_copy(target, tmp_path)

    def test_nothing_is_forgotten_by_halves(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """A value that would stay readable is not said to be forgotten: the fault is named, and nothing changes."""
        before = objects(in_folder, name_of(in_folder))
        with (
            catalog.open(in_folder, tmp_path / "made.blt", "w", lock="commit") as db,
            pytest.raises(StoreError, match="does not list"),
        ):
            db.forget(["k001"])
        assert objects(in_folder, name_of(in_folder)) == before

    def test_a_deletion_is_whole(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """What the head reaches is deleted though nothing of it is listed."""
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            db.delete_remote()
        assert objects(in_folder, name_of(in_folder)) == {}


_MAKE_LARGE = """
import json, os, sys
import catalog

told = json.load(sys.stdin)
block = os.urandom(1 << 20)
with catalog.open(told["source"], told["file"], "n") as db:
    db["large"] = b"".join(bytes([number]) + block[1:] for number in range(176))
    db.changes().push()
os.unlink(told["file"])
"""

# The highest resident size is that of this program alone, where the system tells: getrusage also knows that of the process
# that started it.
_COPY_LARGE = """
import json, os, resource, sys
import catalog

told = json.load(sys.stdin)
target = catalog.S3Connection(*told["keys"], **told["target"])
with catalog.open(told["source"], told["file"]) as db:
    result = db.copy_remote(target)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if os.path.exists("/proc/self/status"):
    peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({"peak": peak, "server_side": result.server_side, "bytes": result.total_bytes}))
"""


def run_python(program: str, told: Mapping[str, object]) -> str:
    """Run a program in a process of its own, which is told things on standard input; what it prints."""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, input=json.dumps(told), text=True, capture_output=True, check=False, timeout=100)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_memory_stays_bounded(folder_connection: S3Connection, seaweed: Seaweed, tmp_path: Path) -> None:
    """A pack of 176 MiB is streamed, and read back for verification, in a process of less than 200 MB, Python included.

    Issue 3 speaks of 1 GiB: ``benchmarks/copy_memory.py`` does that. In CI a sixth of it tells the same, because a copy that
    held the pack would, with Python, need more than the limit here too, and the disk of a small machine is spared 3 GiB.
    """
    told = {"source": folder_connection.to_dict(), "file": str(tmp_path / "made.blt")}
    run_python(_MAKE_LARGE, told)
    target = elsewhere(seaweed)
    said = json.loads(run_python(_COPY_LARGE, {**told, "target": target.to_dict(), "keys": pair_of(seaweed)}))
    connect_store(target, writing=True).delete_many(objects(target, f"{target.db_key}.d/"))

    assert said["server_side"] == 0
    assert said["bytes"] > 176 << 20
    assert said["peak"] < 200 * MB


class TestDelete:
    def test_nothing_of_it_stays(self, source: S3Connection, tmp_path: Path) -> None:
        """Head, packs, index, commits and lease are gone, and nobody finds a database there."""
        with catalog.open(source, tmp_path / "made.blt", "w") as db:
            db.delete_remote()

        store = connect_store(source, writing=True)
        assert [found.name for found in store.list(name_of(source))] == []
        with pytest.raises(RemoteMissingError):
            catalog.open(source, tmp_path / "none.blt")

    def test_siblings_stay(self, remote: S3Connection, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        """Of databases whose names begin the same, or lie in a folder that does, none loses an object."""
        start = remote.db_key or ""
        folder = start.rpartition("/")[0]
        names = [f"{folder}/a.blt", f"{folder}/a.blt2", f"{folder}/a.bl", f"{folder}/a.blt.group", f"{folder}/a.blt.x/b.blt"]
        names += [f"{folder}/a.blt.x/{below}/b.blt" for below in ("packs", "index", "commits")]
        names += [f"{folder}/a.blt-d/packs/{'0' * 31}g", f"{folder}/a.blt.d2/commits-2026"]
        key_id, secret = (None, None) if remote.is_folder else pair_of(request.getfixturevalue("seaweed"))
        places = [S3Connection(key_id, secret, name, remote.bucket, remote.endpoint_url) for name in names]
        for number, place in enumerate(places):
            with catalog.open(place, tmp_path / f"{number}.blt", "n", "orjson") as db:
                db["number"] = number
                db.changes().push()
        before = objects(remote, f"{folder}/")
        first = Place.at(connect_store(places[0], writing=True), names[0])
        mine = {found.name for found in list_objects(first)} | {names[0]}

        with catalog.open(places[0], tmp_path / "0.blt", "w") as db:
            db.delete_remote()

        assert objects(remote, f"{folder}/") == {name: size for name, size in before.items() if name not in mine}
        for number, place in enumerate(places[1:], 1):
            with catalog.open(place, tmp_path / f"check {number}.blt", "w") as db:
                assert dict(db.items()) == {"number": number}
                db["more"] = 1
                assert db.changes().push()

    def test_the_head_says_so_first(self, seaweed: Seaweed, tmp_path: Path) -> None:
        """The head says that all is deleted before anything is, and goes last; only this database is asked about."""
        with Tap(seaweed.port) as tap:
            db_key = f"data/{secrets.token_hex(6)}.blt"
            keys = (seaweed.rw.access_key_id, seaweed.rw.secret_access_key)
            fill(S3Connection(*keys, db_key, "priv", tap.endpoint_url), tmp_path / "made.blt")
            with catalog.open(S3Connection(*keys, db_key, "priv", tap.endpoint_url), tmp_path / "made.blt", "w") as db:
                tap.reset()
                db.delete_remote()
                log = tap.counts().log

        asked = [(request.method, request.target) for request in log]
        deletes = [(method, target) for method, target in asked if method == "DELETE" or "?delete" in target]
        assert deletes[-1] == ("DELETE", f"/priv/{db_key}")
        assert asked.count(("PUT", f"/priv/{db_key}")) == 1
        assert asked.index(("PUT", f"/priv/{db_key}")) < asked.index(deletes[0])
        named = [target for method, target in asked if (method, target) not in deletes or method == "DELETE"]
        assert all(db_key.replace("/", "%2F") in target or db_key in target for target in named)
        assert len(log) <= 15

    def test_the_local_file_can_be_pushed_again(self, source: S3Connection, tmp_path: Path) -> None:
        """Everything is local after it, what was only in the remote too; a push makes a new remote of it."""
        with catalog.open(source, tmp_path / "reader.blt", "w") as db:
            db["edit"] = b"unpushed"
            db.delete_remote()
            assert db.commit is None
            assert dict(db.items()) == {**SECOND, "edit": b"unpushed"}
        with catalog.open(source, tmp_path / "reader.blt", "w") as db:
            assert {str(change.kind) for change in db.changes().outgoing()} == {"added"}
            assert db.changes().push()

        with catalog.open(source, tmp_path / "fresh.blt") as db:
            assert dict(db.items()) == {**SECOND, "edit": b"unpushed"}
            assert db.get_metadata() == {"units": "mm"}

    def test_someone_else_pushed_meanwhile(self, source: S3Connection, tmp_path: Path) -> None:
        """A commit that was not seen yet stops it: nothing is deleted, and after a pull it may be."""
        before = objects(source, name_of(source))
        with catalog.open(source, tmp_path / "made.blt", "w", lock="commit") as db:
            with catalog.open(source, tmp_path / "theirs.blt", "w", lock="commit") as theirs:
                theirs["theirs"] = b"1"
                theirs.changes().push()
            with pytest.raises(PreconditionFailedError):
                db.delete_remote()
            assert objects(source, name_of(source)).keys() > before.keys() - {name_of(source)}
            db.changes().pull()
            db.delete_remote()
            assert db["theirs"] == b"1"

        assert objects(source, name_of(source)) == {}

    def test_what_was_seen_and_not_pulled(self, source: S3Connection, tmp_path: Path) -> None:
        """What others pushed is nobody's but the remote's until it is pulled: to know of it is not enough."""
        with catalog.open(source, tmp_path / "theirs.blt", "w", lock="commit") as theirs:
            theirs["theirs"] = b"1"
            theirs.changes().push()
        with catalog.open(source, tmp_path / "made.blt", "w", lock="commit", pull=False) as db:
            assert db.changes().incoming()
            with pytest.raises(UnseenCommitsError, match=r"not seen here came in between: commit 4 by .* Nothing was done"):
                db.delete_remote()
            db.changes().pull()
            db.delete_remote()
            assert db["theirs"] == b"1"

    def test_a_push_in_the_same_instant_wins_or_loses_as_a_whole(
        self, source: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A push between the look at the head and the deletion is kept, and nothing is deleted."""

        def after_a_push(*arguments: Any, **more: Any) -> Any:
            with catalog.open(source, tmp_path / "theirs.blt", "w", lock="commit") as theirs:
                theirs["theirs"] = b"1"
                theirs.changes().push()
            return commit_over(*arguments, **more)

        with catalog.open(source, tmp_path / "made.blt", "w", lock="commit") as db:
            monkeypatch.setattr(delete, "commit_over", after_a_push)
            with pytest.raises(PreconditionFailedError):
                db.delete_remote()

        with catalog.open(source, tmp_path / "fresh.blt") as db:
            assert dict(db.items()) == {**SECOND, "theirs": b"1"}

    def test_nobody_builds_on_what_is_being_deleted(
        self, source: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While objects go, a push on top is told that the remote is gone, and a new database there waits for the lease."""
        told: list[type[Exception]] = []

        def while_others_try(*arguments: Any) -> Any:
            with pytest.raises(RemoteMissingError) as missing:
                theirs.changes().push()
            with pytest.raises(LockTimeoutError) as locked:
                catalog.open(source, tmp_path / "new.blt", "n", lock_timeout=0.1)
            told.extend([missing.type, locked.type])
            return delete_objects(*arguments)

        with (
            catalog.open(source, tmp_path / "theirs.blt", "w", lock="commit") as theirs,
            catalog.open(source, tmp_path / "made.blt", "w", lock="commit") as db,
        ):
            theirs["theirs"] = b"1"
            monkeypatch.setattr(delete, "delete_objects", while_others_try)
            db.delete_remote()
            assert theirs["theirs"] == b"1"

        assert told == [RemoteMissingError, LockTimeoutError]
        left = set(objects(source, name_of(source)))
        assert {name.rpartition("/")[0].rpartition("/")[2] for name in left} <= {"packs", "index", "tables", "commits", "log"}

    def test_a_first_push_waits_for_a_deletion(
        self, source: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a lock of its own, too, a new database at the same place sends nothing until the old one is gone."""
        monkeypatch.setattr(head_writer, "_TIMEOUT", 0.1)

        def while_another_pushes(*arguments: Any) -> Any:
            before = objects(source, name_of(source))
            with catalog.open(source, tmp_path / "new.blt", "n", lock="commit") as new:
                new.update(SECOND)
                with pytest.raises(LockTimeoutError):
                    new.changes().push()
            assert objects(source, name_of(source)) == before
            return delete_objects(*arguments)

        with catalog.open(source, tmp_path / "made.blt", "w") as db:
            monkeypatch.setattr(delete, "delete_objects", while_another_pushes)
            db.delete_remote()
        with catalog.open(source, tmp_path / "new.blt", "c", lock="commit") as new:
            assert new.changes().push()

        check_pushed(source, tmp_path)

    def test_a_first_push_that_a_deletion_overtook_sends_all_again(
        self, remote: S3Connection, tmp_path: Path, faults: FaultPlan
    ) -> None:
        """What an earlier attempt sent is not relied upon once a database at the same place was deleted."""
        with catalog.open(remote, tmp_path / "new.blt", "c", lock="commit") as new:
            new.update(SECOND)
            faults.add(Fault(FaultKind.FAIL_BEFORE, "put", 1, name_part="/commits/"))
            with pytest.raises(UnreachableError):
                new.changes().push()
            fill(remote, tmp_path / "theirs.blt")
            with catalog.open(remote, tmp_path / "theirs.blt", "w") as theirs:
                theirs.delete_remote()
            assert new.changes().push()

        check_pushed(remote, tmp_path)

    @pytest.mark.parametrize("reopened", [False, True])
    @pytest.mark.parametrize("verb", ["delete", "list", "delete_many"])
    def test_one_that_was_cut_short_is_finished(
        self, remote: S3Connection, tmp_path: Path, faults: FaultPlan, verb: str, reopened: bool
    ) -> None:
        """After a failure at any step, repeating it, now or after opening again, deletes the rest; the values stay here."""
        fill(remote, tmp_path / "made.blt")
        faults.clear()
        db = catalog.open(remote, tmp_path / "made.blt", "w")
        faults.add(Fault(FaultKind.FAIL_BEFORE, verb, 1, name_part=name_of(remote)))
        with pytest.raises(UnreachableError):
            db.delete_remote()
        if reopened:
            db.close()
            db = catalog.open(remote, tmp_path / "made.blt", "c")
        with db:
            db.delete_remote()
            assert dict(db.items()) == SECOND
        assert objects(remote, name_of(remote)) == {}

    def test_a_lost_reply_is_no_harm(self, remote: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
        """The head was deleted, its answer lost: repeating it finishes."""
        fill(remote, tmp_path / "made.blt")
        faults.clear()
        with catalog.open(remote, tmp_path / "made.blt", "w") as db:
            faults.add(Fault(FaultKind.LOSE_REPLY, "delete", 1, name_part=name_of(remote)))
            with pytest.raises(UnreachableError):
                db.delete_remote()
            with pytest.raises(RemoteMissingError):
                catalog.open(remote, tmp_path / "none.blt")
            db.delete_remote()
        assert objects(remote, name_of(remote)) == {}

    def test_a_reader_may_not(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """Open for reading, it is refused."""
        with catalog.open(in_folder, tmp_path / "reader.blt") as db, pytest.raises(ReadOnlyError):
            db.delete_remote()

    def test_others_see_that_it_is_gone(self, in_folder: S3Connection, tmp_path: Path) -> None:
        """A working copy elsewhere is told so, keeps what it has fetched, and with 'c' can be pushed as a new remote."""
        with catalog.open(in_folder, tmp_path / "theirs.blt", "w") as theirs:
            theirs.load_items()
        with catalog.open(in_folder, tmp_path / "made.blt", "w") as db:
            db.delete_remote()

        with pytest.raises(RemoteMissingError, match="flag='c'"):
            catalog.open(in_folder, tmp_path / "theirs.blt", "w")
        with catalog.open(in_folder, tmp_path / "theirs.blt", "c") as theirs:
            assert dict(theirs.items()) == SECOND
            assert theirs.changes().push()
        check_pushed(in_folder, tmp_path)


def check_pushed(connection: S3Connection, folder: Path) -> None:
    with catalog.open(connection, folder / "pushed.blt") as db:
        assert dict(db.items()) == SECOND
