"""The log: summaries of commits, without a key or a value, so that lineage and history outlive what a commit named.

A commit repeats the summaries since the last bundle, and names the bundles. A bundle ends at each multiple of 32 commits
and takes in those before it up to the last multiple of 512, 4,096 or 32,768, so that there are few however long the history is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub
from typing import Annotated

import msgspec

from catalog.errors import IntegrityError
from catalog.format.content import ID_BYTES, check_version, decode, encode

BUNDLE = 32
"""Commits after which the summaries move from the commits to a bundle."""

_STEPS = (32_768, 4_096, 512)
_MOST_COUNT = 1 << 53
_MOST_SUMMARIES = _STEPS[0]

Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST_COUNT)]
Id = Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class Summary(msgspec.Struct, frozen=True):
    """What the log says of one commit: totals of keys and bytes, and how many keys it ``set`` and ``deleted``."""

    number: int
    id: bytes
    time: int
    author: str
    message: str
    write_id: bytes
    keys: int
    value_bytes: int
    set: int
    deleted: int


class Bundle(msgspec.Struct, array_like=True, frozen=True):
    """An object of the log: the summaries of the commits ``first`` to ``last``."""

    first: Count
    last: Count
    id: Id
    size: Count


_Numbers = Annotated[list[int], msgspec.Meta(max_length=_MOST_SUMMARIES)]
_Texts = Annotated[list[Text], msgspec.Meta(max_length=_MOST_SUMMARIES)]


class _Columns(msgspec.Struct, array_like=True):
    version: int
    first: Count
    ids: bytes
    write_ids: bytes
    times: _Numbers
    """Each minus the one before; so are the totals."""
    authors: _Texts
    author_numbers: _Numbers
    messages: _Texts
    keys: _Numbers
    value_bytes: _Numbers
    set: _Numbers
    deleted: _Numbers


_decoder = msgspec.msgpack.Decoder(_Columns)


def first_of_bundle(last: int) -> int:
    """The first commit of the bundle that ends with commit ``last``, a multiple of 32."""
    for step in _STEPS:
        if last % step == 0:
            return last - step + 1
    return last - last % _STEPS[-1] + 1


def encode_log(summaries: Sequence[Summary], first: int) -> bytes:
    """The content of some summaries in the order of their numbers, ``first`` being the first one's."""
    authors = list(dict.fromkeys(summary.author for summary in summaries))
    numbers = {author: number for number, author in enumerate(authors)}
    return encode(
        [
            first,
            b"".join([summary.id for summary in summaries]),
            b"".join([summary.write_id for summary in summaries]),
            _steps([summary.time for summary in summaries]),
            authors,
            [numbers[summary.author] for summary in summaries],
            [summary.message for summary in summaries],
            _steps([summary.keys for summary in summaries]),
            _steps([summary.value_bytes for summary in summaries]),
            [summary.set for summary in summaries],
            [summary.deleted for summary in summaries],
        ]
    )


def decode_log(content: bytes, what: str) -> tuple[Summary, ...]:
    """Decode and check summaries; IntegrityError names ``what``."""
    columns = decode(_decoder, content, what)
    check_version(columns.version, what)
    count = len(columns.times)
    parallel = (columns.author_numbers, columns.messages, columns.keys, columns.value_bytes, columns.set, columns.deleted)
    if any(len(column) != count for column in parallel) or not len(columns.ids) == len(columns.write_ids) == count * ID_BYTES:
        raise IntegrityError(f"{what} is damaged: its columns differ in length.")
    if not count:
        return ()
    times, keys, value_bytes = (list(accumulate(column)) for column in (columns.times, columns.keys, columns.value_bytes))
    for numbers in (times, keys, value_bytes, columns.set, columns.deleted):
        if min(numbers) < 0 or max(numbers) > _MOST_COUNT:
            raise IntegrityError(f"{what} is damaged: it holds numbers out of range.")
    if min(columns.author_numbers) < 0 or max(columns.author_numbers) >= len(columns.authors):
        raise IntegrityError(f"{what} is damaged: it names an author that is none.")
    return tuple(
        map(
            Summary,
            range(columns.first, columns.first + count),
            _ids(columns.ids),
            times,
            [columns.authors[number] for number in columns.author_numbers],
            columns.messages,
            _ids(columns.write_ids),
            keys,
            value_bytes,
            columns.set,
            columns.deleted,
        )
    )


def _ids(joined: bytes) -> list[bytes]:
    return [joined[at : at + ID_BYTES] for at in range(0, len(joined), ID_BYTES)]


def _steps(numbers: Sequence[int]) -> list[int]:
    return list(map(sub, numbers, chain((0,), numbers)))
