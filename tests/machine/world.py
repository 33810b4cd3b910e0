"""The folder that two working copies and their remote live in, with the model of them: opening, closing, looking afresh."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

import catalog
from catalog import CatalogError, Database, Direction, S3Connection

from .model import METADATA, Commit, Copy, Now, Remote, State, Version

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of syncs a sequence: a disk would only make them slow."""

WITHOUT = frozenset(os.environ.get("CATALOG_MACHINE_WITHOUT", "").split())
"""The names of steps that are left out."""

_BUCKETS = 64


class World:
    """The folder, the remote, both copies, and what the model says of them."""

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
        for moved in self.folder.glob("store*"):
            if moved.is_symlink():
                moved.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

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
        if self.remote is None and flag == "w" and (copy.base is not None or not copy.path.exists()):
            flag = "c"
        foreign = self.is_foreign(copy)
        try:
            database = copy.database = self.connect(copy, flag, pull=pull)
        except CatalogError:
            if not foreign:
                raise
            self.start_afresh(copy)
            return
        assert not foreign or (copy.base is None and not copy.edits), "opened a copy of another database"
        copy.uuid = database.uuid
        if self.remote is None:
            if copy.base is not None:
                self.after_deletion(copy)
        elif pull or copy.base is None:
            self.arrive(copy, self.remote.newest)

    def is_foreign(self, copy: Copy) -> bool:
        """Whether the remote is another database than the copy."""
        if self.remote is None or copy.uuid is None or copy.uuid == self.remote.uuid:
            return False
        return copy.base is None or copy.base is not self.remote.continues

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
        cleared = {key for key, edit in before.items() if edit is None} if copy.replacing else set()
        copy.build_on(target)
        assert copy.database is not None
        assert self.commit_of(copy.database) is target, "it does not build on the newest commit"
        copy.uuid = copy.database.uuid
        if not known:
            self.adopt(copy, before, old, cleared)

    def adopt(self, copy: Copy, before: dict[str, Version | None], old: State, cleared: set[str]) -> None:
        """Where nobody knows the base any more, other keys may be in conflict than would be; but no edit is lost.

        What was ``cleared`` may come back: nobody knows what there was to delete.
        """
        assert copy.database is not None
        found = read(copy.database)
        changes = {change.key: change for change in copy.database.changes().all()}
        for key, edit in before.items():
            if key not in changes and key not in cleared:
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

    def committed(self, copy: Copy, said: catalog.Commit, state: State) -> Commit:
        """Note a new commit."""
        assert copy.database is not None
        if self.remote is None:
            assert copy.continues is None or copy.database.uuid != copy.gone, "made again, it is the same database"
            self.remote = Remote(copy.database.uuid, [], continues=copy.continues)
            copy.uuid, copy.continues = copy.database.uuid, None
        made = Commit(said.id, said.number, state)
        assert not self.remote.kept or said.number == self.remote.newest.number + 1
        self.remote.kept.append(made)
        return made

    def arrived(self, copy: Copy, made: Commit) -> None:
        """After a commit of its own a copy builds on it."""
        assert copy.database is not None
        assert copy.database.commit is not None
        assert copy.database.commit.id == made.id, "it does not build on its own commit"
        copy.uuid = copy.database.uuid

    def tick(self) -> int:
        """A moment that nothing else has."""
        self.moment += 1
        return self.moment

    def moment_for(self, copy: Copy, key: str, kind: str) -> int:
        """The timestamp of a new version: a new one, that of the version before, or that of the base."""
        before = copy.view.get(key) if kind == "same" else copy.base_state.get(key) if kind == "base" else None
        if kind == "old":
            return 5
        if before is None or (isinstance(before[1], Now) and before[1].pinned is None):
            return self.tick()
        return before[1].pinned or self.tick() if isinstance(before[1], Now) else before[1]

    @contextlib.contextmanager
    def reader(self, place: S3Connection, **more: Any) -> Iterator[Database]:
        """Someone who was never here."""
        folder = Path(tempfile.mkdtemp(prefix="reader", dir=self.folder))
        opened: Database = catalog.open(place, folder / "r.blt", n_buckets=_BUCKETS, **more)
        with opened:
            yield opened
        shutil.rmtree(folder)

    def compare(self, reader: Database, commit: Commit, *, copied: bool = False) -> None:
        """What a reader sees of a commit is what was noted for it, its totals too; a copy has one of its own on top."""
        found = read(reader)
        assert found == commit.state
        said = reader.commit
        assert said is not None
        assert (said.parent or (0, ""))[1] == commit.id if copied else said.id == commit.id
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


def read(database: Database) -> State:
    """All that a database shows."""
    found: State = {key: (raw, when) for key, when, raw in database.timestamps(include_value=True, decode_value=False)}
    if (metadata := database.get_metadata(include_timestamp=True)) is not None:
        found[METADATA] = (orjson.dumps(metadata[0]), metadata[1])
    return found
