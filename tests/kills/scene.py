"""A database, two working copies of it and a catalog that lists it: made alike each time, so that a twin says what is to be."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import catalog
from catalog import Catalog, CatalogError, Database, S3Connection
from catalog.locking.head_writer import break_lock
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.store.interface import ObjectStore
from catalog.store.wrapped import WrappedStore

T = TypeVar("T")
Content = dict[str, Any]
BASE: Content = {f"k{number:02}": number for number in range(12)} | {f"big{number}": str(number) * 3_000 for number in range(3)}
METADATA = "(metadata)"


class Scene:
    """One database at ``place`` in a folder of its own; ``mine`` is the working copy in use, ``theirs`` a colleague's."""

    def __init__(self, place: S3Connection, folder: Path) -> None:
        self.place, self.folder = place, folder
        self.folder.mkdir(parents=True)
        self.mine, self.theirs = folder / "mine.blt", folder / "theirs.blt"
        with self.open() as db:
            db.update(BASE)
            db.set_metadata({"of": "kills"})
            db.changes().push(message="base")
            db["k00"] = "second"
            db.changes().push(message="second")
        self.commit_of_colleague({"k01": "theirs", "theirs": 1})
        with self.open() as db:
            db.load_items()

    def open(self, path: Path | None = None, **more: Any) -> Database:
        """Open a working copy, mine by default."""
        options: dict[str, Any] = {"lock": "commit", "lock_timeout": 5, **more}
        opened: Database = catalog.open(self.place, path or self.mine, "c", "orjson", **options)
        return opened

    def commit_of_colleague(self, values: Content) -> None:
        """A colleague pushes."""
        with self.open(self.theirs) as db:
            db.update(values)
            db.changes().push(message="theirs")

    def elsewhere(self, name: str) -> S3Connection:
        """Another place in the same store."""
        return S3Connection(**{**_secrets(self.place), **self.place.to_dict(), "db_key": f"{self.place.db_key}-{name}"})

    def catalog(self) -> Catalog:
        """A catalog whose group ``g`` lists the database as ``db``, whose working copy is mine."""
        found = Catalog(self.folder / "catalog")
        if not found.groups():
            found.add_group("g")
            entry = found.add("g", self.place, name="db")
            there = found.file_of(entry)
            there.parent.mkdir(parents=True, exist_ok=True)
            for end in ("", ".sync"):
                shutil.copy2(f"{self.mine}{end}", f"{there}{end}")
            self.mine = there
        return found

    @property
    def store(self) -> ObjectStore:
        """The store itself."""
        return connect_store(self.place, writing=True)

    def put_back(self) -> None:
        """The head becomes that of the first commit."""
        store, key = self.store, str(self.place.db_key)
        first = next(found.name for found in store.list(f"{key}.d/commits/") if "/0000000001-" in found.name)
        store.put(key, store.get(first).body)

    def here(self) -> Content:
        """What the working copy shows; that it opens is the first thing to see."""
        with self.open(pull=False) as db:
            return content(db)

    def there(self) -> Content | None:
        """What somebody sees who was never here; None where there is no database."""
        path = self.folder / "reader" / "reader.blt"
        try:
            with contextlib.suppress(catalog.RemoteMissingError), catalog.open(self.place, path) as reader:
                found = content(reader)
                assert len(reader) == len(list(reader))
                assert [commit.number for commit in reader.history()]
                return found
            return None
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    def break_lock(self) -> None:
        """What a killed process has held is given back; it would run out by itself in a minute."""
        break_lock(Place.at(self.store, str(self.place.db_key)))

    def go_on(self) -> None:
        """After a kill one edits and pushes as ever, and everyone sees it."""
        self.break_lock()
        with self.open() as db:
            db["after"] = "the kill"
            if db.parted is not None:
                db.put_on_top(dry_run=False)
            conflicts = [change.key for change in db.changes().conflicts()]
            if conflicts:
                db.changes().resolve(conflicts, "mine")
            db.changes().push()
            expected = content(db)
        assert self.there() == expected


def content(db: Database) -> Content:
    """All that a database shows."""
    found = dict(db.items())
    return found | ({METADATA: db.get_metadata()} if db.get_metadata() is not None else {})


def _secrets(place: S3Connection) -> dict[str, Any]:
    keys = place.access_keys
    return {"access_key_id": keys.access_key_id, "access_key": keys.secret_access_key} if keys is not None else {}


class TickingStore(WrappedStore):
    """Any store; ``tick`` is called before and after each request."""

    def __init__(self, store: ObjectStore, tick: Callable[[], None]) -> None:
        super().__init__(store)
        self._tick = tick

    def ask(self, verb: str, name: str, act: Callable[[], T], *, bytes_up: int = 0) -> T:
        self._tick()
        try:
            return act()
        except CatalogError:
            raise
        finally:
            self._tick()


def ticking(tick: Callable[[], None]) -> Callable[..., ObjectStore]:
    """`connect_store`, whose stores tick."""

    def connect(connection: S3Connection, *, writing: bool, progress: Progress | None = None) -> ObjectStore:
        return TickingStore(connect_store(connection, writing=writing, progress=progress), tick)

    return connect
