"""What an error says on the screen: in its own words, and none of Python's or the command line's."""

from __future__ import annotations

import pytest

from catalog import CatalogError, EntryExistsError, ReadOnlyError, UnseenCommitsError
from tui.kit.trouble import way_on


@pytest.mark.parametrize("error", [EntryExistsError("ab" * 16, "here", "there"), UnseenCommitsError("here", (), 1)])
def test_the_way_on_is_one_of_the_screens(error: CatalogError) -> None:
    """Arguments of functions and options of commands are no help there."""
    assert way_on(error)
    assert not any(word in way_on(error) for word in ("=", "--", "()"))


def test_other_errors_say_what_they_say() -> None:
    """The hint of an error that the screen has no words of its own for."""
    assert way_on(ReadOnlyError("closed", hint="Open it.")) == "Open it."
