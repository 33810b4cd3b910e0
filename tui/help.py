"""The keys of the current place, and what the symbols mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tui.kit.badges import CHOSEN, DATABASE_BADGES, DIRECTION_BADGES, KEY_BADGES, KIND_BADGES, MARKED, Badge
from tui.kit.columns import beside
from tui.kit.reader import Reader

from .command import Command, Place, Situation
from .kit.dialog import Dialog

_KEY_WIDTH = 16
_NARROW = 70
_NARROW_KEY_WIDTH = 9
_MOVES = (
    ("j k ↓ ↑", Content("Move by one row.")),
    ("g G", Content("Go to the first and the last row.")),
    ("^d ^u", Content("Move by a screenful.")),
    ("[ ]", Content("Move sideways where rows are cut off.")),
    ("tab", Content("Go to the next pane.")),
    ("^p", Content("Find any command or database by its name.")),
)


def _key_width(width: int) -> int:
    return _KEY_WIDTH if width >= _NARROW else _NARROW_KEY_WIDTH


def _title(words: str) -> Content:
    return Content.styled(words, "bold $primary")


def _badges(badges: Iterable[Badge]) -> list[Content]:
    return [Content.assemble("  ", badge.content(), f"  {badge.words}") for badge in badges]


class HelpDialog(Dialog[None]):
    """Help for one place; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close", show=False)]

    def __init__(self, commands: Sequence[Command], situation: Situation, keys: Mapping[str, str]) -> None:
        super().__init__()
        self._all = commands
        self._situation = situation
        self._keys = keys

    def compose(self) -> ComposeResult:
        """One text to scroll."""
        with Vertical(classes="box wide") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            yield Reader(self._lines)

    def _lines(self, width: int) -> list[Content]:
        place = self._situation.place
        parts = [(f"In {place.value}", [command for command in self._all if command.places and command.works_at(place)])]
        parts.append(("Everywhere", [command for command in self._all if not command.places]))
        lines: list[Content] = []
        for title, commands in parts:
            lines += self._commands(title, commands, width)
        lines += [_title("Moving"), *beside(_MOVES, width, _key_width(width), "$accent"), Content("")]
        lines += [_title("Databases"), *_badges(DATABASE_BADGES.values()), Content("")]
        lines += [_title("Keys"), *_badges(KEY_BADGES.values()), Content("")]
        lines += [_title("Changes"), *_badges([*DIRECTION_BADGES.values(), *KIND_BADGES.values(), CHOSEN, MARKED]), Content("")]
        told = {command.id for _, commands in parts for command in commands}
        for other in Place:
            commands = [command for command in self._all if other in command.places and command.id not in told]
            lines += self._commands(f"In {other.value}", commands, width)
            told |= {command.id for command in commands}
        return lines[:-1]

    def _commands(self, title: str, commands: Sequence[Command], width: int) -> list[Content]:
        if not commands:
            return []
        facts = [(self._keys.get(command.id, ""), self._help(command)) for command in commands]
        return [_title(title), *beside(facts, width, _key_width(width), "$accent"), Content("")]

    def _help(self, command: Command) -> Content:
        refusal = command.hindrance(self._situation) if command.works_at(self._situation.place) else ""
        return Content.assemble(
            command.help, (f" Not now: {refusal[0].lower()}{refusal[1:]}" if refusal else "", "$quiet italic")
        )
