"""A working copy on disk: the booklet file and its sidecar, opened for reading; and where each part of it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from catalog.checksum import checksum
from catalog.errors import IntegrityError

from .data_file import DataFile, Header, system_error
from .local_table import LocalTable, Row
from .sidecar import Sidecar

_TRIES_WHILE_COMPACTING = 400
_PAUSE = 0.05


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a booklet file lies."""
    return path.with_name(path.name + ".sync")


class WorkingCopy:
    """A booklet file with its sidecar. Reading needs no lock and disturbs no one: values are read by position and verified."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = DataFile(path, writable=False)
        try:
            self.sidecar = Sidecar(sidecar_path(path))
        except BaseException:
            self.data.close()
            raise
        self.table = LocalTable(self.sidecar)

    @staticmethod
    def create(path: Path, header: Header) -> None:
        """Make the data file of a new working copy."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise system_error(error, path.parent, "creating the folder") from None
        DataFile.create(path, header)

    def close(self) -> None:
        """Close both files."""
        self.sidecar.close()
        self.data.close()

    @property
    def header(self) -> Header:
        """The header of the booklet."""
        return self.data.header

    @property
    def disturbed(self) -> bool:
        """Whether the data file is not as the last sync left it: someone else wrote to it, or a writer was killed."""
        return (
            self.sidecar.get("fingerprint") != self.data.fingerprint()
            or self.sidecar.get("dirty") is not None
            or self.sidecar.get("compacting") is not None
        )

    def value_of(self, row: Row, refresh: Callable[[], Row | None], pause: Callable[[float], None]) -> bytes | None:
        """The value that a row names, verified; None when its row went away meanwhile.

        A compaction by another process moves values: ``refresh`` then reads the row again, ``pause`` waits in between.
        Raises IntegrityError when the bytes are damaged.
        """
        current: Row | None = row
        for attempt in range(_TRIES_WHILE_COMPACTING):
            if current is None:
                return None
            value = self.data.read(current.offset, current.length) if current.offset > 0 else b""
            if len(value) == current.length and checksum(value) == current.checksum:
                return value
            before = (current.offset, current.checksum)
            compacting = self.sidecar.get("compacting") is not None
            current = refresh()
            if current is not None and (current.offset, current.checksum) == before:
                if not compacting and attempt:
                    break
                pause(_PAUSE)
        raise IntegrityError(
            f"{self.path}: the local value of {row.key!r} is damaged: its bytes do not match their checksum.",
            key=row.key,
            hint="If it was never pushed, restore the file from a backup; else discard this key, and the remote's value is read.",
        )
