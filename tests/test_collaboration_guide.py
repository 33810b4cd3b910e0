"""The examples of docs/collaboration.md, run from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parent.parent / "docs" / "collaboration.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_every_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block runs after the ones before it, in an empty folder, and what it asserts is so."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"shared_folder": (tmp_path / "shared").as_uri()}
    assert len(BLOCKS) > 10
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"{GUIDE.name}, example {number}", "exec"), names)
