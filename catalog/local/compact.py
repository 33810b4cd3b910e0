"""Compaction: the data file written again without dead blocks, so that a kill at any point loses nothing.

A whole new file is made beside the old one; then its bytes are copied over the old file, whose identity and locks stay. The
mark ``compacting`` in the sidecar makes the next opening repeat a copy that was cut short.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from catalog.errors import LocalFileError
from catalog.local.booklet_header import buckets_for
from catalog.local.data_file import Block, DataFile, Record, system_error
from catalog.local.sidecar import Sidecar
from catalog.local.table import LocalTable, Row, Status
from catalog.progress import Progress

_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 20_000
_CUT_OFF = -1
"""The offset of a value that the file no longer holds whole; reading it is an error until it is discarded."""


def compact(data: DataFile, sidecar: Sidecar, table: LocalTable, reserved: Sequence[Record], progress: Progress) -> None:
    """Write the file again with only what the table names, and booklet's own ``reserved`` ones."""
    temporary = data.path.with_name(f".{data.path.name}.compacting")
    moved: list[tuple[int, str]] = []
    try:
        _write_copy(data, sidecar, table, reserved, temporary, moved, progress)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, LocalFileError):
            raise
        raise system_error(error, temporary, "writing") from None
    with sidecar.transaction(durable=True):
        sidecar.put("compacting", temporary.name)
    data.replace_content(temporary)
    with sidecar.transaction(durable=True):
        sidecar.run_many("UPDATE local SET offset = ? WHERE key = ?", moved)
        sidecar.run("UPDATE local SET offset = 0 WHERE status = 2")
        sidecar.run("DELETE FROM local WHERE status = 3")
        sidecar.put("compacting", None)
    with contextlib.suppress(OSError):
        temporary.unlink()


def remove_leftovers(path: Path) -> None:
    """Remove what a killed compaction left beside a file. Needs the write lock, and no compaction under way."""
    for pattern in (".{}.compacting", ".{}.empty", "..{}.compacting.*.new", "..{}.empty.*.new"):
        for found in path.parent.glob(pattern.format(glob.escape(path.name))):
            with contextlib.suppress(OSError):
                found.unlink()


def record_of(data: DataFile, block: Block) -> Record:
    """A block's content, to be written again."""
    return Record(block.key, block.timestamp, data.read(block.offset, block.length))


def resume_compaction(data: DataFile, sidecar: Sidecar) -> None:
    """Finish the copy of a compaction that was cut short."""
    name = sidecar.get("compacting")
    if name is None:
        return
    temporary = data.path.with_name(Path(name).name)
    if temporary.exists():
        data.replace_content(temporary)
        temporary.unlink()
    sidecar.put("compacting", None)


def _write_copy(
    data: DataFile,
    sidecar: Sidecar,
    table: LocalTable,
    reserved: Sequence[Record],
    temporary: Path,
    moved: list[tuple[int, str]],
    progress: Progress,
) -> None:
    count = sidecar.row("SELECT COUNT(*) FROM local WHERE status IN (0, 1)")
    keys = int(count[0]) if count else 0
    progress.begin("compacting the local file", data.size, keys)
    temporary.unlink(missing_ok=True)
    DataFile.create(temporary, data.header.fresh(max(buckets_for(keys), data.header.n_buckets)))
    copy = DataFile(temporary, writable=True)
    try:
        copy.link(copy.append(reserved), 0)
        for rows in _batches(row for row in table.all() if row.status in (Status.COPY, Status.EDITED)):
            values = [(row, _value_of(data, row)) for row in rows]
            whole = [(row, value) for row, value in values if value is not None]
            batch = copy.append([Record(row.key.encode(), row.timestamp, value) for row, value in whole])
            copy.link(batch, len(whole))
            moved.extend(zip(batch.offsets, (row.key for row, _ in whole), strict=True))
            moved.extend((_CUT_OFF, row.key) for row, value in values if value is None)
            progress.advance(sum(row.length for row in rows), len(rows))
        os.fsync(copy.fd)
    finally:
        copy.close()


def _value_of(data: DataFile, row: Row) -> bytes | None:
    """The value of a row, damaged or not; None when something else lies where it was."""
    if row.offset <= 0:
        return None
    key = row.key.encode()
    raw = data.read(row.offset - len(key), len(key) + row.length)
    return raw[len(key) :] if len(raw) == len(key) + row.length and raw.startswith(key) else None


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, _BATCH_ROWS)):
        batch: list[Row] = []
        size = 0
        for row in some:
            batch.append(row)
            size += row.length
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
