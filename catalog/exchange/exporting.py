"""Writing a database into a file or a folder, which appears when it is complete and not before."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from catalog.database.database import Database
from catalog.errors import CatalogError, InvalidInputError, LocalFileError
from catalog.exchange.folder import Folder
from catalog.exchange.formats import output_format
from catalog.exchange.returns import Change
from catalog.exchange.rows import FileFormat, OutputOptions, Prepared
from catalog.exchange.streams import CountedStream, is_written_through, name_of
from catalog.progress import Progress

_TOLD_EVERY = 500
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; ``changes`` are the columns that another import would not bring as they are."""

    path: Path
    format: FileFormat
    keys: int
    file_bytes: int
    changes: tuple[Change, ...] = ()


Tell = Callable[[tuple[Change, ...]], None]


def export_file(
    database: Database,
    target: str | os.PathLike[str] | BinaryIO,
    writing: OutputOptions | None = None,
    *,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Exported:
    """Write the keys of a database, with their values, to a new file or folder; values that are not here are fetched.

    Before anything is written, ``tell`` is called with the columns that will not come back as they are, if there are any. Devices
    and pipes, and a stream that is open for bytes, are written through. A link stays, and what it leads to is replaced. Memory
    is bounded. Raises InvalidInputError when there is something at the path already (unless it may be replaced), or a value
    cannot be written in this format; nothing is left behind then.
    """
    chosen, watched = writing or OutputOptions(), progress or Progress()
    items = _Content(database, chosen.prefix, watched)
    if not isinstance(target, str | os.PathLike):
        return _through(target, Path(name_of(target)), items, chosen, tell)
    path = Path(target).expanduser().absolute()
    if is_written_through(path):
        with _telling(path), path.open("ab", buffering=0) as opened:
            return _through(opened, path, items, chosen, tell)
    return _in_place(path, items, chosen, tell)


def write_value(stored: bytes, target: Path) -> None:
    """Write the bytes of one value to a new file, or through a device or pipe; InvalidInputError when there is a file."""
    path = target.expanduser().absolute()
    if not is_written_through(path):
        _check_free(path, overwrite=False)
    with _telling(path), path.open("ab" if is_written_through(path) else "xb", buffering=0) as opened:
        CountedStream(opened).write(stored)


def _through(stream: BinaryIO, path: Path, items: _Content, chosen: OutputOptions, tell: Tell | None) -> Exported:
    made = output_format(path, chosen.format)
    if isinstance(made, Folder):
        raise InvalidInputError("A folder of files is no stream.", hint="Choose a format, such as jsonl, with --format.")
    counted = CountedStream(stream)
    with _telling(path):
        prepared = made.prepare(items, chosen, path.suffix.lower())
        _say(prepared, tell)
        prepared.write(cast("BinaryIO", counted))
        counted.flush()
    return Exported(path, made.name, items.count, counted.count, prepared.changes)


def _in_place(path: Path, items: _Content, chosen: OutputOptions, tell: Tell | None) -> Exported:
    """Write beside the target, and put it there when it is complete."""
    made = output_format(path, chosen.format)
    _check_free(path, overwrite=chosen.overwrite)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    part = target.with_name(f".{target.name[:100]}.part-{secrets.token_hex(4)}{target.suffix}")
    changes: tuple[Change, ...] = ()
    try:
        with _telling(path):
            if isinstance(made, Folder):
                made.write(part, items)
            else:
                prepared = made.prepare(items, chosen, path.suffix.lower())
                changes = _say(prepared, tell)
                with part.open("xb") as file:
                    prepared.write(file)
            size = _size(part)
            items.progress.check()
            _put_in_place(part, target)
    finally:
        _remove(part)
    return Exported(path, made.name, items.count, size, changes)


def _say(prepared: Prepared, tell: Tell | None) -> tuple[Change, ...]:
    if tell is not None and prepared.changes:
        tell(prepared.changes)
    return prepared.changes


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Tell errors of the system in our words."""
    try:
        yield
    except OSError as error:
        if isinstance(error, CatalogError):
            raise
        failed = LocalFileError(
            f"{path} cannot be written ({error.strerror or type(error).__name__}).",
            path=str(path),
            hint="Check the folder, its permissions and the space on its disk.",
        )
        failed.errno = error.errno
        raise failed from None


class _Content:
    """The items of a database, told of as they are gone through."""

    def __init__(self, database: Database, prefix: str, progress: Progress) -> None:
        self._database, self._prefix, self.progress = database, prefix, progress
        self.count = 0

    @property
    def serializer(self) -> str:
        """The name of the serializer of the values."""
        return self._database.serializer

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._go_through(self._database.decode)

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Keys with the bytes of their values."""
        return self._go_through(lambda raw: raw)

    def _go_through(self, read: Callable[[bytes], _Value]) -> Iterator[tuple[str, _Value]]:
        self.progress.begin("exporting", total_items=0 if self._prefix else len(self._database))
        self.count = told = 0
        for key, raw in self._database.stored_items(self._prefix):
            yield key, read(raw)
            self.count += 1
            if self.count - told >= _TOLD_EVERY:
                self.progress.advance(0, self.count - told)
                told = self.count
        self.progress.advance(0, self.count - told)


def _check_free(target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise LocalFileError(f"There is no folder {target.parent}.", path=str(target), hint="Make it first.")
    if target.is_dir():
        if any(target.iterdir()):
            raise InvalidInputError(f"The folder {target} is not empty.", hint="Choose a new name: a folder is not replaced.")
    elif os.path.lexists(target) and not overwrite:
        raise InvalidInputError(f"{target} is there already.", hint="Choose another name, or say --overwrite.")


def _put_in_place(part: Path, target: Path) -> None:
    if target.is_dir():
        target.rmdir()
    elif target.exists():
        shutil.copymode(target, part)
    part.replace(target)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
