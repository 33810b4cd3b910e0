"""The user's settings: one TOML file, read once, in which whatever is wrong is named and left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .features import COMMANDS
from .keymap import checked_keys
from .options import THEMES, Found, Settings, instead

_LARGEST = 1 << 20


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
        return f"there is no setting {name!r}{instead(name, Settings.model_fields)}"
    wanted = {
        "string_type": "it must be a text in quotes",
        "bool_type": "it must be true or false",
        "float_type": "it must be a number",
    }
    return f"{name} is not used: {wanted.get(kind) or words.removeprefix('Value error, ')}"


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
