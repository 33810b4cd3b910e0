"""Keys, entries and summaries as hypothesis draws them, and heads that name them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from catalog.format.checksum import checksum
from catalog.format.head import CHECKSUM, Head, Parent, StoredHead, encode_head, following_log
from catalog.format.log import Summary, encode_log
from catalog.format.segment import DELETED, Entry
from catalog.local.booklet_header import new_header

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LONG = st.builds(
    lambda head, letter, length: head + letter * length, LETTERS, st.characters(exclude_categories=["Cs"]), st.integers(0, 16_000)
)
KEYS = st.one_of(LETTERS, st.sampled_from(["\0", "a\0b", "a", "b", "ab", "\U0010ffff", "\ud7ff", "\ue000", "é"]), LONG)
PACKS = st.sampled_from([bytes([number]) * 16 for number in range(1, 6)])
CHECKSUMS = st.binary(min_size=8, max_size=8)
TIMES = st.one_of(st.integers(0, 1 << 55), st.integers(1_700_000_000_000_000, 1_700_000_000_000_100))
IDS = st.binary(min_size=16, max_size=16)
COUNTS = st.integers(0, 1 << 53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def _live(timestamp: int, pack: bytes, offset: int, length: int, sums: bytes) -> Entry:
    return Entry(timestamp, pack, offset, length, sums, None, 1000 + pack[0])


LIVE = st.builds(_live, TIMES, PACKS, st.integers(0, 1 << 50), st.integers(0, (1 << 32) - 1), CHECKSUMS)
GONE = st.builds(lambda timestamp: Entry(timestamp, DELETED, 0, 0, bytes(8)), TIMES)
INLINE = st.builds(
    lambda timestamp, value: Entry(timestamp, DELETED, 0, len(value), checksum(value), value), TIMES, st.binary(max_size=20)
)
ITEMS = st.dictionaries(KEYS, LIVE | GONE, min_size=1, max_size=40).map(lambda found: sorted(found.items()))
SMALL = st.dictionaries(KEYS, LIVE | GONE | INLINE, min_size=1, max_size=10).map(lambda found: sorted(found.items()))
SUMMARIES = st.lists(st.builds(Summary, st.just(0), IDS, COUNTS, TEXTS, TEXTS, IDS, COUNTS, COUNTS, COUNTS, COUNTS), max_size=12)

_HEADER = new_header("orjson", 12_007).raw


def make_head(**changed: Any) -> Head:
    """The head of a database at its first commit, with some of its fields changed."""
    fields: dict[str, Any] = {
        "uuid": changed.get("header", _HEADER)[49:65],
        "type": "database",
        "header": _HEADER,
        "number": 1,
        "parents": (),
        "time": 1_700_000_000_000_000,
        "author": "ada@engine",
        "message": "first",
        "write_id": b"\xff" * 16,
        "keys": 0,
        "value_bytes": 0,
        "set": 0,
        "deleted": 0,
        "checksum": CHECKSUM,
        "runs": (),
        "changes": None,
        "log": encode_log((), 1),
        "bundles": (),
    }
    return Head(**{**fields, **changed})


def make_next(over: StoredHead, **changed: Any) -> StoredHead:
    """The head of a commit over another, whose log goes on."""
    summaries, first = following_log(over)
    fields: dict[str, Any] = {
        "number": over.head.number + 1,
        "parents": (Parent(over.head.number, bytes.fromhex(over.commit_id)),),
        "log": encode_log(summaries, first),
        "bundles": over.head.bundles,
    }
    return encode_head(make_head(**{**fields, **changed}))
