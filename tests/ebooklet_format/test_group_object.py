"""Group objects come back as they were written, and no bytes do more than be refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ebooklet_format.group_object import decode_group, encode_group, header_bytes, read_header
from catalog.errors import IntegrityError

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
MEMBERS = st.lists(
    st.tuples(KEYS, st.integers(0, (1 << 56) - 1), st.binary(max_size=20)), max_size=8, unique_by=lambda member: member[0]
)


@given(MEMBERS)
def test_every_value_comes_back(members: list[tuple[str, int, bytes]]) -> None:
    """Each value lies where it is said to, with its key, time and length before it; the whole says so too."""
    body, offsets = encode_group(members)

    found = decode_group(body, "it")
    for (key, timestamp, value), offset in zip(members, offsets, strict=True):
        assert body[offset : offset + len(value)] == value
        assert found[key] == (timestamp, offset, len(value))
        assert read_header(body[offset - header_bytes(key) : offset], key) == (timestamp, len(value))
    assert len(found) == len(members)


def test_the_header_of_another_key_is_told() -> None:
    """What comes before another value, or before none, is not taken for the header of a key."""
    body, [first, second] = encode_group([("ab", 5, b"x"), ("cd", 5, b"y")])

    assert read_header(body[second - header_bytes("cd") : second], "ab") is None
    assert read_header(body[first - header_bytes("ab") - 1 : first - 1], "ab") is None
    assert read_header(b"", "ab") is None


GOOD = encode_group([("ab", 5, b"xyz"), ("ü", 6, b"")])[0]


@pytest.mark.parametrize("body", [b"", GOOD[:3], GOOD[:-1], GOOD + b"\0", b"\xff\xff\xff\xff" + GOOD[4:], b"\0\0\0\1" + GOOD[4:]])
def test_a_group_that_is_not_as_long_as_it_says_is_damaged(body: bytes) -> None:
    """A group object ends exactly after its last value."""
    with pytest.raises(IntegrityError):
        decode_group(body, "it")


@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=20))
def test_any_bytes_are_read_or_refused(at: int, noise: bytes) -> None:
    """Whatever a group object claims is an IntegrityError or values inside it."""
    body = GOOD[:at] + noise + GOOD[at + len(noise) :]
    try:
        found = decode_group(body, "it")
    except IntegrityError:
        return
    assert all(member.offset + member.length <= len(body) for member in found.values())
