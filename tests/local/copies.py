"""Working copies for tests: opened with a writer, and looked at through booklet and through the table."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import booklet

from catalog.format.version import METADATA
from catalog.local.booklet_header import new_header
from catalog.local.table import Status
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.progress import Progress

BUCKETS = 7


def create(path: Path, n_buckets: int = BUCKETS) -> None:
    """An empty working copy of bytes."""
    WorkingCopy.create(path, new_header(None, n_buckets))


@contextmanager
def writing(path: Path, **options: Any) -> Iterator[Writer]:
    """A writer of a working copy, closed at the end; after an error it is abandoned, as by a crash of the caller."""
    copy = WorkingCopy(path)
    try:
        writer = Writer(copy, timeout=options.pop("timeout", 5), progress=Progress(), **options)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close()
    finally:
        copy.close()


def plain(path: Path, flag: str = "w") -> Any:
    """The file, opened with plain booklet."""
    return booklet.open(path, flag)


def seen_by_booklet(path: Path) -> dict[str, bytes]:
    """What booklet reads, having checked that all of its ways to read agree."""
    with plain(path, "r") as opened:
        items = list(opened.items())
        found = dict(items)
        assert len(items) == len(found), "booklet sees a key twice"
        assert len(opened) == len(found), f"booklet counts {len(opened)} and sees {len(found)}"
        assert {key: opened.get(key) for key in found} == found, "booklet gets other values than it lists"
    return found


def rows(path: Path) -> dict[str, Status]:
    """What the table says of each key."""
    with reading(path) as copy:
        return {row.key: Status(row.status) for row in copy.state.table.all(METADATA)}


def metadata(path: Path) -> tuple[Status, bytes | None] | None:
    """What the table says of the metadata: their status, and their bytes where they are held."""
    with reading(path) as copy:
        row = copy.state.table.get(METADATA)
        if row is None:
            return None
        value = copy.value_of(row, lambda: row, lambda seconds: None) if row.held else None
        return Status(row.status), value


@contextmanager
def reading(path: Path) -> Iterator[WorkingCopy]:
    """A working copy, opened for reading as it is."""
    copy = WorkingCopy(path)
    try:
        yield copy
    finally:
        copy.close()


def seen_by_us(path: Path) -> dict[str, bytes]:
    """The values that the table names, verified."""
    with reading(path) as copy:
        found = {}
        for row in copy.state.table.all(METADATA):
            if row.held:
                value = copy.value_of(row, partial(copy.state.table.get, row.key), lambda seconds: None)
                assert value is not None
                found[row.key] = value
        return found


def reopened(path: Path) -> dict[str, bytes]:
    """Open and close with a writer, as the next session does; booklet and table must agree then."""
    with writing(path):
        pass
    found = seen_by_us(path)
    assert seen_by_booklet(path) == found
    return found


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """While it lasts, no file of this process can grow beyond ``size`` bytes: a disk that is full."""
    old_limit, old_handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old_limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
