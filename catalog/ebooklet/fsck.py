"""Looking a remote over, with ebooklet's words for what is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from catalog.connection import S3Connection
from catalog.ebooklet.errors import by_names_of_ebooklet
from catalog.errors import IntegrityError
from catalog.format.head import FORMAT
from catalog.progress import Progress
from catalog.remote.ebooklet_index import unmanifested_groups
from catalog.remote.integrity import check_database
from catalog.remote.place import Place
from catalog.remote.remote import look_first
from catalog.store.access import connect_store
from catalog.store.connect import name_of


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What was found: whether there is a database, and which of the objects that it names are missing or damaged, in words."""

    db_key: str
    db_object_exists: bool
    claimed_but_missing: list[str] = field(default_factory=list)
    unmanifested_group_ids: list[int] = field(default_factory=list)
    """Groups of values that the index names and the list of groups does not have; only a remote of ebooklet has any."""
    format_version: int | None = None
    orphans: list[str] = field(default_factory=list)
    """Always empty: `Database.collect_garbage` finds what no commit names, and removes it."""


@by_names_of_ebooklet
def fsck(
    remote_conn: S3Connection,
    delete_orphans: bool = False,  # noqa: ARG001
    min_age: timedelta = timedelta(hours=24),  # noqa: ARG001
    check_objects: bool = False,
    lock_timeout: int = 60,  # noqa: ARG001
) -> FsckReport:
    """Look over what the newest commit names, with ``check_objects`` whether all of it is there.

    ``delete_orphans``, ``min_age`` and ``lock_timeout`` change nothing: garbage is collected by `Database.collect_garbage`.
    """
    name = name_of(remote_conn)
    store = connect_store(remote_conn, writing=False)
    try:
        place = Place.at(store, name)
        newest = look_first(place)
        if newest.head is None:
            return FsckReport(name, False)
        unknown = unmanifested_groups(place, newest.found.fetched) if newest.found is not None else []
        problems = [] if unknown or not check_objects else _problems(place, remote_conn.threads)
    finally:
        store.close()
    return FsckReport(name, True, problems, unknown, None if newest.found is not None else FORMAT)


def _problems(place: Place, threads: int) -> list[str]:
    """What is wrong, in words."""
    try:
        parts = check_database(place, threads, Progress(), deep=False) or []
    except IntegrityError as error:
        return [error.message]
    return [problem for part in parts for problem in part.problems]
