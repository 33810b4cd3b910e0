"""The log keeps every summary, and its bundles stay few however long it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.errors import FormatError, IntegrityError
from catalog.format.log import BUNDLE, Summary, decode_log, encode_log, first_of_bundle

from .entries import SUMMARIES


@given(SUMMARIES, st.integers(1, 1 << 40))
def test_every_summary_comes_back(summaries: list[Summary], first: int) -> None:
    """Whatever was said of commits is read back equal, with their numbers."""
    numbered = [replace(summary, number=first + place) for place, summary in enumerate(summaries)]

    assert list(decode_log(encode_log(numbered, first), "it")) == numbered


def bundles_at(count: int) -> list[tuple[int, int]]:
    """The bundles that the commit after ``count`` names."""
    found: list[tuple[int, int]] = []
    for last in range(BUNDLE, count + 1, BUNDLE):
        first = first_of_bundle(last)
        found = [bundle for bundle in found if bundle[0] < first]
        assert (found[-1][1] if found else 0) == first - 1
        found.append((first, last))
    return found


def test_bundles_stay_few() -> None:
    """At every count from 990 to 1,130 they are at most three; of 30,000 commits at most fifteen; they leave no gap."""
    assert max(len(bundles_at(count)) for count in range(990, 1_131)) <= 3
    assert max(len(bundles_at(count)) for count in range(29_000, 30_000, 7)) <= 15
    assert bundles_at(32_768) == [(1, 32_768)]


GOOD: list[Any] = msgspec.msgpack.decode(
    encode_log([Summary(number, bytes(16), 5, "ada", "m", bytes(16), 1, 2, 3, 4) for number in (3, 4)], 3)
)


def changed(column: int, value: Any) -> bytes:
    """Good content with one column replaced."""
    return msgspec.msgpack.encode([*GOOD[:column], value, *GOOD[column + 1 :]])


HOSTILE = {
    "an id too few": changed(2, bytes(16)),
    "write ids of another length": changed(3, bytes(31)),
    "a time before 1970": changed(4, [-1, 5]),
    "a time that goes before 1970": changed(4, [1, -5]),
    "a time beyond the calendar": changed(4, [1 << 54, 0]),
    "an author that is not named": changed(6, [0, 1]),
    "an author before the first": changed(6, [0, -1]),
    "a message too few": changed(7, ["m"]),
    "a message of megabytes": changed(7, ["m", "x" * 1_000_000]),
    "totals below nothing": changed(8, [0, -1]),
    "a vast claim": b"\x9c\x01\x01\xc4\x00\xc4\x00\xdd\xff\xff\xff\xff",
    "a number below nothing": changed(1, -1),
    "no array": b"\xc0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_logs_are_refused(name: str) -> None:
    """A log that no push writes is an IntegrityError."""
    with pytest.raises(IntegrityError):
        decode_log(HOSTILE[name], "it")


@given(st.data())
def test_any_log_decodes_or_is_a_format_error(data: st.DataObject) -> None:
    """Whatever bytes a stranger names rightly, they are a log or a FormatError."""
    raw = bytearray(msgspec.msgpack.encode(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_log(bytes(raw), "it")
    except FormatError:
        return
    assert not found or list(decode_log(encode_log(found, found[0].number), "it")) == list(found)
