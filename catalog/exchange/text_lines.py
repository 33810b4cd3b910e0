"""Lines of a text file in any encoding, with the place of what cannot be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from catalog.errors import InvalidInputError, LocalFileError
from catalog.exchange.rows import wrong

LONGEST_LINE = 64 << 20
"""Characters; a longer line is refused rather than held in memory."""
_TOLD_EVERY = 64


class TextLines:
    """The lines of a file, each with its line break. ``number`` is the last line, ``read`` about how many bytes were taken."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path = path
        self._encoding = _known(encoding)
        self.number = 0
        self.read = 0

    @property
    def place(self) -> str:
        """Where we are, in words."""
        return f"line {self.number:,}"

    def __iter__(self) -> Iterator[str]:
        try:
            # Bytes that are no text become lone surrogates, so that the line they are in is known.
            with self._path.open(encoding=self._encoding, errors="surrogateescape", newline="") as file:
                while line := file.readline(LONGEST_LINE + 1):
                    self.number += 1
                    if self.number % _TOLD_EVERY == 1:
                        self.read = file.buffer.raw.tell() if hasattr(file.buffer, "raw") else 0
                    if len(line) > LONGEST_LINE:
                        raise wrong(self._path, self.place, f"it is longer than {LONGEST_LINE >> 20} MiB.")
                    if not line.isascii() and not _is_text(line):
                        raise self._undecodable()
                    yield line
        except UnicodeError:
            self.number += 1
            raise self._undecodable() from None
        except OSError as error:
            raise unreadable(error, self._path) from None

    def _undecodable(self) -> InvalidInputError:
        return wrong(self._path, self.place, f"it is not text in {self._encoding}.", self._advice())

    def _advice(self) -> str:
        with self._path.open("rb") as file:
            begins = file.read(4)
        if begins[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "It begins as UTF-16 does: say --encoding utf-16."
        return "Say which encoding it has, such as --encoding latin-1 or cp1252."


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        # Python has codecs that make no text, such as zip; this refuses them.
        with suppress(UnicodeError):
            "".encode(name)
    except (LookupError, ValueError):
        raise InvalidInputError(
            f"There is no encoding {encoding!a}.", hint="Common ones are utf-8, utf-16, latin-1 and cp1252."
        ) from None
    # Files of Windows programs begin with a mark, which is no part of the text.
    return "utf-8-sig" if name == "utf-8" else name


def _is_text(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def unreadable(error: OSError, path: Path) -> LocalFileError:
    """An input that the system does not give us."""
    return LocalFileError(
        f"{path} cannot be read ({error.strerror or type(error).__name__}).",
        path=str(path),
        hint="Check its name and permissions.",
    )
