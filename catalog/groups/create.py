"""Making a database: at a new place, filled, pushed, and known to a group."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.changes.parting import WayOut
from catalog.connection import S3Connection
from catalog.database.database import Database
from catalog.errors import CatalogError, InvalidInputError
from catalog.groups.catalog import Catalog, GroupRecord
from catalog.groups.entry import Entry
from catalog.groups.open import open as open_database
from catalog.progress import Progress

_BEGINS = ".new-"
"""How the file of a database is called while it is made."""
_LONG_AGO = 7 * 86_400


@dataclass(frozen=True, slots=True)
class NewDatabase:
    """A database to be made: where, in which group, with which value serializer, and what is said of it."""

    group: str
    name: str
    connection: S3Connection
    serializer: str | None = "orjson"
    description: str = ""
    tags: tuple[str, ...] = ()
    message: str = ""


def create_database(
    catalog: Catalog, wanted: NewDatabase, fill: Callable[[Database], object], progress: Progress | None = None
) -> Entry:
    """Make a database where there is none yet, let ``fill`` set its keys, push it, and add it to its group; its entry.

    What fails before the push leaves nothing behind, here or there. When only the adding fails, the pushed database stays, and
    the error says how to add it. Raises InvalidInputError when there is a database at the place already, or one of this name in
    the group.
    """
    if any(entry.name == wanted.name for entry in catalog.entries(wanted.group)):
        raise InvalidInputError(f"There is a database {wanted.name!a} in {wanted.group} already.", hint="Choose another name.")
    _clear(catalog.folder / "databases")
    path = catalog.folder / "databases" / f"{_BEGINS}{secrets.token_hex(8)}.blt"
    place = wanted.connection
    try:
        with open_database(place, path, "c", wanted.serializer, lock="commit", progress=progress) as database:
            if database.remote_commit is not None:
                raise InvalidInputError(
                    f"{place}: there is a database already.", hint="Choose another place, or add that one to the group."
                )
            fill(database)
            database.changes().push(message=wanted.message, progress=progress)
        entry = _add(catalog, wanted, progress)
        _keep(path, catalog.file_of(entry))
        return entry
    finally:
        for file in _files(path):
            file.unlink(missing_ok=True)


def keep_database(catalog: Catalog, wanted: NewDatabase, source: Database, progress: Progress | None = None) -> WayOut:
    """Keep what a database holds here, whose remote parted from it, as a new one, and add that to its group.

    Raises as `create_database` and `Database.keep_as`.
    """
    if any(entry.name == wanted.name for entry in catalog.entries(wanted.group)):
        raise InvalidInputError(f"There is a database {wanted.name!a} in {wanted.group} already.", hint="Choose another name.")
    path = catalog.folder / "databases" / f"{_BEGINS}{secrets.token_hex(8)}.blt"
    try:
        done = source.keep_as(wanted.connection, path, message=wanted.message, dry_run=False, progress=progress)
        _keep(path, catalog.file_of(_add(catalog, wanted, progress)))
        return done
    finally:
        for file in _files(path):
            file.unlink(missing_ok=True)


def _add(catalog: Catalog, wanted: NewDatabase, progress: Progress | None) -> Entry:
    try:
        return catalog.add(
            wanted.group,
            wanted.connection,
            name=wanted.name,
            description=wanted.description,
            tags=wanted.tags,
            progress=progress,
        )
    except CatalogError as error:
        error.hint = f"The database was pushed to {wanted.connection}: add it from there. {error.hint}".rstrip()
        raise


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("", ".sync", ".sync-wal", ".sync-shm")]


def _clear(folder: Path) -> None:
    """Remove what programs that were killed long ago have left."""
    for file in folder.glob(f"{_BEGINS}*"):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _LONG_AGO:
                file.unlink()


def _keep(made: Path, wanted: Path) -> None:
    """Make the new file the working copy; the sidecar first, for a booklet alone would be looked through again."""
    if wanted.exists():
        return
    for source, target in reversed(list(zip(_files(made), _files(wanted), strict=True))):
        if source.exists():
            source.replace(target)


def place_beside(group: GroupRecord, name: str) -> S3Connection | None:
    """Where a database of this name would lie beside its group; None for a group that is only known by a public address."""
    home = group.connection
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    if home.db_key is None or not slug:
        return None
    folder, slash, _ = home.db_key.rpartition("/")
    return S3Connection(**{**home.model_dump(), "db_url": None, "db_key": f"{folder}{slash}{slug}"})
