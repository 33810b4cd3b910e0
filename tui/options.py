"""What a user can set: the settings in effect, and what was wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, field_validator
from textual.theme import BUILTIN_THEMES

from .kit.themes import DARK, LIGHT

THEMES = {"dark": DARK.name, "light": LIGHT.name} | {name: name for name in sorted(BUILTIN_THEMES)}
"""What a theme is called in the file, and what Textual calls it."""
SEPARATOR_WIDTH = 8


class Settings(BaseModel):
    """What can be set. Each default is what the program does without a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    theme: StrictStr = Field("dark", description="How the program looks.")
    separator: StrictStr = Field("/", description="What parts keys into a tree, 1 to 8 characters.")
    ask_every: float = Field(
        300,
        strict=True,
        description="Every how many seconds all remotes are asked how they stand, at least 10; 0 is only when you press r.",
    )
    read_only: StrictBool = Field(default=False, description="Look, but change nothing, as with `catalog tui --read-only`.")
    keys: Mapping[str, str] = Field(default_factory=dict, description="Other keys for commands, separated by commas.")

    @field_validator("theme")
    @classmethod
    def _check_theme(cls, theme: str) -> str:
        if theme not in THEMES:
            raise ValueError(f"there is no theme {theme!r}{instead(theme, THEMES)}")
        return theme

    @field_validator("separator")
    @classmethod
    def _check_separator(cls, separator: str) -> str:
        if not 1 <= len(separator) <= SEPARATOR_WIDTH or not separator.isprintable():
            raise ValueError(f"it must be 1 to {SEPARATOR_WIDTH} characters that can be seen, such as '/' or '::'")
        return separator

    @field_validator("ask_every")
    @classmethod
    def _check_ask_every(cls, seconds: float) -> float:
        if seconds != 0 and not 10 <= seconds <= 86_400:
            raise ValueError("it must be 0, or a number of seconds from 10 to 86400")
        return seconds

    @property
    def theme_name(self) -> str:
        """The theme as Textual calls it."""
        return THEMES[self.theme]


@dataclass(frozen=True)
class Found:
    """What a file said: the settings in effect, and what was wrong with the rest, each in one sentence."""

    settings: Settings = field(default_factory=Settings)
    path: Path | None = None
    problems: tuple[str, ...] = ()
    exists: bool = False

    def is_own(self, name: str) -> bool:
        """Whether the file has set this one."""
        return name in self.settings.model_fields_set


def instead(wrong: str, right: Iterable[str]) -> str:
    """Name what may have been meant, or all there is."""
    near = get_close_matches(wrong, list(right), 1)
    return f"; did you mean {near[0]!r}" if near else f"; there are {', '.join(right)}"
