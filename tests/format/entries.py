"""Keys and entries as hypothesis draws them, and heads that name them."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from catalog.format.head import Head
from catalog.format.segment import DELETED, Entry
from catalog.local.booklet_header import new_header

_UUID = "0123456789abcdef" * 2
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LONG = st.builds(
    lambda head, letter, length: head + letter * length, LETTERS, st.characters(exclude_categories=["Cs"]), st.integers(0, 16_000)
)
KEYS = st.one_of(LETTERS, st.sampled_from(["\0", "a\0b", "a", "b", "ab", "\U0010ffff", "\ud7ff", "\ue000", "é"]), LONG)
PACKS = st.sampled_from([bytes([number]) * 16 for number in range(1, 6)])
CHECKSUMS = st.binary(min_size=8, max_size=8)
TIMES = st.one_of(st.integers(0, 1 << 55), st.integers(1_700_000_000_000_000, 1_700_000_000_000_100))
LIVE = st.builds(Entry, TIMES, PACKS, st.integers(0, 1 << 50), st.integers(0, (1 << 32) - 1), CHECKSUMS)
GONE = st.builds(lambda timestamp: Entry(timestamp, DELETED, 0, 0, bytes(8)), TIMES)
ITEMS = st.dictionaries(KEYS, LIVE | GONE, min_size=1, max_size=40).map(lambda found: sorted(found.items()))


def make_head(**changed: Any) -> Head:
    """The head of a database, with some of its fields changed."""
    fields: dict[str, Any] = {
        "uuid": _UUID,
        "type": "database",
        "booklet_header": base64.b64encode(new_header("orjson", 12_007).fresh(12_007, UUID(hex=_UUID)).raw).decode(),
        "number": 1,
        "parent": None,
        "time": 1_700_000_000_000_000,
        "author": "ada@engine",
        "message": "first",
        "write_id": "f" * 32,
        "keys": 0,
        "value_bytes": 0,
    }
    return Head(**{**fields, **changed})
