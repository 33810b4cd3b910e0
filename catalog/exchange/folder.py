"""A folder of files: the path below the folder is the key, the bytes of the file are the value as it is stored."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import InvalidInputError
from catalog.exchange.rows import FileFormat, InputOptions, Items, LeftOut, Row, wrong
from catalog.exchange.text_lines import unreadable

_MOST_BYTES = 1 << 30
_LONGEST_NAME = 255


class Folder:
    """Files below a folder, in the order of their paths.

    Links are followed as long as they stay inside the folder; those that leave it, and what is no file, are left out and named.
    """

    name = FileFormat.FOLDER
    endings = ("",)

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return sum(found.size for found in _files(path) if isinstance(found, _File))

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row | LeftOut]:  # noqa: ARG002 - a file has neither columns nor encoding
        """Read every file, one at a time."""
        read = 0
        for found in _files(path):
            if isinstance(found, LeftOut):
                yield found
                continue
            if found.size > _MOST_BYTES:
                raise wrong(path, ascii(found.key), f"it has {found.size:,} bytes; at most {_MOST_BYTES:,} make a value.")
            try:
                value = found.path.read_bytes()
            except OSError as error:
                raise unreadable(error, found.path) from None
            read += len(value)
            yield Row(f"file {found.key!a}", found.key, value, read, is_stored=True)

    def write(self, path: Path, items: Items) -> None:
        """Write a file for each key."""
        path.mkdir()
        for key, value in items.stored():
            file = path / _relative(key)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("xb") as opened:
                    opened.write(value)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise _no_path(key, "another key has the same path, or lies below it") from None


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    key: str
    size: int


def _files(path: Path) -> Iterator[_File | LeftOut]:
    """The files below a folder with their sizes, sorted by path, and what is no file there."""
    return _below(path, "", (path.resolve(),))


def _below(folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[_File | LeftOut]:
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError as error:
        raise unreadable(error, folder) from None
    folders: list[tuple[Path, str, Path]] = []
    for name in names:
        file, key = folder / name, prefix + name
        place = Path(os.path.realpath(file)) if file.is_symlink() else above[-1] / name
        found = _what(file, key, place, above)
        if found is None:
            folders.append((file, f"{key}/", place))
        else:
            yield found
    for file, deeper, place in folders:
        yield from _below(file, deeper, (*above, place))


def _what(file: Path, key: str, place: Path, above: tuple[Path, ...]) -> _File | LeftOut | None:
    """What a name in a folder stands for, None for a folder; ``place`` is where it leads, ``above`` what it lies in."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return LeftOut(key, "a link to nothing")
    except OSError as error:
        if error.errno == errno.ELOOP:
            return LeftOut(key, "a link that leads to itself")
        raise unreadable(error, file) from None
    if not place.is_relative_to(above[0]):
        return LeftOut(key, "a link that leads out of the folder")
    if stat.S_ISREG(found.st_mode):
        return _File(file, key, found.st_size)
    if not stat.S_ISDIR(found.st_mode):
        return LeftOut(key, "no file, but a device, pipe or socket")
    return LeftOut(key, "a link to a folder that it lies in") if place in above else None


def _relative(key: str) -> Path:
    """The path of a key below any folder; InvalidInputError for one that could lead out of it, or that no file can have."""
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise _no_path(key, "it has an empty part, '.' or '..'")
    if not key.isprintable() or "\\" in key or (os.name == "nt" and any(character in key for character in '<>:"|?*')):
        raise _no_path(key, "it has characters that file names cannot have everywhere")
    if any(len(part.encode()) > _LONGEST_NAME for part in parts):
        raise _no_path(key, f"a part of it is longer than {_LONGEST_NAME} bytes")
    return Path(*parts)


def _no_path(key: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"The key {key[:80]!a} can be no path of a file: {why}.", hint="Export JSON lines instead.")
