"""A database that is not open is explained by what stands in the way."""

from __future__ import annotations

import pytest
from an_entry import ENTRY

from catalog import CatalogError, State, Status
from tui.browse.opening import why_closed


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "Opening…"),
        (Status(State.UNREACHABLE, file_exists=True), "Opening…"),
        (Status(State.NOT_HERE), "Press Enter to open it."),
        (Status(State.EMPTY), "Press Enter to open it."),
        (Status(State.DENIED, problem="The server said no."), "The server said no.\n\ne enters keys"),
        (Status(State.UNREACHABLE, problem="No answer."), "No answer.\n\nr asks again"),
    ],
)
def test_what_stands_in_the_way_is_said(status: Status | None, words: str) -> None:
    """What is here is being opened; what is not says what it needs."""
    assert words in why_closed(ENTRY, status).plain


def test_what_could_not_be_opened_says_why_until_more_is_known() -> None:
    """A failure stays where the state alone would let one wait for ever; a state that says more takes its place."""
    failure = CatalogError("The file is torn.", hint="Make a new copy.")

    assert why_closed(ENTRY, Status(State.IN_STEP, file_exists=True), failure).plain == "The file is torn.\n\nMake a new copy."
    assert "Press Enter" in why_closed(ENTRY, Status(State.NOT_HERE), failure).plain


def test_without_a_database_one_is_to_be_chosen() -> None:
    """On a group there is nothing to open."""
    assert why_closed(None, None).plain == "Choose a database on the left."


def test_what_others_wrote_stays_text() -> None:
    """A problem that quotes a server shows nothing but text."""
    assert "\x1b" not in why_closed(ENTRY, Status(State.BROKEN, problem="\x1b[31mred")).plain
