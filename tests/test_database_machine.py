"""A database against a plain dict: edits, pushes, pulls, conflicts, re-openings, booklet's edits and kills, in any order."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import booklet
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import catalog
from catalog import ConflictError, Database, Direction, S3Connection

LARGE = os.environ.get("CATALOG_MACHINE") == "large"
KEYS = st.sampled_from(["a", "b", "c/1", "c/2", "ä", "k\x00", "z" * 300, "emoji 🌊"])
VALUES: st.SearchStrategy[Any] = st.one_of(st.integers(-9, 9), st.text(max_size=9), st.just("x" * 5000), st.none(), st.just([]))
Version = tuple[Any, int]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of syncs an example: a disk would only make them slow."""


def agree(mine: Version | None, started: Version | None, theirs: Version | None) -> bool:
    """Whether both sides made the same of what they started from."""
    if mine is None or theirs is None or mine == theirs:
        return mine == theirs
    return mine[0] == theirs[0] and (started is None or started[0] != mine[0])


class OnePersonAndAColleague(RuleBasedStateMachine):
    """One working copy under test, a colleague who pushes, and a model of what each knows."""

    keys: Bundle[str] = Bundle("keys")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine", dir=MEMORY))
        self.connection = S3Connection(db_key="db", endpoint_url=(self.folder / "store").as_uri())
        self.moment = 1_700_000_000_000_000
        self.remote: dict[str, Version] | None = None
        self.base: dict[str, Version] = {}
        self.seen: dict[str, Version] = {}
        self.edits: dict[str, Version | None] = {}
        self.started: dict[str, Version | None] = {}
        self.unsynced: dict[str, list[Version | None]] = {}
        self.database = self.open("c")

    def open(self, flag: Any, **more: Any) -> Database:
        path = self.folder / "mine.blt"
        opened: Database = catalog.open(
            self.connection, path, flag, value_serializer="orjson", lock="commit", buffer_size=3000, **more
        )
        return opened

    def tick(self) -> int:
        self.moment += 1
        return self.moment

    def view(self) -> dict[str, Version]:
        merged: dict[str, Version | None] = {**self.base, **self.edits}
        return {key: version for key, version in merged.items() if version is not None}

    def note(self, key: str, version: Version | None) -> None:
        """An edit of one key, in the model."""
        self.edits[key] = version
        if version is None and key not in self.base and key not in self.started:
            del self.edits[key]

    @rule(key=KEYS, value=VALUES)
    def set(self, key: str, value: Any) -> None:
        version = (value, self.tick())
        self.database.set(key, value, timestamp=version[1])
        self.note(key, version)
        self.unsynced.setdefault(key, []).append(version)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if key not in self.view():
            with pytest.raises(KeyError):
                del self.database[key]
            return
        del self.database[key]
        self.note(key, None)
        self.unsynced.setdefault(key, []).append(None)

    @rule()
    def sync(self) -> None:
        self.database.sync()
        self.unsynced = {}

    @rule(changes=st.dictionaries(KEYS, st.one_of(st.none(), st.text(max_size=5)), max_size=4))
    def colleague_pushes(self, changes: dict[str, str | None]) -> None:
        if self.remote is None:
            return
        with catalog.open(self.connection, self.folder / "theirs.blt", "w", lock="commit") as theirs:
            for key, value in changes.items():
                if value is None:
                    theirs.pop(key, None)
                    self.remote.pop(key, None)
                else:
                    version = (value, self.tick())
                    theirs.set(key, value, timestamp=version[1])
                    self.remote[key] = version
            theirs.changes().push()

    def arrive(self) -> None:
        """A pull, in the model."""
        if self.remote is not None:
            self.seen = dict(self.remote)
            self.build_on_seen()

    def build_on_seen(self) -> None:
        """Base the working copy on the newest commit that it has seen."""
        for key in self.base.keys() | self.seen.keys():
            if self.base.get(key) == self.seen.get(key) or key not in self.edits:
                continue
            if agree(self.edits[key], self.started.get(key, self.base.get(key)), self.seen.get(key)):
                self.edits.pop(key)
                self.started.pop(key, None)
            else:
                self.started.setdefault(key, self.base.get(key))
        self.base = dict(self.seen)

    @rule()
    def pull(self) -> None:
        result = self.database.changes().pull()
        self.arrive()
        assert set(result.conflicts) == set(self.started)

    @rule()
    def push(self) -> None:
        remote = self.remote or {}
        moved = {
            key
            for key, version in self.edits.items()
            if remote.get(key) != self.base.get(key) and not agree(version, self.base.get(key), remote.get(key))
        }
        clashes = moved | set(self.started)
        try:
            result = self.database.changes().push()
        except ConflictError as error:
            assert clashes
            assert set(error.keys) == clashes or set(error.keys) == set(self.started)  # noqa: PT017 - a conflict is one of two right outcomes
            self.seen = dict(remote)
            return
        assert not clashes
        self.unsynced = {}
        if result.commit is None:
            assert self.remote is not None
            assert all(remote.get(key) != self.base.get(key) for key in self.edits)
            if self.edits:
                self.base, self.seen, self.edits = dict(remote), dict(remote), {}
            return
        for key, version in self.edits.items():
            if version is None:
                remote.pop(key, None)
            elif remote.get(key) == self.base.get(key):
                remote[key] = version
        self.remote, self.base, self.seen, self.edits = remote, dict(remote), dict(remote), {}

    @rule(side=st.sampled_from(["mine", "theirs"]))
    def resolve_all(self, side: Any) -> None:
        for key in list(self.started):
            ended = self.database.changes().resolve(key, side)
            self.build_on_seen()
            if key not in self.started:
                self.arrive()
            assert ended == (key in self.started)
            if not ended:
                continue
            del self.started[key]
            if side == "theirs":
                self.edits.pop(key)
                self.unsynced.pop(key, None)
            elif self.edits[key] is None and key not in self.base:
                del self.edits[key]

    @rule()
    def discard(self) -> None:
        self.database.changes().discard()
        self.edits, self.started, self.unsynced = {}, {}, {}

    @rule()
    def prune(self) -> None:
        self.database.prune()

    @rule()
    def load(self) -> None:
        assert self.database.load_items() == {}

    @rule()
    def reopen(self) -> None:
        self.database.close()
        self.unsynced = {}
        self.check_plain_booklet()
        self.database = self.open("c")
        self.arrive()

    @rule(changes=st.dictionaries(KEYS, st.one_of(st.none(), st.text(max_size=5)), max_size=3), prune=st.booleans())
    def edit_with_plain_booklet(self, changes: dict[str, str | None], prune: bool) -> None:
        self.database.close()
        self.unsynced = {}
        with booklet.open(self.folder / "mine.blt", "w") as plain:
            for key, value in changes.items():
                if value is None and key in plain:
                    del plain[key]
                    self.note(key, None)
                elif value is not None:
                    version = (value, self.tick())
                    plain.set(key, value, timestamp=version[1])
                    self.note(key, version)
            if prune:
                plain.prune()
        self.database = self.open("c")
        self.arrive()

    @rule()
    def kill(self) -> None:
        """What was not synced may be there or not, but nothing else."""
        writer = self.database._session.for_writing().writer
        before = self.view()
        writer.abandon()
        self.database = self.open("c", pull=False)
        found = {key: (held[1], held[0]) for key, *held in self.database.timestamps(include_value=True)}
        for key in before.keys() | found.keys() | self.unsynced.keys():
            if key not in self.unsynced:
                assert found.get(key) == before.get(key), key
            else:
                self.note(key, found.get(key))
                if self.edits.get(key) == self.base.get(key) and key not in self.started:
                    self.edits.pop(key, None)
        self.unsynced = {}
        self.database.close()
        self.database = self.open("c")
        self.arrive()

    def check_plain_booklet(self) -> None:
        view = self.view()
        with booklet.open(self.folder / "mine.blt") as plain:
            content = {key: (value, moment) for key, moment, value in plain.timestamps(include_value=True)}
            assert len(plain) == len(content)
            for key in content:
                assert key in plain
        for key, version in content.items():
            assert view[key] == version
        for key, edit in self.edits.items():
            if edit is not None:
                assert content[key] == edit

    @invariant()
    def reads_as_the_model_says(self) -> None:
        if not hasattr(self, "database"):
            return
        view = self.view()
        assert len(self.database) == len(view)
        assert list(self.database) == sorted(view)
        for key, version in view.items():
            assert self.database.get_timestamp(key, include_value=True) == (version[1], version[0])
        outgoing = {change.key for change in self.database.changes().all() if change.direction == Direction.OUTGOING}
        known = {change.key for change in self.database.changes().all() if change.direction == Direction.CONFLICT}
        alike = {
            key
            for key, edit in self.edits.items()
            if self.seen.get(key) != self.base.get(key)
            and agree(edit, self.started.get(key, self.base.get(key)), self.seen.get(key))
        }
        assert set(self.started) - alike <= known
        assert outgoing | known == (set(self.edits) | set(self.started)) - alike

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)


TestOnePersonAndAColleague = OnePersonAndAColleague.TestCase
TestOnePersonAndAColleague.settings = settings(
    max_examples=1000 if LARGE else 25,
    stateful_step_count=60 if LARGE else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
