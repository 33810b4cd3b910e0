"""Streams, pipes and devices as inputs and outputs: read once into a file, written through, and never replaced."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from catalog.errors import LocalFileError
from catalog.exchange.text_lines import unreadable

_PIECE = 1 << 20
_STREAM_NAMES = {"<stdin>": "standard input", "<stdout>": "standard output"}
_OF_THE_SYSTEM = ("/dev", "/proc")


@contextmanager
def in_a_file(source: str | os.PathLike[str] | BinaryIO) -> Iterator[Path]:
    """The path of an input that can be read more than once: its own, or that of a copy of a stream, pipe or device."""
    if not isinstance(source, str | os.PathLike):
        with _copied(source, name_of(source)) as path:
            yield path
        return
    path = Path(source).expanduser()
    if not path.exists() or path.is_file() or path.is_dir():
        yield path
        return
    try:
        with path.open("rb") as stream, _copied(stream, path.name) as copy:
            yield copy
    except OSError as error:
        if isinstance(error, LocalFileError):
            raise
        raise unreadable(error, path) from None


@contextmanager
def _copied(stream: BinaryIO, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="catalog-") as folder:
        path = Path(folder) / name
        with path.open("xb") as file:
            shutil.copyfileobj(stream, file, _PIECE)
        yield path


def name_of(stream: BinaryIO) -> str:
    """What to call a stream."""
    name = str(getattr(stream, "name", "stream"))
    return _STREAM_NAMES.get(name) or Path(name).name or "stream"


def is_written_through(path: Path) -> bool:
    """Whether a path is a device or pipe, or belongs to the system, as ``/dev/stdout`` does: there is nothing to replace.

    Raises LocalFileError for what cannot be written to in order.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise LocalFileError(f"{path} is a disk or a socket.", path=str(path), hint="Choose the name of a file.")
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return True
    return stat.S_ISREG(mode) and str(path.parent.resolve()).startswith(_OF_THE_SYSTEM) and path.is_symlink()


class CountedStream(io.RawIOBase):
    """A stream that is written to, and knows how many bytes; closing it leaves the stream open."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.count = 0

    def write(self, data: Any) -> int:
        """Write all of the bytes."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            done += self._stream.write(view[done:])
        self.count += done
        return done

    def tell(self) -> int:
        """How many bytes were written."""
        return self.count

    def flush(self) -> None:
        """Hand on what is waiting."""
        self._stream.flush()

    def writable(self) -> bool:
        """It is written, from its beginning to its end."""
        return True
