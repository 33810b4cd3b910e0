"""What a remote and its working copies hold, in plain Python: dicts of versions, and a list of commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from catalog import Database

METADATA = ""
"""The key of the metadata in a state; no real key is empty."""


class Now(int):
    """A moment that the library chose: known between two others, until it is first compared with what a database says."""

    latest: int
    pinned: int | None = None
    others: tuple[int, ...] = ()
    """Moments that it may be as well: of the same bytes, deleted meanwhile, where the file knows of none of it yet."""

    @classmethod
    def between(cls, earliest: int, latest: int) -> Now:
        """Some moment between two."""
        made = cls(earliest)
        made.latest = latest
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Now):
            return self is other or (self.pinned is not None and self.pinned == other.pinned)
        if self.pinned is None and isinstance(other, int) and (int(self) <= other <= self.latest or other in self.others):
            self.pinned = other
        return self.pinned == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__


Version = tuple[bytes, int]
"""Bytes as stored, and microseconds."""

State = dict[str, Version]


@dataclass(eq=False)
class Commit:
    """One commit, with the state that it was noted for."""

    id: str
    number: int
    state: State


@dataclass
class Remote:
    """A database at its place: the commits that are kept, oldest first, and the tags."""

    uuid: UUID
    kept: list[Commit]
    tags: dict[str, Commit] = field(default_factory=dict)
    continues: Commit | None = None
    """The last commit of a database that was deleted, in whose place it was made."""
    tidied: Commit | None = None
    """The commit of the last collection or forgetting: what is older is not all there."""

    @property
    def newest(self) -> Commit:
        """The commit that everyone sees."""
        return self.kept[-1]

    @property
    def before_last_change(self) -> Commit | None:
        """The newest commit with another content than the newest of all."""
        return next((commit for commit in reversed(self.kept) if commit.state != self.newest.state), None)

    def readable(self) -> Iterator[Commit]:
        """Every commit that can be opened."""
        yield from dict.fromkeys([*self.kept, *self.tags.values()])


def agree(mine: Version | None, started: Version | None, theirs: Version | None) -> bool:
    """Whether both sides made the same of what they started from."""
    if mine is None or theirs is None or mine == theirs:
        return mine == theirs
    return mine[0] == theirs[0] and (started is None or started[0] != mine[0])


@dataclass
class Copy:
    """A working copy: the commit it builds on, and what was changed on top of it.

    ``started`` has the keys in conflict, with the version that both sides started from. While ``replacing``, the copy stands for
    the whole database. ``local`` are keys whose values are in the file for certain. ``unsynced`` has what a kill may lose.
    """

    path: Path
    database: Database | None = None
    uuid: UUID | None = None
    base: Commit | None = None
    edits: dict[str, Version | None] = field(default_factory=dict)
    started: dict[str, Version | None] = field(default_factory=dict)
    replacing: bool = False
    local: set[str] = field(default_factory=set)
    unsynced: dict[str, list[Version | None]] = field(default_factory=dict)
    continues: Commit | None = None
    gone: UUID | None = None
    """The database that was deleted, of which its next push continues that commit."""

    @property
    def base_state(self) -> State:
        """What the commit has that it builds on."""
        return self.base.state if self.base is not None else {}

    @property
    def view(self) -> State:
        """What its user sees."""
        merged: dict[str, Version | None] = {**self.base_state, **self.edits}
        return {key: version for key, version in merged.items() if version is not None}

    def note(self, key: str, version: Version | None) -> None:
        """One edit: a change if it differs from the base, or if the key is in conflict."""
        self.unsynced.setdefault(key, [self.view.get(key)]).append(version)
        self.edits[key] = version
        self.tidy(key)
        (self.local.add if version is not None else self.local.discard)(key)

    def note_content(self, key: str, value: bytes, now: Now) -> None:
        """A value that was set without a time: what is there already is no change, and what the base has is none of it."""
        there, base = self.view.get(key), self.base_state.get(key)
        if there is not None and there[0] == value:
            return
        before = [version[1] for version in self.unsynced.get(key, ()) if version is not None and version[0] == value]
        now.others = tuple(before)
        is_base = base is not None and base[0] == value and key not in self.started and (key == METADATA or not self.replacing)
        self.note(key, base if is_base else (value, now))

    def tidy(self, key: str) -> None:
        """Forget an edit that says what the base says."""
        if key in self.edits and self.edits[key] == self.base_state.get(key) and key not in self.started:
            del self.edits[key]

    def clear(self) -> None:
        """Every key is deleted, and the copy stands for the whole database; the metadata stay."""
        metadata = {key: self.edits[key] for key in self.edits if key == METADATA}
        self.edits = dict.fromkeys((key for key in self.base_state if key != METADATA), None)
        self.edits.update(metadata)
        self.started = {key: version for key, version in self.started.items() if key == METADATA}
        self.replacing, self.local, self.unsynced = True, set(), {}

    def start_over(self, newest: Commit | None) -> None:
        """Flag ``n``: empty here, and everything that the newest commit has is to go."""
        self.base = newest
        self.edits = dict.fromkeys(self.base_state, None)
        self.started, self.replacing, self.local, self.unsynced = {}, True, set(), {}

    def clashes(self, target: Commit, keys: Iterable[str] | None = None) -> set[str]:
        """Which of its edits (of ``keys``, or all) meet what others committed up to ``target``."""
        chosen = self.edits.keys() if keys is None else self.edits.keys() & set(keys)
        arriving = self.arriving(target)
        alike = self.alike(target)
        return (chosen & (arriving | self.started.keys())) - alike

    def alike(self, target: Commit) -> set[str]:
        """The edits that others made just so, up to ``target``."""
        return {key for key in self.edits.keys() & self.arriving(target) if self.agrees(key, target.state.get(key))}

    def agrees(self, key: str, theirs: Version | None) -> bool:
        """Whether an edit and another's are no conflict."""
        mine, started = self.edits[key], self.started.get(key, self.base_state.get(key))
        return agree(mine, started, theirs)

    def arriving(self, target: Commit) -> set[str]:
        """The keys that ``target`` has otherwise than the base."""
        old, new = self.base_state, target.state
        return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}

    def build_on(self, target: Commit) -> None:
        """Go to another commit: edits stay, and those that meet another's become conflicts."""
        if target is self.base:
            return
        for key in self.arriving(target) & self.edits.keys():
            if self.agrees(key, target.state.get(key)) or self.edits[key] == self.base_state.get(key):
                # also what was in conflict, and says what theirs said: it is no change
                del self.edits[key]
                self.started.pop(key, None)
            else:
                self.started.setdefault(key, self.base_state.get(key))
        self.local -= {key for key in self.local if key not in self.edits and key not in target.state}
        self.base, self.replacing = target, False
        for key in list(self.edits):
            self.tidy(key)

    def pushed(self, made: Commit, keys: set[str]) -> None:
        """Its edits of ``keys`` are in a commit of its own."""
        for key in keys:
            del self.edits[key]
            self.started.pop(key, None)
        self.build_on(made)
        self.replacing, self.unsynced = False, {}

    def discard(self, keys: Iterable[str] | None) -> None:
        """Give edits up."""
        chosen = set(self.edits) if keys is None else set(keys)
        for key in chosen & self.edits.keys():
            del self.edits[key]
            self.local.discard(key)
        for key in chosen:
            self.started.pop(key, None)
            self.unsynced.pop(key, None)
        self.replacing = False

    def forget_remote(self) -> None:
        """The remote is no more: all that is here can be pushed again."""
        self.edits = dict(self.view)
        if self.base is not None:
            self.continues, self.gone = self.base, self.uuid
        self.base, self.started, self.replacing = None, {}, False


def merge(copy: Copy, chosen: set[str], target: Commit | None) -> tuple[State, set[str]]:
    """What a push of some edits makes of a commit (None: of nothing), and which of them it has already."""
    agreed = chosen & copy.alike(target) if target is not None else set()
    state = dict(target.state) if target is not None else {}
    for key in chosen - agreed:
        if (version := copy.edits[key]) is not None:
            state[key] = version
        else:
            state.pop(key, None)
    return state, agreed
