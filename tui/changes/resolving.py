"""Ending conflicts: what is asked before, and how it is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.content import Content
from textual.screen import Screen

from catalog import Catalog, Change, Entry
from tui.jobs import Jobs
from tui.kit.amounts import quantity
from tui.kit.columns import Fact
from tui.kit.confirm import Confirm
from tui.kit.plain import key_name, plain
from tui.messages import Opened
from tui.trust import Vouching

from .both_sides import BothSides
from .conflicts import Choice, TypedSidesRead, read_typed_sides, settle, settle_all, settle_with, typing_of
from .settling import Settling, question
from .value import Typed, ValueDialog


class Resolving:
    """Asks, then starts; the answers of the jobs go to the screen."""

    def __init__(
        self, screen: Screen[None], catalog: Catalog, jobs: Jobs, vouching: Callable[[Entry], Vouching], settling: Settling
    ) -> None:
        self._screen = screen
        self._catalog = catalog
        self._jobs = jobs
        self._vouching = vouching
        self._settling = settling

    def keep_mine(self, entry: Entry, change: Change) -> None:
        """End a conflict with the value of this copy; nothing leaves this machine before a push."""
        self._settle(entry, change, "mine")

    def ask_theirs(self, entry: Entry, change: Change) -> None:
        """Ask about giving up one's own value."""
        after = "The key is deleted then." if change.remote is None else "The key then has the value of your colleagues."
        mine = "your deletion of" if change.local is None else "your value of"
        facts: list[Fact] = [
            ("give up", Content.styled(f"{mine} {key_name(change.key)}", "bold")),
            ("of", Content(plain(entry.name))),
        ]

        def answered(yes: bool | None) -> None:
            if yes:
                self._settle(entry, change, "theirs")

        lines = question(facts, f"{after} Yours cannot be brought back.")
        self._screen.app.push_screen(Confirm("Take theirs", lines, "Take theirs", stay="Not now"), answered)

    def _settle(self, entry: Entry, change: Change, choice: Choice) -> None:
        vouching = self._vouching(entry)
        self._settling.start(
            entry, "resolve", lambda progress: settle(self._catalog, entry, vouching, change.key, choice, progress)
        )

    def ask_all(self, entry: Entry, count: int) -> None:
        """Ask with which side all conflicts are to end."""
        vouching = self._vouching(entry)

        def answered(choice: Choice | None) -> None:
            if choice is not None:
                self._settling.start(
                    entry, "resolve", lambda progress: settle_all(self._catalog, entry, vouching, choice, progress)
                )

        facts: list[Fact] = [
            ("end", Content.styled(f"all of {quantity(count, 'conflict')}", "bold")),
            ("of", Content(plain(entry.name))),
        ]
        note = (
            "Keeping yours puts your values over theirs with the next push; theirs stay in the history. "
            "Taking theirs gives your values up, which cannot be undone."
        )
        self._screen.app.push_screen(BothSides("All conflicts alike", question(facts, note)), answered)

    def read_sides(self, opened: Opened, change: Change) -> None:
        """Read both sides as one would type them; the dialog follows."""
        if typing := typing_of(opened.database.serializer, change.key):
            self._jobs.read_latest("typed", "Reading both sides", lambda: read_typed_sides(opened, change, typing), self._screen)

    def ask_value(self, sides: TypedSidesRead) -> None:
        """Ask for a value in the place of both."""
        entry, change = sides.opened.entry, sides.change
        vouching = self._vouching(entry)

        def answered(typed: Typed | None) -> None:
            if typed is not None:
                value: Any = typed.value
                self._settling.start(
                    entry, "resolve", lambda progress: settle_with(self._catalog, entry, vouching, change.key, value, progress)
                )

        self._screen.app.push_screen(ValueDialog(sides), answered)
