"""The user's settings: one TOML file, read once, in which whatever is wrong is named and left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError, field_validator
from textual.theme import BUILTIN_THEMES

from tui.kit.themes import DARK, LIGHT

from .commands import COMMANDS
from .keymap import checked_keys

THEMES = {"dark": DARK.name, "light": LIGHT.name} | {name: name for name in sorted(BUILTIN_THEMES)}
"""What a theme is called in the file, and what Textual calls it."""
_LARGEST = 1 << 20
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
            raise ValueError(f"there is no theme {theme!r}{_instead(theme, THEMES)}")
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


def read_settings(path: Path) -> Found:
    """Read a file; one that is not there is as good as an empty one, and what is wrong in it counts as not there."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except FileNotFoundError:
        return Found(path=path)
    except OSError as error:
        return Found(path=path, problems=(f"The settings could not be read: {error.strerror}.",), exists=True)
    try:
        text = raw.decode()
        return _understand(text, tomllib.loads(text), path)
    except UnicodeDecodeError:
        problem = "The settings are not text in UTF-8; none of them is used."
    except (ValueError, RecursionError) as error:
        # Not only tomllib's own: a whole number of thousands of digits is an error of Python's.
        problem = f"The settings are not TOML, and none of them is used: {str(error).rstrip('.')}."
    return Found(path=path, problems=(problem,), exists=True)


def _understand(text: str, given: Mapping[str, Any], path: Path) -> Found:
    """Keep what is right, and say of each thing that is not what is wrong with it."""
    kept, problems = dict(given), list[str]()
    keys = kept.pop("keys", {})
    try:
        Settings.model_validate(kept)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(one["loc"][0])
            kept.pop(name, None)
            problems.append(f"{_line_of(text, name)}{_problem(name, one['type'], one['msg'])}.")
    if isinstance(keys, Mapping):
        chosen, wrong = checked_keys(keys)
        problems += [f"{_line_of(text, each.name, 'keys')}{each}." for each in wrong]
        if chosen:
            kept["keys"] = chosen
    else:
        problems.append(f'{_line_of(text, "keys")}keys is a table: write [keys] on a line of its own, then lines as push = "P".')
    return Found(Settings.model_validate(kept), path, tuple(sorted(problems, key=_line_number)), exists=True)


def _line_number(problem: str) -> int:
    found = re.match(r"Line (\d+)", problem)
    return int(found[1]) if found else 0


def _problem(name: str, kind: str, words: str) -> str:
    if kind == "extra_forbidden":
        return f"there is no setting {name!r}{_instead(name, Settings.model_fields)}"
    wanted = {
        "string_type": "it must be a text in quotes",
        "bool_type": "it must be true or false",
        "float_type": "it must be a number",
    }
    return f"{name} is not used: {wanted.get(kind) or words.removeprefix('Value error, ')}"


def _instead(wrong: str, right: Iterable[str]) -> str:
    """Name what may have been meant, or all there is."""
    near = get_close_matches(wrong, list(right), 1)
    return f"; did you mean {near[0]!r}" if near else f"; there are {', '.join(right)}"


def _line_of(text: str, name: str, table: str = "") -> str:
    """``Line 3: ``, where a name is set; empty when that cannot be found."""
    within = ""
    setting = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=|\s*\[\s*{re.escape(name)}\s*\]""")
    for number, line in enumerate(text.splitlines(), 1):
        if within == table and setting.match(line):
            return f"Line {number}: "
        if header := re.match(r"\s*\[\s*([^\]\s]+)\s*\]", line):
            within = header[1]
    return ""


def annotated() -> str:
    """A file with every setting at its default, each explained, all of it commented out."""
    return "\n".join(_annotated_lines()) + "\n"


def _annotated_lines() -> Iterator[str]:
    yield "# Settings of the terminal program of booklet-catalog. Every line that begins with # is a default or an explanation."
    for name, described in Settings.model_fields.items():
        if name == "keys":
            continue
        yield ""
        yield f"# {described.description}"
        if name == "theme":
            yield f"# One of: {', '.join(THEMES)}."
        yield f"# {name} = {_toml(described.default)}"
    yield ""
    yield "# Other keys for commands, as Textual names them, separated by commas. A command keeps its default keys when it is not"
    yield "# named here, and has only those that stand here when it is."
    yield "# [keys]"
    width = max(len(command.id) for command in COMMANDS)
    for command in COMMANDS:
        yield f"# {command.id.ljust(width)} = {_toml(command.keys).ljust(24)} # {command.help}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
