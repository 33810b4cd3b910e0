"""Two working copies of one database and all that happens to them, each step judged by the model."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import booklet
import orjson

import catalog
from catalog import CatalogError, Changes, ConflictError, Database, Direction, EntryMissingError, S3Connection

from .model import METADATA, Commit, Copy, Remote, State, Version, stored

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of syncs a sequence: a disk would only make them slow."""

WITHOUT = frozenset(os.environ.get("CATALOG_MACHINE_WITHOUT", "").split())
"""What is left out: names of steps, and of what steps do."""

_LONG_AGO = 10**9
_BUCKETS = 64
Edit = tuple[str, bytes | None, str]
"""A key, its new value (None: deleted), and the kind of its timestamp."""


class World:
    """The folder with the remote and both copies, the model of them, and every step."""

    def __init__(self, buffer_size: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine", dir=MEMORY))
        self.connection = S3Connection(db_key="db", endpoint_url=(self.folder / "store").as_uri())
        self.buffer_size = buffer_size
        self.remote: Remote | None = None
        self.copies = [Copy(self.folder / "a" / "a.blt"), Copy(self.folder / "b" / "b.blt")]
        for copy in self.copies:
            copy.path.parent.mkdir()
        self.moment = 1_700_000_000_000_000
        self.places = 0

    def close(self) -> None:
        """Close what is open and remove everything."""
        for copy in self.copies:
            if copy.database is not None:
                with contextlib.suppress(CatalogError):
                    copy.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Opening and closing

    def connect(self, copy: Copy, flag: Any = "c", **more: Any) -> Database:
        """Open a copy, whatever the model says."""
        options: dict[str, Any] = {"lock": "commit", "lock_timeout": 5, "buffer_size": self.buffer_size, "n_buckets": _BUCKETS}
        opened: Database = catalog.open(self.connection, copy.path, flag, value_serializer="orjson", **{**options, **more})
        return opened

    def opened(self, copy: Copy, **more: Any) -> Database:
        """The database of a copy, opened and caught up if it was closed."""
        if copy.database is None:
            self.open(copy, **more)
        assert copy.database is not None
        return copy.database

    def open(self, copy: Copy, *, pull: bool = True, flag: Any = "c") -> None:
        """Open a copy, which brings it to the newest commit."""
        if self.is_foreign(copy):
            self.refused(copy)
            self.start_afresh(copy)
            return
        if self.remote is None and flag == "w" and (copy.base is not None or not copy.path.exists()):
            flag = "c"
        database = copy.database = self.connect(copy, flag, pull=pull)
        copy.uuid = database.uuid
        if self.remote is None:
            if copy.base is not None:
                self.after_deletion(copy)
        elif pull or copy.base is None:
            self.arrive(copy, self.remote.newest)

    def is_foreign(self, copy: Copy) -> bool:
        """Whether the remote is another database than the copy."""
        return self.remote is not None and copy.uuid is not None and copy.uuid != self.remote.uuid

    def refused(self, copy: Copy) -> None:
        """A copy of another database is not opened."""
        try:
            self.connect(copy).close()
        except CatalogError:
            return
        raise AssertionError("opened a copy of another database")

    def shut(self, copy: Copy) -> None:
        """Close a copy; everything in it is durable then."""
        if copy.database is not None:
            database, copy.database = copy.database, None
            database.close()
            copy.unsynced = {}

    def reopen(self, copy: Copy, *, pull: bool, flag: str) -> None:
        """Close a copy and open it again."""
        self.shut(copy)
        self.open(copy, pull=pull, flag=flag)

    def start_afresh(self, copy: Copy) -> None:
        """Throw the files of a copy away, and open it anew."""
        self.shut(copy)
        shutil.rmtree(copy.path.parent)
        copy.path.parent.mkdir()
        self.copies[self.copies.index(copy)] = fresh = Copy(copy.path)
        self.open(fresh)
        copy.__dict__.update(fresh.__dict__)
        self.copies[self.copies.index(fresh)] = copy

    def start_over(self, copy: Copy) -> None:
        """Open a copy with flag ``n``."""
        self.shut(copy)
        copy.database = self.connect(copy, "n")
        copy.uuid = copy.database.uuid
        if self.remote is not None:
            assert copy.uuid == self.remote.uuid
        copy.start_over(self.remote.newest if self.remote is not None else None)

    # What a working copy builds on

    def commit_of(self, database: Database) -> Commit | None:
        """The noted commit that an opened copy says it builds on."""
        said = database.commit
        if said is None:
            return None
        return self.noted[said.id]

    @property
    def noted(self) -> dict[str, Commit]:
        """Every commit that is known."""
        found = {commit.id: commit for commit in self.remote.readable()} if self.remote is not None else {}
        found.update({copy.base.id: copy.base for copy in self.copies if copy.base is not None})
        return found

    def is_kept(self, commit: Commit | None) -> bool:
        """Whether everything of a commit is surely there."""
        return commit is None or (self.remote is not None and any(commit is kept for kept in self.remote.readable()))

    def arrive(self, copy: Copy, target: Commit) -> None:
        """A pull has happened, up to a commit."""
        known, before, old = self.is_kept(copy.base), dict(copy.edits), dict(copy.base_state)
        copy.build_on(target)
        assert copy.database is not None
        assert self.commit_of(copy.database) is target, "it does not build on the newest commit"
        if not known:
            self.adopt(copy, before, old)

    def adopt(self, copy: Copy, before: dict[str, Version | None], old: State) -> None:
        """Where nobody knows the base any more, other keys may be in conflict than would be; but no edit is lost."""
        assert copy.database is not None
        found = read(copy.database)
        changes = {change.key: change for change in copy.database.changes().all()}
        for key, edit in before.items():
            if key not in changes:
                theirs = copy.base_state.get(key)
                assert (edit and edit[0]) == (theirs and theirs[0]), f"the edit of {key!r} was lost"
        for key in changes.keys() - before.keys():
            assert found.get(key) == old.get(key), f"{key!r} was not edited"
        copy.edits = {key: found.get(key) for key in changes}
        started = {key: change.base for key, change in changes.items() if change.direction == Direction.CONFLICT}
        copy.started = {key: (b"?", base.timestamp) if base is not None else None for key, base in started.items()}

    def after_deletion(self, copy: Copy) -> None:
        """A copy was opened and there is no remote any more: what is local is all there is."""
        assert copy.database is not None
        found = read(copy.database)
        for key, version in copy.view.items():
            kept = found.get(key)
            if kept is None and key not in copy.edits and key not in copy.local:
                continue
            assert kept is not None, f"{key!r} was lost with the remote"
            assert kept[0] == version[0]
        assert found.keys() <= copy.view.keys()
        copy.forget_remote()
        copy.edits = dict(found)
        copy.local = set(found)

    # Edits

    def tick(self) -> int:
        """A moment that nothing else has."""
        self.moment += 1
        return self.moment

    def moment_for(self, copy: Copy, key: str, kind: str) -> int:
        """The timestamp of a new version: a new one, that of the version before, or that of the base."""
        before = copy.view.get(key) if kind == "same" else copy.base_state.get(key) if kind == "base" else None
        if kind == "old":
            return 5
        return before[1] if before is not None else self.tick()

    def edit(self, copy: Copy, edits: Iterable[Edit]) -> None:
        """Set and delete keys."""
        database = self.opened(copy)
        for key, value, kind in edits:
            if value is None:
                self.delete(copy, database, key)
            else:
                version = (value, self.moment_for(copy, key, kind))
                database.set(key, value, timestamp=version[1], encode_value=False)
                copy.note(key, version)

    def delete(self, copy: Copy, database: Database, key: str, *, offline: bool = False) -> None:
        """Delete one key, which is there or not."""
        try:
            del database[key]
        except KeyError:
            assert key not in copy.view
        except CatalogError:
            if self.is_kept(copy.base) and not offline:
                raise
        else:
            assert key in copy.view
            copy.note(key, None)

    def clear(self, copy: Copy) -> None:
        """Delete every key at once."""
        self.opened(copy).clear()
        copy.clear()

    def sync(self, copy: Copy) -> None:
        """Make edits durable."""
        self.opened(copy).sync()
        copy.unsynced = {}

    def set_metadata(self, copy: Copy, value: Any, kind: str) -> None:
        """Set the metadata; None is a value too."""
        database = self.opened(copy)
        version = (orjson.dumps(value), self.moment_for(copy, METADATA, kind))
        database.set_metadata(value, timestamp=version[1])
        copy.note(METADATA, version)
        copy.unsynced.pop(METADATA)

    # Settling

    def changes(self, copy: Copy) -> Changes:
        """The differences of a copy, which is opened if it was closed."""
        return self.opened(copy).changes()

    def push(self, copy: Copy, keys: frozenset[str] | None = None, *, skip: bool = False) -> None:
        """Push, and look at it with the eyes of someone who was never here."""
        changes = self.changes(copy)
        target, foreign, reachable = self.remote, self.is_foreign(copy), self.is_kept(copy.base)
        chosen = set(copy.edits) if keys is None else set(copy.edits) & keys
        if target is not None and not foreign:
            clashes = copy.clashes(target.newest, keys)
            if skip:
                chosen -= clashes
                clashes = set()
            # who replaces everything has to look at all that arrives
            possible = clashes | (chosen & copy.started.keys())
            possible |= copy.arriving(target.newest) if copy.replacing and keys is None and not skip else set()
        else:
            clashes = possible = set()
        try:
            result = changes.push(keys=keys, skip_conflicts=skip)
        except ConflictError as error:
            if foreign:
                return
            found = {METADATA if key == "(metadata)" else key for key in error.keys}
            assert found, "a conflict of nothing"
            assert found <= possible, f"{sorted(found - possible)} are no conflicts"
            if keys is not None:
                copy.replacing = False
            copy.unsynced = {}
            self.look_for_nothing_new()
            return
        except CatalogError:
            # another database has taken the place, the remote was deleted, or what the copy builds on was collected
            assert foreign or (target is None and copy.base is not None) or not reachable
            return
        copy.unsynced = {}
        if result.commit is None and not chosen:
            copy.replacing = copy.replacing and keys is None and not skip
            self.nothing_arrived(copy)
            return
        assert not foreign, "pushed over another database"
        assert target is not None or copy.base is None, "pushed to a remote that was deleted"
        assert not clashes, f"{sorted(clashes)} were overwritten unseen"
        if result.commit is None:
            self.nothing_pushed(copy, chosen, partial=keys is not None or skip)
            return
        agreed: set[str] = set()
        state: State = {}
        if target is not None:
            agreed = chosen & copy.alike(target.newest)
            state = dict(target.newest.state)
        for key in chosen - agreed:
            if (version := copy.edits[key]) is not None:
                state[key] = version
            else:
                state.pop(key, None)
        made = self.committed(copy, result.commit, state)
        copy.pushed(made, chosen - agreed)
        self.arrived(copy, made)
        self.look_afresh(made)

    def nothing_pushed(self, copy: Copy, chosen: set[str], *, partial: bool) -> None:
        """There was nothing to push: others did the same, or nothing was changed."""
        assert copy.database is not None
        now = self.commit_of(copy.database)
        if now is copy.base:
            # only what others did alike
            for key in chosen:
                assert self.remote is not None
                assert copy.agrees(key, self.remote.newest.state.get(key)), f"{key!r} was not pushed"
            copy.replacing = copy.replacing and not partial
            return
        assert now is not None
        for key in chosen:
            assert copy.agrees(key, now.state.get(key)), f"{key!r} was not pushed"
        self.arrive(copy, now)

    def nothing_arrived(self, copy: Copy) -> None:
        """A push of nothing moves nothing."""
        assert copy.database is not None
        assert self.commit_of(copy.database) is copy.base

    def committed(self, copy: Copy, said: catalog.Commit, state: State) -> Commit:
        """Note a new commit."""
        assert copy.database is not None
        if self.remote is None:
            self.remote = Remote(copy.database.uuid, [])
            copy.uuid = copy.database.uuid
        made = Commit(said.id, said.number, state)
        assert not self.remote.kept or said.number == self.remote.newest.number + 1
        self.remote.kept.append(made)
        return made

    def arrived(self, copy: Copy, made: Commit) -> None:
        """After a commit of its own a copy builds on it."""
        assert copy.database is not None
        assert copy.database.commit is not None
        assert copy.database.commit.id == made.id, "it does not build on its own commit"

    def pull(self, copy: Copy) -> None:
        """Build on the newest commit."""
        changes = self.changes(copy)
        foreign, edits = self.is_foreign(copy), bool(copy.edits)
        try:
            result = changes.pull()
        except CatalogError:
            assert foreign
            return
        if foreign:
            assert not edits, "followed another database"
            assert self.remote is not None
            assert copy.database is not None
            copy.uuid = copy.database.uuid
        if self.remote is not None:
            self.arrive(copy, self.remote.newest)
            assert set(result.conflicts) == copy.started.keys()

    def discard(self, copy: Copy, keys: frozenset[str] | None) -> None:
        """Give up edits."""
        self.changes(copy).discard(keys)
        copy.discard(keys)

    def resolve(self, copy: Copy, keys: frozenset[str], side: str) -> None:
        """End conflicts by a side, or by a value in place of both."""
        if self.remote is None or self.is_foreign(copy):
            return
        if not self.is_kept(copy.base):
            self.pull(copy)
        changes = self.changes(copy)
        assert copy.database is not None
        said = copy.database.remote_commit
        seen = self.noted.get(said.id, Commit(said.id, said.number, {})) if said is not None else None
        if self.is_kept(copy.base) and self.is_kept(seen) and seen is not None:
            # the newest commit known is looked at first, and then asked for a newer one
            copy.build_on(seen)
        options: dict[str, Any] = {"value": "merged"} if side == "merged" else {"side": side}
        try:
            ended = changes.resolve(keys, **options)
        except CatalogError:
            assert copy.database is not None
            assert not self.is_kept(seen) or not self.is_kept(copy.base)
            return
        now = self.commit_of(copy.database)
        if now is not None:
            self.arrive(copy, now)
        chosen = keys & copy.started.keys()
        assert ended == len(chosen)
        for key in chosen:
            self.end_conflict(copy, key, side)

    def end_conflict(self, copy: Copy, key: str, side: str) -> None:
        """One conflict is over."""
        assert copy.database is not None
        if side == "theirs":
            copy.discard([key])
            return
        if side == "merged":
            raw = orjson.dumps("merged")
            found = copy.database.get_metadata(True) if key == METADATA else copy.database.get_timestamp(key, True, False)
            when = found[1] if key == METADATA else found[0]
            assert found[0 if key == METADATA else 1] == ("merged" if key == METADATA else raw)
            copy.edits[key] = (raw, when)
            copy.local.add(key)
        del copy.started[key]
        copy.tidy(key)

    # History

    def moved(self, copy: Copy, act: Callable[[], Any], state: Callable[[Remote], State]) -> Any:
        """An act that makes a commit with a state; it stops where there are commits that were not seen here."""
        database = self.opened(copy)
        unseen = self.remote is None or self.is_foreign(copy) or copy.base is not self.remote.newest
        before = database.remote_commit
        try:
            done = act()
        except CatalogError:
            if not unseen:
                raise
            self.look_for_nothing_new()
            return None
        if done is None:
            return None
        assert self.remote is not None
        assert not self.is_foreign(copy), "committed to another database"
        said = database.remote_commit
        assert said is not None
        if said.id != self.remote.newest.id:
            assert before is None or said.number > before.number or before.id not in self.noted
            self.arrive(copy, self.committed(copy, said, state(self.remote)))
        else:
            self.arrive(copy, self.remote.newest)
        return done

    def undo(self, copy: Copy) -> None:
        """Take the last change back."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        before = self.remote.before_last_change
        if before is None:
            try:
                database.undo()
            except CatalogError:
                return
            raise AssertionError("there was nothing to undo")
        self.moved(copy, database.undo, lambda _: dict(before.state))

    def revert(self, copy: Copy, back: int) -> None:
        """Make an earlier state the newest."""
        self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        to = self.remote.kept[-1 - back % len(self.remote.kept)]
        self.moved(copy, lambda: self.opened(copy).revert(to.number), lambda _: dict(to.state))

    def tag(self, copy: Copy, name: str, back: int | None) -> None:
        """Name a commit, or take the name away if there is one."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        same = lambda remote: remote.newest.state  # noqa: E731 - a state as it is
        if name in self.remote.tags:
            if self.moved(copy, lambda: database.untag(name), same) is not None:
                del self.remote.tags[name]
            return
        kept = self.remote.kept
        commit = kept[-1] if back is None else kept[-1 - back % len(kept)]
        number = None if back is None else commit.number
        if self.moved(copy, lambda: database.tag(name, number), same) is not None:
            self.remote.tags[name] = commit

    def collect(self, copy: Copy, keep: int, *, aged: bool) -> None:
        """Free what only old commits need."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        if aged:
            for found in (self.folder / "store").rglob("*"):
                if found.is_file():
                    os.utime(found, (_LONG_AGO, _LONG_AGO))
        newest = self.remote.newest

        def act() -> Any:
            return database.collect_garbage(0, keep, dry_run=False, grace=timedelta(hours=25))

        done = self.moved(copy, act, lambda remote: remote.newest.state)
        if done is None or self.remote.newest is newest:
            return
        kept = {commit.id for commit in database.history()}
        surely = self.remote.kept[-keep - 1 :]
        assert all(commit.id in kept for commit in surely), "a commit went that was to be kept"
        self.remote.kept = [commit for commit in self.remote.kept if commit.id in kept]

    def forget(self, copy: Copy, keys: frozenset[str]) -> None:
        """Remove every version of keys, and the history with them."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        there = keys & self.remote.newest.state.keys()

        def act() -> Any:
            try:
                return database.forget(keys)
            except EntryMissingError:
                assert not there
                return None

        state = {key: version for key, version in self.remote.newest.state.items() if key not in keys}
        if self.moved(copy, act, lambda _: state) is not None:
            self.remote.kept, self.remote.tags = [self.remote.newest], {}

    def delete_remote(self, copy: Copy) -> None:
        """Delete the remote; what is here stays."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        unseen = copy.base is not self.remote.newest
        try:
            database.delete_remote()
        except CatalogError:
            assert unseen, "it was not deleted"
            return
        assert not unseen, "commits were deleted that were not seen here"
        self.remote = None
        copy.forget_remote()
        copy.local = set(copy.view)

    def copy_remote(self, copy: Copy) -> None:
        """Copy the remote to another place, and read it there."""
        database = self.opened(copy)
        if self.remote is None:
            return
        self.places += 1
        place = S3Connection(db_key=f"place{self.places}", endpoint_url=self.connection.endpoint_url)
        database.copy_remote(place)
        with self.reader(place) as reader:
            self.compare(reader, self.remote.newest)
            assert [commit.id for commit in reader.history()] == [commit.id for commit in reversed(self.remote.kept)]

    # The local file

    def prune(self, copy: Copy, before: str | None) -> None:
        """Give disk space back, and copies of old values too."""
        moment = {None: None, "all": self.tick() + 10**15, "old": 1_000}[before]
        self.opened(copy).prune(timestamp=moment)
        if moment is not None:
            copy.local &= copy.edits.keys()

    def load(self, copy: Copy, keys: frozenset[str] | None) -> None:
        """Fetch values into the file."""
        try:
            failed = self.opened(copy).load_items(keys)
        except catalog.GoneError:
            assert not self.is_kept(copy.base)
            return
        assert not failed or not self.is_kept(copy.base)
        if not failed:
            copy.local |= copy.view.keys() - {METADATA} if keys is None else copy.view.keys() & keys

    def edit_offline(self, copy: Copy, edits: Iterable[Edit]) -> None:
        """Edit without the remote."""
        self.shut(copy)
        if not copy.path.exists() or self.is_foreign(copy):
            return
        copy.database = self.connect(copy, offline=True)
        for key, value, kind in edits:
            if value is not None:
                self.edit(copy, [(key, value, kind)])
            else:
                self.delete(copy, copy.database, key, offline=True)
        self.shut(copy)

    def edit_plainly(self, copy: Copy, edits: Iterable[Edit], *, prune: bool, clear: bool, metadata: Any) -> None:
        """Edit the closed file with booklet."""
        self.shut(copy)
        if not copy.path.exists():
            return
        before = plain_content(copy.path)
        with booklet.open(copy.path, "w") as plain:
            if clear:
                plain.clear()
            for key, value, kind in edits:
                if value is not None:
                    plain.set(key, value, timestamp=self.moment_for(copy, key, kind), encode_value=False)
                elif key in plain:
                    del plain[key]
            if metadata is not ...:
                plain.set_metadata(metadata, timestamp=self.tick())
            if prune:
                plain.prune()
        after = plain_content(copy.path)
        for key in before.keys() | after.keys():
            if before.get(key) != after.get(key):
                copy.note(key, after.get(key))
        copy.unsynced = {}

    def read_plainly(self, copy: Copy) -> None:
        """What booklet finds in the closed file is what is seen here, and every edit is there."""
        self.shut(copy)
        if not copy.path.exists():
            return
        content = plain_content(copy.path)
        for key, version in content.items():
            if key != METADATA:
                assert copy.view.get(key) == version, f"booklet finds {key!r} otherwise"
        for key, edit in copy.edits.items():
            if key != METADATA:
                assert content.get(key) == edit, f"booklet does not find the edit of {key!r}"

    def lose_sidecar(self, copy: Copy) -> None:
        """The sidecar is moved away, as messages advise: what is in the file is compared anew."""
        self.shut(copy)
        if not copy.path.exists():
            return
        for found in copy.path.parent.glob("*.sync*"):
            found.unlink()
        content = plain_content(copy.path)
        copy.base, copy.edits, copy.started, copy.replacing = None, dict(content), {}, False
        copy.local = set(content)
        self.open(copy)

    # Processes

    def die(self, copy: Copy, edits: list[Edit], sync_after: int | None, push_requests: int | None) -> None:
        """A process opens the copy, edits, pushes perhaps, and is killed."""
        self.shut(copy)
        if self.is_foreign(copy):
            return
        if not self.is_kept(copy.base):
            self.open(copy)
            self.shut(copy)
        if self.remote is None:
            push_requests = None
        reading, writing = os.pipe()

        def act() -> None:
            counted = 0

            def count(_: object) -> None:
                nonlocal counted
                counted += 1
                if push_requests is not None and pushing and counted >= push_requests:
                    os.kill(os.getpid(), signal.SIGKILL)

            pushing = False
            database = self.connect(copy, observer=count)
            for number, (key, value, _) in enumerate(edits):
                if value is None:
                    database.pop(key, None)
                else:
                    database.set(key, value, timestamp=moments[number], encode_value=False)
                if number == sync_after:
                    database.sync()
            os.write(writing, b"edited")
            if push_requests is not None:
                pushing = True
                with contextlib.suppress(ConflictError):
                    database.changes().push(message="killed")
                os.write(writing, b"pushed")
            os.kill(os.getpid(), signal.SIGKILL)

        moments = [self.tick() for _ in edits]
        if self.remote is not None:
            copy.build_on(self.remote.newest)
        said = in_child(act, reading, writing)
        assert said in (b"edited", b"editedpushed"), f"it died before it had edited: {said!r}"
        for number, (key, value, _) in enumerate(edits):
            if value is not None or key in copy.view:
                copy.note(key, (value, moments[number]) if value is not None else None)
            if number == sync_after:
                copy.unsynced = {}
        self.after_kill(copy, pushed=push_requests is not None)

    def after_kill(self, copy: Copy, *, pushed: bool) -> None:
        """What was not synced is there or not; what was pushed is a commit, whole, or is not."""
        if pushed and self.remote is not None:
            self.find_killed_push(copy)
        database = copy.database = self.connect(copy)
        copy.uuid = database.uuid
        if self.remote is None:
            if copy.base is not None:
                found = read(database)
                for key in set(copy.unsynced):
                    if found.get(key) in copy.unsynced[key]:
                        set_edit(copy, key, found.get(key))
                copy.unsynced = {}
                self.after_deletion(copy)
                return
        elif not copy.unsynced:
            return
        found = read(database)
        for key, versions in copy.unsynced.items():
            assert found.get(key) in versions, f"{key!r} is nothing that it ever was"
            set_edit(copy, key, found.get(key))
        copy.unsynced = {}

    def find_killed_push(self, copy: Copy) -> None:
        """Find out whether a killed push was made."""
        assert self.remote is not None
        copy.unsynced = {}
        with self.reader(self.connection) as reader:
            said = reader.commit
            assert said is not None
            if said.id == self.remote.newest.id:
                return
            assert said.message == "killed"
            clashes = copy.clashes(self.remote.newest)
            assert not clashes, f"{sorted(clashes)} were overwritten unseen"
            state = dict(self.remote.newest.state)
            for key, version in copy.edits.items():
                if key in copy.arriving(self.remote.newest):
                    continue
                if version is not None:
                    state[key] = version
                else:
                    state.pop(key, None)
            made = Commit(said.id, said.number, state)
            self.remote.kept.append(made)
            self.compare(reader, made)
        copy.pushed(made, set(copy.edits))

    def fork(self, copy: Copy, *, read_there: bool, write_there: bool, close_there: bool) -> None:
        """A child process inherits an open copy, and does what it likes with it; the parent goes on."""
        database = self.opened(copy)
        reading, writing = os.pipe()
        view = copy.view

        def act() -> None:
            if read_there:
                for key, version in view.items():
                    if key != METADATA and key not in copy.unsynced:
                        assert database.get_bytes(key) == version[0]
            if write_there:
                try:
                    database.set("a", b'"written by a child"', encode_value=False)
                    database.sync()
                except CatalogError:
                    pass
                else:
                    raise AssertionError("a child wrote")
            if close_there:
                database.close()
            os.write(writing, b"done")

        said = in_child(act, reading, writing)
        assert said == b"done" or not self.is_kept(copy.base), said
        if close_there:
            try:
                self.connect(copy, lock_timeout=0).close()
            except catalog.LockTimeoutError:
                return
            raise AssertionError("a child gave the parent's lock back")

    # Reading

    def look(self, copy: Copy, what: str) -> None:
        """Read one thing, and compare it with the model."""
        database = self.opened(copy)
        view = {key: version for key, version in copy.view.items() if key != METADATA}
        try:
            match what:
                case "items":
                    assert stored(read(database)) == stored(copy.view)
                case "len":
                    assert len(database) == len(view)
                case "size":
                    assert database.value_bytes == sum(len(raw) for raw, _ in view.values())
                case "keys":
                    assert list(database) == sorted(view)
                case "timestamps":
                    assert dict(database.timestamps()) == {key: when for key, (_, when) in view.items()}
                case "one":
                    for key in ("a", "b"):
                        assert (key in database) == (key in view)
                        assert database.get_timestamp(key, True, False) == (view[key][::-1] if key in view else None)
                case "changes":
                    self.look_at_changes(copy, database)
                case "summary":
                    database.changes().summary()
        except CatalogError:
            if self.is_kept(copy.base):
                raise

    def look_at_changes(self, copy: Copy, database: Database) -> None:
        """The list of differences, against what both sides have."""
        if not self.is_kept(copy.base):
            return
        seen = database.remote_commit
        target = self.noted.get(seen.id) if seen is not None and not self.is_foreign(copy) else None
        newest = target or copy.base or Commit("", 0, {})
        arriving = copy.arriving(newest) if target is not None else set()
        clashes = copy.clashes(newest)
        alike = copy.alike(newest)
        expected = dict.fromkeys(clashes, Direction.CONFLICT)
        expected.update(dict.fromkeys(arriving - clashes - copy.edits.keys(), Direction.INCOMING))
        expected.update(dict.fromkeys(copy.edits.keys() - clashes - alike, Direction.OUTGOING))
        found = {change.key: change for change in database.changes().all()}
        if target is None and (seen is not None or copy.base is not None):
            return
        shown = {key: change.direction for key, change in found.items() if key not in alike}
        if copy.replacing:
            # who replaces everything has to look at all that arrives
            for key in arriving - copy.edits.keys():
                assert shown.pop(key) in (Direction.CONFLICT, Direction.INCOMING)
                del expected[key]
        assert shown == expected
        for key, change in found.items():
            mine = copy.view.get(key)
            if change.direction != Direction.INCOMING:
                assert shape(change.local) == (mine and (mine[1], len(mine[0])))
            elif key != METADATA:
                theirs = newest.state.get(key)
                assert shape(change.remote) == (theirs and (theirs[1], len(theirs[0])))

    @contextlib.contextmanager
    def reader(self, place: S3Connection, **more: Any) -> Iterator[Database]:
        """Someone who was never here."""
        folder = Path(tempfile.mkdtemp(prefix="reader", dir=self.folder))
        opened: Database = catalog.open(place, folder / "r.blt", n_buckets=_BUCKETS, **more)
        with opened:
            yield opened
        shutil.rmtree(folder)

    def compare(self, reader: Database, commit: Commit) -> None:
        """What a reader sees of a commit is what was noted for it, its totals too."""
        found = read(reader)
        if METADATA in found and stored(found)[METADATA] == stored(commit.state).get(METADATA):
            commit.state[METADATA] = found[METADATA]
        assert found == commit.state
        said = reader.commit
        assert said is not None
        assert said.id == commit.id
        keys = found.keys() - {METADATA}
        size = sum(len(found[key][0]) for key in keys)
        assert (len(reader), len(list(reader))) == (len(keys), len(keys)), "the number of keys is wrong"
        assert (said.keys, said.value_bytes, reader.value_bytes) == (len(keys), size, size), "the totals are wrong"

    def look_for_nothing_new(self) -> None:
        """What was refused left nothing that anyone can see."""
        if self.remote is not None:
            with self.reader(self.connection) as reader:
                assert reader.commit is not None
                assert reader.commit.id == self.remote.newest.id, "it was refused, and made"

    def look_afresh(self, commit: Commit) -> None:
        """A commit as someone sees it who was never here."""
        with self.reader(self.connection) as reader:
            self.compare(reader, commit)

    def look_at_all(self) -> None:
        """Read everything there is."""
        for copy in self.copies:
            for what in ("len", "size", "items", "keys", "changes"):
                self.look(copy, what)
            self.read_plainly(copy)
        self.look_back()

    def look_back(self) -> None:
        """Every commit that is kept opens, and gives the state that was noted for it."""
        if self.remote is None:
            try:
                with self.reader(self.connection):
                    raise AssertionError("there is a remote")
            except catalog.RemoteMissingError:
                return
        with self.reader(self.connection) as reader:
            self.compare(reader, self.remote.newest)
            assert [commit.id for commit in reader.history()] == [commit.id for commit in reversed(self.remote.kept)]
            assert reader.tags() == {name: commit.number for name, commit in self.remote.tags.items()}
        for commit in self.remote.readable():
            with self.reader(self.connection, version=commit.id) as reader:
                self.compare(reader, commit)


def shape(version: catalog.Version | None) -> tuple[int, int] | None:
    """What is easily compared of one side of a change."""
    return None if version is None else (version.timestamp, version.length)


def set_edit(copy: Copy, key: str, version: Version | None) -> None:
    """Set an edit to what was found after a kill."""
    copy.edits[key] = version
    copy.tidy(key)


def read(database: Database) -> State:
    """All that a database shows."""
    found: State = {key: (raw, when) for key, when, raw in database.timestamps(include_value=True, decode_value=False)}
    if (metadata := database.get_metadata(include_timestamp=True)) is not None:
        found[METADATA] = (orjson.dumps(metadata[0]), metadata[1])
    return found


def plain_content(path: Path) -> State:
    """All that booklet finds in a file."""
    with booklet.open(path) as plain:
        found: State = {key: (raw, when) for key, when, raw in plain.timestamps(include_value=True, decode_value=False)}
        assert len(plain) == len(found)
        if (metadata := plain.get_metadata(include_timestamp=True)) is not None:
            found[METADATA] = (orjson.dumps(metadata[0]), metadata[1])
    return found


def in_child(act: Callable[[], None], reading: int, writing: int) -> bytes:
    """What a child process wrote until it ended or was killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            act()
        except BaseException as error:
            os.write(writing, f" {type(error).__name__}: {error}"[:4000].encode())
        finally:
            os._exit(0)
    os.close(writing)
    said = b""
    while chunk := os.read(reading, 4096):
        said += chunk
    os.close(reading)
    os.waitpid(child, 0)
    return said
