"""The one list of commands."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from an_entry import ENTRY

from catalog import Change, Commit, Direction, Kind, S3Connection, State, Status
from tui.command import Action, Command, Commands, Place, Situation, declared_actions, declared_commands
from tui.features import ACTIONS, BY_ID, COMMANDS, FEATURES, MENUS

COMMIT = Commit("c0ffee", 3, (2, "beef"), datetime(2026, 3, 2, 9, tzinfo=UTC), "ada", "three")
READY = Situation(entry=ENTRY, is_open=True, status=Status(State.IN_STEP, file_exists=True))


def _change(direction: Direction) -> Change:
    return Change("rain", direction, Kind.MODIFIED, None, None, None)


@pytest.mark.parametrize("feature", FEATURES)
def test_every_command_can_be_run(feature: type[Any]) -> None:
    """What a feature declares stands above the coroutine that does it."""
    commands = Commands([object.__new__(feature)])

    declared: list[Command | Action] = [*declared_commands(feature), *declared_actions(feature)]
    assert declared
    assert all(inspect.iscoroutinefunction(commands.act(one.id)) for one in declared)


def test_what_menus_offer_is_declared() -> None:
    """Every entry of a menu is there, with a letter of its own in it, and none is left out of all menus."""
    offered = {name for menu in MENUS.values() for name in menu.actions}

    assert offered == set(ACTIONS)
    assert all(len({ACTIONS[name].letter for name in menu.actions}) == len(menu.actions) for menu in MENUS.values())


def test_no_command_is_declared_twice() -> None:
    """Every command has an id of its own."""
    assert len(BY_ID) == len(COMMANDS)


@pytest.mark.parametrize("place", Place)
def test_no_key_means_two_things_in_one_place(place: Place) -> None:
    """Where two commands work, they have different keys."""
    keys = Counter(key for command in COMMANDS if command.works_at(place) for key in command.keys.split(","))

    assert [key for key, count in keys.items() if count > 1] == []


def test_every_command_has_words_and_help() -> None:
    """Footer, palette and help have something to say about each command."""
    assert all(command.words and command.help.endswith((".", ").")) for command in COMMANDS)


@pytest.mark.parametrize(
    "name",
    [
        *("push", "pull", "discard", "discard-all", "choose", "choose-all"),
        *("keep-mine", "take-theirs", "write-value", "settle-all", "undo", "revert", "tag", "untag"),
    ],
)
@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (Situation(), "Choose a database"),
        (Situation(entry=ENTRY), "Open the database"),
        (replace(READY, is_writing=True), "still being written"),
        (replace(READY, is_read_only=True), "read-only"),
        (replace(READY, past=COMMIT), "You look at commit 3"),
    ],
)
def test_nothing_is_written_without_an_open_database(name: str, situation: Situation, reason: str) -> None:
    """Writing commands say what stands in their way."""
    assert reason in BY_ID[name].refusal(situation)


def test_push_and_pull_need_something_to_move() -> None:
    """A database that is ahead can be pushed, one that is behind pulled, one in conflict both."""
    allowed = {
        state: [name for name in ("push", "pull") if not BY_ID[name].hindrance(replace(READY, status=status))]
        for state, status in {
            "in step": Status(State.IN_STEP),
            "ahead": Status(State.AHEAD, ahead=1),
            "behind": Status(State.BEHIND, behind=1),
            "conflict": Status(State.CONFLICT, conflicts=1),
        }.items()
    }

    assert allowed == {"in step": [], "ahead": ["push"], "behind": ["pull"], "conflict": ["push", "pull"]}


def test_what_was_known_stops_nobody() -> None:
    """That there is nothing to push was so when it was looked up last: whoever asks is told after another look."""
    in_step = replace(READY, status=Status(State.IN_STEP))

    declared: list[Command | Action] = [*COMMANDS, *ACTIONS.values()]
    needless = [one for one in declared if one.needless(in_step)]

    assert {"push", "pull", "discard-all", "choose-all", "settle-all", "delete-remote"} <= {one.id for one in needless}
    assert [one.id for one in needless if one.refusal(replace(in_step, commit=COMMIT))] == []


def test_only_own_changes_can_be_discarded_and_only_conflicts_settled() -> None:
    """What is theirs is not ours to discard; only a conflict has two sides."""
    allowed = {
        direction: [
            name
            for name in ("choose", "discard", "keep-mine", "take-theirs", "versions", "write-value")
            if not BY_ID[name].refusal(replace(READY, change=_change(direction), serializer="orjson"))
        ]
        for direction in Direction
    }

    assert allowed == {
        Direction.OUTGOING: ["choose", "discard"],
        Direction.INCOMING: [],
        Direction.CONFLICT: ["discard", "keep-mine", "take-theirs", "versions", "write-value"],
    }


def test_only_json_and_text_can_be_typed() -> None:
    """A value of another kind in the place of both sides is refused with a reason, but for metadata, which are JSON."""
    conflict = replace(READY, change=_change(Direction.CONFLICT))
    metadata = replace(conflict, change=replace(_change(Direction.CONFLICT), key=""))
    refused = [kind for kind in ("orjson", "str", "pickle", "bytes") if write_refusal(replace(conflict, serializer=kind))]

    assert refused == ["pickle", "bytes"]
    assert not write_refusal(replace(metadata, serializer="pickle"))


def write_refusal(situation: Situation) -> str:
    """Why no value can be written."""
    return BY_ID["write-value"].refusal(situation)


def test_going_back_needs_somewhere_to_go() -> None:
    """The first commit cannot be undone, the newest not be gone back to, and one without tags not be untagged; the rest can."""
    names = ("open-at", "undo", "revert", "tag", "untag", "leave-past")
    public = replace(ENTRY, connection=S3Connection(db_url="https://example.org/rain"))
    chosen = replace(READY, commit=COMMIT)

    def allowed(**more: Any) -> list[str]:
        return [name for name in names if not BY_ID[name].hindrance(replace(chosen, **more))]

    assert allowed() == ["open-at", "undo", "revert", "tag"]
    assert allowed(is_newest=True, tags=("one",)) == ["open-at", "undo", "tag", "untag"]
    assert allowed(is_newest=True, is_only_commit=True) == ["open-at", "tag"]
    assert allowed(entry=public) == ["open-at"]
    assert allowed(past=COMMIT) == ["open-at", "leave-past"]
