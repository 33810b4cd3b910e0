"""Steps that make a commit of their own, or take commits away."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from catalog import CatalogError, Commit, EntryMissingError, S3Connection, UnseenCommitsError

from .model import Copy, Remote, State
from .world import World

_LONG_AGO = 10**9
Over = Commit | None
"""The newest commit, for a command that is to be built on it though it was not pulled."""


class History(World):
    """Undo, revert, tags, garbage, forgetting, deleting, copying."""

    def moved(self, copy: Copy, act: Callable[[Over], Any], state: Callable[[Remote], State], *, over: bool = False) -> Any:
        """An act that makes a commit; it stops where there are commits that were not seen here, unless it names the newest."""
        database = self.opened(copy)
        assert self.remote is not None
        unseen = copy.base is not self.remote.newest
        if over:
            database.changes().refresh()
        try:
            done = act(database.remote_commit if over else None)
        except CatalogError as error:
            if not unseen or over or not isinstance(error, UnseenCommitsError):
                raise
            self.look_for_nothing_new()
            return None
        if done is None:
            return None
        assert over or not unseen, "it was built on commits that were not seen here"
        said = database.remote_commit
        assert said is not None
        if said.id != self.remote.newest.id:
            self.arrive(copy, self.committed(copy, said, state(self.remote)))
        else:
            self.arrive(copy, self.remote.newest)
        return done

    def undo(self, copy: Copy, *, over: bool) -> None:
        """Take the last change back."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        before = self.remote.before_last_change

        def act(newest: Over) -> Any:
            try:
                return database.undo(over=newest)
            except EntryMissingError:
                assert before is None
                return None

        done = self.moved(copy, act, lambda remote: dict(before.state if before else remote.newest.state), over=over)
        assert done is None or before is not None, "there was nothing to undo"

    def revert(self, copy: Copy, back: int, *, over: bool) -> None:
        """Make an earlier state the newest."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        to = self.remote.kept[-1 - back % len(self.remote.kept)]
        self.moved(copy, lambda newest: database.revert(to.number, over=newest), lambda _: dict(to.state), over=over)

    def tag(self, copy: Copy, name: str, back: int | None, *, over: bool) -> None:
        """Name a commit, or take the name away if there is one."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        if name in self.remote.tags:
            if self.moved(copy, lambda newest: database.untag(name, over=newest), as_it_is, over=over) is not None:
                del self.remote.tags[name]
            return
        kept = self.remote.kept
        commit = kept[-1] if back is None else kept[-1 - back % len(kept)]
        number = None if back is None else commit.number
        if self.moved(copy, lambda newest: database.tag(name, number, over=newest), as_it_is, over=over) is not None:
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

        def act(_: Over) -> Any:
            return database.collect_garbage(0, keep, dry_run=False, grace=timedelta(hours=25))

        done = self.moved(copy, act, as_it_is)
        if done is None or self.remote.newest is newest:
            return
        kept = {commit.id for commit in database.history()}
        surely = self.remote.kept[-keep - 1 :]
        assert all(commit.id in kept for commit in surely), "a commit went that was to be kept"
        self.remote.kept = [commit for commit in self.remote.kept if commit.id in kept]
        self.remote.tidied = self.remote.newest

    def forget(self, copy: Copy, keys: frozenset[str], *, over: bool) -> None:
        """Remove every version of keys, and the history with them."""
        database = self.opened(copy)
        if self.remote is None or self.is_foreign(copy):
            return
        there = keys & self.remote.newest.state.keys()

        def act(newest: Over) -> Any:
            try:
                return database.forget(keys, over=newest)
            except EntryMissingError:
                assert not there
                return None

        state = {key: version for key, version in self.remote.newest.state.items() if key not in keys}
        if self.moved(copy, act, lambda _: state, over=over) is not None:
            self.remote.kept, self.remote.tags = [self.remote.newest], {}
            self.remote.tidied = self.remote.newest

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
            self.compare(reader, self.remote.newest, copied=True)
            assert [commit.id for commit in reader.history()][1:] == [commit.id for commit in reversed(self.remote.kept)]


def as_it_is(remote: Remote) -> State:
    """The state of a commit that changes none."""
    return remote.newest.state
