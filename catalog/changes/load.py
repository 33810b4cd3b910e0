"""Load: bring values of the remote into the local file, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from catalog.errors import CatalogError
from catalog.format.segment import Entry
from catalog.local.table import Status
from catalog.progress import Progress
from catalog.remote.fetch import Failure, Fetched
from catalog.session.session import Session, WriteSession

_BATCH = 5_000


def load(session: Session, keys: Iterable[str] | None, progress: Progress) -> dict[str, CatalogError]:
    """Fetch values that are not in the local file yet (None: all); the keys that failed, with their errors.

    A reader writes to the file for the moment, if nobody else does; else it fills the shared cache.
    """
    session.flush()
    base = session.visible_base()
    if base is None:
        return {}
    total = base.stored.head.value_bytes if keys is None else 0
    progress.begin("loading", total, base.count if keys is None else 0)
    with session.writing(progress) as writing:
        if writing is not None and keys is None:
            writing.writer.expect(base.count)
        wanted = _missing(session) if keys is None else _chosen(session, keys)
        return _fetch(session, writing, _not_cached(session, writing, wanted), progress)


def _fetch(
    session: Session, writing: WriteSession | None, wanted: Iterable[tuple[str, Entry]], progress: Progress
) -> dict[str, CatalogError]:
    failed: dict[str, CatalogError] = {}
    started_at = session.base_id
    for fetched in session.remote.values(wanted, progress):
        if isinstance(fetched, Failure):
            failed.update(dict.fromkeys(fetched.keys, fetched.error))
        elif writing is None or not _keep(writing, fetched, started_at):
            session.cache.put_values([(entry.pack, entry.offset, value) for _, entry, value in fetched])
    return failed


def _keep(session: WriteSession, fetched: Fetched, started_at: str | None) -> bool:
    """Keep values in the file, unless the working copy moved to another commit since they were asked for."""
    writer = session.writer
    with writer.held():
        if not session.base_id == session.state.base_id == started_at:
            return False
        writer.keep((key, entry.timestamp, value, entry.checksum) for key, entry, value in fetched)
        return True


def _missing(session: Session) -> Iterator[tuple[str, Entry]]:
    """The keys of the base that have no row, with their entries."""
    base = session.visible_base()
    if base is None:
        return
    items = base.items_ahead()
    item = next(items, None)
    for row in session.rows_from(""):
        while item is not None and item[0] < row.key:
            yield item
            item = next(items, None)
        if item is not None and item[0] == row.key:
            item = next(items, None)
    if item is not None:
        yield item
        yield from items


def _chosen(session: Session, keys: Iterable[str]) -> Iterator[tuple[str, Entry]]:
    """Those of ``keys`` that the base has and the table has not, with their entries."""
    base = session.visible_base()
    stream = iter(dict.fromkeys(keys))
    while base is not None and (batch := list(islice(stream, _BATCH))):
        rows = session.table.get_many(batch)
        missing = [key for key in batch if key not in rows or rows[key].status == Status.LEAVING]
        base.prefetch(missing)
        for key in missing:
            if (entry := base.find(key)) is not None:
                yield key, entry


def _not_cached(
    session: Session, writing: WriteSession | None, wanted: Iterator[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry]]:
    """What has to be fetched; a writer takes the rest from the cache into the file."""
    return _taken_from_cache(session, writing, wanted) if session.cache.holds_values else wanted


def _taken_from_cache(
    session: Session, writing: WriteSession | None, wanted: Iterator[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry]]:
    started_at = session.base_id
    for key, entry in wanted:
        value = session.cached_value(entry)
        if value is None:
            yield key, entry
        elif writing is not None:
            _keep(writing, [(key, entry.once_read(value), value)], started_at)
