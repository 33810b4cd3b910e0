"""Steps that settle differences between a working copy and its remote."""

from __future__ import annotations

from typing import Any

import orjson

from catalog import CatalogError, Changes, ConflictError

from .model import METADATA, Commit, Copy, State, merge
from .world import World, read


class Settling(World):
    """Push, pull, discard, resolve."""

    def changes(self, copy: Copy) -> Changes:
        """The differences of a copy, which is opened if it was closed."""
        return self.opened(copy).changes()

    def push(self, copy: Copy, keys: frozenset[str] | None = None, *, skip: bool = False) -> None:
        """Push, and look at it with the eyes of someone who was never here."""
        changes = self.changes(copy)
        foreign, known = self.is_foreign(copy), self.is_kept(copy.base)
        chosen, clashes, possible = self.judge(copy, keys, skip=skip)
        try:
            result = changes.push(keys=keys, skip_conflicts=skip)
        except CatalogError as error:
            # or another database has taken the place, the remote was deleted, or what the copy builds on was collected
            if not (foreign or (self.remote is None and copy.base is not None) or (not known and not is_conflict(error))):
                self.stopped(copy, error, possible, partial=keys is not None)
            return
        copy.unsynced = {}
        if result.commit is None:
            self.nothing_pushed(copy, chosen, partial=keys is not None or skip)
            return
        assert not foreign, "pushed over another database"
        assert self.remote is not None or copy.base is None, "pushed to a remote that was deleted"
        assert not clashes, f"{sorted(clashes)} were overwritten unseen"
        state, agreed = merge(copy, chosen, self.remote.newest if self.remote is not None else None)
        if not known:
            state = self.found_instead(copy, state)
        edits, old = dict(copy.edits), dict(copy.base_state)
        made = self.committed(copy, result.commit, state)
        copy.pushed(made, chosen - agreed)
        self.arrived(copy, made)
        if not known:
            self.adopt(copy, {key: edits[key] for key in edits.keys() - chosen}, old, {*edits})
        self.look_afresh(made)

    def found_instead(self, copy: Copy, state: State) -> State:
        """What a push made where nobody knows the base any more: more of what is here may be taken for an edit."""
        with self.reader(self.connection) as reader:
            found = read(reader)
        for key in found.keys() | state.keys():
            assert found.get(key) in (state.get(key), copy.view.get(key)), f"{key!r} was not pushed as it is here"
        return found

    def judge(self, copy: Copy, keys: frozenset[str] | None, *, skip: bool) -> tuple[set[str], set[str], set[str]]:
        """Which edits a push is to take, which of them must stop it, and which keys may."""
        chosen = set(copy.edits) if keys is None else set(copy.edits) & keys
        if self.remote is None or self.is_foreign(copy):
            return chosen, set(), set()
        target = self.remote.newest
        clashes = copy.clashes(target, keys)
        if skip:
            chosen, clashes = chosen - clashes, set()
        possible = clashes | (chosen & copy.started.keys())
        if copy.replacing and keys is None and not skip:
            # who replaces everything has to look at all that arrives
            possible |= copy.arriving(target)
        return chosen, clashes, possible

    def stopped(self, copy: Copy, error: CatalogError, possible: set[str], *, partial: bool) -> None:
        """A push stopped at conflicts; nothing is visible to anyone."""
        if not isinstance(error, ConflictError):
            raise error
        found = {METADATA if key == "(metadata)" else key for key in error.keys}
        assert found, "a conflict of nothing"
        assert found <= possible, f"{sorted(found - possible)} are no conflicts"
        copy.replacing = copy.replacing and not partial
        copy.unsynced = {}
        self.look_for_nothing_new()

    def nothing_pushed(self, copy: Copy, chosen: set[str], *, partial: bool) -> None:
        """There was nothing to push: others did the same, or nothing was changed."""
        assert copy.database is not None
        now = self.commit_of(copy.database)
        if now is copy.base:
            # only what others did alike
            for key in chosen:
                # known conflicts may be left for later, without a look at a remote that was deleted meanwhile
                theirs = self.remote.newest.state.get(key) if self.remote is not None else None
                assert copy.agrees(key, theirs) or (self.remote is None and partial), f"{key!r} was not pushed"
            copy.replacing = copy.replacing and not partial
            return
        assert now is not None
        for key in chosen:
            assert copy.agrees(key, now.state.get(key)), f"{key!r} was not pushed"
        self.arrive(copy, now)

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
            assert copy.base is None, "followed another database"
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


def is_conflict(error: CatalogError) -> bool:
    """Whether a push stopped at conflicts."""
    return isinstance(error, ConflictError)
