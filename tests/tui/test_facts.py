"""What is known has an age, and everybody says the same."""

from __future__ import annotations

from catalog import Direction, State, Status
from tui.facts import Asking, Facts, Known, Unknown, numbers


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def _facts() -> tuple[Facts, Clock, list[frozenset[str]]]:
    clock, told = Clock(), list[frozenset[str]]()
    return Facts(told.append, clock), clock, told


def test_what_nobody_has_said_is_unknown() -> None:
    """A database is unknown, then asked about, then known; asking again takes nothing of that away."""
    facts, clock, _ = _facts()
    assert facts.fact("rain") == Unknown()
    facts.ask(["rain"])
    assert facts.fact("rain") == Asking(100.0)
    clock.now = 101.0
    facts.take({"rain": Status(State.AHEAD, ahead=1)})
    facts.answer(["rain"])
    facts.ask(["rain"])

    assert facts.fact("rain") == Known(Status(State.AHEAD, ahead=1), 101.0)
    assert facts.asking == 1


def test_a_fact_is_fresh_for_a_second() -> None:
    """What was seen longer ago is looked up before something is refused because of it."""
    facts, clock, _ = _facts()
    assert not facts.is_fresh("rain")
    facts.take({"rain": Status(State.IN_STEP)})
    assert facts.is_fresh("rain")
    clock.now += 1.1

    assert not facts.is_fresh("rain")


def test_every_answer_is_counted_off() -> None:
    """Two who were asked are two answers that are waited for; one that nobody waits for changes nothing."""
    facts, _, _ = _facts()
    facts.ask(["rain"])
    facts.ask(["rain"])
    facts.ask(["earth"])
    assert facts.asking == 3
    for name in ("rain", "rain", "rain", "earth"):
        facts.answer([name])

    assert facts.asking == 0


def test_the_list_of_changes_and_the_state_say_the_same() -> None:
    """What an open database itself counts takes the place of what was asked before; the state follows from it."""
    facts, _, told = _facts()
    facts.take({"rain": Status(State.IN_STEP, keys=3, file_exists=True)})
    states = []
    both = {Direction.OUTGOING: 1, Direction.INCOMING: 1}
    for counts in ({Direction.OUTGOING: 2}, {Direction.INCOMING: 1}, both, {Direction.CONFLICT: 1}, dict[Direction, int]()):
        facts.count("rain", counts, 4)
        states.append(facts.statuses["rain"].state)

    assert states == [State.AHEAD, State.BEHIND, State.DIVERGED, State.CONFLICT, State.IN_STEP]
    assert facts.statuses["rain"].keys == 4
    assert [keys for keys in told if keys] == [frozenset({"rain"})] * 6


def test_a_state_that_says_why_is_not_counted_away() -> None:
    """That a server does not answer stays said; the numbers beside it are those of the copy."""
    facts, _, _ = _facts()
    facts.take({"rain": Status(State.UNREACHABLE, problem="no answer")})
    facts.count("rain", {Direction.OUTGOING: 2}, 4)

    status = facts.statuses["rain"]
    assert (status.state, numbers(status), status.problem) == (State.UNREACHABLE, (2, 0, 0), "no answer")


def test_the_same_again_is_no_news() -> None:
    """Counting what was known changes nothing on the screen; a database that nobody has told of is not made up."""
    facts, _, told = _facts()
    facts.take({"rain": Status(State.AHEAD, ahead=1, keys=4)})
    facts.count("rain", {Direction.OUTGOING: 1}, 4)
    facts.count("snow", {Direction.OUTGOING: 1}, 4)

    assert [keys for keys in told if keys] == [frozenset({"rain"})]
    assert set(facts.statuses) == {"rain"}


def test_what_only_the_copy_says_is_not_the_word_of_the_remote() -> None:
    """What is known of the files here is shown, but nothing is refused because of it; nor does counting make it younger."""
    facts, clock, _ = _facts()
    facts.take({"rain": Status(State.IN_STEP)}, heard=())
    assert "rain" in facts.statuses
    assert not facts.is_fresh("rain")
    facts.take({"rain": Status(State.IN_STEP)}, heard={"rain"})
    assert facts.is_fresh("rain")
    clock.now += 2
    facts.count("rain", {Direction.OUTGOING: 1}, 4)

    assert not facts.is_fresh("rain")


def test_what_is_asked_in_silence_is_not_waited_for() -> None:
    """It is asked, so that its files are looked at afterwards; the screen does not change for it."""
    facts, _, told = _facts()
    facts.ask(["rain"], is_silent=True)
    assert (facts.is_asked("rain"), facts.asking, facts.fact("rain")) == (True, 0, Asking(100.0))
    facts.answer(["rain"], is_silent=True)

    assert not facts.is_asked("rain")
    assert told == []
