"""Steps that change a working copy: through the database, without its remote, and with plain booklet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import booklet
import orjson

import catalog
from catalog import CatalogError, Database

from .model import METADATA, Copy, Now, State
from .world import World

Edit = tuple[str, bytes | None, str]
"""A key, its new value (None: deleted), and the kind of its timestamp."""


class Editing(World):
    """What one person does with a file."""

    def edit(self, copy: Copy, edits: Iterable[Edit]) -> None:
        """Set and delete keys."""
        database = self.opened(copy)
        for key, value, kind in edits:
            if value is None:
                self.delete(copy, database, key)
            elif kind == "content":
                before = time.time_ns() // 1000
                database.set(key, value, encode_value=False)
                copy.note_content(key, value, Now.between(before, time.time_ns() // 1000))
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
        raw = orjson.dumps(value)
        if kind == "content":
            before = time.time_ns() // 1000
            database.set_metadata(value)
            copy.note_content(METADATA, raw, Now.between(before, time.time_ns() // 1000))
        else:
            version = (raw, self.moment_for(copy, METADATA, kind))
            database.set_metadata(value, timestamp=version[1])
            copy.note(METADATA, version)
        copy.unsynced.pop(METADATA, None)

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
                # what was set without a time, before the index was looked at, has a time of its own in the file
                assert key in copy.view, f"booklet finds {key!r}"
                assert copy.view[key][0] == version[0], f"booklet finds {key!r} otherwise"
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
        # it says no more of which database it was
        copy.continues = None
        self.open(copy)


def plain_content(path: Path) -> State:
    """All that booklet finds in a file."""
    with booklet.open(path) as plain:
        found: State = {key: (raw, when) for key, when, raw in plain.timestamps(include_value=True, decode_value=False)}
        assert len(plain) == len(found)
        if (metadata := plain.get_metadata(include_timestamp=True)) is not None:
            found[METADATA] = (orjson.dumps(metadata[0]), metadata[1])
    return found
