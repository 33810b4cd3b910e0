"""Writing a database into a file or a folder, which appears when it is complete and not before."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from catalog.database.database import Database
from catalog.errors import CatalogError, InvalidInputError, LocalFileError
from catalog.exchange.formats import output_format
from catalog.exchange.rows import FileFormat, OutputOptions
from catalog.progress import Progress
from catalog.session.key_info import KeyState

_PAGE = 1_000
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    format: FileFormat
    keys: int
    file_bytes: int


def export_file(
    database: Database,
    path: str | os.PathLike[str],
    writing: OutputOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Exported:
    """Write the keys of a database, with their values, to a new file or folder; values that are not here are fetched.

    Memory is bounded. Raises InvalidInputError when there is something at the path already (unless it may be replaced), or
    a value cannot be written in this format; nothing is left behind then.
    """
    chosen, target = writing or OutputOptions(), Path(path).expanduser().absolute()
    made = output_format(target, chosen.format)
    _check_free(target, overwrite=chosen.overwrite)
    items = _Content(database, chosen.prefix, progress or Progress())
    part = target.with_name(f".{target.name[:100]}.part-{secrets.token_hex(4)}{target.suffix}")
    try:
        made.write(part, items, chosen)
        size = _size(part)
        items.progress.check()
        _put_in_place(part, target)
    except OSError as error:
        if isinstance(error, CatalogError):
            raise
        raise LocalFileError(
            f"{target} cannot be written ({error.strerror or type(error).__name__}).",
            path=str(target),
            hint="Check the folder, its permissions and the space on its disk.",
        ) from None
    finally:
        _remove(part)
    return Exported(target, made.name, items.count, size)


class _Content:
    """The items of a database, told of as they are gone through."""

    def __init__(self, database: Database, prefix: str, progress: Progress) -> None:
        self._database, self._prefix, self.progress = database, prefix, progress
        self.count = 0

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._go_through(self._database.decode)

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Keys with the bytes of their values."""
        return self._go_through(lambda raw: raw)

    def _go_through(self, read: Callable[[bytes], _Value]) -> Iterator[tuple[str, _Value]]:
        self.count = 0
        self.progress.begin("exporting", total_items=0 if self._prefix else len(self._database))
        after: str | None = None
        while page := self._database.page(after, _PAGE, self._prefix):
            after = page[-1].key
            keys = [info.key for info in page if info.state is not KeyState.DELETED]
            for error in self._database.load_items(keys).values():
                raise error
            for key in keys:
                yield key, read(self._database.get_bytes(key))
            self.count += len(keys)
            self.progress.advance(0, len(keys))


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
    part.replace(target)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
