"""Steps in which something goes back, moves or lies: the remote, the files of a copy, its place, a clock."""

from __future__ import annotations

import shutil
import time
from copy import copy as shallow
from dataclasses import dataclass
from typing import Any

from catalog import Database, Direction, LineageError

from .editing import Editing, plain_content
from .model import METADATA, Commit, Copy, State
from .settling import Settling
from .world import read

_real_time = time.time_ns


@dataclass
class Saved:
    """What a backup has of a copy: its files, and what the model said of it then."""

    content: State
    copy: Copy

    def unpushed(self, key: str) -> bool:
        """Whether what the booklet had of a key was no copy of the commit that it was based on."""
        return self.content.get(key) != self.copy.base_state.get(key)


class Lineage(Editing, Settling):
    """What a backup, a move or a wrong clock does."""

    saved: dict[int, Saved]

    def put_back(self, copy: Copy, back: int, way: str) -> None:
        """The remote is put back to an earlier commit: no copy follows it, each goes on with what it has."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy) or copy.base is None or len(self.remote.kept) < 2:
            return
        to = self.remote.kept[-2 - back % (len(self.remote.kept) - 1)]
        base, kept = copy.base, self.remote.kept
        tidied = self.remote.tidied
        if base not in kept or (tidied is not None and kept.index(to) < kept.index(tidied)):
            return
        head = self.folder / "store" / "db"
        before = head.read_bytes()
        head.write_bytes((self.folder / "store" / "db.d" / "commits" / f"{to.number:010}-{to.id}").read_bytes())
        parts = kept.index(base) > kept.index(to)
        view, edits = dict(copy.view), dict(copy.edits)
        self.look_parted(database, copy, view, parts=parts)
        self.shut(copy)
        copy.database = self.connect(copy, pull=True)
        self.look_parted(copy.database, copy, view, parts=parts)
        if not parts or way == "comes back" or copy.replacing:
            head.write_bytes(before)
            assert read(copy.database) == (view if parts else read(copy.database))
            self.reopen(copy, pull=True, flag="w")
            return
        self.forget_after(to)
        if way == "put on top":
            self.put_on_top(copy, view, to)
        elif way == "follow":
            self.follow(copy, view, edits, to)
        else:
            self.keep_as(copy, view, to)
        for other in self.copies:
            if other is not copy and not (other.base is None or any(other.base is left for left in self.remote.kept)):
                self.start_afresh(other)

    def look_parted(self, database: Database, copy: Copy, view: State, *, parts: bool) -> None:
        """A copy sees what it saw, and moves nowhere."""
        if not parts:
            return
        for act in (database.changes().pull, database.changes().refresh):
            try:
                act()
            except LineageError:
                continue
            raise AssertionError("what went back was followed")
        assert database.parted is not None
        assert read(database) == view, "something was lost with what went back"
        assert copy.base is not None
        assert database.commit is not None
        assert database.commit.id == copy.base.id

    def forget_after(self, to: Commit) -> None:
        """The commits after one are no more."""
        assert self.remote is not None
        self.remote.kept = self.remote.kept[: self.remote.kept.index(to) + 1]
        with self.reader(self.connection) as reader:
            named = {number: name for name, number in reader.tags().items()}
        known = {commit.number: commit for commit in self.remote.readable()}
        self.remote.tags = {name: known[number] for number, name in named.items() if number in known}

    def put_on_top(self, copy: Copy, view: State, to: Commit) -> None:
        """What was here is the newest commit, and says first what it does."""
        assert copy.database is not None
        planned = copy.database.put_on_top()
        differing = {key for key in view.keys() | to.state.keys() if view.get(key) != to.state.get(key)}
        assert set(planned.added + planned.changed + planned.removed) == differing
        assert set(planned.removed) == to.state.keys() - view.keys()
        assert read(copy.database) == view
        done = copy.database.put_on_top(dry_run=False)
        assert not done.missing
        if done.commit is not None:
            made = self.committed(copy, done.commit, view)
            copy.edits, copy.started, copy.base, copy.replacing = {}, {}, made, False
            self.look_afresh(made)
        else:
            assert not differing, "what was here was not put on top"
            copy.edits, copy.started, copy.base, copy.replacing = {}, {}, to, False
        copy.unsynced = {}
        assert read(copy.database) == view
        assert not copy.database.changes().all()

    def follow(self, copy: Copy, view: State, edits: dict[str, Any], to: Commit) -> None:
        """The copy is where the remote is; what it had and the remote has not lies in a file, but for edits, which stay."""
        assert copy.database is not None
        done = copy.database.follow(dry_run=False)
        dropped = {key: version for key, version in view.items() if version != to.state.get(key) and key not in edits}
        aside = plain_content(done.aside) if done.aside is not None else {}
        assert {key: aside.get(key) for key in dropped} == dropped, "what was dropped was not kept"
        copy.build_on(to)
        copy.unsynced = {}
        assert read(copy.database) == copy.view

    def keep_as(self, copy: Copy, view: State, to: Commit) -> None:
        """What was here is a database of its own; then the remote is followed."""
        assert copy.database is not None
        self.places += 1
        place = type(self.connection)(db_key=f"kept{self.places}", endpoint_url=self.connection.endpoint_url)
        done = copy.database.keep_as(place, self.folder / f"kept{self.places}" / "kept.blt", dry_run=False)
        assert done.commit is not None
        with self.reader(place) as reader:
            assert read(reader) == view, "what was kept is not what was here"
        assert read(copy.database) == view
        self.follow(copy, view, dict(copy.edits), to)

    def save(self, copy: Copy, who: int) -> None:
        """A backup is made of a closed copy."""
        self.shut(copy)
        self.saved.pop(who, None)
        if not copy.path.exists():
            return
        folder = self.folder / f"backup{who}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(copy.path.parent, folder)
        kept = shallow(copy)
        kept.edits, kept.started, kept.local = dict(copy.edits), dict(copy.started), set(copy.local)
        self.saved[who] = Saved(plain_content(copy.path), kept)

    def restore(self, copy: Copy, who: int, what: str, edits: dict[str, bytes]) -> None:
        """Files of a copy are put back from its backup, and perhaps edited with plain booklet: nobody's work is reverted."""
        saved = self.saved.get(who)
        self.shut(copy)
        if saved is None or not copy.path.exists() or copy.replacing or saved.copy.replacing or self.remote is None:
            return
        known = (
            self.is_kept(copy.base) and self.is_kept(saved.copy.base) and copy.base is not None and saved.copy.base is not None
        )
        if not known or self.is_foreign(copy) or saved.copy.uuid != copy.uuid:
            return
        for file in (self.folder / f"backup{who}").iterdir():
            is_booklet = file.suffix == ".blt"
            if what == "both" or is_booklet == (what == "booklet"):
                shutil.copy2(file, copy.path.parent / file.name)
        if what != "booklet":
            for end in ("-wal", "-shm"):
                copy.path.with_name(f"{copy.path.name}.sync{end}").unlink(missing_ok=True)
        plain = [(key, value, "new") for key, value in edits.items()]
        before, mine = dict(copy.view), dict(copy.edits)
        if plain:
            self.write_plainly(copy, plain)
        self.look_restored(copy, saved, what, before, mine, {key for key, _, _ in plain})

    def write_plainly(self, copy: Copy, edits: list[Any]) -> None:
        """Somebody edits the file with booklet; the model is asked nothing."""
        import booklet  # noqa: PLC0415 - only here

        with booklet.open(copy.path, "w") as plain:
            for key, value, _ in edits:
                plain.set(key, value, timestamp=self.tick(), encode_value=False)

    def look_restored(self, copy: Copy, saved: Saved, what: str, before: State, mine: dict[str, Any], edited: set[str]) -> None:
        """What is an edit after it was one before, in the backup or in the file; all else is as the remote has it."""
        assert self.remote is not None
        newest = self.remote.newest
        database = copy.database = self.connect(copy)
        found = read(database)
        assert database.commit is not None
        assert database.commit.id == newest.id
        changes = {change.key: change for change in database.changes().all()}
        allowed = (
            mine.keys() | saved.copy.edits.keys() | {key for key in saved.content if saved.unpushed(key)} | edited | {METADATA}
        )
        if what == "sidecar":
            # what others pushed and the file had fetched differs from the older commit, as an edit would
            allowed |= {
                key for key in before.keys() | saved.copy.view.keys() if before.get(key) != saved.copy.base_state.get(key)
            }
        assert changes.keys() <= allowed, f"{sorted(changes.keys() - allowed)} were edited by nobody"
        for key in newest.state.keys() | found.keys():
            if key not in changes:
                assert found.get(key) == newest.state.get(key), f"{key!r} is neither an edit nor what the remote has"
        for key in edited:
            assert key in changes or found.get(key) == newest.state.get(key), f"the plain edit of {key!r} was lost"
        kept = what == "sidecar" and not edited
        for key, version in mine.items() if kept else ():
            if version is not None:
                theirs = newest.state.get(key)
                assert found.get(key, (None,))[0] in (version[0], theirs and theirs[0]), f"the unpushed edit of {key!r} was lost"
        self.look_for_nothing_new()
        copy.base, copy.replacing, copy.unsynced = newest, False, {}
        copy.edits = {key: found.get(key) for key in changes}
        conflicts = {key: change.base for key, change in changes.items() if change.direction == Direction.CONFLICT}
        copy.started = {key: (b"?", base.timestamp) if base is not None else None for key, base in conflicts.items()}
        copy.local = set()

    def lose_booklet(self, copy: Copy) -> None:
        """The booklet is gone and its sidecar is there: the copy begins anew, and deletes nothing."""
        self.shut(copy)
        if self.remote is None or not copy.path.exists():
            return
        copy.path.unlink()
        fresh = Copy(copy.path)
        copy.__dict__.update(fresh.__dict__)
        self.open(copy)
        assert copy.database is not None
        assert read(copy.database) == self.remote.newest.state

    def relocate(self, _: Copy) -> None:
        """The store moves to another address: what is here goes on there, edits too."""
        for copy in self.copies:
            self.shut(copy)
        store = self.folder / "store"
        if not store.exists():
            return
        self.places += 1
        moved = self.folder / f"store{self.places}"
        store.rename(moved)
        # the other steps look for it below its first name
        store.symlink_to(moved, target_is_directory=True)
        self.connection = type(self.connection)(db_key="db", endpoint_url=moved.as_uri())

    def set_clock(self, _: Copy, years: int) -> None:
        """This machine's clock jumps."""
        time.time_ns = lambda: _real_time() + years * 31_557_600 * 10**9

    def right_clock(self) -> None:
        """The clock is right again."""
        time.time_ns = _real_time
