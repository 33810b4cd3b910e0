"""A bucket that holds what real ebooklets wrote."""

from __future__ import annotations

import pytest

from catalog.testing.seaweed import Seaweed

from .places import Places


@pytest.fixture(scope="session")
def places(seaweed: Seaweed) -> Places:
    """The bucket of the fixtures, each put into it when it is first asked for."""
    return Places(seaweed)
