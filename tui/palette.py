"""The command palette: every command by its words, and every database by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tui.browse.screen import BrowseScreen
from tui.kit.plain import plain

from .features import ACTIONS, COMMANDS

Offer = tuple[str, str, IgnoreReturnCallbackType]


class CommandProvider(Provider):
    """Offers what the screen can do; a command that cannot be used now says why."""

    def _offers(self) -> Iterator[Offer]:
        screen = self.screen
        if not isinstance(screen, BrowseScreen):
            return
        situation = screen.situation
        for command in COMMANDS:
            refusal = command.hindrance(situation)
            yield (
                command.words,
                f"Not now: {refusal}" if refusal else command.help,
                partial(screen.action_command, command.id),
            )
        for action in ACTIONS.values():
            refusal = action.hindrance(situation)
            yield action.words, f"Not now: {refusal}" if refusal else action.help, partial(screen.action_command, action.id)
        for listing in screen.listings or ():
            for entry in listing.entries:
                yield (
                    f"Go to {plain(entry.name)}",
                    f"{plain(listing.name)}  {plain(entry.description)}",
                    partial(screen.go_to_database, entry.key, listing.name),
                )

    async def discover(self) -> Hits:
        """Offer everything, in the order of the list."""
        for words, help_text, run in self._offers():
            yield DiscoveryHit(words, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Offer what resembles the query."""
        matcher = self.matcher(query)
        for words, help_text, run in self._offers():
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), run, help=help_text)
