"""Symbols of states."""

from __future__ import annotations

import pytest

from catalog import Direction, KeyState, Kind, State, Status
from tui.kit.badges import (
    DATABASE_BADGES,
    DIRECTION_BADGES,
    KEY_BADGES,
    KIND_BADGES,
    UNKNOWN,
    counts,
    database_badge,
    database_state,
    group_state,
)


def test_every_state_has_a_symbol_of_its_own() -> None:
    """No two states of databases, or of keys, share a symbol, so that colour is never the only signal."""
    for badges, states in ((DATABASE_BADGES, State), (KEY_BADGES, KeyState), (KIND_BADGES, Kind), (DIRECTION_BADGES, Direction)):
        assert set(badges) == set(states)
        assert len({badge.symbol for badge in badges.values()}) == len(badges)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "…"),
        (Status(State.IN_STEP), "✓"),
        (Status(State.AHEAD, ahead=1234), "↑1,234"),
        (Status(State.DIVERGED, ahead=3, behind=2), "↑3 ↓2"),
        (Status(State.CONFLICT, ahead=3, behind=2, conflicts=1), "!1 ↑3 ↓2"),
        (Status(State.UNREACHABLE, problem="no answer"), "⊘ unreachable"),
        (Status(State.NO_KEYS), "? no keys"),
        (Status(State.NOT_APPROVED), "¿ not approved"),
        (Status(State.STALE), "≠ stale"),
    ],
)
def test_a_database_says_how_it_stands_in_a_few_cells(status: Status | None, words: str) -> None:
    """Numbers of keys where there are some, else a symbol, with a word for trouble."""
    assert database_state(status).plain == words


def test_nothing_apart_is_no_count() -> None:
    """Counts of nothing are empty; a state that is not known yet has its own badge."""
    assert counts(0, 0, 0).plain == ""
    assert database_badge(None) is UNKNOWN


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, ""),
        (Status(State.IN_STEP, keys=3, file_exists=True), ""),
        (Status(State.AHEAD, ahead=2, keys=3, file_exists=True), "↑2"),
        (Status(State.UNREACHABLE, problem="no answer"), "⊘"),
        (Status(State.AHEAD, ahead=1, keys=5, file_exists=True), "✗2 ↑1"),
        (Status(State.NOT_HERE, keys=5), ""),
    ],
)
def test_a_group_says_what_is_to_be_done_about_it(status: Status | None, words: str) -> None:
    """A group that is in step says nothing; else what was not shared, what is wrong, and what cannot be used."""
    assert group_state(status, 3).plain == words
