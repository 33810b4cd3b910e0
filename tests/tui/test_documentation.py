"""docs/tui.md is true."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tui.features import COMMANDS
from tui.settings import read_settings

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "tui.md"


@pytest.fixture
def script() -> ModuleType:
    """What writes the table of keys."""
    spec = importlib.util.spec_from_file_location("keys", ROOT / "screenshots" / "keys.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_keys_is_as_the_program_is(script: ModuleType) -> None:
    """Every command stands in the table with its keys; `python screenshots/keys.py` brings it up to date."""
    text = DOCUMENT.read_text(encoding="utf-8")

    assert all(command.help in text for command in COMMANDS)
    assert script.with_table(text) == text


def test_its_pictures_are_there() -> None:
    """Each picture that it shows was taken."""
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", DOCUMENT.read_text(encoding="utf-8"))

    assert pictures
    assert [picture for picture in pictures if not (DOCUMENT.parent / picture).is_file()] == []


def test_its_settings_can_be_used(tmp_path: Path) -> None:
    """The file that it shows is read without a complaint."""
    [example] = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "tui.toml").write_text(example)
    found = read_settings(tmp_path / "tui.toml")

    assert found.problems == ()
    assert found.settings.model_dump(exclude_unset=True) == tomllib.loads(example)
