"""Collecting garbage frees what no kept commit needs, and never anything else."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import hypothesis.strategies as st
import pytest
from hiding import HidingStore
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import catalog
from catalog import (
    CancelledError,
    Database,
    IntegrityError,
    InvalidInputError,
    PreconditionFailedError,
    S3Connection,
    StoreError,
    UnreachableError,
)
from catalog.changes import collect as collecting
from catalog.changes.collect import Collected
from catalog.format.names import ObjectNames
from catalog.progress import Progress, Report
from catalog.remote import garbage
from catalog.remote.garbage import Keep
from catalog.remote.objects import list_objects
from catalog.remote.place import Place
from catalog.store.s3.client import ClientSettings, client_for
from catalog.testing.faults import Fault, FaultKind, FaultPlan
from catalog.testing.seaweed import Seaweed

pytestmark = pytest.mark.usefixtures("nothing_inline")

NOW = timedelta(0)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def open_writer(connection: S3Connection, path: Path, **more: Any) -> Database:
    """A working copy that takes no lease."""
    opened: Database = catalog.open(connection, path, "c", value_serializer="orjson", lock="commit", **more)
    return opened


def collect(database: Database, commits: int = 1, *, dry_run: bool = False) -> Collected:
    """Collect without a grace period, keeping some commits."""
    return database._collect(Keep(0, commits), NOW, Progress(), dry_run=dry_run)


def objects(database: Database) -> dict[str, int]:
    """The immutable objects of the remote, with their sizes."""
    remote = database._session.remote
    return {found.name: found.size for found in list_objects(Place(remote.store, remote.names))}


def push(database: Database, **values: Any) -> None:
    """Set some keys and push them."""
    database.update(values)
    database.changes().push()


def content(connection: S3Connection, path: Path, version: int | str | None = None) -> dict[str, Any]:
    """What a fresh working copy reads, at a version."""
    with catalog.open(connection, path, "r", version=version) as opened:
        return dict(opened.items())


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: many syncs would only make a disk slow."""
    folder = Path(tempfile.mkdtemp(prefix="collect", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def database(remote: S3Connection, tmp_path: Path) -> Iterator[Database]:
    """A database with five commits, each of which replaces the value of one key."""
    with open_writer(remote, tmp_path / "mine.blt") as opened:
        for number in range(1, 6):
            push(opened, a=number, **{f"k{number}": "x" * 2000})
        yield opened


def test_a_dry_run_says_what_the_run_then_does(database: Database) -> None:
    """The numbers are the same, and the objects and bytes that vanish are those numbers."""
    before = objects(database)
    said = collect(database, 2, dry_run=True)
    assert objects(database) == before

    done = collect(database, 2)

    gone = {name: size for name, size in before.items() if name not in objects(database)}
    assert {**vars_of(said), "dry_run": False} == vars_of(done)
    assert len(gone) == done.packs + done.segments + done.commits
    assert sum(gone.values()) == done.bytes_freed
    assert done.commits_given_up == done.commits == 3


def vars_of(collected: Collected) -> dict[str, Any]:
    """The fields of a report."""
    return {name: getattr(collected, name) for name in Collected.__slots__}


def test_nothing_is_lost_for_a_fresh_reader(database: Database, tmp_path: Path) -> None:
    """After a collection a new working copy reads everything of the newest state and of the kept commits."""
    collect(database, 2)

    assert content(database.connection, tmp_path / "a.blt") == {"a": 5, **{f"k{n}": "x" * 2000 for n in range(1, 6)}}
    assert content(database.connection, tmp_path / "b.blt", 4)["a"] == 4


def test_what_is_younger_than_the_grace_period_stays(database: Database) -> None:
    """All objects are minutes old: the history is shortened, and nothing is deleted."""
    before = set(objects(database))

    done = database.collect_garbage(keep_days=0, keep_commits=1, dry_run=False)

    assert before <= set(objects(database))
    assert done.too_young > 0
    assert (done.packs, done.segments, done.commits, done.bytes_freed) == (0, 0, 0, 0)


def test_a_clock_that_is_ahead_shortens_no_grace_period(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is old by this machine's clock only is not deleted: the store's own clock counts."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=8)

    monkeypatch.setattr(garbage, "datetime", Ahead)
    before = set(objects(database))

    done = database.collect_garbage(keep_days=0, keep_commits=1, dry_run=False)

    assert before <= set(objects(database))
    assert done.too_young > 0
    assert done.commits_given_up == 4


def test_what_a_listing_hides_stops_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not show what the head needs is no store to clean up: that is said, and nothing is done."""
    before, newest = objects(database), database.remote_commit
    monkeypatch.setattr(database._session.remote, "place", Place(HidingStore(database._session.remote.store), name_of(database)))
    for dry_run in (True, False):
        with pytest.raises(StoreError, match=r"the store does not list .* Nothing was deleted"):
            collect(database, dry_run=dry_run)
    monkeypatch.undo()
    assert (objects(database), database.remote_commit) == (before, newest)


def name_of(database: Database) -> ObjectNames:
    """The names of a database's objects."""
    return database._session.remote.names


class Stopping(Progress):
    """Progress that is cancelled after so many reports; ``phases`` are those that began."""

    def __init__(self, left: int) -> None:
        super().__init__(self.watch)
        self.left, self.phases = left, list[str]()

    def watch(self, report: Report) -> None:
        self.phases.append(report.phase)
        self.left -= 1
        if not self.left:
            self.cancel()


def test_it_can_be_cancelled_and_goes_on(folder_connection: S3Connection, tmp_path: Path) -> None:
    """Stopped after any step, nothing that is needed is gone, and the same again does the rest."""
    with open_writer(folder_connection, tmp_path / "mine.blt") as opened:
        for number in range(4):
            push(opened, a=number, b="x" * 2000)
        told = Stopping(0)
        opened._collect(Keep(0, 1), NOW, told, dry_run=True)
        assert {"reading the history", "reading the index", "looking for what nobody needs"} <= set(told.phases)
        cancelled = 0
        for stop in range(1, 20):
            try:
                opened._collect(Keep(0, 1), NOW, Stopping(stop), dry_run=False)
            except CancelledError:
                cancelled += 1
            opened.changes().pull()
            assert dict(opened.items()) == {"a": 3, "b": "x" * 2000}
        assert cancelled > 5
        collect(opened)
        assert len(objects(opened)) < 8
    assert content(folder_connection, tmp_path / "fresh.blt") == {"a": 3, "b": "x" * 2000}


def test_unfinished_uploads_are_ended(bucket_connection: S3Connection, seaweed: Seaweed, tmp_path: Path) -> None:
    """Parts that a killed push left are found and removed; those of other names, and young ones, are left alone."""
    client = client_for(ClientSettings(seaweed.endpoint_url), seaweed.rw)
    bucket, names = bucket_connection.bucket or "", ObjectNames(bucket_connection.db_key or "")

    def unfinished() -> list[str]:
        found = client.list_multipart_uploads(Bucket=bucket, Prefix=names.db_key).get("Uploads", [])
        return sorted(upload["Key"] for upload in found)

    mine, other = names.pack(b"p" * 16), f"{names.folder}packs/other"
    with open_writer(bucket_connection, tmp_path / "mine.blt") as opened:
        push(opened, a=1)
        for name in (mine, other):
            upload = client.create_multipart_upload(Bucket=bucket, Key=name)["UploadId"]
            client.upload_part(Bucket=bucket, Key=name, UploadId=upload, PartNumber=1, Body=b"x" * 100)
        assert unfinished() == sorted([mine, other])
        young = opened._collect(Keep(0, 1), timedelta(days=1), Progress(), dry_run=False)
        assert (young.uploads, young.too_young) == (0, 1)
        assert collect(opened, dry_run=True).uploads == 1
        assert collect(opened).uploads == 1
        assert unfinished() == [other]
        client.create_multipart_upload(Bucket=bucket, Key=mine)
        opened.delete_remote()
        assert unfinished() == [other]


def test_a_short_grace_period_is_refused(database: Database) -> None:
    """Readers need a day to notice a newer commit."""
    with pytest.raises(InvalidInputError, match="endanger readers"):
        database.collect_garbage(grace=timedelta(hours=1))


def test_nothing_to_do_makes_no_commit(database: Database) -> None:
    """A collection that finds nothing leaves the head alone."""
    before = database.remote_commit

    found = database.collect_garbage(keep_days=30, dry_run=False)

    assert not found
    assert database.remote_commit == before


def test_a_tag_keeps_its_commit(database: Database, tmp_path: Path) -> None:
    """A tagged commit stays readable by name, number and id when those around it are given up."""
    database.tag("published", 2)
    kept = next(commit for commit in database.history() if commit.number == 2)

    done = collect(database)

    assert done.commits_kept == 2
    names: list[int | str] = ["published", 2, kept.id[:8]]
    assert {content(database.connection, tmp_path / f"{n}.blt", name)["a"] for n, name in enumerate(names)} == {2}
    with pytest.raises(catalog.EntryMissingError, match="no version '3'"):
        content(database.connection, tmp_path / "three.blt", 3)


def test_an_untagged_commit_goes_with_the_next_collection(database: Database, tmp_path: Path) -> None:
    """Removing a tag frees what only it kept."""
    database.tag("published", 2)
    collect(database)
    database.untag("published")

    done = collect(database)

    assert done.commits > 0
    with pytest.raises(catalog.EntryMissingError):
        content(database.connection, tmp_path / "gone.blt", 2)


def test_thin_packs_are_written_anew_and_then_freed(remote: S3Connection, tmp_path: Path) -> None:
    """A pack of which a tenth is needed moves to a new one; once no kept commit names it, it is deleted."""
    with open_writer(remote, tmp_path / "mine.blt") as opened:
        push(opened, **{f"k{n}": str(n) * 5000 for n in range(10)})
        push(opened, **{f"k{n}": "new" for n in range(1, 10)})
        size = sum(objects(opened).values())

        assert collect(opened).packs_rewritten == 1
        done = collect(opened)

        assert done.packs >= 1
        assert sum(objects(opened).values()) < size / 3
    assert content(remote, tmp_path / "fresh.blt") == {"k0": "0" * 5000, **{f"k{n}": "new" for n in range(1, 10)}}


def test_a_reader_of_a_commit_that_goes_is_told(database: Database, tmp_path: Path) -> None:
    """A value that was freed is an error that says why, never a missing key."""
    push(database, k2="short")
    with catalog.open(database.connection, tmp_path / "old.blt", "r", version=2) as old:
        assert "a" in old
        collect(database)
        with pytest.raises(IntegrityError, match="is gone") as caught:
            old["a"]
    assert "garbage collection removed it: pull" in str(caught.value)


def test_a_working_copy_left_behind_catches_up(remote: S3Connection, tmp_path: Path) -> None:
    """Someone whose base commit was freed while they were away keeps every edit, and sees all that arrived."""
    with open_writer(remote, tmp_path / "mine.blt") as mine:
        push(mine, a=1, b=1, c=1, d=1, e=1)
        with open_writer(remote, tmp_path / "away.blt") as away:
            assert away["e"] == 1
            away["a"] = "mine"
            del away["d"]
            away["n"] = "mine"
        for number in range(2, 6):
            push(mine, a=number, e=number)
        assert collect(mine).segments > 0
    forget_cached_index(tmp_path / "away.blt.sync")

    with open_writer(remote, tmp_path / "away.blt") as away:
        assert dict(away.items()) == {"a": "mine", "b": 1, "c": 1, "e": 5, "n": "mine"}
        assert {change.key for change in away.changes().conflicts()} >= {"a"}
        assert {change.key for change in away.changes().iter_changes()} == {"a", "d", "n"}


def forget_cached_index(sidecar: Path) -> None:
    """Leave the working copy without its cache of the index, as one that never read all of it."""
    with sqlite3.connect(sidecar) as opened:
        opened.execute("DELETE FROM segment")
    opened.close()


def test_a_push_under_way_is_safe(remote: S3Connection, tmp_path: Path, faults: FaultPlan) -> None:
    """A push that uploaded before a collection and commits after it is put on top of it, and everything is readable."""
    with open_writer(remote, tmp_path / "mine.blt") as mine, open_writer(remote, tmp_path / "theirs.blt") as theirs:
        push(mine, a=1, big="x" * 2_000_000)
        push(mine, a=2)
        theirs.changes().pull()
        theirs["b"] = "y" * 2_000_000
        faults.add(Fault(FaultKind.FAIL_BEFORE, verb="put", number=1, name_part="/commits/"))
        with pytest.raises(UnreachableError):
            theirs.changes().push()

        done = collect(mine)
        assert done.packs >= 1
        assert theirs.changes().push()

    found = content(remote, tmp_path / "fresh.blt")
    assert (found["a"], found["b"]) == (2, "y" * 2_000_000)


def test_adding_and_deleting_makes_no_name_anew(remote: S3Connection, tmp_path: Path) -> None:
    """The same content pushed after a collection gets other names than before it."""
    with open_writer(remote, tmp_path / "mine.blt") as mine:
        mine.set("a", 1, timestamp=1_700_000_000_000_000)
        mine.changes().push()
        first = set(objects(mine))
        push(mine, b=1)
        collect(mine)
        del mine["b"]
        mine.changes().push()
        mine.set("a", 2)
        mine.changes().push()
        mine.set("a", 1, timestamp=1_700_000_000_000_000)
        mine.changes().push()

        newest = mine._session.seen
        assert newest is not None
        names = ObjectNames(remote.db_key or "")
        assert first.isdisjoint({names.index_file(ref.file) for ref in mine._session.remote.snapshot(newest).all_refs()})


def test_a_collection_beaten_by_a_push_deletes_nothing(
    remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When someone commits between looking and shortening, the collection stops, and can be repeated."""
    with open_writer(remote, tmp_path / "mine.blt") as mine, open_writer(remote, tmp_path / "theirs.blt") as theirs:
        push(mine, a=1)
        push(mine, a=2)
        theirs.changes().pull()
        newest = mine._newest()
        monkeypatch.setattr(mine, "_newest", lambda: newest)
        push(theirs, b=1)
        before = set(objects(mine))
        with pytest.raises(PreconditionFailedError):
            collect(mine)
        assert before <= set(objects(mine))
        monkeypatch.undo()
        mine.changes().pull()
        assert collect(mine)
    assert content(remote, tmp_path / "fresh.blt") == {"a": 2, "b": 1}


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY])
def test_cut_short_anywhere_it_can_be_repeated(memory: Path, faults: FaultPlan, kind: FaultKind) -> None:
    """After a failure of any one request nothing needed is gone, and a repetition frees what there is."""
    number = 0
    while True:
        number += 1
        folder = memory / str(number)
        connection = S3Connection(db_key="db", endpoint_url=(folder / "store").as_uri())
        folder.mkdir()
        with open_writer(connection, folder / "mine.blt") as mine:
            push(mine, **{f"k{n}": str(n) * 500 for n in range(10)})
            push(mine, **{f"k{n}": n for n in range(1, 10)})
            push(mine, a=1)
            expected = dict(mine.items())
            faults.add(Fault(kind, number=number))
            with contextlib.suppress(UnreachableError):
                collect(mine)
            finished = not faults.fired
            faults.clear()
            faults.fired.clear()
            assert content(connection, folder / "after.blt") == expected
            assert history_reads(mine, connection, folder / "history.blt")
            collect(mine)
            assert history_reads(mine, connection, folder / "again.blt")
            assert content(connection, folder / "repeated.blt") == expected
        if finished:
            break
    assert number > 10


def history_reads(database: Database, connection: S3Connection, path: Path) -> bool:
    """Whether each kept commit reads back whole, in a working copy of its own."""
    for commit in database.history():
        fresh = path.with_name(f"{path.stem}-{commit.number}.blt")
        assert len(content(connection, fresh, commit.number)) == commit.keys
    return True


class CollectingMachine(RuleBasedStateMachine):
    """Two people push, tag, revert and collect in any order; a model knows each kept version."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="collect", dir=MEMORY))
        self.connection = S3Connection(db_key="db", endpoint_url=(self.folder / "store").as_uri())
        self.people = [open_writer(self.connection, self.folder / f"{n}.blt") for n in range(2)]
        self.states: dict[int, dict[str, Any]] = {}
        self.oldest = 1
        self.tags: dict[str, int] = {}
        self.opened = 0
        push(self.people[0], a=0)
        self.note({"a": 0})

    @property
    def newest(self) -> int:
        return max(self.states)

    def caught_up(self, who: int) -> Database:
        """A person who has seen what the other did."""
        self.people[who].changes().pull()
        return self.people[who]

    def note(self, state: dict[str, Any]) -> None:
        """A commit was made."""
        self.states[max(self.states, default=0) + 1] = dict(state)

    @rule(
        who=st.integers(0, 1),
        changes=st.dictionaries(
            st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(0, 2), st.just("x" * 900)), max_size=4
        ),
    )
    def push(self, who: int, changes: dict[str, Any]) -> None:
        person, state = self.people[who], dict(self.states[self.newest])
        person.changes().pull()
        for key, value in changes.items():
            if value is None:
                person.pop(key, None)
                state.pop(key, None)
            else:
                person.set(key, value, timestamp=1_700_000_000_000_000)
                state[key] = value
        if person.changes().push():
            self.note(state)
        else:
            assert state == self.states[self.newest]

    @rule(who=st.integers(0, 1), name=st.sampled_from(["one", "two"]), back=st.integers(0, 4))
    def tag(self, who: int, name: str, back: int) -> None:
        number = max(self.oldest, self.newest - back)
        if name in self.tags:
            self.caught_up(who).untag(name)
            del self.tags[name]
        else:
            self.caught_up(who).tag(name, number)
            self.tags[name] = number
        self.note(self.states[self.newest])

    @rule(who=st.integers(0, 1), back=st.integers(0, 4))
    def revert(self, who: int, back: int) -> None:
        number = max(self.oldest, self.newest - back)
        person = self.people[who]
        person.revert(number, over=person.commit_at(self.newest))
        self.note(self.states[number])

    @rule(who=st.integers(0, 1), commits=st.integers(1, 4))
    def collect(self, who: int, commits: int) -> None:
        said = collect(self.people[who], commits, dry_run=True)
        done = collect(self.caught_up(who), commits)
        assert {**vars_of(said), "dry_run": False} == vars_of(done)
        if done:
            self.oldest = max(self.oldest, self.newest - commits + 1)
            self.note(self.states[self.newest])

    @invariant()
    def every_kept_version_reads_back(self) -> None:
        if not hasattr(self, "people"):
            return
        self.opened += 1
        kept = {*range(self.oldest, self.newest + 1), *self.tags.values()}
        assert {commit.number for commit in self.people[0].history()} == set(range(self.oldest, self.newest + 1))
        for number in kept if self.opened % 4 == 0 else {self.newest}:
            path = self.folder / f"fresh-{self.opened}-{number}.blt"
            assert content(self.connection, path, number) == self.states[number]

    def teardown(self) -> None:
        if hasattr(self, "people"):
            for person in self.people:
                person.close()
            shutil.rmtree(self.folder)


TestCollecting = CollectingMachine.TestCase
TestCollecting.settings = settings(max_examples=8, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck))


def test_a_push_between_the_commit_and_the_deletion_is_safe(
    remote: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a push brings up while a collection deletes never has the name of what is deleted, even with the same content."""
    with open_writer(remote, tmp_path / "mine.blt") as mine, open_writer(remote, tmp_path / "theirs.blt") as theirs:
        mine.set("a", 1, timestamp=1_700_000_000_000_000)
        mine.changes().push()
        push(mine, b=1)
        push(mine, a=2)

        def push_the_same_again(*arguments: Any) -> None:
            theirs.changes().pull()
            del theirs["b"]
            theirs.set("a", 1, timestamp=1_700_000_000_000_000)
            theirs.changes().push()
            delete(*arguments)

        delete = collecting._delete
        monkeypatch.setattr(collecting, "_delete", push_the_same_again)
        assert collect(mine).segments > 0

    assert content(remote, tmp_path / "fresh.blt") == {"a": 1}


KILLED = """
import sys
from pathlib import Path
import catalog.database.open
from catalog import S3Connection
from catalog.store.access import connect_store
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from changes.test_collect import collect, open_writer

folder, kind, verb, number = Path(sys.argv[1]), FaultKind[sys.argv[2]], sys.argv[3], int(sys.argv[4])
plan = FaultPlan()
import catalog.database.open

catalog.database.open.connect_store = lambda *a, **more: FaultyStore(connect_store(*a, **more), plan)
with open_writer(S3Connection(db_key="db", endpoint_url=(folder / "store").as_uri()), folder / "mine.blt") as mine:
    plan.add(Fault(kind, verb, number))
    collect(mine)
"""


@pytest.mark.parametrize(
    ("kind", "verb", "number"),
    [
        (FaultKind.KILL_AFTER, "put", 1),
        (FaultKind.KILL_AFTER, "put", 2),
        (FaultKind.KILL_BEFORE, "delete_many", 1),
        (FaultKind.KILL_AFTER, "delete_many", 1),
    ],
)
def test_a_killed_process_loses_nothing(memory: Path, kind: FaultKind, verb: str, number: int) -> None:
    """A process that dies while it collects leaves everything readable, its working copy too, and another ends its work."""
    connection = S3Connection(db_key="db", endpoint_url=(memory / "store").as_uri())
    with open_writer(connection, memory / "mine.blt") as mine:
        push(mine, **{f"k{n}": str(n) * 500 for n in range(10)})
        push(mine, **{f"k{n}": n for n in range(1, 10)})
        push(mine, a=1)
        expected = dict(mine.items())
        mine["edit"] = "unpushed"
    search = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(memory), kind.name, verb, str(number)],
        env={**os.environ, "PYTHONPATH": search},
        check=False,
        capture_output=True,
        text=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr

    assert content(connection, memory / "fresh.blt") == expected
    with open_writer(connection, memory / "mine.blt") as mine:
        assert dict(mine.items()) == {**expected, "edit": "unpushed"}
        collect(mine)
        assert history_reads(mine, connection, memory / "history.blt")
        assert not collect(mine, 2, dry_run=True).packs
        mine.changes().push()
    assert content(connection, memory / "again.blt") == {**expected, "edit": "unpushed"}
