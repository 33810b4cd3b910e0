"""A folder of files: the path below the folder is the key, the bytes of the file are the value as it is stored."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from catalog.errors import InvalidInputError
from catalog.exchange.rows import FileFormat, InputOptions, Items, OutputOptions, Row, wrong
from catalog.exchange.text_lines import unreadable

_MOST_BYTES = 1 << 30
_LONGEST_NAME = 255


class Folder:
    """Files below a folder, in the order of their paths; links are not followed, and what is no file is left out."""

    name = FileFormat.FOLDER
    endings = ("",)

    def size(self, path: Path) -> int:
        """How many bytes there are to read."""
        return sum(size for _, size in _files(path))

    def rows(self, path: Path, reading: InputOptions) -> Iterator[Row]:  # noqa: ARG002 - a file has neither columns nor encoding
        """Read every file, one at a time."""
        read = 0
        for file, size in _files(path):
            key = file.relative_to(path).as_posix()
            if size > _MOST_BYTES:
                raise wrong(path, ascii(key), f"it has {size:,} bytes; at most {_MOST_BYTES:,} make a value.")
            try:
                value = file.read_bytes()
            except OSError as error:
                raise unreadable(error, file) from None
            read += len(value)
            yield Row(f"file {key!a}", key, value, read, is_stored=True)

    def write(self, path: Path, items: Items, writing: OutputOptions) -> None:  # noqa: ARG002
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


def _files(path: Path) -> Iterator[tuple[Path, int]]:
    """The files below a folder with their sizes, sorted by path."""

    def fail(error: OSError) -> None:
        raise unreadable(error, Path(error.filename or path)) from None

    for folder, folders, names in os.walk(path, onerror=fail):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            found = file.lstat()
            if stat.S_ISREG(found.st_mode):
                yield file, found.st_size


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
