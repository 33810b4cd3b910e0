"""Each answer goes to the part that asked for it; a question waits for nobody who is asked something else."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

from an_entry import ENTRY

from catalog import State, Status
from tui.browse.answers import Answers
from tui.history.library import RewindPlanned
from tui.messages import Answer, Discarded, StatusRead

PARTS = ("remotes", "opening", "settling", "resolving", "history", "managing")


def _answers(*, is_free: bool = True) -> tuple[Answers, dict[str, Mock]]:
    screen: Any = Mock()
    screen.app.screen = screen if is_free else Mock()
    parts: dict[str, Any] = {name: Mock() for name in PARTS}
    return Answers(screen, **parts), parts


def test_each_part_takes_its_own() -> None:
    """A state goes to the one that asks remotes, the end of a write to the one that starts writes."""
    answers, parts = _answers()
    read, discarded = StatusRead(ENTRY, Status(State.AHEAD), asked_remote=True), Discarded(ENTRY, 3)
    answers.take(read)
    answers.take(discarded)

    parts["remotes"].take.assert_called_once_with(read)
    parts["settling"].take.assert_called_once_with(discarded)


def test_a_question_is_not_put_over_another() -> None:
    """What is to be asked about is asked on the main screen only, and dropped where a dialog has come up."""
    planned: Any = RewindPlanned(Mock(), None)
    answers, parts = _answers()
    answers.take(planned)
    parts["history"].ask.assert_called_once_with(planned)

    answers, parts = _answers(is_free=False)
    answers.take(planned)
    parts["history"].ask.assert_not_called()


def test_what_a_pane_asked_for_is_left_to_it() -> None:
    """An answer of another kind is nobody's here."""
    answers, parts = _answers()
    answers.take(Answer())

    assert not any(part.mock_calls for part in parts.values())
