"""Orders of use that the machine found: whatever was buffered or merged, a value has one time, and keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.changes.team import Team


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close_all()


@pytest.mark.parametrize("written", [False, True])
def test_the_same_bytes_again_keep_the_time_that_was_chosen(team: Team, written: bool) -> None:
    """Setting what is there already changes nothing, whether that is in the files yet or not."""
    database = team.open("a")
    database.set("k", 2, timestamp=5)
    if written:
        database.sync()
    database["k"] = 2
    assert database.get_timestamp("k") == 5


def test_what_the_remote_has_already_has_one_time(team: Team) -> None:
    """A key set to the bytes of the remote has the remote's time, however it is asked for."""
    team.open("a").set("k", 1, timestamp=5)
    team.open("a").changes().push()
    database = team.open("b")
    database["k"] = 1
    assert list(database.timestamps(include_value=True)) == [("k", 5, 1)]
    assert list(database.timestamps()) == [("k", 5)]


def test_what_a_colleague_set_alike_has_their_time(team: Team) -> None:
    """Two set the same bytes: after the pull both have the time of who pushed, and go on having it."""
    one, other = team.open("a"), team.open("b")
    one["first"] = 0
    one.changes().push()
    other.changes().pull()
    # opened anew it has no index in memory: whether the remote has the key is not known when it is set
    other = team.open("b")
    other["k"] = 1
    other.sync()
    one.set("k", 1, timestamp=5)
    one.changes().push()
    other.changes().pull()
    assert other.changes().all() == []
    for _ in range(2):
        assert other.get_timestamp("k") == 5
        assert [when for key, when, _ in other.timestamps(include_value=True) if key == "k"] == [5]
        other = team.open("b")
