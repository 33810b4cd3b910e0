"""Gathers what is learnt about databases, so that thousands of answers change the screen some times and not thousands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.screen import Screen

from catalog import Entry, Status

from .library import Stand

_MANY = 200
"""With fewer databases, each answer is shown as it comes."""
_EVERY = 0.2
"""Seconds between two changes of the screen."""


class Gathering:
    """Takes answers one by one and spreads them together: the states that are news, and how many remotes had answered."""

    def __init__(self, screen: Screen[None], spread: Callable[[Mapping[str, Status], int], None]) -> None:
        self._screen = screen
        self._spread = spread
        self._news: dict[str, Status] = {}
        self._answered = 0
        self._is_waiting = False

    def take(self, entry: Entry, stand: Stand, known: Mapping[str, Status], total: int) -> None:
        """Take an answer; what a remote did not have a say in is no news where something is known already."""
        key = entry.key
        if stand.asked_remote:
            self._answered += 1
        if stand.asked_remote or (key not in known and key not in self._news):
            self._news[key] = stand.status
        if total < _MANY:
            self._tell()
        elif not self._is_waiting:
            self._is_waiting = True
            self._screen.set_timer(_EVERY, self._tell)

    def _tell(self) -> None:
        self._is_waiting = False
        news, answered = self._news, self._answered
        self._news, self._answered = {}, 0
        if news or answered:
            self._spread(news, answered)
