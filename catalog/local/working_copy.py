"""A working copy on disk: the booklet file and its sidecar, opened for reading; and where each part of it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from catalog.errors import CatalogError, IntegrityError
from catalog.format.checksum import checksum
from catalog.format.version import name_of_key
from catalog.local.booklet_header import NO_MARK, Header
from catalog.local.cache import Cache
from catalog.local.data_file import DataFile, system_error
from catalog.local.reconcile import reconcile
from catalog.local.sidecar import Sidecar
from catalog.local.state import State
from catalog.local.table import Row
from catalog.processes.file_lock import turn
from catalog.progress import Progress

_TRIES_WHILE_COMPACTING = 400
_PAUSE = 0.05
_SECONDS_TO_CREATE = 30


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of a booklet file lies."""
    return path.with_name(path.name + ".sync")


class WorkingCopy:
    """A booklet file with its sidecar. Reading needs no lock and disturbs no one: values are read by position and verified."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = DataFile(path, writable=False)
        try:
            self._sidecar = Sidecar(sidecar_path(path))
        except BaseException:
            self.data.close()
            raise
        self.state = State(self._sidecar)
        self.cache = Cache(self._sidecar)
        self.lost_sidecar = self.state.fingerprint is None and self.data.header.mark != NO_MARK
        """Whether the booklet had a sidecar once, and this one is new: what was deleted and not pushed is not known."""

    @staticmethod
    def create(path: Path, header: Header) -> None:
        """Make the data file of a new working copy, unless another process did; what is left of a sidecar goes."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise system_error(error, path.parent, "creating the folder") from None
        note = path.with_name(f".{path.name}.creating")
        try:
            # Else a second process could take the first one's new sidecar for a leftover.
            with turn(note, _SECONDS_TO_CREATE, str(path), lambda: "another process that creates the file"):
                if not path.exists():
                    for end in ("", "-wal", "-shm"):
                        path.with_name(f"{path.name}.sync{end}").unlink(missing_ok=True)
                    DataFile.create(path, header)
                note.unlink(missing_ok=True)
        except OSError as error:
            if isinstance(error, CatalogError):
                raise
            raise system_error(error, path, "creating") from None

    def close(self) -> None:
        """Close both files."""
        self.cache.close()
        self._sidecar.close()
        self.data.close()

    @property
    def header(self) -> Header:
        """The header of the booklet."""
        return self.data.header

    @property
    def disk_bytes(self) -> int:
        """How many bytes both files take on their disk."""
        return self.data.size + self._sidecar.size

    @property
    def disturbed(self) -> bool:
        """Whether the data file is not as the last sync left it: someone else wrote to it, or a writer was killed."""
        return self.state.fingerprint != self.data.fingerprint() or self.state.dirty or self.state.compacting

    def look_over(self, progress: Progress) -> None:
        """Find out what happened to a data file that cannot be written, for this opening only."""
        if self._sidecar.is_copy:
            reconcile(self.data, self.state, progress)

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
            compacting = self.state.compacting
            current = refresh()
            if current is not None and (current.offset, current.checksum) == before:
                if not compacting and attempt:
                    break
                pause(_PAUSE)
        raise IntegrityError(
            f"{self.path}: the local value of {name_of_key(row.key)!r} is damaged: its bytes do not match their checksum.",
            key=row.key,
            hint="If it was never pushed, restore the file from a backup; else discard this key, and the remote's value is read.",
        )
