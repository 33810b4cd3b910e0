"""The examples of docs/credentials.md that use Python or another program."""

from __future__ import annotations

import getpass
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import credentials
from catalog.credentials import Profile

from .keyrings import MemoryKeyring
from .secret_service import SecretService

_TEXT = (Path(__file__).parents[2] / "docs" / "credentials.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)


@pytest.mark.parametrize("example", _EXAMPLES, ids=range(len(_EXAMPLES)))
def test_python_examples_run(
    example: str, memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every Python example runs by itself, and prints no secret."""
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"hush {prompt}".strip(": "))

    exec(compile(example, "docs/credentials.md", "exec"), {})

    assert "hush" not in capsys.readouterr().out


def test_the_entry_for_other_programs_is_read(secret_service: SecretService) -> None:
    """An entry written by keyring's own command, as shown, is one that this program loads."""
    found = re.search(r'keyring set "(.*)" (\w+)', _TEXT)
    line = re.search(r"^`(\{.*\})`\.$", _TEXT, re.MULTILINE)
    assert found
    assert line
    entry = json.loads(line[1]) | {"access_key_id": "AKIA12345678", "secret_access_key": "hush"}

    subprocess.run(
        [sys.executable, "-m", "keyring", "set", found[1], found[2]], input=json.dumps(entry), text=True, timeout=30, check=True
    )

    assert credentials.load(Profile.at(entry["endpoint"], found[2])).secret_access_key == "hush"
