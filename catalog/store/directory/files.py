"""What a folder that is a store does with its files: where they lie, how they appear whole, how writers take turns."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from typing_extensions import override

from catalog.errors import AccessDeniedError, CatalogError, IntegrityError, LocalFileError, LockTimeoutError
from catalog.processes.file_lock import turn
from catalog.processes.fork import OfOneProcess
from catalog.store.directory.names import INDEX, PRIVATE, to_path

_LEFT_BEHIND_AFTER = 86_400
"""Seconds after which an unfinished file belongs to a writer that was killed."""
_FOLDED, _DISTINCT = b"folded", b"distinct"


class _ThreadLocks(OfOneProcess):
    """What keeps the threads of one process apart, by folder; a child has no other threads."""

    def __init__(self) -> None:
        self.of: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self.of.clear()


_thread_locks = _ThreadLocks()


class FolderLayout:
    """Where things are in one store's folder."""

    def __init__(self, folder: Path, lock_timeout: float) -> None:
        self.folder = folder
        self._private = folder / PRIVATE
        self._lock_timeout = lock_timeout
        self._folds_case: bool | None = None
        self._is_prepared = False

    @property
    def unfinished(self) -> Path:
        """The folder of files that are being written."""
        return self._private / "unfinished"

    @property
    def moving(self) -> Path:
        """The folder of objects that are on their way from ``a`` to ``a/index.html``."""
        return self._private / "moving"

    @property
    def folds_case(self) -> bool:
        """Whether the file system takes ``A`` and ``a`` for one name, as found when the store was made."""
        if self._folds_case is None:
            note = self._private / "case"
            try:
                found = note.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return False
            if found not in (_FOLDED, _DISTINCT):
                raise IntegrityError(
                    f"{note} is damaged: it says neither 'folded' nor 'distinct'.",
                    hint="Restore it from a backup. Else write 'folded' into it if names in the folder have %41 for A, "
                    "and 'distinct' if not.",
                )
            self._folds_case = found == _FOLDED
        return self._folds_case

    def path_of(self, name: str) -> Path:
        """The path of an object, unless that is a folder."""
        return self.folder / to_path(name, fold_case=self.folds_case)

    def staged(self, path: Path) -> Path:
        """Where the object at ``path`` is prepared to become a folder."""
        return self.moving / blake2b(str(path.relative_to(self.folder)).encode(), digest_size=16).hexdigest()

    def candidates(self, name: str) -> Iterator[Path]:
        """Every place where an object can be, in an order that finds it even while it moves."""
        path = self.path_of(name)
        yield path
        yield path / INDEX
        yield self.staged(path) / "folder" / INDEX
        yield path / INDEX

    def prepare(self) -> None:
        """Make the folder a store, and remove what killed writers left behind."""
        if self._is_prepared and self.unfinished.is_dir():
            return
        self.unfinished.mkdir(parents=True, exist_ok=True)
        self.moving.mkdir(exist_ok=True)
        with self.locked():
            if not (self._private / "case").exists():
                self._note_case()
        for left in self.unfinished.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < time.time() - _LEFT_BEHIND_AFTER:
                    left.unlink()
        self._is_prepared = True

    def _note_case(self) -> None:
        """Find out how the file system treats capitals; objects that came here by other ways keep their plain names."""
        is_new = all(entry.name == PRIVATE for entry in self.folder.iterdir())
        note = self._private / "Case"
        note.touch()
        folds = is_new and (self._private / "case").exists()
        with note.open("wb") as file:
            file.write(_FOLDED if folds else _DISTINCT)
            file.flush()
            os.fsync(file.fileno())
        note.replace(self._private / "case")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer, of all threads and processes, for a moment. Raises LockTimeoutError."""
        path = self._private / "lock"
        began = time.monotonic()
        threads = _thread_locks.of[self.folder]
        if not threads.acquire(timeout=self._lock_timeout):
            raise LockTimeoutError(str(self.folder), "another thread", self._lock_timeout)
        try:
            left = max(0.0, began + self._lock_timeout - time.monotonic())
            with turn(path, round(left, 2), str(path), lambda: "another process"):
                finish_moves(self)
                yield
        finally:
            threads.release()


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def temporary(layout: FolderLayout) -> Iterator[Path]:
    """Give a path for a new file on the store's file system; the file is removed unless it was published."""
    layout.prepare()
    path = layout.unfinished / secrets.token_hex(16)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def place(layout: FolderLayout, name: str) -> Path:
    """Make room for an object and return where its file goes. Only under the lock."""
    path = layout.path_of(name)
    for above in reversed(path.relative_to(layout.folder).parents[:-1]):
        if (layout.folder / above).is_file():
            _make_folder_of(layout, layout.folder / above)
    _make_folder(path.parent)
    return path / INDEX if path.is_dir() else path


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def publish(temporary_file: Path, final: Path) -> None:
    """Give a finished file its name, in place of what is there."""
    temporary_file.replace(final)


