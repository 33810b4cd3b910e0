"""A group object: many values of ebooklet in one, each with its key, time and length before it.

The numbers are big-endian, the time little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from catalog.errors import IntegrityError

LONGEST_KEY = 65_535

_COUNT = struct.Struct(">I")
_KEY_LENGTH = struct.Struct(">H")
_VALUE_LENGTH = struct.Struct(">I")
_TIME = 7
_AROUND_KEY = _KEY_LENGTH.size + _TIME + _VALUE_LENGTH.size


class Member(NamedTuple):
    """One value of a group object: when it was written (µs), and where it lies in the object."""

    timestamp: int
    offset: int
    length: int


def header_bytes(key: str) -> int:
    """How many bytes come before the value of a key."""
    return _AROUND_KEY + len(key.encode())


def read_header(raw: bytes, key: str) -> tuple[int, int] | None:
    """The time (µs) and the length of the value that these bytes come before; None when they are not of ``key``."""
    name = key.encode()
    expected = _KEY_LENGTH.pack(len(name)) + name
    if len(raw) != _AROUND_KEY + len(name) or not raw.startswith(expected):
        return None
    rest = raw[len(expected) :]
    return int.from_bytes(rest[:_TIME], "little"), _VALUE_LENGTH.unpack_from(rest, _TIME)[0]


def decode_group(body: bytes, what: str) -> dict[str, Member]:
    """Where each value of a group object lies; of a key that is there twice, the last one.

    IntegrityError, which names ``what``, unless the object is as long as its members.
    """
    members: dict[str, Member] = {}
    at = _COUNT.size
    try:
        (count,) = _COUNT.unpack_from(body, 0)
        for _ in range(count):
            (key_length,) = _KEY_LENGTH.unpack_from(body, at)
            key = body[at + _KEY_LENGTH.size : at + _KEY_LENGTH.size + key_length].decode()
            at += _KEY_LENGTH.size + key_length
            (length,) = _VALUE_LENGTH.unpack_from(body, at + _TIME)
            timestamp = int.from_bytes(body[at : at + _TIME], "little")
            at += _TIME + _VALUE_LENGTH.size
            members[key] = Member(timestamp, at, length)
            at += length
    except (struct.error, UnicodeDecodeError):
        at = -1
    if at != len(body):
        raise IntegrityError(f"{what} is damaged: its values are not as long as it says.")
    return members


def encode_group(members: Iterable[tuple[str, int, bytes]]) -> tuple[bytes, list[int]]:
    """A group object of keys, times (µs) and values, and where each value lies in it."""
    parts: list[bytes] = [b""]
    offsets: list[int] = []
    at = _COUNT.size
    for key, timestamp, value in members:
        name = key.encode()
        header = _KEY_LENGTH.pack(len(name)) + name + timestamp.to_bytes(_TIME, "little") + _VALUE_LENGTH.pack(len(value))
        offsets.append(at + len(header))
        at += len(header) + len(value)
        parts += header, value
    parts[0] = _COUNT.pack(len(offsets))
    return b"".join(parts), offsets
