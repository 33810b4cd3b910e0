"""Versions are equal when they say the same, as far as both sides know."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.format.version import UNKNOWN_CHECKSUM, Version

CHECKSUMS = st.sampled_from([b"checksum", b"another!"])
VERSIONS = st.builds(Version, st.integers(0, 2), st.integers(0, 1), CHECKSUMS)


@given(VERSIONS, VERSIONS)
def test_versions_with_checksums_are_equal_when_all_of_them_is(left: Version, right: Version) -> None:
    """Time, length and checksum count; equal ones have the same hash, and what is not equal is unequal."""
    same = (left.timestamp, left.content) == (right.timestamp, right.content)

    assert (left == right) is same
    assert (left != right) is not same
    assert not same or hash(left) == hash(right)


@given(VERSIONS, VERSIONS)
def test_without_a_checksum_the_time_is_the_version(known: Version, other: Version) -> None:
    """Where one side has no checksum, only the time is compared; nothing else is a version."""
    unknown = Version(other.timestamp, other.length, UNKNOWN_CHECKSUM)

    assert (known == unknown) is (unknown == known) is (known.timestamp == other.timestamp)
    assert (known != unknown) is (known.timestamp != other.timestamp)
    assert unknown != (other.timestamp, other.length, UNKNOWN_CHECKSUM)
