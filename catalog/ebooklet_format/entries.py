"""What ebooklet's index says of a key, in the three widths that its versions wrote."""

from __future__ import annotations

from typing import NamedTuple

from catalog.errors import UnsupportedFormatError

WIDTHS = (7, 15, 19)
"""Bytes of an entry: time; time, offset, length; time, group, offset, length."""

_TIME = 7
_NUMBER = 4


class IndexEntry(NamedTuple):
    """One key of ebooklet's index: when its value was written (µs), and ``length`` bytes at ``offset`` of an object.

    ``group`` is None where the index does not say which object; without groups ``offset`` and ``length`` are 0, which says
    nothing of the value.
    """

    timestamp: int
    offset: int = 0
    length: int = 0
    group: int | None = None


def check_width(width: int, what: str) -> None:
    """Raise UnsupportedFormatError, which names ``what``, for a width of entries that no version of ebooklet wrote."""
    if width not in WIDTHS:
        raise UnsupportedFormatError(
            f"{what} has index entries of {width:,} bytes; ebooklet's have 7, 15 or 19.", hint="Upgrade booklet-catalog."
        )


def decode_entry(raw: bytes) -> IndexEntry:
    """Understand an entry of one of the three widths."""
    number = int.from_bytes
    if len(raw) == 19:
        return IndexEntry(
            number(raw[:7], "little"), number(raw[11:15], "little"), number(raw[15:], "little"), number(raw[7:11], "little")
        )
    if len(raw) == 15:
        return IndexEntry(number(raw[:7], "little"), number(raw[7:11], "little"), number(raw[11:], "little"))
    return IndexEntry(number(raw, "little"))


def encode_entry(entry: IndexEntry, width: int) -> bytes:
    """The bytes of an entry in one of the three widths."""
    raw = entry.timestamp.to_bytes(_TIME, "little")
    if width == 19:
        raw += (entry.group or 0).to_bytes(_NUMBER, "little")
    if width >= 15:
        raw += entry.offset.to_bytes(_NUMBER, "little") + entry.length.to_bytes(_NUMBER, "little")
    return raw
