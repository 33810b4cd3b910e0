"""The guides are true: their examples run from top to bottom and print what they say they print."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import catalog
from catalog import ConnectionGroup, Database
from catalog.cli import cli

DOCS = Path(__file__).parents[1] / "docs"
FROM_EBOOKLET = DOCS / "coming-from-ebooklet.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.py)\n")
_COMMAND = re.compile(r"catalog [^|<>&;$`]*(\$PWD)?[^|<>&;$`]*")
_SAID = re.compile(r"# → (.*)$", re.MULTILINE)


def blocks(guide: Path) -> list[tuple[str, str]]:
    """The code of a guide, in its order, each with its language."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(guide.read_text())]


def check_output(block: str, printed: str) -> None:
    """What was printed is what the comments say; ``…`` stands for anything."""
    said, lines = _SAID.findall(block), printed.splitlines()
    assert len(lines) == len(said), (lines, said)
    for line, expected in zip(lines, said, strict=True):
        pattern = re.sub(r"([\[\]*?])", r"[\1]", expected).replace("…", "*")
        assert fnmatch.fnmatchcase(line, pattern), (line, expected)


class Reader:
    """Someone who follows a guide in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[str, Any] = {}
        programs = folder / "bin"
        programs.mkdir()
        (programs / "catalog").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m catalog.cli "$@"\n')
        (programs / "catalog").chmod(0o755)
        self._environment = {
            **os.environ,
            "CATALOG_DIR": str(folder / "own catalog"),
            "CATALOG_HOME": str(folder / "home"),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        }

    def follow(self, language: str, block: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Do what a block says, and compare what it prints."""
        if language == "sh" and all(_COMMAND.fullmatch(line) for line in block.splitlines()):
            # These need no shell, and a process for each would take half a second.
            for line in block.splitlines():
                done = CliRunner().invoke(cli, shlex.split(line.replace("$PWD", str(Path.cwd())))[1:])
                assert done.exit_code == 0, done.output
        elif language == "sh":
            self._run("bash", "-euo", "pipefail", "-c", block)
        elif found := _FILE.match(block):
            Path(found[1]).write_text(block)
            check_output(block, self._run(sys.executable, found[1]))
        else:
            exec(compile(block, "guide", "exec"), self._names)
            check_output(block, capsys.readouterr().out)

    def _run(self, *command: str) -> str:
        ran = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stdout


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Someone in an empty folder, whose catalog nobody else uses."""
    made = Reader(tmp_path)
    monkeypatch.setenv("CATALOG_DIR", str(tmp_path / "own catalog"))
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return made


@pytest.mark.parametrize("name", ["guide.md", "values.md", "coming-from-ebooklet.md"])
def test_examples_run(name: str, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Every block of Python and shell in a guide runs, in order, and prints what its comments say."""
    found = [(language, block) for language, block in blocks(DOCS / name) if language in ("python", "sh")]
    assert found
    for language, block in found:
        reader.follow(language, block, capsys)


@pytest.mark.parametrize("name", ["guide.md", "values.md", "coming-from-ebooklet.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Links inside the guides lead to headings and files that exist."""
    text = (DOCS / name).read_text()
    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        elif not target.startswith("http"):
            assert (DOCS / target.partition("#")[0]).exists(), target


def test_a_wrong_output_is_noticed() -> None:
    """The comparison of outputs is one: a wrong, missing or further line fails."""
    check_output("print([1], 2026)  # → [1] 20…\n", "[1] 2026\n")
    for wrong in ("[1] 1999\n", "", "[1] 2026\nmore\n"):
        with pytest.raises(AssertionError):
            check_output("print([1], 2026)  # → [1] 20…\n", wrong)


def test_every_method_of_the_table_exists() -> None:
    """The table of methods in the guide for ebooklet's users names only what is there."""
    named = set(re.findall(r"^\| `(?:db\.|group\.)(\w+)", FROM_EBOOKLET.read_text(), re.MULTILINE))

    assert len(named) > 25
    assert {name for name in named if not (hasattr(Database, name) or hasattr(ConnectionGroup, name))} == set()


def test_every_method_of_ebooklet_is_in_the_table() -> None:
    """The table has every public method of ebooklet 0.11.1's databases."""
    methods = "changes clear close copy_remote delete_remote get get_items get_metadata get_timestamp items keys load_items map"
    methods += " pop popitem prune set set_metadata set_timestamp setdefault sync timestamps update values add"
    table = FROM_EBOOKLET.read_text()

    assert [name for name in methods.split() if not re.search(rf"`(?:db|group)\.{name}[(`]", table)] == []


def test_errors_of_the_table_exist() -> None:
    """Each error that the guides name is one of catalog's."""
    text = "".join((DOCS / name).read_text() for name in ("guide.md", "coming-from-ebooklet.md"))
    named = set(re.findall(r"`(?:catalog\.)?(\w+Error)`", text))
    builtin = {"KeyError", "TimeoutError", "PermissionError", "ConnectionError", "LookupError", "ValueError", "TypeError"}
    theirs = {"UUIDMismatchError", "RemoteIntegrityError", "LockLostError", "OfflineError", "PushInProgressError"}
    theirs |= {"GroupTooLargeError", "ConcurrentCompactionError", "UserWarning"}

    assert {name for name in named - builtin - theirs if not hasattr(catalog, name)} == set()
