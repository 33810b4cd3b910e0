"""Steps that read: each compares what it sees with the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import catalog
from catalog import CatalogError, Database, Direction

from .editing import Editing
from .model import METADATA, Commit, Copy, State
from .world import read


def exported(database: Database) -> int:
    """How many keys an export has."""
    path = database.file_path.with_name("exported.jsonl")
    path.unlink(missing_ok=True)
    catalog.export_file(database, path)
    return len(path.read_bytes().splitlines())


LOOKS: dict[str, tuple[Callable[[Database], Any], Callable[[State], Any]]] = {
    "len": (len, len),
    "size": (lambda database: database.value_bytes, lambda view: sum(len(raw) for raw, _ in view.values())),
    "keys": (list, sorted),
    "timestamps": (lambda database: dict(database.timestamps()), lambda view: {key: when for key, (_, when) in view.items()}),
    "one": (
        lambda database: ("a" in database, database.get_timestamp("a", include_value=True, decode_value=False)),
        lambda view: ("a" in view, view["a"][::-1] if "a" in view else None),
    ),
    "export": (exported, len),
    "summary": (lambda database: database.changes().summary() is not None, lambda _: True),
}
"""What can be read, and what it should be."""


class Looking(Editing):
    """All that can be asked."""

    def look(self, copy: Copy, what: str) -> None:
        """Read one thing, and compare it with the model."""
        database = self.opened(copy)
        view = {key: version for key, version in copy.view.items() if key != METADATA}
        try:
            if what == "changes":
                self.look_at_changes(copy, database)
            elif what == "items":
                assert read(database) == copy.view
            else:
                found, expected = LOOKS[what]
                assert found(database) == expected(view)
        except CatalogError:
            seen = database.remote_commit
            if self.is_kept(copy.base) and (seen is None or seen.id in self.noted):
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
