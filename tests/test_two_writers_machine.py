"""Writers of one remote with bad networks: no acknowledged edit is lost, and every commit is one whole push.

The model is the history itself. Each push is signed with the number of its attempt, so that the commits tell afterwards which
attempts were made, and what each of them changed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import catalog
from catalog import (
    CancelledError,
    ConflictError,
    Database,
    FormatError,
    OutcomeUnknownError,
    Progress,
    S3Connection,
    StoreError,
)
from catalog.format.head import StoredHead
from catalog.format.names import ObjectNames
from catalog.remote.commit import read_head
from catalog.remote.place import Place
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.store.access import connect_store
from catalog.store.interface import ObjectStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore

LARGE = os.environ.get("CATALOG_MACHINE") == "large"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
KEYS = st.sampled_from(["a", "b", "c"])
EDITS = st.lists(st.tuples(KEYS, st.booleans()), min_size=1, max_size=2)
"""Keys, and whether to delete them."""
WHO = st.integers(0, 2)
NAMES = ObjectNames("db")
State = dict[str, int]
"""Keys with their timestamps; no two edits have the same, so that a timestamp tells whose edit it is."""

FAULTS = st.builds(
    Fault,
    st.sampled_from([FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY, FaultKind.TRUNCATE, FaultKind.FLIP_BIT]),
    st.sampled_from(["*", "put", "get", "get_if_changed"]),
    st.integers(1, 6),
)


class Segments:
    """A cache of segments that is nobody's."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def get_segment(self, segment_id: str) -> bytes | None:
        return self.bodies.get(segment_id)

    def put_segment(self, segment_id: str, body: bytes) -> None:
        self.bodies[segment_id] = body


@dataclass
class Attempt:
    """One push that was tried: by whom, from which commit, with which edits."""

    writer: int
    base: str | None
    edits: dict[str, int | None]
    acknowledged: str | None = None


@dataclass
class Person:
    """A writer with a working copy, and what is known of its edits that are not pushed for certain."""

    number: int
    file: Path
    plan: FaultPlan
    database: Database
    edits: dict[str, int | None] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    """The number of the commit that each edit was first based on, or chosen over."""
    nothing: set[str] = field(default_factory=set)
    """Keys that were added here and deleted again: as if they had never been, unless the addition was pushed after all."""

    @property
    def base_number(self) -> int:
        commit = self.database.commit
        return commit.number if commit is not None else 0


