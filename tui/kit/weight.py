"""How much a comparison of two values may have to fetch."""

from __future__ import annotations

from catalog import Change

BIG = 1_000_000
"""Bytes above which a value is fetched for a comparison only when one goes there."""


def weight(change: Change) -> int:
    """Bytes of the larger of the two sides of a change that lie in the remote."""
    return max(version.length if version else 0 for version in (change.base, change.remote))
