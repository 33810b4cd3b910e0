"""Reading the body of an answer: only the piece that was asked for, never more than allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from urllib3.exceptions import HTTPError

from catalog.errors import IntegrityError, UnreachableError
from catalog.store.interface import ByteRange

_CHUNK = 1 << 20
_LOWEST_RATE = 1024
"""Bytes a second."""


def cut_off(error: BaseException) -> None:
    """Take from a foreign error what it remembers: its frames and causes may hold secrets and signatures."""
    error.__traceback__ = error.__context__ = error.__cause__ = None


class ByteStream(Protocol):
    """The body of an answer; reading raises urllib3's errors."""

    def read(self, amt: int, /) -> bytes:
        """Read up to ``amt`` bytes; none at the end."""


class BrokenBodyError(UnreachableError):
    """The connection broke in the middle of an answer: worth another try."""


class BodyReader:
    """Reads answers to one request; ``received`` is told the bytes that came over the line.

    After ``patience`` seconds an answer must have come at a kibibyte a second: one that drips is given up.
    """

    def __init__(
        self,
        where: str,
        name: str,
        byte_range: ByteRange | None,
        most: int | None,
        received: Callable[[int], None],
        patience: float = 60.0,
    ) -> None:
        self._where, self._name = where, name
        self._byte_range, self._most, self._received, self._patience = byte_range, most, received, patience

    def read(self, stream: ByteStream, length: int | None, *, is_piece: bool) -> bytes:
        """Read the wanted bytes of an answer that is ``length`` bytes long (None: not said).

        ``is_piece`` says that the server sent the range only; otherwise it sent all, and what is before and behind the
        range is dropped, the latter unread. Raises IntegrityError when it is more than allowed, and BrokenBodyError.
        """
        skip = 0 if is_piece or self._byte_range is None else self._byte_range.start
        end = None if self._byte_range is None else skip + self._byte_range.length
        announced = max(0, (length if end is None else min(length, end)) - skip) if length is not None else 0
        self._check(announced)
        try:
            body = self._read_between(stream, skip, end)
        except HTTPError as error:
            cut_off(error)
            raise self._broken() from None
        if len(body) < announced:
            raise self._broken()
        return body

    def _broken(self, how: str = "broke") -> BrokenBodyError:
        return BrokenBodyError(
            f"{self._where}: the answer {how} while {self._name!r} was read.", hint="Check the network and try again."
        )

    def _read_between(self, stream: ByteStream, skip: int, end: int | None) -> bytes:
        kept: list[bytes] = []
        kept_bytes = position = 0
        # what is there already, where the stream can tell: to wait for more would hide how slowly it comes
        read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        began = time.monotonic()
        while end is None or position < end:
            chunk = read(_CHUNK if end is None else min(_CHUNK, end - position))
            if not chunk:
                break
            if position + len(chunk) < (time.monotonic() - began - self._patience) * _LOWEST_RATE:
                raise self._broken("came too slowly")
            self._received(len(chunk))
            kept.append(chunk[max(0, skip - position) :])
            kept_bytes += len(kept[-1])
            position += len(chunk)
            self._check(kept_bytes)
        return kept[0] if len(kept) == 1 else b"".join(kept)

    def _check(self, size: int) -> None:
        if self._most is not None and size > self._most:
            raise IntegrityError(
                f"{self._where}: {self._name!r} is larger than it can be (more than {self._most:,} bytes).",
                hint="It was damaged or replaced; it is not read.",
            )