class TwoWriters(RuleBasedStateMachine):
    """Some writers of one folder, each with a bad network of its own."""

    writers = 2

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="writers", dir=MEMORY))
        self.connection = S3Connection(db_key="db", endpoint_url=(self.folder / "store").as_uri())
        self.store = connect_store(self.connection, writing=True)
        self.remote = Remote(Place.at(self.store, "db"), Segments(), 1)
        self.states: dict[str, State] = {}
        self.moment = 1_700_000_000_000_000
        self.attempts: dict[str, Attempt] = {}
        self.plan = FaultPlan()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("catalog.database.open.connect_store", self.connect)
        self.people: list[Person] = []
        for number in range(self.writers):
            file = self.folder / f"{number}.blt"
            plan = self.plan = FaultPlan()
            self.people.append(Person(number, file, plan, self.open(file)))
            if number == 0:
                self.people[0].database.changes().push(message="first")

    def connect(self, connection: S3Connection, **more: Any) -> ObjectStore:
        return FaultyStore(connect_store(connection, **more), self.plan)

    def open(self, file: Path, flag: Any = "c", **more: Any) -> Database:
        opened: Database = catalog.open(self.connection, file, flag, value_serializer="orjson", lock="commit", **more)
        return opened

    def tick(self) -> int:
        self.moment += 1
        return self.moment

    # What the remote says

    def head(self) -> StoredHead:
        head = read_head(Place(self.store, NAMES))
        assert head is not None
        return head

    def history(self) -> list[StoredHead]:
        head = self.head()
        remote = Remote(Place(self.store, NAMES), NoCache(), 2)
        return [remote.state_of(head, commit.number, commit.id) for commit in remote.history(head)][::-1]

    def state(self, stored: StoredHead) -> State:
        """The content of a commit."""
        if stored.commit_id not in self.states:
            found = {key: entry.timestamp for key, entry in self.remote.snapshot(stored).items()}
            assert stored.head.keys == len(found)
            self.states[stored.commit_id] = found
        return self.states[stored.commit_id]

    def base_of(self, person: Person) -> State:
        """The content of the commit that a person builds on."""
        commit = person.database.commit
        return {} if commit is None else next(self.state(one) for one in self.history() if one.commit_id == commit.id)

    def changed_by_others(self, person: Person, key: str) -> bool:
        """Whether someone else committed a change of a key after this person's edit of it began."""
        history = self.history()
        for before, after in pairwise(history):
            attempt = self.attempts.get(after.commit.message)
            changed = self.state(before).get(key) != self.state(after).get(key)
            if changed and after.head.number > person.since[key] and attempt is not None and attempt.writer != person.number:
                return True
        return False

    def was_committed(self, person: Person, key: str, edit: int | None) -> bool:
        """Whether an edit is in the history, by a push of this person, or of another who did just the same."""
        return key in person.nothing or any(self.state(stored).get(key) == edit for stored in self.history())

    # What people do

    @rule(who=WHO, edits=EDITS)
    def edit_only(self, who: int, edits: list[tuple[str, bool]]) -> None:
        self.edit(who, edits)

    def edit(self, who: int, edits: list[tuple[str, bool]]) -> Person:
        person = self.people[who % self.writers]
        for key, delete in edits:
            moment: int | None = self.tick()
            if delete and key in person.database:
                del person.database[key]
                moment = None
            else:
                person.database.set(key, f"{who}/{moment}", timestamp=moment)
            if key not in person.edits:
                person.since[key] = person.base_number
            person.edits[key] = moment
            person.nothing.discard(key)
            if moment is None and key not in self.base_of(person):
                person.nothing.add(key)
        person.database.sync()
        return person

    def attempt(self, person: Person, progress: Progress | None = None) -> None:
        """Push; what the network does to it is no concern of the model."""
        name = f"attempt {len(self.attempts)}"
        base = person.database.commit
        attempt = Attempt(person.number, base.id if base is not None else None, dict(person.edits))
        self.attempts[name] = attempt
        try:
            result = person.database.changes().push(message=name, progress=progress)
        except ConflictError as conflict:
            for key in conflict.keys:
                assert self.changed_by_others(person, key), f"{key} is no conflict"
        except (StoreError, OutcomeUnknownError, CancelledError, FormatError):
            pass
        else:
            if result.commit is not None:
                attempt.acknowledged = result.commit.id
                assert result.commit.message == name
            person.plan.clear()
            for key, moment in person.edits.items():
                assert self.base_of(person).get(key) == moment or self.was_committed(person, key, moment), key
            person.edits, person.since, person.nothing = {}, {}, set()
        finally:
            person.plan.clear()

    @rule(who=WHO)
    def push(self, who: int) -> None:
        self.attempt(self.people[who % self.writers])

    @rule(who=WHO, edits=EDITS, faults=st.lists(FAULTS, max_size=3))
    def push_through_a_bad_network(self, who: int, edits: list[tuple[str, bool]], faults: list[Fault]) -> None:
        person = self.edit(who, edits)
        for fault in faults:
            person.plan.add(fault)
        self.attempt(person)

    @rule(who=WHO, edits=EDITS, kind=st.sampled_from([FaultKind.FAIL_BEFORE, FaultKind.LOSE_REPLY]), deaf=st.booleans())
    def push_and_lose_the_commit(self, who: int, edits: list[tuple[str, bool]], kind: FaultKind, deaf: bool) -> None:
        """The one request that matters fails or loses its reply; sometimes the store cannot even be asked what became of it."""
        person = self.edit(who, edits)
        self.patch.setattr(person.plan, "next_kind", _only_the_head(kind, deaf=deaf))
        try:
            self.attempt(person)
        finally:
            vars(person.plan).pop("next_kind", None)

    @rule(who=WHO, edits=EDITS, report=st.integers(1, 8))
    def push_and_cancel(self, who: int, edits: list[tuple[str, bool]], report: int) -> None:
        left = [report]

        def watch(_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                progress.cancel()

        progress = Progress(watch)
        self.attempt(self.edit(who, edits), progress)

    @rule(who=WHO, edits=EDITS, others=EDITS, faults=st.lists(FAULTS, max_size=1))
    def push_meets_push(
        self, who: int, edits: list[tuple[str, bool]], others: list[tuple[str, bool]], faults: list[Fault]
    ) -> None:
        """Another pushes between the comparing and the committing of the first."""
        one, other = self.edit(who, edits), self.edit(who + 1, others)
        done: list[bool] = []

        def watch(report: catalog.Report) -> None:
            if report.phase == "committing" and not done:
                done.append(True)
                self.attempt(other)

        for fault in faults:
            one.plan.add(fault)
        self.attempt(one, Progress(watch))

    def caught_up(self, person: Person) -> None:
        """After building on a newer commit: what is no edit any more was pushed, whatever its push had said."""
        listed = {change.key for change in person.database.changes().all()}
        for key in list(person.edits):
            if key not in listed:
                assert self.was_committed(person, key, person.edits[key]), key
                del person.edits[key], person.since[key]

    @rule(who=WHO, faults=st.lists(FAULTS, max_size=2))
    def pull(self, who: int, faults: list[Fault]) -> None:
        person = self.people[who % self.writers]
        for fault in faults:
            person.plan.add(fault)
        try:
            person.database.changes().pull()
        except (StoreError, FormatError):
            person.plan.clear()
            return
        person.plan.clear()
        for change in person.database.changes().conflicts():
            assert self.changed_by_others(person, change.key), f"{change.key} is no conflict"
        self.caught_up(person)

    @rule(who=WHO, mine=st.booleans())
    def resolve(self, who: int, mine: bool) -> None:
        person = self.people[who % self.writers]
        changes = person.database.changes()
        changes.pull()
        for conflict in changes.conflicts():
            changes.resolve(conflict.key, "mine" if mine else "theirs")
            if mine:
                person.since[conflict.key] = person.base_number
            else:
                del person.edits[conflict.key], person.since[conflict.key]
        self.caught_up(person)

    @rule(who=WHO, kill=st.booleans())
    def reopen(self, who: int, kill: bool) -> None:
        """Every edit was synced, so that a kill loses none."""
        person = self.people[who % self.writers]
        writer = person.database._session.for_writing().writer
        if kill:
            writer.abandon()
        else:
            person.database.close()
        self.plan = person.plan
        person.database = self.open(person.file)
        self.caught_up(person)

    @rule(who=WHO)
    def someone_reads(self, who: int) -> None:
        """A reader sees one commit, whole: on a file of its own, and beside a writer on the writer's."""
        self.plan = FaultPlan()
        with self.open(self.folder / f"reader{who}.blt", "r") as reader:
            assert reader.commit is not None
            stored = next(one for one in self.history() if one.commit_id == reader.commit.id)
            assert dict(reader.timestamps()) == self.state(stored)
            for key, moment, value in reader.timestamps(include_value=True):
                assert value.endswith(f"/{moment}"), key

    @invariant()
    def edits_are_seen(self) -> None:
        """Whatever failed, everyone still reads their own edits, but for those that were pushed and that others went on from."""
        for person in getattr(self, "people", []):
            if self.unseen(person):
                self.caught_up(person)
            assert not self.unseen(person), person.number

    def unseen(self, person: Person) -> list[str]:
        """The edits of a person that their own database does not show."""
        keys = [key for key in person.edits if key not in person.nothing]
        held = {key: person.database.get_timestamp(key, include_value=True, default=(None, None)) for key in keys}
        return [key for key, (moment, _) in held.items() if moment != person.edits[key]]

    def teardown(self) -> None:
        if not hasattr(self, "people"):
            return
        try:
            self.finish()
            self.check_history()
        finally:
            self.patch.undo()
            for person in self.people:
                person.database.close()
            shutil.rmtree(self.folder)

    def finish(self) -> None:
        """The network is well again: everyone settles what is left and pushes."""
        for person in self.people:
            person.plan.clear()
            self.resolve(person.number, mine=True)
            self.attempt(person)
            assert person.edits == {}
            assert person.database.changes().all() == []

    def check_history(self) -> None:
        """Each acknowledged push is there once; each commit changed only what its push was to change, and had seen before."""
        history = self.history()
        names = [stored.commit.message for stored in history]
        assert len(set(names)) == len(names)
        by_id = {stored.commit_id: stored for stored in history}
        for attempt in self.attempts.values():
            assert attempt.acknowledged is None or attempt.acknowledged in by_id
        for before, after in pairwise(history):
            attempt = self.attempts[after.commit.message]
            base = self.state(by_id[attempt.base]) if attempt.base is not None else {}
            old, new = self.state(before), self.state(after)
            for key in old.keys() | new.keys():
                if old.get(key) == new.get(key):
                    continue
                assert attempt.edits[key] == new.get(key), "a commit changed what was no edit of its push"
                assert old.get(key) in (base.get(key), *self.own(attempt.writer)), "someone's edit was overwritten unseen"

    def own(self, writer: int) -> set[int | None]:
        """All edits that a person ever tried to push."""
        return {edit for attempt in self.attempts.values() if attempt.writer == writer for edit in attempt.edits.values()}


def _only_the_head(kind: FaultKind, *, deaf: bool) -> Any:
    """A plan in which the first write of the head goes wrong and, when deaf, the question what became of it too."""
    state = {"sent": False, "asked": False}

    def next_kind(verb: str, name: str) -> FaultKind | None:
        if verb == "put" and name == NAMES.head and not state["sent"]:
            state["sent"] = True
            return kind
        if deaf and verb == "get" and state["sent"] and not state["asked"]:
            state["asked"] = True
            return FaultKind.FAIL_BEFORE
        return None

    return next_kind


class ThreeWriters(TwoWriters):
    """The same with one more."""

    writers = 3


_SETTINGS = settings(
    max_examples=2000 if LARGE else 15,
    stateful_step_count=60 if LARGE else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestTwoWriters = TwoWriters.TestCase
TestTwoWriters.settings = _SETTINGS
TestThreeWriters = ThreeWriters.TestCase
TestThreeWriters.settings = _SETTINGS