def publish_new(temporary_file: Path, final: Path) -> bool:
    """Give a finished file its name if nothing is there; False if something is."""
    try:
        final.hardlink_to(temporary_file)
    except FileExistsError:
        return False
    except OSError:
        if final.exists():
            return False
        temporary_file.replace(final)
    return True


def delete_file(layout: FolderLayout, name: str) -> None:
    """Delete an object, if it is there, and folders that are empty then. Only under the lock."""
    path = layout.path_of(name)
    for candidate in (path / INDEX, path):
        try:
            candidate.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            if candidate.is_file():
                raise
            continue
        with suppress(OSError):
            for above in candidate.relative_to(layout.folder).parents[:-1]:
                (layout.folder / above).rmdir()
        return


def finish_moves(layout: FolderLayout) -> None:
    """Finish what a killed writer began: objects on their way from ``a`` to ``a/index.html``. Only under the lock."""
    for staged in layout.moving.iterdir():
        if (staged / "path").exists():
            _finish_move(layout, staged)
        else:
            shutil.rmtree(staged)


def _make_folder_of(layout: FolderLayout, path: Path) -> None:
    """Turn file ``a`` into ``a/index.html``. At each moment one of the two, or the staged one, can be read."""
    staged = layout.staged(path)
    (staged / "folder").mkdir(parents=True)
    try:
        (staged / "folder" / INDEX).hardlink_to(path)
    except OSError:
        shutil.copy2(path, staged / "folder" / INDEX)
    note = staged / "path.new"
    note.write_text(str(path.relative_to(layout.folder)), encoding="utf-8")
    sync_folder(staged / "folder")
    note.replace(staged / "path")
    _finish_move(layout, staged)


def _finish_move(layout: FolderLayout, staged: Path) -> None:
    path = _noted_path(layout, staged)
    if (staged / "folder").exists():
        path.unlink(missing_ok=True)
        (staged / "folder").rename(path)
    shutil.rmtree(staged)


def _noted_path(layout: FolderLayout, staged: Path) -> Path:
    """Where a staged object goes: only what it was staged for, whatever its note says."""
    note = staged / "path"
    with suppress(UnicodeDecodeError, ValueError):
        path = layout.folder / note.read_text(encoding="utf-8")
        if layout.staged(path) == staged:
            return path
    raise IntegrityError(
        f"{note} is damaged: what is beside it was on its way to another place.",
        hint=f"The object is {staged / 'folder' / INDEX}: put it where it belongs, remove {staged}, and try again.",
    )


@contextmanager
def local_errors(where: str, needed: int = 0) -> Iterator[None]:
    """Turn errors of the system into ours; ``needed`` is what was to be written, in bytes."""
    try:
        yield
    except CatalogError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise LocalFileError(
                f"{where}: the disk is full; {needed:,} bytes more were needed.", path=where, hint="Make room and try again."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise AccessDeniedError(
                f"{where}: access denied.",
                hint="You may not read or write here: ask for the permission, or use another folder.",
            ) from error
        raise LocalFileError(f"{where}: {error.strerror or error}.", path=where, hint="Check the disk and the path.") from error
